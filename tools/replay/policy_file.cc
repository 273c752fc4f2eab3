// SPDX-License-Identifier: Apache-2.0
#include "tools/replay/policy_file.h"

#include <google/protobuf/util/json_util.h>

#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/calendar/calendar.h"
#include "common/due/due.h"

namespace tideline::replay {
namespace {

constexpr int64_t kDay = 24 * 60 * 60;

bool IsId(absl::string_view id) {
  if (id.empty() || id.size() > 50 || id.front() == '-' || id.back() == '-') return false;
  for (char c : id) {
    if (!absl::ascii_islower(c) && !absl::ascii_isdigit(c) && c != '-') return false;
  }
  return true;
}

}  // namespace

absl::StatusOr<v1::PolicyFile> ParsePolicies(absl::string_view json) {
  v1::PolicyFile file;
  const auto status = google::protobuf::util::JsonStringToMessage(std::string(json), &file);
  if (!status.ok()) {
    return absl::InvalidArgumentError(
        std::string(status.message().data(), status.message().size()));
  }
  if (file.policies().empty() || file.policies_size() > kMostPolicies) {
    return absl::InvalidArgumentError(
        absl::StrCat("policies: has ", file.policies_size(), ", not 1 to ", kMostPolicies));
  }
  std::set<std::string> ids;
  for (int i = 0; i < file.policies_size(); ++i) {
    const v1::Policy& policy = file.policies(i);
    const std::string path = absl::StrCat("policies[", i, "]");
    if (!IsId(policy.id()) || !ids.insert(policy.id()).second) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ".id: is no id of its own: small letters, digits and hyphens"));
    }
    TL_RETURN_IF_ERROR(
        Calendar::Create(policy.calendar(), absl::StrCat(path, ".calendar")).status());
    TL_RETURN_IF_ERROR(due::Validate(policy.rules(), absl::StrCat(path, ".rules")));
  }
  return file;
}

v1::PolicyFile DefaultPolicies() {
  v1::PolicyFile file;
  v1::Policy& policy = *file.add_policies();
  policy.set_id("five-days");
  policy.mutable_calendar()->set_time_zone("UTC");
  policy.mutable_calendar()->set_always_open(true);
  for (int level = type::v1::IMPACT_CLASS_LOW; level <= type::v1::IMPACT_CLASS_CRITICAL; ++level) {
    type::v1::ClassTargets& targets = *policy.mutable_rules()->add_classes();
    targets.set_impact_class(static_cast<type::v1::ImpactClass>(level));
    targets.mutable_client_target()->set_seconds(5 * kDay);
    targets.mutable_pause_budget()->set_seconds(kDay);
    for (auto leg : {type::v1::LEG_ACCEPT, type::v1::LEG_FIRST_DRAFT, type::v1::LEG_REVIEW,
                     type::v1::LEG_RESOLVE}) {
      type::v1::LegTarget& target = *targets.add_legs();
      target.set_leg(leg);
      target.mutable_target()->set_seconds(kDay);
    }
  }
  policy.mutable_rules()->add_warn_percents(50);
  policy.mutable_rules()->add_warn_percents(75);
  return file;
}

}  // namespace tideline::replay
