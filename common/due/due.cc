// SPDX-License-Identifier: Apache-2.0
#include "common/due/due.h"

#include <algorithm>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/error.h"
#include "common/base/status_macros.h"

namespace tideline::due {
namespace {

using google::protobuf::Duration;
using type::v1::ClassTargets;
using type::v1::ImpactClass;
using type::v1::Leg;
using type::v1::SlaRules;

// As the proto states and explains.
constexpr absl::Duration kLeastTarget = absl::Milliseconds(1);
constexpr absl::Duration kMaxTarget = absl::Hours(20'000);
constexpr int kMaxHandoffs = 100;
constexpr int kMaxWarnings = 8;
constexpr int kMaxDepth = 2;
constexpr int kAllOfIt = 10'000;  // basis points

// The order in which legs follow each other; handoffs may come anywhere.
constexpr Leg kInOrder[] = {Leg::LEG_ACCEPT, Leg::LEG_FIRST_DRAFT, Leg::LEG_REVIEW,
                            Leg::LEG_RESOLVE};

absl::Duration Of(const Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

absl::Status CheckTarget(bool present, const Duration& target, std::string field) {
  if (!present) return InvalidField(field, "is missing", Reason::REASON_FIELD_REQUIRED);
  if (Of(target) < kLeastTarget || Of(target) > kMaxTarget) {
    return InvalidField(field, absl::StrCat("is ", absl::FormatDuration(Of(target)),
                                            "; a target is 1 ms to 20,000 h"));
  }
  return absl::OkStatus();
}

// The start or the stop that leaves a leg no time, if one does.
absl::string_view OutsideClock(const SlaRules& rules, Leg leg) {
  if (leg == Leg::LEG_ACCEPT && rules.start() == SlaRules::START_ACCEPTED) {
    return "the clock starts when the item is accepted";
  }
  if ((leg == Leg::LEG_REVIEW || leg == Leg::LEG_RESOLVE) &&
      rules.stop() == SlaRules::STOP_FIRST_RESULT) {
    return "the clock stops at the first result";
  }
  return "";
}

absl::Status CheckLegs(const SlaRules& rules, const ClassTargets& targets,
                       const std::string& field) {
  std::set<int> seen;
  for (int i = 0; i < targets.legs_size(); ++i) {
    const auto& leg = targets.legs(i);
    const std::string path = absl::StrFormat("%s.legs[%d]", field, i);
    if (leg.leg() == Leg::LEG_UNSPECIFIED || !type::v1::Leg_IsValid(leg.leg())) {
      return InvalidField(
          absl::StrCat(path, ".leg"), "is not stated or not known",
          leg.leg() == 0 ? Reason::REASON_FIELD_REQUIRED : Reason::REASON_INVALID_FIELD);
    }
    if (!seen.insert(leg.leg()).second) {
      return InvalidField(absl::StrCat(path, ".leg"),
                          absl::StrCat(type::v1::Leg_Name(leg.leg()), " is listed twice"));
    }
    if (absl::string_view why = OutsideClock(rules, leg.leg()); !why.empty()) {
      return InvalidField(absl::StrCat(path, ".leg"),
                          absl::StrCat(type::v1::Leg_Name(leg.leg()), " has no time: ", why));
    }
    TL_RETURN_IF_ERROR(CheckTarget(leg.has_target(), leg.target(), absl::StrCat(path, ".target")));
  }
  const int handoffs = targets.planned_handoffs();
  const bool targeted = seen.contains(Leg::LEG_HANDOFF);
  if (handoffs < 0 || handoffs > kMaxHandoffs || (handoffs > 0 && !targeted)) {
    return InvalidField(absl::StrCat(field, ".planned_handoffs"),
                        targeted ? absl::StrFormat("is %d, not 0 to %d", handoffs, kMaxHandoffs)
                                 : absl::StrFormat("is %d, but no handoff has a target", handoffs));
  }
  return absl::OkStatus();
}

absl::Status CheckClass(const SlaRules& rules, const ClassTargets& targets,
                        const std::string& field) {
  TL_RETURN_IF_ERROR(CheckTarget(targets.has_client_target(), targets.client_target(),
                                 absl::StrCat(field, ".client_target")));
  TL_RETURN_IF_ERROR(CheckLegs(rules, targets, field));
  const absl::Duration pause = Of(targets.pause_budget());
  if (pause < absl::ZeroDuration() || pause > kMaxTarget) {
    return InvalidField(absl::StrCat(field, ".pause_budget"),
                        absl::StrCat("is ", absl::FormatDuration(pause), ", not 0 to 20,000 h"));
  }
  const absl::Duration sum = SumOfLegs(targets);
  if (sum > Of(targets.client_target())) {
    return InvalidField(absl::StrCat(field, ".legs"),
                        absl::StrFormat("add up to %s with %d handoffs; the client target is %s",
                                        absl::FormatDuration(sum), targets.planned_handoffs(),
                                        absl::FormatDuration(Of(targets.client_target()))),
                        Reason::REASON_TARGETS_EXCEED_CLIENT_TARGET);
  }
  return absl::OkStatus();
}

absl::Status CheckWarnings(const SlaRules& rules, absl::string_view field) {
  if (rules.warn_percents_size() > kMaxWarnings) {
    return InvalidField(absl::StrCat(field, ".warn_percents"),
                        absl::StrFormat("has %d elements; the limit is %d",
                                        rules.warn_percents_size(), kMaxWarnings));
  }
  int before = 0;
  for (int i = 0; i < rules.warn_percents_size(); ++i) {
    const int percent = rules.warn_percents(i);
    if (percent <= before || percent > 99) {
      return InvalidField(absl::StrFormat("%s.warn_percents[%d]", field, i),
                          absl::StrFormat("is %d; shares grow, from 1 to 99", percent));
    }
    before = percent;
  }
  return absl::OkStatus();
}

const type::v1::LegTarget* FindLeg(const ClassTargets& targets, Leg leg) {
  for (const auto& target : targets.legs()) {
    if (target.leg() == leg) return &target;
  }
  return nullptr;
}

// From the least miss to the worst.
absl::Status CheckCredits(const type::v1::ServiceLevel& level, const std::string& field) {
  int below = level.target_basis_points() + 1;
  int credit = 0;
  for (int i = 0; i < level.credits_size(); ++i) {
    const type::v1::CreditStep& step = level.credits(i);
    const std::string path = absl::StrFormat("%s.credits[%d]", field, i);
    if (step.below_basis_points() < 1 || step.below_basis_points() >= below) {
      return InvalidField(absl::StrCat(path, ".below_basis_points"),
                          "steps begin at the target and fall, down to 1");
    }
    if (step.credit_basis_points() <= credit || step.credit_basis_points() > kAllOfIt) {
      return InvalidField(absl::StrCat(path, ".credit_basis_points"), "credits grow, up to 10,000");
    }
    below = step.below_basis_points();
    credit = step.credit_basis_points();
  }
  return absl::OkStatus();
}

// A target that no class has could never be missed.
bool HasTarget(const SlaRules& rules, const type::v1::ServiceLevel& level) {
  for (const ClassTargets& targets : rules.classes()) {
    const bool counts = level.impact_class() == ImpactClass::IMPACT_CLASS_UNSPECIFIED ||
                        level.impact_class() == targets.impact_class();
    if (counts &&
        (level.leg() == Leg::LEG_UNSPECIFIED || FindLeg(targets, level.leg()) != nullptr)) {
      return true;
    }
  }
  return false;
}

absl::Status CheckLevels(const SlaRules& rules, absl::string_view field) {
  std::set<std::string> ids;
  int weights = 0;
  for (int i = 0; i < rules.service_levels_size(); ++i) {
    const type::v1::ServiceLevel& level = rules.service_levels(i);
    const std::string path = absl::StrFormat("%s.service_levels[%d]", field, i);
    if (level.id().empty()) {
      return InvalidField(absl::StrCat(path, ".id"), "is missing", Reason::REASON_FIELD_REQUIRED);
    }
    if (!ids.insert(level.id()).second) {
      return InvalidField(absl::StrCat(path, ".id"), "is there twice");
    }
    if (level.target_basis_points() < 1 || level.target_basis_points() >= kAllOfIt) {
      return InvalidField(absl::StrCat(path, ".target_basis_points"), "is from 1 to 9,999");
    }
    if (!HasTarget(rules, level)) {
      return InvalidField(absl::StrCat(path, ".leg"), "no class has such a target");
    }
    weights += level.weight_basis_points();
    if (level.weight_basis_points() < 0 || weights > kAllOfIt) {
      return InvalidField(absl::StrCat(path, ".weight_basis_points"),
                          "the weights of all levels add up to at most 10,000");
    }
    TL_RETURN_IF_ERROR(CheckCredits(level, path));
  }
  if (rules.has_credit_terms() && rules.service_levels().empty()) {
    return InvalidField(absl::StrCat(field, ".credit_terms"), "there are no service levels");
  }
  return absl::OkStatus();
}

absl::Status CheckEscalations(const SlaRules& rules, absl::string_view field) {
  using type::v1::Escalation;
  for (int i = 0; i < rules.escalations_size(); ++i) {
    const Escalation& escalation = rules.escalations(i);
    const std::string path = absl::StrFormat("%s.escalations[%d]", field, i);
    if (escalation.trigger() == Escalation::TRIGGER_UNSPECIFIED ||
        !Escalation::Trigger_IsValid(escalation.trigger())) {
      return InvalidField(absl::StrCat(path, ".trigger"), "is not stated or not known",
                          Reason::REASON_FIELD_REQUIRED);
    }
    const auto& shares = rules.warn_percents();
    const bool is_share =
        std::find(shares.begin(), shares.end(), escalation.warn_percent()) != shares.end();
    if (escalation.trigger() == Escalation::TRIGGER_WARNING ? !is_share
                                                            : escalation.warn_percent() != 0) {
      return InvalidField(absl::StrCat(path, ".warn_percent"),
                          "is not one of the policy's shares, or the trigger is no warning");
    }
    if (!escalation.queue().empty()) continue;
    if (!escalation.team().empty() || !escalation.owner().empty()) {
      return InvalidField(absl::StrCat(path, ".queue"), "is missing: there is no item to own",
                          Reason::REASON_FIELD_REQUIRED);
    }
    if (escalation.raise_priority() == type::v1::PRIORITY_UNSPECIFIED && !escalation.widen()) {
      return InvalidField(path, "does nothing", Reason::REASON_FIELD_REQUIRED);
    }
  }
  return absl::OkStatus();
}

absl::Status CheckWorkTypes(const SlaRules& rules, absl::string_view field) {
  std::set<absl::string_view> seen;
  for (int i = 0; i < rules.work_types_size(); ++i) {
    const std::string path = absl::StrFormat("%s.work_types[%d]", field, i);
    if (rules.work_types(i).empty()) return InvalidField(path, "is empty");
    if (!seen.insert(rules.work_types(i)).second) return InvalidField(path, "is there twice");
  }
  return absl::OkStatus();
}

}  // namespace

bool Applies(const SlaRules& rules, absl::string_view work_type, int depth) {
  if (depth > rules.max_depth()) return false;
  const auto& types = rules.work_types();
  return types.empty() || std::find(types.begin(), types.end(), work_type) != types.end();
}

absl::Status Validate(const SlaRules& rules, absl::string_view field) {
  if (!SlaRules::Start_IsValid(rules.start())) {
    return InvalidField(absl::StrCat(field, ".start"), "is not known");
  }
  if (!SlaRules::Stop_IsValid(rules.stop())) {
    return InvalidField(absl::StrCat(field, ".stop"), "is not known");
  }
  if (!SlaRules::Revision_IsValid(rules.revision())) {
    return InvalidField(absl::StrCat(field, ".revision"), "is not known");
  }
  if (rules.classes().empty()) {
    return InvalidField(absl::StrCat(field, ".classes"), "promise nothing",
                        Reason::REASON_FIELD_REQUIRED);
  }
  std::set<int> seen;
  for (int i = 0; i < rules.classes_size(); ++i) {
    const ClassTargets& targets = rules.classes(i);
    const std::string path = absl::StrFormat("%s.classes[%d]", field, i);
    const int impact_class = targets.impact_class();
    if (impact_class == 0 || !type::v1::ImpactClass_IsValid(impact_class)) {
      return InvalidField(
          absl::StrCat(path, ".impact_class"), "is not stated or not known",
          impact_class == 0 ? Reason::REASON_FIELD_REQUIRED : Reason::REASON_INVALID_FIELD);
    }
    if (!seen.insert(impact_class).second) {
      return InvalidField(
          absl::StrCat(path, ".impact_class"),
          absl::StrCat(type::v1::ImpactClass_Name(targets.impact_class()), " is listed twice"));
    }
    TL_RETURN_IF_ERROR(CheckClass(rules, targets, path));
  }
  TL_RETURN_IF_ERROR(CheckWarnings(rules, field));
  TL_RETURN_IF_ERROR(CheckEscalations(rules, field));
  TL_RETURN_IF_ERROR(CheckLevels(rules, field));
  TL_RETURN_IF_ERROR(CheckWorkTypes(rules, field));
  if (rules.max_depth() < 0 || rules.max_depth() > kMaxDepth) {
    return InvalidField(absl::StrCat(field, ".max_depth"),
                        absl::StrFormat("is %d, not 0 to %d", rules.max_depth(), kMaxDepth));
  }
  return absl::OkStatus();
}

absl::Duration SumOfLegs(const ClassTargets& targets) {
  absl::Duration sum;
  for (const auto& leg : targets.legs()) {
    sum += Of(leg.target()) * (leg.leg() == Leg::LEG_HANDOFF ? targets.planned_handoffs() : 1);
  }
  return sum;
}

const ClassTargets* FindTargets(const SlaRules& rules, ImpactClass impact_class) {
  if (impact_class == ImpactClass::IMPACT_CLASS_UNSPECIFIED) {
    impact_class = ImpactClass::IMPACT_CLASS_LOW;
  }
  for (const ClassTargets& targets : rules.classes()) {
    if (targets.impact_class() == impact_class) return &targets;
  }
  return nullptr;
}

DueTimes Compute(const SlaRules& rules, ImpactClass impact_class, const Calendar& calendar,
                 absl::Time start) {
  DueTimes times;
  const ClassTargets* targets = FindTargets(rules, impact_class);
  if (targets == nullptr) return times;
  const absl::Duration client = Of(targets->client_target());
  times.overall = calendar.Add(start, client);
  absl::Duration sum;
  for (Leg leg : kInOrder) {
    const auto* target = FindLeg(*targets, leg);
    if (target == nullptr) continue;
    sum += Of(target->target());
    times.legs[leg] = calendar.Add(start, sum);
  }
  for (int percent : rules.warn_percents()) {
    // Whole microseconds, as calendars count.
    const int64_t share = absl::ToInt64Microseconds(client) * percent / 100;
    times.warnings.push_back({percent, calendar.Add(start, absl::Microseconds(share))});
  }
  return times;
}

absl::Time OverallDue(const SlaRules& rules, ImpactClass impact_class, const Calendar& calendar,
                      absl::Time start, absl::Duration paused) {
  const ClassTargets* targets = FindTargets(rules, impact_class);
  if (targets == nullptr) return absl::InfiniteFuture();
  paused = std::clamp(paused, absl::ZeroDuration(), Of(targets->pause_budget()));
  return calendar.Add(start, Of(targets->client_target()) + paused);
}

absl::Time LegDue(const SlaRules& rules, ImpactClass impact_class, Leg leg,
                  const Calendar& calendar, absl::Time began) {
  const ClassTargets* targets = FindTargets(rules, impact_class);
  const auto* target = targets == nullptr ? nullptr : FindLeg(*targets, leg);
  return target == nullptr ? absl::InfiniteFuture() : calendar.Add(began, Of(target->target()));
}

absl::Time LatestStart(absl::Time due, absl::Duration remaining, const Calendar& calendar) {
  if (due == absl::InfiniteFuture()) return due;
  return calendar.Subtract(due, std::max(remaining, absl::ZeroDuration()));
}

}  // namespace tideline::due
