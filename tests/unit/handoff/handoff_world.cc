// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/handoff/handoff_world.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace tideline::handoff {

namespace {

struct Site {
  const char* team;
  const char* zone;
  int start;  // hour
  int end;
};
// Their hours meet: Kraków, Bangalore, Chicago, around the clock on working days and weekends.
constexpr Site kSites[] = {{"kr", "Europe/Warsaw", 8, 17},
                           {"bg", "Asia/Kolkata", 5, 13},
                           {"ch", "America/Chicago", 8, 19}};

registry::Resource Hours(const Site& site) {
  registry::Resource resource;
  registry::Calendar& calendar = *resource.mutable_calendar();
  calendar.set_name(Name("calendars", site.team));
  calendar.mutable_rules()->set_time_zone(site.zone);
  for (int day = 1; day <= 7; ++day) {
    auto& hours = *calendar.mutable_rules()->add_weekly_hours();
    hours.set_day(static_cast<type::v1::DayOfWeek>(day));
    auto& interval = *hours.add_intervals();
    interval.set_start_minute(site.start * 60);
    interval.set_end_minute(site.end * 60);
  }
  return resource;
}

}  // namespace

v1::Packet FullPacket() {
  v1::Packet packet;
  packet.set_severity(v1::Packet::SEVERITY_WATCH);
  packet.set_summary("Claim chart for EP1, second half open");
  packet.add_done("Claims 1 to 7");
  packet.add_actions()->set_description("Claims 8 to 12");
  auto& contingency = *packet.add_contingencies();
  contingency.set_condition("The client sends D3");
  contingency.set_action("Add it to the chart");
  packet.add_open_questions("Is D2 prior art?");
  auto& link = *packet.add_links();
  link.set_uri("https://docs.example/chart");
  link.set_checksum("sha256:00");
  packet.add_decisions("decisions/1");
  return packet;
}

HandoffWorld::HandoffWorld(bool sites)
    : routing_(std::make_unique<work_routing::RoutingWorld>()), core_(std::make_unique<Core>()) {
  EXPECT_TRUE(core_->Restored().ok());
  grant.roles = partition::Roles::All();
  routing_->Basics();
  for (const Site& site : kSites) {
    if (sites) routing_->Put(Hours(site), Name("calendars", site.team));
    routing_->AddTeam(site.team, "vendor", "home", sites ? site.team : "");
  }
  const std::pair<const char*, const char*> people[] = {
      {"ann", "kr"}, {"ada", "kr"}, {"ben", "bg"}, {"bea", "bg"}, {"cal", "ch"}, {"cem", "ch"}};
  for (const auto& [id, team] : people) routing_->AddExpert(id, team, "law tax", 1000);
  routing::QueuePolicy policy;
  policy.set_mode(routing::QueuePolicy::MODE_PULL);
  policy.mutable_reopen_window()->set_seconds(864000);
  policy.mutable_retention()->set_seconds(86400);
  routing_->AddQueue("q", policy);
  Sync();
}

