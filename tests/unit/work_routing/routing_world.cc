// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/work_routing/routing_world.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace tideline::work_routing {

namespace {

// Monday.
constexpr absl::string_view kStart = "2026-03-02T09:00:00+00:00";

void SetStamp(absl::Time time, google::protobuf::Timestamp* out) { SetTime(ToNanos(time), out); }

}  // namespace

std::string Outcome(const absl::Status& status) {
  return status.ok() ? "OK" : ReasonName(ReasonOf(status));
}

void Require(const std::string& skills, v1::WorkItem& item) {
  for (absl::string_view one : absl::StrSplit(skills, ' ', absl::SkipEmpty())) {
    const std::pair<std::string, std::string> parts = absl::StrSplit(one, absl::MaxSplits(':', 1));
    v1::Requirement& requirement = *item.add_requirements();
    requirement.set_skill(Skill(parts.first));
    int level = 1;
    if (!parts.second.empty()) {
      EXPECT_TRUE(absl::SimpleAtoi(parts.second, &level));
    }
    requirement.set_min_level(static_cast<type::v1::Level>(level));
  }
}

RoutingWorld::RoutingWorld() : core_(std::make_unique<Core>()) {
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, kStart, &now_, nullptr));
  EXPECT_TRUE(core_->Restored().ok());
  grant.roles = partition::Roles::All();
  registry::Resource resource;
  resource.mutable_workspace()->set_name(kWorkspace);
  Raise(Created(resource), kWorkspace);
}

RoutingWorld::RoutingWorld(const RoutingWorld& other)
    : grant(other.grant),
      workspace(other.workspace),
      core_(std::make_unique<Core>()),
      records_(other.mirror_ != nullptr ? other.mirror_->Load(core_->Kinds()) : other.records_),
      events_(other.events_),
      registry_events_(other.registry_events_),
      seen_(other.seen_),
      commit_(other.commit_),
      registry_commit_(other.registry_commit_),
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

void RoutingWorld::KeepIn(testing::JournalMirror& mirror) {
  mirror_ = &mirror;
  mirror.Commit(records_);
}

std::unique_ptr<RoutingWorld> RoutingWorld::Reborn() const {
  return std::unique_ptr<RoutingWorld>(new RoutingWorld(*this));
}

Call RoutingWorld::MakeCall() {
  Call call;
  call.workspace = workspace;
  call.actor.set_kind(type::v1::Actor::KIND_SYSTEM);
  call.actor.set_subject("tester");
  call.grant = grant;
  call.cause.set_request_id(request_id);
  call.now = now_;
  ++chance_;
  call.entropy = {chance_ * 0x9e3779b97f4a7c15ull, chance_ * 0xbf58476d1ce4e5b9ull};
  return call;
}

void RoutingWorld::Commit(Changes& changes) {
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
    events_.push_back(std::move(event));
  }
  absl::StrAppend(&log_, "\nwake ", absl::FormatTime(core_->NextWake(), absl::UTCTimeZone()));
}

registry::Event RoutingWorld::Created(registry::Resource resource) {
  registry::Event event;
  *event.mutable_created()->mutable_resource() = std::move(resource);
  return event;
}

void RoutingWorld::Raise(registry::Event event, const std::string& subject) {
  type::v1::EventHeader& header = *event.mutable_header();
  SetStamp(now_, header.mutable_time());
  header.set_workspace(kWorkspace);
  header.set_subject(subject);
  header.mutable_revision()->set_commit(++registry_commit_);
  const absl::Status status = Follow(event);
  EXPECT_TRUE(status.ok()) << status;
}

absl::Status RoutingWorld::Follow(const registry::Event& event) {
  Changes changes(commit_ + 1);
  Call call = MakeCall();
  call.workspace.clear();
  const std::string bytes = event.SerializeAsString();
  partition::UpstreamEvent upstream;
  upstream.service = "skill_registry";
  upstream.position = event.header().revision();
  upstream.bytes = bytes;
  const absl::Status status = core_->Follow(call, upstream, changes);
  log_ = absl::StrCat("followed ", status.ok());
  registry_events_.push_back(event);
  Commit(changes);
  return status;
}

void RoutingWorld::Organization(const std::string& id, const std::string& owner,
                                std::vector<std::string> conflicts) {
  registry::Resource resource;
  registry::Organization& organization = *resource.mutable_organization();
  organization.set_name(Name("organizations", id));
  if (!owner.empty()) organization.set_owner(Name("organizations", owner));
  for (const std::string& other : conflicts) {
    organization.add_conflicts(Name("organizations", other));
  }
  Raise(Created(resource), organization.name());
}

