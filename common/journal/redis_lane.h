// SPDX-License-Identifier: Apache-2.0
// What the Redis journals of one loop share: the way to the server, and a connection that waits for
// growth. Made on any thread; used and destroyed on the loop.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/journal/growth.h"
#include "common/loop/loop.h"
#include "common/redis/client.h"

namespace tideline::journal {

// Watches journals' streams (XREAD BLOCK) and tells their Growth. Journals that this process
// commits to are left out: their listeners have heard already.
class Tail {
 public:
  Tail(Loop& loop, std::shared_ptr<redis::Endpoint> endpoint);

  // Watches from now on, or from the end of the wait under way, as long as `growth` lives.
  void Watch(std::string meta_key, std::string stream_key, std::weak_ptr<Growth> growth);

 private:
  struct Topic {
    std::string meta_key;
    std::string stream_key;
    std::weak_ptr<Growth> growth;
    uint64_t committed = 0;   // Growth::committed at the last look
    std::string known = "0";  // last number seen; hints are for what comes after it
    bool stale = true;        // `known` must be asked for before waiting
    bool waited_for = false;  // in the XREAD under way
  };

  void Look();
  void OnEnd(Topic& topic, const redis::Reply& reply);
  void OnLookedAt();
  void Wait();
  void OnWoken(const redis::Reply& reply);
  void Again(absl::Duration pause);

  redis::Client client_;
  Loop::Timer pause_;
  std::vector<Topic> topics_;
  size_t asked_ = 0;      // answers of Look under way
  bool told_ = false;     // Look found growth
  bool running_ = false;  // a wait, a look or a pause is under way
};

class Lane {
 public:
  Lane(Loop& loop, std::shared_ptr<redis::Endpoint> endpoint, redis::ClientOptions options)
      : loop_(loop), endpoint_(std::move(endpoint)), options_(options) {}

  // On the loop's thread. Each journal has a connection of its own: Redis takes some 32 KB from a
  // connection per turn of its loop and syncs its file between turns, so commits that come over
  // several connections share an fsync, and big ones over a single connection do not.
  std::unique_ptr<redis::Client> Connect();
  // On the loop's thread: made when first needed.
  Tail& tail();
  Loop& loop() { return loop_; }
  bool endpoint_moves() const { return endpoint_->moves(); }

 private:
  Loop& loop_;
  const std::shared_ptr<redis::Endpoint> endpoint_;
  const redis::ClientOptions options_;
  std::unique_ptr<Tail> tail_;
};

}  // namespace tideline::journal