HandoffWorld::HandoffWorld(const HandoffWorld& other)
    : grant(other.grant),
      order(other.order),
      deliver(other.deliver),
      routing_(other.routing_->Reborn()),
      core_(std::make_unique<Core>()),
      records_(other.mirror_ != nullptr ? other.mirror_->Load(core_->Kinds()) : other.records_),
      events_(other.events_),
      registry_seen_(other.registry_seen_),
      routing_seen_(other.routing_seen_),
      commit_(other.commit_),
      chance_(other.chance_) {
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

void HandoffWorld::KeepIn(testing::JournalMirror& mirror) {
  mirror_ = &mirror;
  mirror.Commit(records_);
}

std::unique_ptr<HandoffWorld> HandoffWorld::Reborn() const {
  return std::unique_ptr<HandoffWorld>(new HandoffWorld(*this));
}

Call HandoffWorld::MakeCall() {
  Call call;
  call.workspace = kWorkspace;
  call.actor.set_kind(type::v1::Actor::KIND_SYSTEM);
  call.actor.set_subject("tester");
  call.grant = grant;
  call.now = now();
  ++chance_;
  call.entropy = {chance_ * 0x9e3779b97f4a7c15ull, chance_ * 0xbf58476d1ce4e5b9ull};
  return call;
}

void HandoffWorld::Commit(Changes& changes) {
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

void HandoffWorld::Follow(const std::string& service, const type::v1::Revision& position,
                          const std::string& bytes) {
  Changes changes(commit_ + 1);
  Call call = MakeCall();
  call.workspace.clear();
  partition::UpstreamEvent upstream;
  upstream.service = service;
  upstream.position = position;
  upstream.bytes = bytes;
  const absl::Status status = core_->Follow(call, upstream, changes);
  EXPECT_TRUE(status.ok()) << status;
  absl::StrAppend(&log_, "\nfollowed ", service);
  Commit(changes);
}

void HandoffWorld::FollowAll() {
  while (registry_seen_ < routing_->registry_events().size()) {
    const registry::Event event = routing_->registry_events()[registry_seen_++];
    Follow("skill_registry", event.header().revision(), event.SerializeAsString());
  }
  while (routing_seen_ < routing_->events().size()) {
    const routing::Event event = routing_->events()[routing_seen_++];
    Follow("work_routing", event.header().revision(), event.SerializeAsString());
  }
}

void HandoffWorld::Send(const partition::OwedCall& call) {
  absl::Status status;
  std::string response;
  routing_->request_id = call.id;
  if (absl::EndsWith(call.method, "/TransferWorkItem")) {
    routing::TransferWorkItemRequest request;
    ASSERT_TRUE(request.ParseFromString(call.request));
    EXPECT_EQ(request.request_id(), call.id);
    auto answer = routing_->Do(&work_routing::Core::TransferWorkItem, request);
    status = answer.status();
    if (answer.ok()) response = answer->SerializeAsString();
  } else {
    routing::FindReceiverRequest request;
    ASSERT_TRUE(request.ParseFromString(call.request));
    auto answer = routing_->Ask(&work_routing::Core::FindReceiver, request);
    status = answer.status();
    if (answer.ok()) response = answer->SerializeAsString();
  }
  routing_->request_id.clear();
  if (order == Order::kEventFirst) FollowAll();
  Changes changes(commit_ + 1);
  Call settle = MakeCall();
  settle.workspace.clear();
  core_->Settle(settle, call.id, status, response, changes);
  absl::StrAppend(&log_, "\nsettled ", call.id, " ", status.ok());
  Commit(changes);
}

void HandoffWorld::Deliver() {
  for (const partition::OwedCall& call : core_->Owed(64)) Send(call);
}

void HandoffWorld::Sync() {
  FollowAll();
  for (int n = 0; deliver && !core_->Owed(1).empty(); ++n) {
    ASSERT_LT(n, 100) << "owed calls never end";
    Deliver();
    FollowAll();
  }
}

void HandoffWorld::Pass(absl::Duration by) {
  const absl::Time until = now() + by;
  Sync();
  for (int steps = 0; core_->NextWake() <= until; ++steps) {
    ASSERT_LT(steps, 10'000) << "timers never come to rest: " << log_;
    if (core_->NextWake() > now()) routing_->Pass(core_->NextWake() - now());
    FollowAll();
    if (core_->NextWake() > now()) continue;
    Changes changes(commit_ + 1);
    Call call = MakeCall();
    call.workspace.clear();
    call.actor.set_kind(type::v1::Actor::KIND_TIMER);
    core_->Wake(call, changes);
    absl::StrAppend(&log_, "\nwoke");
    Commit(changes);
    Sync();
  }
  routing_->Pass(until - now());
  Sync();
}

std::string HandoffWorld::Held(const std::string& expert, routing::WorkItem item) {
  item.set_queue(QueueName("q"));
  item.set_title("a piece of work");
  const std::string name = routing_->Submit(item).name();
  routing::TransferWorkItemRequest request;
  request.set_name(name);
  request.set_custody_epoch(routing_->Get(name).custody().epoch());
  request.set_expert(Expert(expert));
  const auto moved = routing_->Do(&work_routing::Core::TransferWorkItem, request);
  EXPECT_TRUE(moved.ok()) << moved.status();
  Sync();
  return name;
}

std::string HandoffWorld::Waiting(const std::string& team) {
  routing::WorkItem item;
  item.set_queue(QueueName("q"));
  item.set_title("a piece of work");
  const std::string name = routing_->Submit(item).name();
  routing::TransferWorkItemRequest request;
  request.set_name(name);
  request.set_custody_epoch(routing_->Get(name).custody().epoch());
  request.set_team(Team(team));
  const auto moved = routing_->Do(&work_routing::Core::TransferWorkItem, request);
  EXPECT_TRUE(moved.ok()) << moved.status();
  Sync();
  return name;
}

absl::StatusOr<v1::Handoff> HandoffWorld::Propose(const v1::Handoff& handoff) {
  v1::ProposeHandoffRequest request;
  request.set_parent(kWorkspace);
  *request.mutable_handoff() = handoff;
  auto response = Do(&Core::ProposeHandoff, request);
  if (!response.ok()) return response.status();
  return response->handoff();
}

absl::StatusOr<v1::Handoff> HandoffWorld::Propose(const std::string& item, const std::string& to) {
  v1::Handoff handoff;
  handoff.set_work_item(item);
  handoff.set_reason(v1::Handoff::REASON_EXPERTISE);
  if (absl::StrContains(to, "/teams/")) {
    handoff.mutable_to()->set_team(to);
  } else {
    handoff.mutable_to()->set_expert(to);
  }
  *handoff.mutable_packet() = FullPacket();
  return Propose(handoff);
}

absl::StatusOr<v1::Handoff> HandoffWorld::Acknowledge(const std::string& handoff,
                                                      const std::string& expert, bool take) {
  v1::AcknowledgeHandoffRequest request;
  request.set_name(handoff);
  request.set_expert(Expert(expert));
  request.set_read_back("I finish claims 8 to 12 and wait for D3.");
  request.set_take(take);
  auto response = Do(&Core::AcknowledgeHandoff, request);
  if (!response.ok()) return response.status();
  return response->handoff();
}

absl::StatusOr<v1::Handoff> HandoffWorld::Decline(const std::string& handoff,
                                                  const std::string& expert) {
  v1::DeclineHandoffRequest request;
  request.set_name(handoff);
  request.set_expert(Expert(expert));
  request.set_reason(v1::DECLINE_REASON_OVERLOADED);
  auto response = Do(&Core::DeclineHandoff, request);
  if (!response.ok()) return response.status();
  return response->handoff();
}

v1::Handoff HandoffWorld::Get(const std::string& handoff) {
  v1::GetHandoffRequest request;
  request.set_name(handoff);
  auto response = Ask(&Core::GetHandoff, request);
  EXPECT_TRUE(response.ok()) << handoff << ": " << response.status();
  return response.ok() ? response->handoff() : v1::Handoff();
}

std::string HandoffWorld::StateOf(const std::string& handoff) {
  return v1::Handoff::State_Name(Get(handoff).state()).substr(sizeof("STATE_") - 1);
}

std::string HandoffWorld::Custody(const std::string& item) {
  const routing::Custody custody = routing_->Get(item).custody();
  return absl::StrCat(LastSegment(custody.team()), "/",
                      custody.holder().empty() ? "-" : LastSegment(custody.holder()));
}

std::vector<v1::Handoff> HandoffWorld::List(const std::string& item) {
  v1::ListHandoffsRequest request;
  request.set_parent(kWorkspace);
  request.set_work_item(item);
  request.set_page_size(1000);
  const auto response = Ask(&Core::ListHandoffs, request);
  EXPECT_TRUE(response.ok());
  return {response->handoffs().begin(), response->handoffs().end()};
}

bool HandoffWorld::HasAlarm(v1::HandoffAlarm::Kind kind, const std::string& subject) {
  v1::ListHandoffAlarmsRequest request;
  request.set_parent(kWorkspace);
  request.set_page_size(1000);
  const auto response = Ask(&Core::ListHandoffAlarms, request);
  for (const v1::HandoffAlarm& alarm : response->handoff_alarms()) {
    if (alarm.kind() == kind && alarm.subject() == subject) return true;
  }
  return false;
}

void HandoffWorld::Rules(const std::string& work_type, const type::v1::HandoffRules& rules) {
  registry::Resource resource;
  resource.mutable_work_type()->set_name(Name("workTypes", work_type));
  *resource.mutable_work_type()->mutable_handoff() = rules;
  routing_->Put(resource, Name("workTypes", work_type));
  Sync();
}

std::string HandoffWorld::Dump() const {
  std::string out;
  core_->Dump(out);
  return out;
}

v1::Handoff FoldHandoff(const std::vector<v1::Event>& events, const std::string& name) {
  v1::Handoff handoff;
  for (const v1::Event& event : events) {
    if (event.header().subject() != name) continue;
    if (event.has_handoff_proposed()) {
      handoff = event.handoff_proposed().handoff();
      *handoff.mutable_create_time() = event.header().time();
    } else {
      const auto* reflection = event.GetReflection();
      const auto* kind =
          reflection->GetOneofFieldDescriptor(event, v1::Event::descriptor()->oneof_decl(0));
      const auto& inner = reflection->GetMessage(event, kind);
      const auto* field = inner.GetDescriptor()->FindFieldByName("standing");
      if (field == nullptr) {
        handoff.Clear();  // retired
        continue;
      }
      const auto& standing = inner.GetReflection()->GetMessage(inner, field);
      for (int i = 0; i < standing.GetDescriptor()->field_count(); ++i) {
        const auto* into =
            v1::Handoff::descriptor()->FindFieldByName(standing.GetDescriptor()->field(i)->name());
        handoff.GetReflection()->ClearField(&handoff, into);
      }
      // The fields have the same names and types, not the same numbers: through text.
      v1::Handoff taken;
      std::string text;
      google::protobuf::TextFormat::PrintToString(standing, &text);
      EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &taken));
      handoff.MergeFrom(taken);
    }
    if (event.has_packet_updated()) *handoff.mutable_packet() = event.packet_updated().packet();
    *handoff.mutable_update_time() = event.header().time();
    handoff.set_etag(partition::FormatEtag(event.header().revision()));
  }
  return handoff;
}

}  // namespace tideline::handoff
