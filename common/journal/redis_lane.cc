// SPDX-License-Identifier: Apache-2.0
#include "common/journal/redis_lane.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tideline::journal {
namespace {

// How long one XREAD waits; also how soon new topics and changes of owner are noticed.
constexpr absl::Duration kBlock = absl::Seconds(1);
// After a wake: growth that comes meanwhile makes one hint, and Redis is asked 200 times a second
// at most. Below what a person or an RPC notices.
constexpr absl::Duration kCoalesce = absl::Milliseconds(5);
// After a failure; readers look by themselves meanwhile.
constexpr absl::Duration kRetry = absl::Milliseconds(500);

redis::ClientOptions TailOptions() {
  redis::ClientOptions options;
  options.timeout += kBlock;  // a wait must never look like a lost connection
  return options;
}

}  // namespace

Tail::Tail(Loop& loop, std::shared_ptr<redis::Endpoint> endpoint)
    : client_(loop, std::move(endpoint), TailOptions()), pause_(loop) {}

void Tail::Watch(std::string meta_key, std::string stream_key, std::weak_ptr<Growth> growth) {
  for (Topic& topic : topics_) {
    if (topic.stream_key != stream_key) continue;
    topic.growth = std::move(growth);
    return;
  }
  topics_.push_back({std::move(meta_key), std::move(stream_key), std::move(growth)});
  if (!running_) Again(absl::ZeroDuration());
}

void Tail::Again(absl::Duration pause) {
  running_ = true;
  pause_.Set(pause, [this] { Look(); });
}

// Decides what to wait for, and asks for the ends of the journals whose end is not known.
void Tail::Look() {
  topics_.erase(std::remove_if(topics_.begin(), topics_.end(),
                               [](const Topic& topic) { return topic.growth.expired(); }),
                topics_.end());
  asked_ = 1;  // this call itself
  for (size_t i = 0; i < topics_.size(); ++i) {
    Topic& topic = topics_[i];
    std::shared_ptr<Growth> growth = topic.growth.lock();
    const uint64_t committed = growth ? growth->committed() : 0;
    topic.waited_for = committed == topic.committed;
    topic.stale |= !topic.waited_for;
    topic.committed = committed;
    if (!topic.waited_for || !topic.stale) continue;
    ++asked_;
    client_.Send({"HGET", topic.meta_key, "commit"},
                 [this, i](redis::Reply reply) { OnEnd(topics_[i], reply); });
  }
  OnLookedAt();
}

// Tells of growth only once the new end is known: what comes after it ends the next wait, so that
// no commit falls between the hint and the wait.
void Tail::OnEnd(Topic& topic, const redis::Reply& reply) {
  topic.stale = !reply.is_string() && reply.kind != redis::Reply::Kind::kNil;
  if (reply.is_string() && reply.text != topic.known) {
    topic.known = reply.text;
    told_ = true;
    if (std::shared_ptr<Growth> growth = topic.growth.lock()) growth->Tell();
  }
  OnLookedAt();
}

void Tail::OnLookedAt() {
  if (--asked_ > 0) return;
  if (std::exchange(told_, false)) {
    pause_.Set(kCoalesce, [this] { Wait(); });
  } else {
    Wait();
  }
}

void Tail::Wait() {
  std::vector<std::string> args = {
      "XREAD", "COUNT", "1", "BLOCK", absl::StrCat(absl::ToInt64Milliseconds(kBlock)), "STREAMS"};
  std::vector<std::string> ids;
  bool failed = false;
  for (const Topic& topic : topics_) {
    failed |= topic.waited_for && topic.stale;
    if (!topic.waited_for || topic.stale) continue;
    args.push_back(topic.stream_key);
    ids.push_back(absl::StrCat(topic.known, "-0"));
  }
  if (failed) return Again(kRetry);
  if (ids.empty()) return Again(kBlock);
  args.insert(args.end(), ids.begin(), ids.end());
  client_.Send(std::move(args), [this](redis::Reply reply) { OnWoken(reply); });
}

void Tail::OnWoken(const redis::Reply& reply) {
  if (reply.kind == redis::Reply::Kind::kNil) return Again(absl::ZeroDuration());
  if (!reply.is_array()) {
    for (Topic& topic : topics_) topic.stale = true;
    return Again(kRetry);
  }
  for (const redis::Reply& stream : reply.elements) {
    for (Topic& topic : topics_) {
      topic.stale |= stream.is_array() && !stream.elements.empty() &&
                     stream.elements[0].text == topic.stream_key;
    }
  }
  Again(absl::ZeroDuration());
}

std::unique_ptr<redis::Client> Lane::Connect() {
  return std::make_unique<redis::Client>(loop_, endpoint_, options_);
}

Tail& Lane::tail() {
  if (!tail_) tail_ = std::make_unique<Tail>(loop_, endpoint_);
  return *tail_;
}

}  // namespace tideline::journal
