// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/sla_monitor/monitor_world.h"

#include <utility>

#include "absl/strings/str_join.h"
#include "common/roster/fold.h"
#include "gtest/gtest.h"

namespace tideline::sla_monitor {
namespace {

constexpr absl::string_view kStart = "2026-03-02T09:00:00+00:00";  // a Monday

}  // namespace

std::string Outcome(const absl::Status& status) {
  return status.ok() ? "OK" : ReasonName(ReasonOf(status));
}
std::string FieldOf(const absl::Status& status) {
  const auto bad = BadRequestOf(status);
  return bad.field_violations().empty() ? "" : bad.field_violations(0).field();
}

type::v1::SlaRules Rules(absl::Duration target) {
  type::v1::SlaRules rules;
  auto& low = *rules.add_classes();
  low.set_impact_class(type::v1::IMPACT_CLASS_LOW);
  SetDuration(absl::ToInt64Microseconds(target), low.mutable_client_target());
  return rules;
}
void SetLeg(Leg leg, absl::Duration target, type::v1::SlaRules& rules) {
  auto& out = *rules.mutable_classes(0)->add_legs();
  out.set_leg(leg);
  SetDuration(absl::ToInt64Microseconds(target), out.mutable_target());
}
void SetBudget(absl::Duration budget, type::v1::SlaRules& rules) {
  SetDuration(absl::ToInt64Microseconds(budget), rules.mutable_classes(0)->mutable_pause_budget());
}

MonitorWorld::MonitorWorld() : core_(std::make_unique<Core>()) {
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, kStart, &now_, nullptr));
  EXPECT_TRUE(core_->Restored().ok());
  grant.roles = partition::Roles::All();
  registry::Resource resource;
  resource.mutable_workspace()->set_name(kWorkspace);
  Put(resource);
  for (const char* id : {"client", "vendor"}) {
    registry::Resource one;
    one.mutable_organization()->set_name(Name("organizations", id));
    Put(one);
  }
  OfficeHours("office");
  for (const char* id : {"t1", "day"}) {
    registry::Resource one;
    registry::Team& team = *one.mutable_team();
    team.set_name(Name("teams", id));
    team.set_organization(Name("organizations", "vendor"));
    if (std::string(id) == "day") team.set_calendar(Name("calendars", "office"));
    Put(one);
  }
}

MonitorWorld::MonitorWorld(const MonitorWorld& other)
    : grant(other.grant),
      core_(std::make_unique<Core>()),
      records_(other.mirror_ != nullptr ? other.mirror_->Load(core_->Kinds()) : other.records_),
      events_(other.events_),
      items_(other.items_),
      commit_(other.commit_),
      registry_commit_(other.registry_commit_),
      routing_commit_(other.routing_commit_),
      chance_(other.chance_),
      now_(other.now_) {
  for (const std::string& kind : core_->Kinds()) {
    const auto records = records_.find(kind);
    if (records == records_.end()) continue;
    for (const auto& [id, bytes] : records->second) {
      const absl::Status status = core_->Restore(kind, id, bytes);
      EXPECT_TRUE(status.ok()) << status;
    }
  }
  EXPECT_TRUE(core_->Restored().ok());
}

void MonitorWorld::KeepIn(testing::JournalMirror& mirror) {
  mirror_ = &mirror;
  mirror.Commit(records_);
}

std::unique_ptr<MonitorWorld> MonitorWorld::Reborn() const {
  return std::unique_ptr<MonitorWorld>(new MonitorWorld(*this));
}

Call MonitorWorld::MakeCall() {
  Call call;
  call.workspace = kWorkspace;
  call.actor.set_kind(type::v1::Actor::KIND_SYSTEM);
  call.actor.set_subject("tester");
  call.grant = grant;
  call.now = now_;
  ++chance_;
  call.entropy = {chance_ * 0x9e3779b97f4a7c15ull, chance_ * 0xbf58476d1ce4e5b9ull};
  return call;
}

