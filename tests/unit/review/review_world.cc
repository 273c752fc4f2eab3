// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/review/review_world.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace tideline::review {

ReviewWorld::ReviewWorld()
    : routing_(std::make_unique<work_routing::RoutingWorld>()), core_(std::make_unique<Core>()) {
  EXPECT_TRUE(core_->Restored().ok());
  grant.roles = partition::Roles::All();
  routing_->Basics();
  routing_->Organization("rival");
  routing_->AddTeam("kr", "vendor");
  routing_->AddTeam("bg", "vendor");
  routing_->AddTeam("ch", "rival");
  const std::pair<const char*, const char*> people[] = {
      {"ann", "kr"}, {"ada", "kr"}, {"ben", "bg"}, {"bea", "bg"}, {"cal", "ch"}, {"cem", "ch"}};
  for (const auto& [id, team] : people) routing_->AddExpert(id, team, "law tax", 1000);
  routing::QueuePolicy policy;
  policy.set_mode(routing::QueuePolicy::MODE_PULL);
  policy.mutable_reopen_window()->set_seconds(864000);
  policy.mutable_retention()->set_seconds(86400);
  routing_->AddQueue("q", policy);
  routing_->AddQueue("reviews", policy);
  policy.set_completion(routing::QueuePolicy::COMPLETION_AUTO);
  routing_->AddQueue("auto", policy);
  Sync();
}

ReviewWorld::ReviewWorld(const ReviewWorld& other)
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
      chance_(other.chance_),
      heard_(other.heard_) {
  for (const std::string& kind : core_->Kinds()) {
    const auto records = records_.find(kind);
    if (records == records_.end()) continue;
    for (const auto& [id, bytes] : records->second) {
      const absl::Status status = core_->Restore(kind, id, bytes);
      EXPECT_TRUE(status.ok()) << status;
    }
  }
  const absl::Status status = core_->Restored();
  EXPECT_TRUE(status.ok()) << status;
}

void ReviewWorld::KeepIn(testing::JournalMirror& mirror) {
  mirror_ = &mirror;
  mirror.Commit(records_);
}

std::unique_ptr<ReviewWorld> ReviewWorld::Reborn() const {
  return std::unique_ptr<ReviewWorld>(new ReviewWorld(*this));
}

Call ReviewWorld::MakeCall() {
  Call call;
  call.workspace = kWorkspace;
  call.actor.set_kind(type::v1::Actor::KIND_SYSTEM);
  call.actor.set_subject("tester");
  call.grant = grant;
  call.now = now();
  ++chance_;
  // Not routing's own sequence: items with known answers get ids beside those that it makes.
  call.entropy = {~(chance_ * 0x9e3779b97f4a7c15ull), chance_ * 0x94d049bb133111ebull};
  return call;
}