void RoutingWorld::Site(const std::string& id, const std::string& country) {
  registry::Resource resource;
  registry::Site& site = *resource.mutable_site();
  site.set_name(Name("sites", id));
  site.set_country(country);
  site.set_time_zone("UTC");
  Raise(Created(resource), site.name());
}

void RoutingWorld::AddTeam(const std::string& id, const std::string& organization,
                           const std::string& site, const std::string& calendar,
                           type::v1::Shore shore) {
  registry::Resource resource;
  registry::Team& team = *resource.mutable_team();
  team.set_name(Team(id));
  team.set_organization(Name("organizations", organization));
  team.set_site(Name("sites", site));
  team.set_shore(shore);
  if (!calendar.empty()) team.set_calendar(Name("calendars", calendar));
  Raise(Created(resource), team.name());
}

void RoutingWorld::AddSkill(const std::string& id) {
  registry::Resource resource;
  resource.mutable_skill()->set_name(Skill(id));
  Raise(Created(resource), Skill(id));
}

void RoutingWorld::OfficeHours(const std::string& id, const std::string& zone) {
  registry::Resource resource;
  registry::Calendar& calendar = *resource.mutable_calendar();
  calendar.set_name(Name("calendars", id));
  auto& rules = *calendar.mutable_rules();
  rules.set_time_zone(zone);
  for (int day = 1; day <= 5; ++day) {
    auto& hours = *rules.add_weekly_hours();
    hours.set_day(static_cast<type::v1::DayOfWeek>(day));
    auto& interval = *hours.add_intervals();
    interval.set_start_minute(9 * 60);
    interval.set_end_minute(17 * 60);
  }
  Raise(Created(resource), calendar.name());
}

void RoutingWorld::AddExpert(const std::string& id, const std::string& team,
                             const std::string& skills, int capacity) {
  registry::Expert expert;
  expert.set_name(Expert(id));
  expert.set_person("person-" + id);
  expert.set_team(Team(team));
  expert.set_capacity_units(capacity);
  for (absl::string_view one : absl::StrSplit(skills, ' ', absl::SkipEmpty())) {
    const std::pair<std::string, std::string> parts = absl::StrSplit(one, absl::MaxSplits(':', 1));
    registry::ExpertSkill& skill = *expert.add_skills();
    skill.set_skill(Skill(parts.first));
    int level = 3;
    if (!parts.second.empty()) {
      EXPECT_TRUE(absl::SimpleAtoi(parts.second, &level));
    }
    skill.set_level(static_cast<type::v1::Level>(level));
    skill.set_stage(registry::SKILL_STAGE_INDEPENDENT);
  }
  Put(expert);
  Online(id);
}

void RoutingWorld::Put(const registry::Expert& expert) {
  registry::Resource resource;
  *resource.mutable_expert() = expert;
  Raise(Created(resource), expert.name());
}

void RoutingWorld::Put(const registry::Engagement& engagement) {
  registry::Resource resource;
  *resource.mutable_engagement() = engagement;
  Raise(Created(resource), engagement.name());
}

void RoutingWorld::Put(const registry::SlaPolicy& policy) {
  registry::Resource resource;
  *resource.mutable_sla_policy() = policy;
  Raise(Created(resource), policy.name());
}

void RoutingWorld::Put(const registry::Resource& resource, const std::string& name) {
  Raise(Created(resource), name);
}

void RoutingWorld::RemoveExpert(const std::string& id) {
  registry::Event event;
  event.mutable_deleted();
  Raise(event, Expert(id));
}

void RoutingWorld::Presence(const std::string& id, registry::Presence::State state) {
  registry::Resource resource;
  registry::Presence& presence = *resource.mutable_presence();
  presence.set_name(absl::StrCat(Expert(id), "/presence"));
  presence.set_state(state);
  SetStamp(now_, presence.mutable_since());
  Raise(Created(resource), presence.name());
}

void RoutingWorld::Basics() {
  Organization("client");
  Organization("vendor");
  Site("home", "DE");
  AddTeam("t1", "vendor");
  AddTeam("t2", "vendor");
  AddSkill("law");
  AddSkill("tax");
}

