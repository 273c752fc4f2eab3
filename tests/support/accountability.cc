// SPDX-License-Identifier: Apache-2.0
#include "tests/support/accountability.h"

#include "absl/strings/str_cat.h"

namespace tideline::testing {
namespace {

using work_routing::v1::Period;

absl::Time TimeOf(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

// An interval ends where the next begins, so a gap or an overlap can only be one in the order of
// instants or of epochs. What lasted no time is no interval, and so an epoch may be left out.
std::string Follows(const Period& before, const Period& period) {
  if (TimeOf(period.start_time()) <= TimeOf(before.start_time())) return "overlaps the last";
  const bool same = period.team() == before.team() && period.holder() == before.holder();
  const int64_t step = period.custody_epoch() - before.custody_epoch();
  if (step > 0 || (step == 0 && same)) return "";
  return absl::StrCat("custody goes from ", before.team(), " ", before.holder(), " to ",
                      period.team(), " ", period.holder(), ", its epoch from ",
                      before.custody_epoch(), " to ", period.custody_epoch());
}

}  // namespace

std::string Untiled(const work_routing::v1::WorkItem& item, absl::Time now) {
  if (item.periods().empty()) return "no intervals";
  if (item.earlier_periods() == 0 &&
      TimeOf(item.periods(0).start_time()) != TimeOf(item.create_time())) {
    return "the first interval does not begin with its submission";
  }
  for (int i = 0; i < item.periods_size(); ++i) {
    if (item.periods(i).team().empty()) return absl::StrCat("interval ", i + 1, " is nobody's");
    if (i == 0) continue;
    const std::string what = Follows(item.periods(i - 1), item.periods(i));
    if (!what.empty()) return absl::StrCat("interval ", i + 1, ": ", what);
  }
  const Period& last = item.periods(item.periods_size() - 1);
  if (last.team() != item.custody().team() || last.holder() != item.custody().holder() ||
      last.custody_epoch() != item.custody().epoch()) {
    return "the last interval is not of who has it now";
  }
  return TimeOf(last.start_time()) > now ? "the last interval begins in the future" : "";
}

}  // namespace tideline::testing
