// SPDX-License-Identifier: Apache-2.0
#include "services/handoff/core/tally.h"

#include <algorithm>

#include "absl/numeric/bits.h"
#include "absl/strings/str_cat.h"
#include "services/handoff/core/items.h"

namespace tideline::handoff {
namespace {

// Steps within each doubling.
constexpr int kSteps = 16;
constexpr int kStepBits = 4;

void Count(int32_t bucket, int64_t count, core::v1::StoredTally& tally) {
  auto& buckets = *tally.mutable_buckets();
  int at = 0;
  while (at < buckets.size() && buckets[at].bucket() < bucket) ++at;
  if (at == buckets.size() || buckets[at].bucket() != bucket) {
    buckets.Add()->set_bucket(bucket);
    for (int i = buckets.size() - 1; i > at; --i) buckets.SwapElements(i, i - 1);
  }
  buckets[at].set_count(buckets[at].count() + count);
}

}  // namespace

int64_t DayOf(absl::Time time) {
  const int64_t seconds = absl::ToUnixSeconds(time);
  return seconds >= 0 ? seconds / 86400 : (seconds - 86399) / 86400;
}

std::string TallyId(const core::v1::StoredTally& tally) {
  return absl::StrCat(tally.workspace(), "/", LastSegment(tally.from_team()), "/",
                      LastSegment(tally.to_team()), "/", tally.day());
}

void CountClosed(const v1::Handoff& handoff, core::v1::StoredTally& tally) {
  tally.set_proposed(tally.proposed() + 1);
  switch (handoff.state()) {
    case v1::Handoff::STATE_TRANSFERRED:
      tally.set_transferred(tally.transferred() + 1);
      break;
    case v1::Handoff::STATE_DECLINED:
      tally.set_declined(tally.declined() + 1);
      break;
    case v1::Handoff::STATE_EXPIRED:
      tally.set_expired(tally.expired() + 1);
      break;
    case v1::Handoff::STATE_WITHDRAWN:
      tally.set_withdrawn(tally.withdrawn() + 1);
      break;
    case v1::Handoff::STATE_FAILED:
      tally.set_failed(tally.failed() + 1);
      break;
    default:
      break;
  }
  if (handoff.joint_session_required()) tally.set_joint_sessions(tally.joint_sessions() + 1);
}

void CountAcknowledged(const v1::Handoff& handoff, absl::Time now, core::v1::StoredTally& tally) {
  tally.set_acknowledged(tally.acknowledged() + 1);
  tally.set_completeness(tally.completeness() + handoff.completeness_percent());
  Count(BucketOf(now - ToTime(handoff.create_time())), 1, tally);
}

void Add(const core::v1::StoredTally& from, core::v1::StoredTally& to) {
  to.set_proposed(to.proposed() + from.proposed());
  to.set_acknowledged(to.acknowledged() + from.acknowledged());
  to.set_transferred(to.transferred() + from.transferred());
  to.set_declined(to.declined() + from.declined());
  to.set_expired(to.expired() + from.expired());
  to.set_withdrawn(to.withdrawn() + from.withdrawn());
  to.set_failed(to.failed() + from.failed());
  to.set_completeness(to.completeness() + from.completeness());
  to.set_bounced(to.bounced() + from.bounced());
  to.set_returns(to.returns() + from.returns());
  to.set_joint_sessions(to.joint_sessions() + from.joint_sessions());
  to.set_rework(to.rework() + from.rework());
  to.set_rated(to.rated() + from.rated());
  to.set_usefulness(to.usefulness() + from.usefulness());
  to.set_completed(to.completed() + from.completed());
  to.set_kept(to.kept() + from.kept());
  for (const auto& bucket : from.buckets()) Count(bucket.bucket(), bucket.count(), to);
}

int32_t Percent(int64_t part, int64_t whole) {
  return whole == 0 ? 0 : static_cast<int32_t>((part * 200 + whole) / (whole * 2));
}

void FillStats(const core::v1::StoredTally& tally, v1::PairStats& stats) {
  stats.set_from_team(tally.from_team());
  stats.set_to_team(tally.to_team());
  stats.set_proposed(tally.proposed());
  stats.set_acknowledged(tally.acknowledged());
  stats.set_transferred(tally.transferred());
  stats.set_declined(tally.declined());
  stats.set_expired(tally.expired());
  stats.set_withdrawn(tally.withdrawn());
  stats.set_failed(tally.failed());
  stats.set_acknowledged_percent(
      Percent(tally.acknowledged(), tally.acknowledged() + tally.declined() + tally.expired()));
  stats.set_bounced(tally.bounced());
  stats.set_returns(tally.returns());
  stats.set_joint_sessions(tally.joint_sessions());
  stats.set_rework(tally.rework());
  stats.set_rated(tally.rated());
  if (tally.rated() > 0) {
    stats.set_usefulness_hundredths(
        static_cast<int32_t>((tally.usefulness() * 200 + tally.rated()) / (tally.rated() * 2)));
  }
  if (tally.acknowledged() == 0) return;
  stats.set_completeness_percent(static_cast<int32_t>(
      (tally.completeness() * 2 + tally.acknowledged()) / (tally.acknowledged() * 2)));
  const auto quantile = [&](int64_t percent) {
    const int64_t rank = std::max<int64_t>(1, (tally.acknowledged() * percent + 99) / 100);
    int64_t seen = 0;
    for (const auto& bucket : tally.buckets()) {
      seen += bucket.count();
      if (seen >= rank) return MiddleOf(bucket.bucket());
    }
    return absl::ZeroDuration();
  };
  SetDuration(quantile(50), stats.mutable_acknowledge_p50());
  SetDuration(quantile(90), stats.mutable_acknowledge_p90());
}

int32_t BucketOf(absl::Duration duration) {
  const auto millis =
      static_cast<uint64_t>(std::max<int64_t>(0, absl::ToInt64Milliseconds(duration)));
  if (millis < kSteps) return static_cast<int32_t>(millis);  // exact
  const int doublings = 63 - absl::countl_zero(millis) - kStepBits;
  return static_cast<int32_t>((millis >> doublings) - kSteps + kSteps * (doublings + 1));
}

absl::Duration MiddleOf(int32_t bucket) {
  if (bucket < kSteps) return absl::Milliseconds(bucket);
  const int doublings = bucket / kSteps - 1;
  const int64_t low = int64_t{bucket % kSteps + kSteps} << doublings;
  return absl::Milliseconds(low + ((int64_t{1} << doublings) - 1) / 2);
}

}  // namespace tideline::handoff