void RoutingWorld::AddQueue(const std::string& id, const v1::QueuePolicy& policy) {
  v1::CreateQueueRequest request;
  request.set_parent(kWorkspace);
  request.set_queue_id(id);
  request.mutable_queue()->set_home_team(Team("t1"));
  *request.mutable_queue()->mutable_policy() = policy;
  const auto response = Do(&Core::CreateQueue, request);
  ASSERT_TRUE(response.ok()) << response.status();
}

void RoutingWorld::Pass(absl::Duration by) {
  const absl::Time until = now_ + by;
  for (int steps = 0; core_->NextWake() <= until; ++steps) {
    ASSERT_LT(steps, 10'000) << "timers never come to rest: " << log_;
    now_ = std::max(now_, core_->NextWake());
    Changes changes(commit_ + 1);
    Call call = MakeCall();
    call.workspace.clear();
    call.actor.set_kind(type::v1::Actor::KIND_TIMER);
    core_->Wake(call, changes);
    log_ = "woke";
    Commit(changes);
  }
  now_ = until;
}

absl::StatusOr<v1::WorkItem> RoutingWorld::TrySubmit(const v1::WorkItem& item,
                                                     const std::string& id) {
  v1::SubmitWorkItemRequest request;
  request.set_parent(kWorkspace);
  *request.mutable_work_item() = item;
  request.set_work_item_id(id);
  auto response = Do(&Core::SubmitWorkItem, request);
  if (!response.ok()) return response.status();
  return response->work_item();
}

v1::WorkItem RoutingWorld::Submit(const v1::WorkItem& item, v1::Feasibility* feasibility) {
  v1::SubmitWorkItemRequest request;
  request.set_parent(kWorkspace);
  *request.mutable_work_item() = item;
  auto response = Do(&Core::SubmitWorkItem, request);
  EXPECT_TRUE(response.ok()) << response.status();
  if (!response.ok()) return v1::WorkItem();
  if (feasibility != nullptr) *feasibility = response->feasibility();
  return response->work_item();
}

v1::WorkItem RoutingWorld::Submit(const std::string& queue, const std::string& skills) {
  v1::WorkItem item;
  item.set_queue(QueueName(queue));
  item.set_title("a piece of work");
  Require(skills, item);
  return Submit(item);
}

v1::WorkItem RoutingWorld::Get(const std::string& name) {
  v1::GetWorkItemRequest request;
  request.set_name(name);
  auto response = Ask(&Core::GetWorkItem, request);
  EXPECT_TRUE(response.ok()) << name << ": " << response.status();
  return response.ok() ? response->work_item() : v1::WorkItem();
}

absl::StatusOr<v1::WorkItem> RoutingWorld::Accept(const v1::WorkItem& item) {
  v1::AcceptOfferRequest request;
  request.set_name(item.offer().name());
  auto response = Do(&Core::AcceptOffer, request);
  if (!response.ok()) return response.status();
  return response->work_item();
}

absl::StatusOr<v1::WorkItem> RoutingWorld::Decline(const v1::WorkItem& item) {
  v1::DeclineOfferRequest request;
  request.set_name(item.offer().name());
  request.set_reason(v1::DECLINE_REASON_OVERLOADED);
  auto response = Do(&Core::DeclineOffer, request);
  if (!response.ok()) return response.status();
  return response->work_item();
}

absl::StatusOr<v1::WorkItem> RoutingWorld::Finish(const v1::WorkItem& item) {
  v1::SubmitResultRequest request;
  request.set_name(item.name());
  request.mutable_result()->set_summary("done");
  auto response = Do(&Core::SubmitResult, request);
  if (!response.ok()) return response.status();
  return response->work_item();
}

std::string RoutingWorld::StateOf(const std::string& name) {
  return v1::WorkItem::State_Name(Get(name).state()).substr(sizeof("STATE_") - 1);
}

std::string RoutingWorld::With(const std::string& name) {
  const v1::WorkItem item = Get(name);
  const std::string& who = item.has_offer() ? item.offer().expert() : item.custody().holder();
  return who.empty() ? "-" : who.substr(who.rfind('/') + 1);
}

bool RoutingWorld::HasAlarm(v1::Alarm::Kind kind, const std::string& subject) {
  v1::ListAlarmsRequest request;
  request.set_parent(kWorkspace);
  request.set_page_size(1000);
  auto response = Ask(&Core::ListAlarms, request);
  bool found = false;
  int64_t of_kind = 0;
  for (const v1::Alarm& alarm : response->alarms()) {
    found |= alarm.kind() == kind && alarm.subject() == subject;
    of_kind += alarm.kind() == kind ? 1 : 0;
  }
  EXPECT_EQ(Figure("alarms", v1::Alarm::Kind_Name(kind)), of_kind);
  return found;
}

int64_t RoutingWorld::Figure(absl::string_view name, absl::string_view value) {
  for (const partition::Figure& figure : core_->Figures()) {
    if (name == figure.name && value == figure.value) return figure.amount;
  }
  ADD_FAILURE() << "no figure " << name << " of " << value;
  return -1;
}

std::vector<v1::Event> RoutingWorld::NewEvents() {
  std::vector<v1::Event> fresh(events_.begin() + static_cast<ptrdiff_t>(seen_), events_.end());
  seen_ = events_.size();
  return fresh;
}

std::string RoutingWorld::Dump() const {
  std::string out;
  core_->Dump(out);
  return out;
}

namespace {

void TakeStanding(const v1::WorkItemStanding& from, v1::WorkItem& to) {
  const auto* into = v1::WorkItem::descriptor();
  const auto* own = to.GetReflection();
  for (int i = 0; i < v1::WorkItemStanding::descriptor()->field_count(); ++i) {
    const auto* field = v1::WorkItemStanding::descriptor()->field(i);
    own->ClearField(&to, into->FindFieldByName(field->name()));
  }
  // The fields have the same names and types, not the same numbers: through text.
  v1::WorkItem taken;
  std::string text;
  google::protobuf::TextFormat::PrintToString(from, &text);
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &taken));
  to.MergeFrom(taken);
}

