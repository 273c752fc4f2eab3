// SPDX-License-Identifier: Apache-2.0
// From records to memory, and from memory to text. Everything that is not a record is derived here
// in the same way as a step derives it, so that a restored Core is the one that lived.
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "services/sla_monitor/core/step.h"

namespace tideline::sla_monitor {
namespace {

absl::Status Corrupt(absl::string_view kind, absl::string_view id, absl::string_view why) {
  return absl::DataLossError(absl::StrCat("record ", kind, " ", id, ": ", why));
}

}  // namespace

std::vector<std::string> Core::Kinds() const {
  std::vector<std::string> kinds = roster::Roster::Kinds();
  for (const char* kind : {"terms", "pace", "tally", "recount", "clock", "owed"}) {
    kinds.push_back(kind);
  }
  return kinds;
}

absl::Status Core::Restore(absl::string_view kind, absl::string_view id, absl::string_view bytes) {
  if (roster::Roster::Keeps(kind)) return roster_.Restore(kind, id, bytes);
  if (kind == "clock") return RestoreClock(id, bytes);
  const auto parse = [&](google::protobuf::MessageLite& record) {
    return record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))
               ? absl::OkStatus()
               : Corrupt(kind, id, "does not parse");
  };
  if (kind == "owed") {
    core::v1::StoredOwed& owed = owed_[std::string(id)];
    TL_RETURN_IF_ERROR(parse(owed));
    owed_order_[owed.sequence()] = std::string(id);
    return absl::OkStatus();
  }
  Workspace& workspace = WorkspaceAt(WorkspaceOf(id));
  if (kind == "pace") return parse(workspace.paces[std::string(id)]);
  if (kind == "recount") {
    ++recounts_;
    return parse(workspace.recounts[std::string(id)]);
  }
  if (kind == "tally") {
    core::v1::StoredTally tally;
    TL_RETURN_IF_ERROR(parse(tally));
    TallyKey key{tally.engagement(), tally.day(), tally.team(), tally.work_type()};
    workspace.tallies[std::move(key)] = std::move(tally);
    return absl::OkStatus();
  }
  if (kind != "terms") return Corrupt(kind, id, "of an unknown kind");
  core::v1::StoredTerms record;
  TL_RETURN_IF_ERROR(parse(record));
  absl::StatusOr<std::unique_ptr<Terms>> terms = Terms::Create(std::move(record));
  if (!terms.ok()) return Corrupt(kind, id, terms.status().message());
  // Records come in any order.
  auto& all = workspace.policies[(*terms)->record.policy()].terms;
  auto place = all.begin();
  while (place != all.end() && (*place)->record.revision() < (*terms)->record.revision()) ++place;
  all.insert(place, *std::move(terms));
  return absl::OkStatus();
}

absl::Status Core::RestoreClock(absl::string_view id, absl::string_view bytes) {
  core::v1::StoredClock record;
  if (!record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Corrupt("clock", id, "does not parse");
  }
  Workspace& workspace = WorkspaceAt(WorkspaceOf(id));
  auto owned = std::make_unique<Clock>();
  Clock& clock = *owned;
  clock.name = std::string(id);
  clock.workspace = &workspace;
  const auto policy = workspace.policies.find(record.policy());
  if (policy != workspace.policies.end()) {
    for (const auto& terms : policy->second.terms) {
      if (terms->record.revision() == record.revision()) clock.terms = terms.get();
    }
  }
  clock.impact_class = record.impact_class();
  if (clock.terms == nullptr || clock.terms->For(clock.impact_class) == nullptr) {
    return Corrupt("clock", id, "its terms are missing");
  }
  if (record.segments().empty()) return Corrupt("clock", id, "has no life");
  clock.engagement = workspace.Share(record.engagement());
  clock.work_type = workspace.Share(record.work_type());
  clock.queue = workspace.Share(record.queue());
  clock.depth = static_cast<uint8_t>(record.depth());
  clock.progress = static_cast<uint8_t>(record.progress());
  clock.index = record.index();
  clock.commit = record.commit();
  clock.joined = record.joined();
  clock.updated = record.updated();
  clock.effort = record.effort();
  clock.progress_time = record.progress_time();
  clock.risk = record.risk();
  clock.looked = record.looked();
  clock.look.at_risk = record.at_risk();
  const std::string* team = workspace.Share("");
  for (const core::v1::StoredSegment& stored : record.segments()) {
    Segment& segment = clock.segments.emplace_back();
    if (!stored.team().empty()) team = workspace.Share(stored.team());
    segment.start = stored.start();
    segment.team = team;
    if (!stored.holder().empty()) segment.holder = workspace.Share(stored.holder());
    segment.epoch = stored.epoch();
    segment.state = static_cast<State>(stored.state());
    segment.transferred = stored.transferred();
    if (segment.state == WorkItem::STATE_ON_HOLD) {
      segment.hold = std::make_unique<HoldNote>(
          HoldNote{stored.reason(), stored.asked_by(), stored.agreed_by()});
    }
  }
  if (record.starts_size() + record.pauses_size() > 0 || record.has_exclusion()) {
    clock.agreed = std::make_unique<Agreed>();
    clock.agreed->starts.assign(record.starts().begin(), record.starts().end());
    clock.agreed->pauses.assign(record.pauses().begin(), record.pauses().end());
    if (record.has_exclusion()) {
      clock.agreed->exclusion = std::make_unique<v1::Exclusion>(record.exclusion());
    }
  }
  clock.alerts.assign(record.alerts().begin(), record.alerts().end());
  if (record.has_count()) {
    clock.count = std::make_unique<core::v1::StoredCount>(record.count());
  }
  workspace.clocks.emplace(clock.name, std::move(owned));
  return absl::OkStatus();
}