void MonitorWorld::Commit(Changes& changes) {
  last_changes_ = changes.size();
  if (!changes.empty()) ++commit_;
  const std::vector<journal::Write> writes = changes.TakeWrites();
  if (mirror_ != nullptr && !writes.empty()) mirror_->Commit(writes);
  for (const journal::Write& write : writes) {
    absl::StrAppend(&log_, "\n", write.kind, " ", write.id, " ",
                    write.value.has_value() ? *write.value : "<gone>");
    if (write.value.has_value()) {
      records_[write.kind][write.id] = *write.value;
    } else {
      records_[write.kind].erase(write.id);
    }
  }
  for (const partition::EventBytes& raised : changes.TakeEvents()) {
    absl::StrAppend(&log_, "\nevent ", raised.bytes);
    v1::Event event;
    EXPECT_TRUE(event.ParseFromString(raised.bytes));
    EXPECT_EQ(raised.workspace, kWorkspace);
    events_.push_back(std::move(event));
  }
  absl::StrAppend(&log_, "\nwake ", absl::FormatTime(core_->NextWake(), absl::UTCTimeZone()));
}

void MonitorWorld::Head(const std::string& subject, type::v1::EventHeader& header,
                        uint64_t& commit) const {
  SetTime(ToMicros(now_), header.mutable_time());
  header.set_workspace(kWorkspace);
  header.set_subject(subject);
  header.mutable_revision()->set_commit(++commit);
}

void MonitorWorld::Follow(const std::string& service, const google::protobuf::Message& event) {
  Changes changes(commit_ + 1);
  const std::string bytes = event.SerializeAsString();
  partition::UpstreamEvent upstream{service, {}, bytes};
  Call call = MakeCall();
  call.workspace.clear();
  log_.clear();
  const absl::Status status = core_->Follow(call, upstream, changes);
  EXPECT_TRUE(status.ok()) << status;
  Commit(changes);
}

void MonitorWorld::Put(registry::Resource resource) {
  const auto* inner = roster::Inner(resource);
  const auto* name = inner->GetDescriptor()->FindFieldByName("name");
  registry::Event event;
  Head(inner->GetReflection()->GetString(*inner, name), *event.mutable_header(), registry_commit_);
  *event.mutable_created()->mutable_resource() = std::move(resource);
  Follow("skill_registry", event);
}

void MonitorWorld::OfficeHours(const std::string& id, const std::string& zone) {
  registry::Resource resource;
  resource.mutable_calendar()->set_name(Name("calendars", id));
  type::v1::CalendarRules& rules = *resource.mutable_calendar()->mutable_rules();
  rules.set_time_zone(zone);
  for (int day = 1; day <= 5; ++day) {
    auto& hours = *rules.add_weekly_hours();
    hours.set_day(static_cast<type::v1::DayOfWeek>(day));
    auto& interval = *hours.add_intervals();
    interval.set_start_minute(9 * 60);
    interval.set_end_minute(17 * 60);
  }
  Put(resource);
}

void MonitorWorld::Policy(const type::v1::SlaRules& rules, const std::string& calendar,
                          const std::string& id) {
  registry::Resource resource;
  registry::SlaPolicy& policy = *resource.mutable_sla_policy();
  policy.set_name(Name("slaPolicies", id));
  policy.set_version(static_cast<int64_t>(registry_commit_) + 1);
  if (!calendar.empty()) policy.set_calendar(Name("calendars", calendar));
  *policy.mutable_rules() = rules;
  Put(resource);
}

void MonitorWorld::Engagement(const std::string& id, const std::string& policy,
                              std::vector<std::string> work_types) {
  registry::Resource resource;
  registry::Engagement& engagement = *resource.mutable_engagement();
  engagement.set_name(Name("engagements", id));
  engagement.set_client(Name("organizations", "client"));
  engagement.set_vendor(Name("organizations", "vendor"));
  if (!policy.empty()) engagement.set_sla_policy(Name("slaPolicies", policy));
  for (std::string& type : work_types) engagement.add_work_types(std::move(type));
  Put(resource);
}

