// SPDX-License-Identifier: Apache-2.0
#include "tools/replay/session.h"

#include <algorithm>

#include "absl/synchronization/notification.h"
#include "common/rpc/client.h"
#include "tools/replay/stopwatch.h"

namespace tideline::replay {
namespace {

constexpr absl::Duration kFirstPause = absl::Milliseconds(20);
constexpr absl::Duration kLongestPause = absl::Seconds(2);

// Only what says nothing of the outcome is worth another try.
bool IsKnown(const absl::Status& status) {
  return status.code() != absl::StatusCode::kUnavailable &&
         status.code() != absl::StatusCode::kDeadlineExceeded;
}

}  // namespace

Session::Session(std::shared_ptr<grpc::Channel> channel, absl::string_view workspace,
                 std::string run)
    : workspace_(absl::StrCat("workspaces/", workspace)),
      run_(std::move(run)),
      registry_(skill_registry::v1::SkillRegistryService::NewStub(channel)),
      routing_(work_routing::v1::WorkRoutingService::NewStub(channel)),
      handoffs_(handoff::v1::HandoffService::NewStub(channel)),
      monitor_(sla_monitor::v1::SlaMonitorService::NewStub(channel)) {}

void Session::Pause(absl::Duration time) {
  absl::Notification never;
  never.WaitForNotificationWithTimeout(time);
}

absl::Status Session::RepeatUntilKnown(
    const std::function<grpc::Status(grpc::ClientContext&)>& send, const Position& after,
    Position* position) {
  const Stopwatch watch;
  for (absl::Duration pause = kFirstPause;; pause = std::min(pause * 2, kLongestPause)) {
    grpc::ClientContext context;
    rpc::Prepare({.timeout = kAttempt}, context);
    if (!after.text.empty()) context.AddMetadata(rpc::kAfterKey, after.text);
    calls_.fetch_add(1, std::memory_order_relaxed);
    const absl::Status status = rpc::FromGrpc(send(context));
    if (status.ok() && position != nullptr) {
      const auto& trailing = context.GetServerTrailingMetadata();
      const auto found = trailing.find(rpc::kPositionKey);
      if (found != trailing.end()) {
        position->text.assign(found->second.data(), found->second.size());
      }
    }
    if (IsKnown(status) || watch.Elapsed() + pause > kPatience) return status;
    Pause(pause);  // nothing tells when a store is back
  }
}

}  // namespace tideline::replay
