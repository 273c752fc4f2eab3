// SPDX-License-Identifier: Apache-2.0
// Whether an item can be done in time: the minutes that people who could do it are rostered before
// it is due, against the minutes it takes. Asked at submission, so that nobody finds out on the
// day.
#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/work_routing/core/step.h"

namespace tideline::work_routing {

namespace {

constexpr Nanos kMinute = 60 * kNanosPerSecond;

// There are people, but too few: skills whose level, lowered, would give more of them. Nearest
// first; 0 drops the skill.
std::vector<Relaxation> MoreByLevel(Matcher& matcher, SignatureId signature, const Ask& ask,
                                    uint32_t capable) {
  std::vector<Relaxation> found;
  const Needs asked = matcher.NeedsOf(signature);
  std::vector<bool> enough(asked.required.size(), false);
  for (int down = 1; down <= eligibility::kTopLevel; ++down) {
    for (size_t i = 0; i < asked.required.size() && found.size() < kShownRelaxations; ++i) {
      const int level = asked.required[i].level - down;
      if (enough[i] || level < 0) continue;
      Needs lower = asked;
      if (level == 0) {
        lower.required.erase(lower.required.begin() + static_cast<ptrdiff_t>(i));
      } else {
        lower.required[i].level = level;
      }
      const SignatureId instead = matcher.Acquire(lower);
      const uint32_t people = matcher.CouldEver(instead, ask);
      matcher.Release(instead);
      if (people <= capable) continue;
      enough[i] = true;
      found.push_back(
          {Constraint::kSkill, asked.required[i].skill, asked.required[i].level, level, people});
    }
  }
  return found;
}

}  // namespace

void FillRelaxation(const Relaxation& from, v1::Relaxation& to) {
  to.set_constraint(static_cast<v1::Constraint>(static_cast<int>(from.constraint) + 1));
  to.set_skill(from.skill);
  to.set_from_level(from.from_level);
  to.set_to_level(from.to_level);
  to.set_people(static_cast<int32_t>(from.people));
}

v1::Feasibility Core::FeasibilityOf(Item& item, Nanos now) {
  Workspace& workspace = *item.workspace;
  Kind& kind = *item.kind;
  const Ask ask = AskOf(item, now);
  // Most items name nobody: then the answer is their kind's, until people change.
  const bool plain = ask.excluded_people.empty() && ask.declined_experts.empty();
  std::vector<CalendarCount> own;
  if (plain && kind.capable_version != workspace.people_version) {
    kind.capable = workspace.matcher.CouldEverByCalendar(kind.signature, ask);
    kind.capable_version = workspace.people_version;
  }
  if (!plain) own = workspace.matcher.CouldEverByCalendar(kind.signature, ask);
  v1::Feasibility feasibility;
  const int64_t needed = (item.remaining() + kMinute - 1) / kMinute;
  feasibility.set_needed_minutes(needed);
  int64_t rostered = 0;
  int32_t capable = 0;
  for (const CalendarCount& count : plain ? kind.capable : own) {
    capable += static_cast<int32_t>(count.people);
    if (rostered >= needed && rostered > 0) continue;
    const Calendar* calendar = roster_.CompiledCalendar(count.calendar);
    const absl::Duration each =
        calendar == nullptr ? absl::Nanoseconds(std::max<Nanos>(0, item.due - now))
                            : calendar->Measure(FromNanos(now), FromNanos(std::max(now, item.due)));
    rostered += absl::ToInt64Minutes(each) * count.people;
  }
  feasibility.set_rostered_minutes(rostered);
  feasibility.set_capable(capable);
  feasibility.set_feasible(capable > 0 && rostered >= needed && item.due > now);
  if (feasibility.feasible()) return feasibility;
  const std::vector<Relaxation> relaxations =
      capable == 0
          ? workspace.matcher.NearestRelaxations(kind.signature, ask, kShownRelaxations)
          : MoreByLevel(workspace.matcher, kind.signature, ask, static_cast<uint32_t>(capable));
  for (const Relaxation& relaxation : relaxations) {
    FillRelaxation(relaxation, *feasibility.add_relaxations());
  }
  return feasibility;
}

void Core::NoteFeasibility(Step& step, Item& item, const v1::Feasibility& feasibility) {
  item.infeasible = !feasibility.feasible();
  if (feasibility.feasible()) {
    ClearAlarms(step, *item.workspace, item.name, v1::Alarm::KIND_INFEASIBLE);
    return;
  }
  RaiseAlarm(step, *item.workspace, v1::Alarm::KIND_INFEASIBLE, item.name, &item,
             absl::StrCat(feasibility.capable(), " people could do it and are rostered for ",
                          feasibility.rostered_minutes(), " minutes before it is due; it takes ",
                          feasibility.needed_minutes()));
}

}  // namespace tideline::work_routing
