// SPDX-License-Identifier: Apache-2.0
#include "common/redis/client.h"

#include <uv.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tideline::redis {
namespace {

// Reconnecting: full jitter below a bound that doubles, so that many clients do not come at once.
constexpr absl::Duration kMinBackoff = absl::Milliseconds(20);
constexpr absl::Duration kMaxBackoff = absl::Seconds(2);

}  // namespace

Client::Client(Loop& loop, std::shared_ptr<Endpoint> endpoint, ClientOptions options)
    : loop_(loop),
      endpoint_(std::move(endpoint)),
      options_(options),
      alive_(std::make_shared<int>(0)),
      reconnect_(loop),
      deadline_(loop) {
  Find();
}

Client::~Client() = default;

uint64_t Client::NowMs() const { return uv_now(loop_.raw()); }

void Client::Send(Args args, std::shared_ptr<const void> keep, Done done) {
  Enqueue({std::move(args), std::move(keep), std::move(done), 0, std::nullopt});
}

void Client::Send(std::vector<std::string> args, Done done) {
  auto keep = std::make_shared<const std::vector<std::string>>(std::move(args));
  Args views(keep->begin(), keep->end());
  Send(std::move(views), keep, std::move(done));
}

void Client::Answer(Reply reply, Done done) {
  Enqueue({{}, nullptr, std::move(done), 0, std::move(reply)});
  // With nothing before it in flight no reply will bring it forth.
  loop_.Post([this, alive = std::weak_ptr<int>(alive_)] {
    if (!alive.expired()) AnswerFront();
  });
}

void Client::Enqueue(Command command) {
  command.deadline_ms = NowMs() + absl::ToInt64Milliseconds(options_.timeout);
  if (phase_ == Phase::kReady) {
    Transmit(std::move(command));
  } else {
    waiting_.push_back(std::move(command));
  }
  if (!deadline_.armed()) ArmTimer();
}

void Client::Transmit(Command command) {
  if (!command.answer) connection_->Send(command.args);
  command.args = {};  // hiredis has a copy: what a commit points into may go
  command.keep.reset();
  in_flight_.push_back(std::move(command));
}

void Client::Find() {
  phase_ = Phase::kFinding;
  reconnect_.Set(options_.connect_timeout, [this] { OnDown("finding the server timed out"); });
  // `failures` tells this question from one that was given up.
  endpoint_->Find(loop_, [this, alive = std::weak_ptr<int>(alive_),
                          failures = failures_](absl::StatusOr<Address> address) {
    if (alive.expired() || phase_ != Phase::kFinding || failures != failures_) return;
    if (!address.ok()) return OnDown(std::string(address.status().message()));
    Connect(*address);
  });
}

void Client::Connect(const Address& address) {
  phase_ = Phase::kConnecting;
  address_ = address;
  reconnect_.Set(options_.connect_timeout, [this] {
    OnDown(absl::StrCat("connecting to ", FormatAddress(address_), " timed out"));
  });
  connection_ = std::make_unique<Connection>(
      loop_, address,
      Connection::Events{[this] { OnUp(); }, [this](Reply reply) { OnReply(std::move(reply)); },
                         [this](std::string why) { OnDown(std::move(why)); }});
}

void Client::OnUp() {
  if (address_.password.empty()) return Ready();
  phase_ = Phase::kLoggingIn;
  if (address_.user.empty()) {
    connection_->Send({"AUTH", address_.password});
  } else {
    connection_->Send({"AUTH", address_.user, address_.password});
  }
}

void Client::OnLogin(const Reply& reply) {
  if (reply.is_error()) return OnDown(absl::StrCat("the server refused the login: ", reply.text));
  Ready();
}

void Client::Ready() {
  phase_ = Phase::kReady;
  reconnect_.Cancel();
  failures_ = 0;
  trouble_.clear();
  while (!waiting_.empty()) {
    Command command = std::move(waiting_.front());
    waiting_.pop_front();
    Transmit(std::move(command));
  }
  AnswerFront();
}

void Client::OnReply(Reply reply) {
  if (phase_ == Phase::kLoggingIn) return OnLogin(reply);
  if (in_flight_.empty()) return OnDown("the server sent a reply that nobody asked for");
  Command command = std::move(in_flight_.front());
  in_flight_.pop_front();
  const std::weak_ptr<int> alive = alive_;
  command.done(std::move(reply));
  if (!alive.expired()) AnswerFront();
}

void Client::AnswerFront() {
  const std::weak_ptr<int> alive = alive_;
  while (!alive.expired()) {
    std::deque<Command>& queue = in_flight_.empty() ? waiting_ : in_flight_;
    if (queue.empty() || !queue.front().answer) return;
    Command command = std::move(queue.front());
    queue.pop_front();
    command.done(*std::move(command.answer));
  }
}

void Client::OnDown(std::string why) {
  std::unique_ptr<Connection> lost = std::move(connection_);  // goes at the end of this turn
  std::deque<Command> indeterminate = std::move(in_flight_);
  in_flight_.clear();
  phase_ = Phase::kWaiting;
  trouble_ = absl::StrCat(endpoint_->description(), ": ", why);
  const absl::Duration bound =
      std::min(kMaxBackoff, kMinBackoff * (int64_t{1} << std::min(failures_, 10)));
  ++failures_;
  const int64_t ms =
      absl::Uniform(absl::IntervalClosed, random_, int64_t{0}, absl::ToInt64Milliseconds(bound));
  reconnect_.Set(absl::Milliseconds(ms), [this] { Find(); });
  // Outside the connection's own frames, and with this client in order: callbacks may send again.
  const std::weak_ptr<int> alive = alive_;
  for (Command& command : indeterminate) {
    command.done(command.answer ? *std::move(command.answer) : Reply::Lost(why));
    if (alive.expired()) return;
  }
}

void Client::Reconnect(absl::string_view why) {
  loop_.Post([this, why = std::string(why), alive = std::weak_ptr<int>(alive_)] {
    if (!alive.expired() && phase_ == Phase::kReady) OnDown(why);
  });
}

void Client::OnTimer() {
  const uint64_t now = NowMs();
  const std::weak_ptr<int> alive = alive_;
  if (!in_flight_.empty() && in_flight_.front().deadline_ms <= now) {
    OnDown(absl::StrCat("no reply within ", absl::FormatDuration(options_.timeout)));
    if (alive.expired()) return;
  }
  while (!waiting_.empty() && waiting_.front().deadline_ms <= now) {
    Command command = std::move(waiting_.front());
    waiting_.pop_front();
    command.done(command.answer ? *std::move(command.answer)
                                : Reply::Lost(trouble_.empty() ? "no connection" : trouble_));
    if (alive.expired()) return;
  }
  ArmTimer();
}

void Client::ArmTimer() {
  const std::deque<Command>& queue = in_flight_.empty() ? waiting_ : in_flight_;
  if (queue.empty()) return;
  const uint64_t now = NowMs(), due = queue.front().deadline_ms;
  deadline_.Set(absl::Milliseconds(due > now ? due - now : 0), [this] { OnTimer(); });
}

}  // namespace tideline::redis
