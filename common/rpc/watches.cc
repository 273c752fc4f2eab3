// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/watches.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/error.h"

namespace tideline::rpc {
namespace {

// When a caller with too many streams may try again: long enough for one to be closed by hand.
constexpr absl::Duration kRetryAfter = absl::Seconds(5);

absl::Status Draining() {
  return Refuse(Reason::REASON_DRAINING, "this process is shutting down; resume elsewhere");
}

}  // namespace

absl::StatusOr<std::shared_ptr<void>> Watches::Open(absl::string_view caller,
                                                    std::function<void(absl::Status)> close) {
  absl::MutexLock lock(&mutex_);
  if (draining_) return Draining();
  int& count = per_caller_[caller];
  if (count >= kMaxWatchesPerCaller) {
    return WithRetryAfter(Refuse(Reason::REASON_QUOTA_EXCEEDED,
                                 absl::StrCat("the caller has ", count,
                                              " streams open; the limit is ", kMaxWatchesPerCaller),
                                 {{"limit", absl::StrCat(kMaxWatchesPerCaller)}}),
                          kRetryAfter);
  }
  ++count;
  const uint64_t id = next_++;
  close_.emplace(id, std::move(close));
  return std::shared_ptr<void>(nullptr, [self = shared_from_this(), id, key = std::string(caller)](
                                            void*) { self->Forget(id, key); });
}

void Watches::Forget(uint64_t id, const std::string& caller) {
  absl::MutexLock lock(&mutex_);
  close_.erase(id);
  const auto it = per_caller_.find(caller);
  if (it != per_caller_.end() && --it->second == 0) per_caller_.erase(it);
}

void Watches::CloseAll() {
  std::vector<std::function<void(absl::Status)>> closing;
  {
    absl::MutexLock lock(&mutex_);
    draining_ = true;
    for (auto& [id, close] : close_) closing.push_back(close);
  }
  for (const auto& close : closing) close(Draining());
}

bool Watches::AwaitNone(absl::Duration patience) const {
  absl::MutexLock lock(&mutex_);
  const auto none = [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return close_.empty(); };
  return mutex_.AwaitWithTimeout(absl::Condition(&none), patience);
}

int Watches::open() const {
  absl::MutexLock lock(&mutex_);
  return static_cast<int>(close_.size());
}

}  // namespace tideline::rpc
