// SPDX-License-Identifier: Apache-2.0
// A Redis connection that comes back: asks the endpoint where to go, logs in, sends commands in
// order, and after an error, a time-out or a lost connection starts anew, with full jitter.
//
// A command is sent at most once. What was under way when the connection went is answered kLost,
// since nobody knows whether it was executed. What is sent while there is no connection waits for
// one, up to the time-out.
//
// Lives on one loop; touched, and destroyed, there only. Callbacks come in the order of the calls,
// on the loop, never from inside the call; after destruction none comes.
// Blocking commands (XREAD BLOCK, WAIT) need a Client of their own, with a time-out above theirs.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/random/random.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/loop/loop.h"
#include "common/redis/connection.h"
#include "common/redis/endpoint.h"
#include "common/redis/reply.h"

namespace tideline::redis {

struct ClientOptions {
  // From sending a command, or queueing it without a connection, to giving it up. Far above a slow
  // fsync, so that a slow disk makes waiting and not a storm of reconnections.
  absl::Duration timeout = absl::Seconds(10);
  absl::Duration connect_timeout = absl::Seconds(3);
};

class Client {
 public:
  using Done = std::function<void(Reply)>;
  using Args = std::vector<absl::string_view>;

  Client(Loop& loop, std::shared_ptr<Endpoint> endpoint, ClientOptions options = {});
  ~Client();

  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Sends a command without copying it: `args` point into what `keep` owns, or into literals.
  void Send(Args args, std::shared_ptr<const void> keep, Done done);
  // The same for small commands, which are copied.
  void Send(std::vector<std::string> args, Done done);

  // Answers `done` with `reply` without asking the server, in its place among the commands.
  void Answer(Reply reply, Done done);

  // Ends the connection and asks the endpoint anew: for a server that says it is read-only.
  void Reconnect(absl::string_view why);

  // Whether the connection was good when last heard of; a hint.
  bool connected() const { return phase_ == Phase::kReady; }
  // Why it is not, for people. Empty: no failure so far, or connected.
  const std::string& trouble() const { return trouble_; }

 private:
  enum class Phase { kWaiting, kFinding, kConnecting, kLoggingIn, kReady };

  struct Command {
    Args args;
    std::shared_ptr<const void> keep;
    Done done;
    uint64_t deadline_ms;
    std::optional<Reply> answer;  // set: not for the server
  };

  void Enqueue(Command command);
  void Transmit(Command command);
  void Find();
  void Connect(const Address& address);
  void OnUp();
  void OnReply(Reply reply);
  void OnLogin(const Reply& reply);
  void OnDown(std::string why);
  void Ready();
  void AnswerFront();
  void OnTimer();
  void ArmTimer();
  uint64_t NowMs() const;

  Loop& loop_;
  const std::shared_ptr<Endpoint> endpoint_;
  const ClientOptions options_;
  std::shared_ptr<int> alive_;
  absl::BitGen random_;
  Phase phase_ = Phase::kWaiting;
  int failures_ = 0;  // connections failed in a row
  std::string trouble_;
  Address address_;
  std::unique_ptr<Connection> connection_;
  std::deque<Command> in_flight_;  // sent; in order
  std::deque<Command> waiting_;    // for a connection; empty when ready
  Loop::Timer reconnect_;          // back-off, then the time-out of connecting
  Loop::Timer deadline_;           // of the oldest command
};

}  // namespace tideline::redis