absl::Status Core::Restored() {
  for (const auto& [name, workspace] : workspaces_) {
    for (const auto& [id, clock] : workspace->clocks) {
      const Crossings crossings =
          Cross(clock->history(), *clock->terms, clock->targets(), clock->looked);
      Derive(*clock, crossings, clock->look.at_risk);
      Index(*clock);
      for (const v1::Alert& alert : clock->alerts) {
        if (alert.kind() != v1::Alert::KIND_BREACH || alert.has_retract_time()) continue;
        workspace->breaches.emplace(ToMicros(alert.ground_time()), alert.name());
      }
    }
  }
  return absl::OkStatus();
}

void Core::Dump(std::string& out) const {
  roster_.Dump(out);
  const auto bytes = [](const google::protobuf::MessageLite& record) {
    return absl::CHexEscape(record.SerializeAsString());
  };
  for (const auto& [name, workspace] : workspaces_) {
    // One that only holds names is as good as none.
    for (const auto& [id, policy] : workspace->policies) {
      for (const auto& terms : policy.terms) {
        absl::StrAppend(&out, "terms ", bytes(terms->record), "\n");
      }
    }
    for (const auto& [id, clock] : workspace->clocks) {
      core::v1::StoredClock record;
      FillRecord(*clock, record);
      const Look& look = clock->look;
      absl::StrAppend(&out, "clock ", id, " ", bytes(record), " state ", look.state, " outcome ",
                      look.outcome, " due ", look.due, " stopped ", look.stopped, " timer ",
                      look.timer, " breached ", look.breached, look.leg_breached, "\n");
    }
    for (const auto& [key, tally] : workspace->tallies) {
      absl::StrAppend(&out, "tally ", bytes(tally), "\n");
    }
    for (const auto& [id, pace] : workspace->paces) {
      absl::StrAppend(&out, "pace ", id, " ", bytes(pace), "\n");
    }
    for (const auto& [id, recount] : workspace->recounts) {
      absl::StrAppend(&out, "recount ", bytes(recount), "\n");
    }
    for (const auto& [at, id] : workspace->breaches) {
      absl::StrAppend(&out, "breach ", at, " ", id, "\n");
    }
    for (const Clock* clock : workspace->at_risk) {
      absl::StrAppend(&out, "at risk ", clock->name, "\n");
    }
  }
  for (const auto& [sequence, id] : owed_order_) {
    absl::StrAppend(&out, "owed ", id, " ", bytes(owed_.at(id)), "\n");
  }
  absl::StrAppend(&out, "timers");
  for (const Clock* clock : timers_) {
    absl::StrAppend(&out, " ", clock->look.timer, ":", clock->name);
  }
  absl::StrAppend(&out, "\n");
}

}  // namespace tideline::sla_monitor