void MonitorWorld::Submit(const std::string& id, const std::string& engagement,
                          type::v1::ImpactClass impact, absl::Duration effort,
                          const std::string& work_type) {
  routing::WorkItemStanding& standing = items_[id];
  standing.set_state(WorkItem::STATE_QUEUED);
  standing.mutable_custody()->set_team(Name("teams", "t1"));
  standing.mutable_custody()->set_epoch(1);
  standing.set_queue(Name("queues", "q"));
  routing::Event event;
  WorkItem& item = *event.mutable_work_item_submitted()->mutable_work_item();
  item.set_name(ItemName(id));
  item.set_engagement(Name("engagements", engagement));
  item.set_queue(standing.queue());
  item.set_impact_class(impact);
  item.set_work_type(work_type);
  item.set_state(standing.state());
  *item.mutable_custody() = standing.custody();
  SetDuration(absl::ToInt64Microseconds(effort), item.mutable_expected_effort());
  Tell(id, std::move(event));
}

void MonitorWorld::Tell(const std::string& id, routing::Event event) {
  Head(ItemName(id), *event.mutable_header(), routing_commit_);
  Follow("work_routing", event);
}

void MonitorWorld::Queue(const std::string& id, const std::string& team) {
  routing::WorkItemStanding& standing = items_[id];
  standing.set_state(WorkItem::STATE_QUEUED);
  if (!team.empty()) standing.mutable_custody()->set_team(Name("teams", team));
  standing.mutable_custody()->clear_holder();
  standing.mutable_custody()->set_epoch(standing.custody().epoch() + 1);
  routing::Event event;
  *event.mutable_work_item_queued()->mutable_standing() = standing;
  Tell(id, std::move(event));
}
void MonitorWorld::Assign(const std::string& id, const std::string& holder,
                          const std::string& team) {
  routing::WorkItemStanding& standing = items_[id];
  standing.set_state(WorkItem::STATE_ASSIGNED);
  if (!team.empty()) standing.mutable_custody()->set_team(Name("teams", team));
  standing.mutable_custody()->set_holder(Name("experts", holder));
  standing.mutable_custody()->set_epoch(standing.custody().epoch() + 1);
  routing::Event event;
  *event.mutable_work_item_assigned()->mutable_standing() = standing;
  Tell(id, std::move(event));
}
void MonitorWorld::Hold(const std::string& id, const std::string& agreed_by) {
  routing::WorkItemStanding& standing = items_[id];
  standing.set_state(WorkItem::STATE_ON_HOLD);
  standing.mutable_hold()->set_reason("waits for data");
  standing.mutable_hold()->set_asked_by("ann");
  standing.mutable_hold()->set_agreed_by(agreed_by);
  routing::Event event;
  *event.mutable_work_item_held()->mutable_standing() = standing;
  Tell(id, std::move(event));
}
void MonitorWorld::Resume(const std::string& id) {
  routing::WorkItemStanding& standing = items_[id];
  standing.set_state(WorkItem::STATE_ASSIGNED);
  standing.clear_hold();
  routing::Event event;
  *event.mutable_work_item_resumed()->mutable_standing() = standing;
  Tell(id, std::move(event));
}
void MonitorWorld::Result(const std::string& id) {
  items_[id].set_state(WorkItem::STATE_SUBMITTED);
  routing::Event event;
  *event.mutable_result_submitted()->mutable_standing() = items_[id];
  Tell(id, std::move(event));
}
void MonitorWorld::Return(const std::string& id) {
  items_[id].set_state(WorkItem::STATE_ASSIGNED);
  routing::Event event;
  *event.mutable_work_item_returned()->mutable_standing() = items_[id];
  Tell(id, std::move(event));
}
void MonitorWorld::Complete(const std::string& id) {
  items_[id].set_state(WorkItem::STATE_COMPLETED);
  routing::Event event;
  *event.mutable_work_item_completed()->mutable_standing() = items_[id];
  Tell(id, std::move(event));
}
void MonitorWorld::Reopen(const std::string& id) {
  items_[id].set_state(WorkItem::STATE_ASSIGNED);
  routing::Event event;
  *event.mutable_work_item_reopened()->mutable_standing() = items_[id];
  Tell(id, std::move(event));
}
void MonitorWorld::Cancel(const std::string& id) {
  items_[id].set_state(WorkItem::STATE_CANCELLED);
  routing::Event event;
  *event.mutable_work_item_cancelled()->mutable_standing() = items_[id];
  Tell(id, std::move(event));
}
void MonitorWorld::Progress(const std::string& id, int percent) {
  items_[id].set_progress_percent(percent);
  routing::Event event;
  *event.mutable_progress_reported()->mutable_standing() = items_[id];
  Tell(id, std::move(event));
}
void MonitorWorld::Transfer(const std::string& id, const std::string& team) {
  routing::WorkItemStanding& standing = items_[id];
  standing.set_state(WorkItem::STATE_QUEUED);
  standing.clear_hold();
  standing.mutable_custody()->set_team(Name("teams", team));
  standing.mutable_custody()->clear_holder();
  standing.mutable_custody()->set_epoch(standing.custody().epoch() + 1);
  routing::Event event;
  *event.mutable_work_item_transferred()->mutable_standing() = standing;
  Tell(id, std::move(event));
}
void MonitorWorld::Retire(const std::string& id) {
  routing::Event event;
  event.mutable_work_item_retired();
  Tell(id, std::move(event));
  items_.erase(id);
}