void ReviewWorld::Commit(Changes& changes) {
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

void ReviewWorld::Follow(const std::string& service, const type::v1::Revision& position,
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

void ReviewWorld::FollowAll() {
  while (registry_seen_ < routing_->registry_events().size()) {
    const registry::Event event = routing_->registry_events()[registry_seen_++];
    Follow("skill_registry", event.header().revision(), event.SerializeAsString());
  }
  while (routing_seen_ < routing_->events().size()) {
    const routing::Event event = routing_->events()[routing_seen_++];
    Follow("work_routing", event.header().revision(), event.SerializeAsString());
  }
}

void ReviewWorld::Hears(const handoff::v1::Event& event) {
  Sync();
  handoff::v1::Event heard = event;
  heard.mutable_header()->set_workspace(kWorkspace);
  heard.mutable_header()->mutable_revision()->set_commit(++heard_);
  Follow("handoff", heard.header().revision(), heard.SerializeAsString());
  Sync();
}

void ReviewWorld::Send(const partition::OwedCall& call) {
  absl::Status status;
  std::string response;
  routing_->request_id = call.id;
  const auto send = [&](auto request, auto verb) {
    ASSERT_TRUE(request.ParseFromString(call.request));
    EXPECT_EQ(request.request_id(), call.id);
    auto answer = routing_->Do(verb, request);
    status = answer.status();
    if (answer.ok()) response = answer->SerializeAsString();
  };
  using R = work_routing::Core;
  const absl::string_view verb = LastSegment(call.method);
  if (verb == "SubmitWorkItem") {
    send(routing::SubmitWorkItemRequest(), &R::SubmitWorkItem);
  } else if (verb == "SubmitResult") {
    send(routing::SubmitResultRequest(), &R::SubmitResult);
  } else if (verb == "ApproveResult") {
    send(routing::ApproveResultRequest(), &R::ApproveResult);
  } else if (verb == "ReturnForRework") {
    send(routing::ReturnForReworkRequest(), &R::ReturnForRework);
  } else if (verb == "ReopenWorkItem") {
    send(routing::ReopenWorkItemRequest(), &R::ReopenWorkItem);
  } else if (verb == "CancelWorkItem") {
    send(routing::CancelWorkItemRequest(), &R::CancelWorkItem);
  } else {
    send(routing::PutRestrictionRequest(), &R::PutRestriction);
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

void ReviewWorld::Deliver() {
  for (const partition::OwedCall& call : core_->Owed(64)) Send(call);
}

void ReviewWorld::Sync() {
  FollowAll();
  for (int n = 0; n < 200; ++n) {
    if (core_->NextWake() <= now()) {
      Changes changes(commit_ + 1);
      Call call = MakeCall();
      call.workspace.clear();
      call.actor.set_kind(type::v1::Actor::KIND_TIMER);
      core_->Wake(call, changes);
      absl::StrAppend(&log_, "\nwoke");
      Commit(changes);
    } else if (deliver && !core_->Owed(1).empty()) {
      Deliver();
      FollowAll();
    } else {
      return;
    }
  }
  FAIL() << "timers or owed calls never end";
}

void ReviewWorld::Pass(absl::Duration by) {
  const absl::Time until = now() + by;
  Sync();
  for (int steps = 0; core_->NextWake() <= until; ++steps) {
    ASSERT_LT(steps, 10'000) << "timers never come to rest: " << log_;
    if (core_->NextWake() > now()) routing_->Pass(core_->NextWake() - now());
    Sync();
  }
  routing_->Pass(until - now());
  Sync();
}

v1::ReviewPolicy ReviewWorld::Strict() {
  v1::ReviewPolicy policy;
  v1::Stage& stage = *policy.add_stages();
  stage.set_queue(QueueName("reviews"));
  stage.mutable_independence()->set_untouched(true);
  v1::Criterion& right = *policy.mutable_rubric()->add_criteria();
  right.set_id("right");
  right.set_title("The answer is right");
  right.set_weight(70);
  v1::Criterion& clear = *policy.mutable_rubric()->add_criteria();
  clear.set_id("clear");
  clear.set_title("It is clear");
  clear.set_weight(30);
  policy.mutable_rubric()->set_pass_percent(80);
  policy.mutable_rubric()->set_max_minor(2);
  policy.mutable_appeal_window()->set_seconds(86400);
  return policy;
}

absl::StatusOr<v1::ReviewPolicy> ReviewWorld::Publish(const v1::ReviewPolicy& policy,
                                                      const std::string& id) {
  v1::CreateReviewPolicyRequest request;
  request.set_parent(kWorkspace);
  request.set_review_policy_id(id);
  *request.mutable_review_policy() = policy;
  auto response = Do(&Core::CreateReviewPolicy, request);
  if (!response.ok()) return response.status();
  return response->review_policy();
}

std::string ReviewWorld::Held(const std::string& expert, routing::WorkItem item) {
  if (item.queue().empty()) item.set_queue(QueueName("q"));
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

void ReviewWorld::HandIn(const std::string& item, const std::string& summary) {
  routing::SubmitResultRequest request;
  request.set_name(item);
  request.mutable_result()->set_summary(summary);
  const auto done = routing_->Do(&work_routing::Core::SubmitResult, request);
  EXPECT_TRUE(done.ok()) << done.status();
  Sync();
}

std::string ReviewWorld::Done(const std::string& expert, routing::WorkItem item,
                              const std::string& summary) {
  const std::string name = Held(expert, std::move(item));
  HandIn(name, summary);
  return name;
}

std::vector<v1::Review> ReviewWorld::List() {
  v1::ListReviewsRequest request;
  request.set_parent(kWorkspace);
  request.set_page_size(1000);
  const auto response = Ask(&Core::ListReviews, request);
  EXPECT_TRUE(response.ok());
  return {response->reviews().begin(), response->reviews().end()};
}

v1::Review ReviewWorld::Last(const std::string& item) {
  v1::ListReviewsRequest request;
  request.set_parent(kWorkspace);
  request.set_work_item(item);
  request.set_page_size(1000);
  const auto response = Ask(&Core::ListReviews, request);
  EXPECT_TRUE(response.ok());
  return response->reviews().empty() ? v1::Review() : *response->reviews().rbegin();
}

v1::Review ReviewWorld::Get(const std::string& review) {
  v1::GetReviewRequest request;
  request.set_name(review);
  const auto response = Ask(&Core::GetReview, request);
  EXPECT_TRUE(response.ok()) << review << ": " << response.status();
  return response.ok() ? response->review() : v1::Review();
}

std::string ReviewWorld::StateOf(const std::string& item) {
  const v1::Review review = Last(item);
  if (review.name().empty()) return "-";
  return v1::Review::State_Name(review.state()).substr(sizeof("STATE_") - 1);
}

void ReviewWorld::Assign(const std::string& review, const std::string& expert, int number) {
  const v1::Review seen = Get(review);
  for (const v1::Opinion& opinion : seen.opinions()) {
    if (opinion.state() != v1::Opinion::STATE_OPEN || (number != 0 && opinion.number() != number)) {
      continue;
    }
    routing::TransferWorkItemRequest request;
    request.set_name(opinion.work_item());
    request.set_custody_epoch(routing_->Get(opinion.work_item()).custody().epoch());
    request.set_expert(Expert(expert));
    routing_->Do(&work_routing::Core::TransferWorkItem, request).status().IgnoreError();
    Sync();
    return;
  }
}

absl::StatusOr<v1::Review> ReviewWorld::Say(const std::string& review, const std::string& expert,
                                            v1::Verdict verdict, int score) {
  v1::SubmitReviewRequest request;
  request.set_name(review);
  request.set_checksum(Get(review).checksum());
  request.set_verdict(verdict);
  request.set_expert(Expert(expert));
  if (verdict == v1::VERDICT_REWORK) {
    v1::Finding& finding = *request.add_findings();
    finding.set_criterion("right");
    finding.set_severity(v1::SEVERITY_MAJOR);
    finding.set_location("claim 3");
    finding.set_action("Cite D2, not D1");
  } else if (verdict == v1::VERDICT_APPROVED) {
    for (const char* id : {"right", "clear"}) {
      v1::CriterionScore& one = *request.add_scores();
      one.set_criterion(id);
      one.set_percent(score);
    }
  }
  auto response = Do(&Core::SubmitReview, request);
  if (!response.ok()) return response.status();
  return response->review();
}

absl::StatusOr<v1::Review> ReviewWorld::Judge(const std::string& item, const std::string& expert,
                                              v1::Verdict verdict, int score) {
  const std::string review = Last(item).name();
  Assign(review, expert);
  return Say(review, expert, verdict, score);
}

absl::StatusOr<v1::Review> ReviewWorld::Arbitrate(const std::string& review,
                                                  const std::string& expert, v1::Verdict verdict) {
  v1::ArbitrateReviewRequest request;
  request.set_name(review);
  request.set_checksum(Get(review).checksum());
  request.set_verdict(verdict);
  request.set_expert(Expert(expert));
  if (verdict == v1::VERDICT_REWORK) {
    v1::Finding& finding = *request.add_findings();
    finding.set_criterion("clear");
    finding.set_severity(v1::SEVERITY_MINOR);
    finding.set_action("Say it plainly");
  } else {
    for (const char* id : {"right", "clear"}) {
      v1::CriterionScore& one = *request.add_scores();
      one.set_criterion(id);
      one.set_percent(95);
    }
  }
  auto response = Do(&Core::ArbitrateReview, request);
  if (!response.ok()) return response.status();
  return response->review();
}

bool ReviewWorld::HasAlarm(v1::ReviewAlarm::Kind kind, const std::string& subject) {
  v1::ListReviewAlarmsRequest request;
  request.set_parent(kWorkspace);
  request.set_page_size(1000);
  const auto response = Ask(&Core::ListReviewAlarms, request);
  for (const v1::ReviewAlarm& alarm : response->review_alarms()) {
    if (alarm.kind() == kind && alarm.subject() == subject) return true;
  }
  return false;
}

std::string ReviewWorld::Dump() const {
  std::string out;
  core_->Dump(out);
  return out;
}

v1::Review FoldReview(const std::vector<v1::Event>& events, const std::string& name) {
  v1::Review review;
  for (const v1::Event& event : events) {
    if (event.header().subject() != name) continue;
    const auto* reflection = event.GetReflection();
    const auto* kind =
        reflection->GetOneofFieldDescriptor(event, v1::Event::descriptor()->oneof_decl(0));
    const auto& inner = reflection->GetMessage(event, kind);
    const auto* field = inner.GetDescriptor()->FindFieldByName("review");
    if (field == nullptr) continue;
    const auto created = review.create_time();
    const bool first = review.name().empty();
    review = static_cast<const v1::Review&>(inner.GetReflection()->GetMessage(inner, field));
    *review.mutable_create_time() = first ? event.header().time() : created;
    *review.mutable_update_time() = event.header().time();
    review.set_etag(partition::FormatEtag(event.header().revision()));
  }
  return review;
}

}  // namespace tideline::review