void TakePeriod(const google::protobuf::Timestamp& time, v1::WorkItem& item) {
  const v1::Period* last = item.periods().empty() ? nullptr : &*item.periods().rbegin();
  if (last != nullptr && last->state() == item.state() &&
      last->custody_epoch() == item.custody().epoch()) {
    return;
  }
  if (last != nullptr && last->start_time().seconds() == time.seconds() &&
      last->start_time().nanos() == time.nanos()) {
    item.mutable_periods()->RemoveLast();
  }
  if (item.periods_size() == 256) {
    item.mutable_periods()->DeleteSubrange(0, 1);
    item.set_earlier_periods(item.earlier_periods() + 1);
  }
  v1::Period& period = *item.add_periods();
  *period.mutable_start_time() = time;
  period.set_state(item.state());
  period.set_team(item.custody().team());
  period.set_holder(item.custody().holder());
  period.set_custody_epoch(item.custody().epoch());
  if (item.has_hold()) *period.mutable_hold() = item.hold();
}

const v1::WorkItemStanding* StandingIn(const v1::Event& event) {
  const auto* reflection = event.GetReflection();
  const auto* kind =
      reflection->GetOneofFieldDescriptor(event, v1::Event::descriptor()->oneof_decl(0));
  if (kind == nullptr) return nullptr;
  const auto& inner = reflection->GetMessage(event, kind);
  const auto* field = inner.GetDescriptor()->FindFieldByName("standing");
  if (field == nullptr) return nullptr;
  return static_cast<const v1::WorkItemStanding*>(&inner.GetReflection()->GetMessage(inner, field));
}

}  // namespace

v1::WorkItem FoldItem(const std::vector<v1::Event>& events, const std::string& name) {
  v1::WorkItem item;
  for (const v1::Event& event : events) {
    if (event.header().subject() != name) continue;
    if (event.has_work_item_submitted()) {
      item = event.work_item_submitted().work_item();
      *item.mutable_create_time() = event.header().time();
    } else if (event.has_work_item_retired()) {
      item.Clear();
      continue;
    } else if (const v1::WorkItemStanding* standing = StandingIn(event)) {
      TakeStanding(*standing, item);
      TakePeriod(event.header().time(), item);
    }
    if (event.has_result_submitted()) *item.mutable_result() = event.result_submitted().result();
    if (event.has_work_item_changed()) {
      const v1::WorkItemChanged& changed = event.work_item_changed();
      if (changed.priority() != 0) item.set_priority(changed.priority());
      if (changed.has_due_time()) *item.mutable_due_time() = changed.due_time();
      if (changed.has_expected_effort()) {
        *item.mutable_expected_effort() = changed.expected_effort();
      }
    }
    *item.mutable_update_time() = event.header().time();
    item.set_etag(
        absl::StrCat(event.header().revision().commit(), ".", event.header().revision().index()));
  }
  return item;
}

}  // namespace tideline::work_routing