void MonitorWorld::Pass(absl::Duration by) {
  const absl::Time end = now_ + by;
  for (int i = 0; core_->NextWake() <= end; ++i) {
    ASSERT_LT(i, 10'000) << "the timers never rest";
    now_ = std::max(now_, core_->NextWake());
    Changes changes(commit_ + 1);
    Call call = MakeCall();
    call.workspace.clear();
    log_.clear();
    core_->Wake(call, changes);
    Commit(changes);
  }
  now_ = end;
}

v1::Reading MonitorWorld::Read(const std::string& id) {
  v1::GetClocksRequest request;
  request.set_name(ItemName(id));
  const auto response = Ask(&Core::GetClocks, request);
  EXPECT_TRUE(response.ok()) << response.status();
  return response.ok() ? response->reading() : v1::Reading();
}

std::string MonitorWorld::Alerts(const std::string& id) {
  std::vector<std::string> lines;
  const v1::Reading reading = Read(id);
  for (const v1::Alert& alert : reading.alerts()) {
    const Micros at = ToMicros(alert.ground_time()) - ToMicros(reading.clock().create_time());
    lines.push_back(absl::StrCat(alert.name().substr(alert.name().rfind('/') + 1), " at ",
                                 absl::FormatDuration(absl::Microseconds(at)),
                                 alert.has_retract_time() ? " gone" : ""));
  }
  return absl::StrJoin(lines, ", ");
}

void MonitorWorld::Settle(const std::string& owed, const absl::Status& status) {
  Changes changes(commit_ + 1);
  Call call = MakeCall();
  call.workspace.clear();
  log_.clear();
  core_->Settle(call, owed, status, "", changes);
  Commit(changes);
}

int MonitorWorld::CountEvents(v1::Event::KindCase kind) const {
  int count = 0;
  for (const v1::Event& event : events_) count += event.kind_case() == kind;
  return count;
}

std::string MonitorWorld::Dump() const {
  std::string out;
  core_->Dump(out);
  return out;
}

}  // namespace tideline::sla_monitor
