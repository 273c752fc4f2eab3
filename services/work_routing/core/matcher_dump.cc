// SPDX-License-Identifier: Apache-2.0
// The index as text. Only facts and what follows from them: slots and numbers of names depend on
// history and are left out, so that an index built anew writes the same.
#include <map>

#include "absl/strings/str_cat.h"
#include "services/work_routing/core/matcher_index.h"

namespace tideline::work_routing {
namespace {

void DumpTime(std::string& out, absl::string_view name, absl::Time time) {
  absl::StrAppend(&out, " ", name, "=",
                  absl::FormatTime(absl::RFC3339_full, time, absl::UTCTimeZone()));
}

void DumpFacts(std::string& out, const Person& person) {
  const eligibility::Expert& e = person.expert;
  absl::StrAppend(&out, " person=", e.person, " team=", e.team, " organization=", e.organization,
                  " calendar=", e.calendar, " country=", e.country, " shore=", e.shore,
                  " grade=", e.grade, " capacity=", e.capacity, " cost=", e.cost_per_hour);
  for (const eligibility::HeldSkill& held : e.skills) {
    absl::StrAppend(&out, " skill=", held.skill, "@", held.level, held.learning ? "+" : "");
    DumpTime(out, "until", held.expires);
  }
  for (const eligibility::HeldClearance& held : e.clearances) {
    absl::StrAppend(&out, " clearance=", held.clearance);
    DumpTime(out, "until", held.expires);
  }
  for (const eligibility::Leave& leave : e.leave) {
    DumpTime(out, "leave", leave.from);
    DumpTime(out, "to", leave.to);
  }
}

}  // namespace

void Matcher::Index::Dump(std::string& out) const {
  for (const auto& [id, slot] : slots_) {
    const Person& person = people_[slot];
    absl::StrAppend(&out, "expert ", id);
    DumpFacts(out, person);
    absl::StrAppend(&out, " presence=", static_cast<int>(person.presence),
                    " unresponsive=", static_cast<int>(person.unresponsive),
                    " used=", person.load.used, " open=", person.load.open_items,
                    " minutes=", person.load.open_minutes, " order=", person.load.idle_order);
    DumpTime(out, "idle", person.load.idle_since);
    // What the bitmaps say, which is what questions are answered from.
    absl::StrAppend(&out, " leave=", static_cast<int>(pool_.Test(on_leave_, slot)), " bits=");
    for (const SkillFact& fact : person.skills) {
      int level = 0;
      while (level < eligibility::kTopLevel &&
             pool_.Test(skills_[fact.skill].at_least[level], slot)) {
        ++level;
      }
      absl::StrAppend(&out, level);
    }
    DumpTime(out, "timer", person.timer);
    out += "\n";
  }
  std::map<absl::string_view, const CalendarState*> calendars;
  for (uint32_t id = 0; id < calendar_states_.size(); ++id) {
    if (calendar_states_[id].source != nullptr) {
      calendars.emplace(calendars_.names.name(id), &calendar_states_[id]);
    }
  }
  for (const auto& [name, state] : calendars) {
    absl::StrAppend(&out, "calendar ", name, " on=", static_cast<int>(state->shift.on));
    DumpTime(out, "until", state->shift.until);
    out += "\n";
  }
  std::map<absl::string_view, const Compiled*> signatures;
  for (const auto& compiled : compiled_) {
    if (compiled != nullptr && compiled->refs > 0)
      signatures.emplace(compiled->text, compiled.get());
  }
  for (const auto& [text, compiled] : signatures) {
    absl::StrAppend(&out, "signature ", text, " refs=", compiled->refs);
    if (compiled->urgency.has_value()) absl::StrAppend(&out, " urgency=", *compiled->urgency);
    out += "\n";
  }
}

}  // namespace tideline::work_routing
