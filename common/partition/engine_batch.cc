// SPDX-License-Identifier: Apache-2.0
// Building a batch: steps of the Core, in one order, until nothing waits or the commit is full.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "common/base/sha256.h"
#include "common/partition/engine.h"
#include "common/partition/personal.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"

namespace tideline::partition {

namespace {

// The same request must give the same bytes in every process: map entries are sorted.
std::string DeterministicBytes(const google::protobuf::Message& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

uint64_t LoadWord(const std::string& bytes, size_t at) {
  uint64_t word = 0;
  for (size_t i = 0; i < 8; ++i) word = (word << 8) | static_cast<unsigned char>(bytes[at + i]);
  return word;
}

bool SamePosition(const Revision& a, const Revision& b) {
  return a.commit() == b.commit() && a.index() == b.index();
}

}  // namespace

void Host::Engine::Pump() {
  if (pumping_ || shut_ || !serving() || recovering_) return;
  pumping_ = true;
  while (serving() && !recovering_ && MaySend() && BuildBatch()) {
  }
  pumping_ = false;
  ArmWake();
  ArmSweep();
  CheckRest();
}

// Two batches keep the store busy: one syncs while the next is on its way. More are opened only for
// a crowd, since every batch costs the store a Function call and a share of a sync.
bool Host::Engine::MaySend() const {
  if (in_flight_.size() < 2) return true;
  const bool crowd =
      waiting_.size() >= kCrowd || (!waiting_.empty() && waiting_.front()->policy->batch());
  return crowd && in_flight_.size() < kMaxInFlight;
}

bool Host::Engine::BuildBatch() {
  Building building(last_sent_ + 1);
  building.now = std::max(options_.clock->Now(), last_time_);
  if (!took_over_) {
    RunTakenOver(building);
  } else {
    RunSettlements(building);
    RunRetries(building);
    RunFollow(building);
    RunWake(building);
    RunCalls(building);
  }
  if (!serving()) return false;
  if (building.steps == 0) return false;
  Close(building);
  return true;
}

bool Host::Engine::Room(const Building& building, size_t step) const {
  return building.changes.writes() + step <= journal::kMaxWrites &&
         building.changes.bytes() < kCloseBytes;
}

Entropy Host::Engine::DerivedEntropy(absl::string_view what, uint64_t a, uint64_t b) const {
  std::string digest =
      Sha256(absl::StrCat(options_.service, "/", options_.partition, "/", what, "/", a, "/", b));
  return {LoadWord(digest, 0), LoadWord(digest, 8)};
}

// A step that no caller asked for.
Call Host::Engine::StepCall(const Building& building, type::v1::Actor::Kind kind,
                            absl::string_view subject) const {
  Call call;
  call.actor.set_kind(kind);
  call.actor.set_subject(std::string(subject));
  call.grant.roles = Roles::All();
  call.now = building.now;
  return call;
}

void Host::Engine::RunTakenOver(Building& building) {
  Call call = StepCall(building, type::v1::Actor::KIND_TIMER, options_.service);
  call.entropy = DerivedEntropy("taken over", building.changes.commit(), epoch_);
  core_->TakenOver(call, building.changes);
  NoteRetries(building);
  took_over_ = true;
  // Committed even when nothing changed: the first commit of an epoch proves that it is owned.
  building.must_commit = true;
  ++building.steps;
}

void Host::Engine::RunSettlements(Building& building) {
  while (!settlements_.empty() && Room(building, kStepChanges)) {
    Settlement settlement = std::move(settlements_.front());
    settlements_.pop_front();
    Call call = StepCall(building, type::v1::Actor::KIND_SERVICE, options_.service);
    call.cause.set_request_id(settlement.id);
    call.entropy = DerivedEntropy("settle", building.changes.commit(), building.steps);
    core_->Settle(call, settlement.id, settlement.status, settlement.response, building.changes);
    ++building.steps;
    owed_known_.erase(settlement.id);
    owed_ready_.erase(settlement.id);
    owed_attempts_.erase(settlement.id);
  }
}

// Takes an entry in only when its upstream's own upstreams have been followed that far.
bool Host::Engine::MayFollow(const Follower& follower) const {
  const journal::v1::Entry* entry = follower.PeekEntry();
  if (entry == nullptr) return false;
  for (const journal::v1::Cursor& needed : entry->cursors()) {
    for (const auto& other : followers_) {
      if (other->service() != needed.service()) continue;
      const Revision& have = other->cursor().position();
      const Revision& need = needed.position();
      if (have.commit() < need.commit() ||
          (have.commit() == need.commit() && have.index() < need.index())) {
        return false;
      }
    }
  }
  return true;
}

void Host::Engine::RunFollow(Building& building) {
  bool moved = true;
  int steps = 0;
  while (moved && steps < kFollowSteps) {
    moved = false;
    for (const auto& follower : followers_) {
      uint64_t before = follower->read();
      bool careful = cautious_.count(follower->service()) > 0;
      if (careful && (!in_flight_.empty() || building.followed)) continue;
      while (steps < kFollowSteps && Room(building, kStepChanges) &&
             RunFollowStep(building, *follower)) {
        moved = true;
        ++steps;
        if (careful) break;
      }
      if (moved || follower->read() != before) building.followed = true;
    }
  }
  for (const auto& follower : followers_) {
    journal::v1::Cursor& saved = cursors_[follower->service()];
    if (SamePosition(saved.position(), follower->cursor().position())) continue;
    saved = follower->cursor();
    building.changes.Put(kCursorKind, follower->service(), saved);
    ++building.steps;
  }
  UnparkFollowed();
}

bool Host::Engine::RunFollowStep(Building& building, Follower& follower) {
  const UpstreamEvent* event = follower.Peek();
  if (event == nullptr || !MayFollow(follower)) return false;
  const std::string& service = follower.service();
  auto tried = tried_in_.find(service);
  if (tried == tried_in_.end()) {
    // The first event of this process: note it before handling it, so that an event that kills the
    // process is known by the third time.
    v1::Trying& trying = trying_[service];
    bool again = SamePosition(trying.position().revision(), event->position);
    trying.set_starts(again ? trying.starts() + 1 : 1);
    trying.mutable_position()->set_service(service);
    *trying.mutable_position()->mutable_revision() = event->position;
    if (trying.starts() > 1) cautious_.insert(service);
    building.changes.Put(kTryingKind, service, trying);
    tried_in_[service] = building.changes.commit();
    ++building.steps;
    return false;
  }
  if (last_acknowledged_ < tried->second) return false;
  const v1::Trying& trying = trying_[service];
  if (trying.starts() > 3 && SamePosition(trying.position().revision(), event->position)) {
    NoteAnomaly(building, *event, absl::InternalError("the process died on it three times"),
                kAnomalyTries);
  } else if (absl::Status status = FollowOne(building, *event); !status.ok()) {
    NoteAnomaly(building, *event, status, 1);
  } else if (!anomalies_.empty()) {
    Overtake(building, *event);
  }
  ++building.steps;
  ++activity_;
  follower.Take();
  if (follower.Peek() == nullptr) cautious_.erase(service);
  return true;
}

void Host::Engine::RunWake(Building& building) {
  for (const auto& follower : followers_) {
    if (!follower->caught_up()) return;
  }
  for (int i = 0; i < kWakeSteps && Room(building, kStepChanges); ++i) {
    absl::Time due = core_->NextWake();
    if (due > building.now) return;
    Call call = StepCall(building, type::v1::Actor::KIND_TIMER, options_.service);
    int64_t nanos = absl::ToUnixNanos(due);
    call.cause.mutable_timer()->set_seconds(nanos / 1'000'000'000);
    call.cause.mutable_timer()->set_nanos(static_cast<int32_t>(nanos % 1'000'000'000));
    call.entropy = DerivedEntropy("wake", building.changes.commit(), building.steps);
    core_->Wake(call, building.changes);
    ++building.steps;
    ++activity_;
  }
}

// Changes that the step of this call may make.
size_t Host::Engine::StepBound(const Request& request) {
  if (!request.policy->batch()) return kStepChanges;
  const google::protobuf::Reflection& reflection = *request.message->GetReflection();
  size_t elements = 0;
  const google::protobuf::Descriptor& type = *request.message->GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    if (!type.field(i)->is_repeated()) continue;
    elements += reflection.FieldSize(*request.message, type.field(i));
  }
  return std::max(kStepChanges, std::min(elements, kMaxBatchElements) * kElementChanges);
}

void Host::Engine::RunCalls(Building& building) {
  while (!waiting_.empty() && serving()) {
    const Request& next = *waiting_.front();
    if (!Room(building, StepBound(next))) return;
    std::unique_ptr<Request> request = std::move(waiting_.front());
    waiting_.pop_front();
    RunCall(building, std::move(request));
  }
}

absl::Status Host::Engine::Authorize(const Request& request, Grant& grant) const {
  if (request.identity.trusted) {
    grant.roles = request.identity.roles;
  } else {
    grant = core_->GrantOf(request.workspace, request.identity.actor.subject());
  }
  for (int role : request.policy->roles()) {
    if (grant.roles.Has(static_cast<type::v1::Role>(role))) return absl::OkStatus();
  }
  return Refuse(Reason::REASON_ROLE_MISSING,
                absl::StrCat("the caller has none of the roles that ", request.method,
                             " asks for in ", request.workspace, " (or it might not exist)"),
                {{"method", request.method}});
}

// Draining goes on when the store is nearly full; adding to it does not.
absl::Status Host::Engine::CheckAdmission(const Request& request) const {
  if (options_.store == nullptr || request.policy->pressure() == type::v1::PRESSURE_DRAIN) {
    return absl::OkStatus();
  }
  double limit =
      request.policy->pressure() == type::v1::PRESSURE_SUBMISSION ? kNoSubmissions : kOnlyDraining;
  if (options_.store->Fullness() < limit) return absl::OkStatus();
  return WithRetryAfter(
      Refuse(Reason::REASON_STORE_FULL,
             absl::StrCat("the store is over ", static_cast<int>(limit * 100), " % full")),
      absl::Seconds(5));
}

void Host::Engine::RunCall(Building& building, std::unique_ptr<Request> request) {
  ++building.steps;
  bool mutates = request->policy->kind() == type::v1::KIND_MUTATE;
  Release release{
      std::move(request->done), absl::OkStatus(),
      Position{options_.service, mutates ? building.changes.commit() : last_sent_, UINT32_MAX},
      request->deadline};
  if (const size_t raised = building.changes.events().size(); !mutates && raised > 0) {
    // A query sees what the steps before it in this batch did.
    release.position.commit = building.changes.commit();
    release.position.events = static_cast<uint32_t>(raised);
  }
  Call call;
  absl::Status status;
  if (release.deadline <= std::chrono::steady_clock::now()) {
    status = Refuse(Reason::REASON_DEADLINE, "the deadline passed before the call was executed");
  } else if (status = Authorize(*request, call.grant); status.ok() && mutates) {
    status = CheckAdmission(*request);
  }
  std::string key, hash;
  if (status.ok() && mutates) {
    if (!request->request_id.empty()) {
      key = MemoTable::Key(request->workspace, request->identity.actor.subject(), request->method,
                           request->request_id);
      hash = Sha256(DeterministicBytes(*request->message));
    }
    if (AnswerOwedAgain(*request, release) ||
        (!key.empty() && AnswerFromMemo(*request, key, hash, release))) {
      building.releases.push_back(std::move(release));
      return;
    }
  }
  if (status.ok()) {
    call.workspace = request->workspace;
    call.actor = request->identity.actor;
    call.now = building.now;
    call.cause.set_request_id(request->request_id);
    call.entropy = {absl::Uniform<uint64_t>(chance_), absl::Uniform<uint64_t>(chance_)};
    size_t before = building.changes.size();
    status = request->run(*core_, call, mutates ? &building.changes : nullptr);
    if (!status.ok() && building.changes.size() != before) {
      // The Core broke its promise: its memory cannot be trusted, and nothing of it may be written.
      Stop(Refuse(Reason::REASON_INTERNAL,
                  absl::StrCat(request->method, " changed state and failed")),
           Refuse(Reason::REASON_INTERNAL, "the partition stopped after a defect"));
      release.done(refusal_, Position{options_.service, 0});
      return;
    }
    if (mutates && status.ok() && !key.empty()) {
      Remember(building, *request, std::move(key), std::move(hash));
    }
    if (mutates) {
      RememberOwed(building, *request, status);
      if (status.ok()) building.must_commit = true;
    }
  }
  release.status = std::move(status);
  building.releases.push_back(std::move(release));
}

// Keeps the answer of a call that succeeded, in the commit that it is part of.
void Host::Engine::Remember(Building& building, const Request& request, std::string key,
                            std::string hash) {
  std::string response;
  if (HasPersonal(request.response->GetDescriptor())) {
    std::unique_ptr<google::protobuf::Message> copy(request.response->New());
    copy->CopyFrom(*request.response);
    ClearPersonal(*copy);
    response = copy->SerializeAsString();
  } else {
    response = request.response->SerializeAsString();
  }
  journal::v1::Memo& memo = *building.memos.add_memos();
  memo.set_key(key);
  memo.set_request_hash(hash);
  memo.set_response(response);
  memos_.Add(std::move(key), {std::move(hash), std::move(response), building.changes.commit()},
             building.now);
}

bool Host::Engine::AnswerFromMemo(const Request& request, const std::string& key,
                                  const std::string& hash, Release& release) {
  const Memory* memory = memos_.Find(key);
  if (memory == nullptr) return false;
  if (memory->request_hash != hash) {
    release.status =
        Refuse(Reason::REASON_REQUEST_ID_REUSED, "this request id was used with other content",
               {{"requestId", request.request_id}});
    return true;
  }
  if (!request.response->ParseFromString(memory->response)) {
    release.status = Refuse(Reason::REASON_DATA_LOSS, "a remembered answer does not parse");
    return true;
  }
  if (HasPersonal(request.response->GetDescriptor())) core_->RefillPersonal(*request.response);
  release.position.commit = memory->commit;
  return true;
}

// One slot per resource and calling service: what a caller owes about a resource comes one by one.
bool Host::Engine::AnswerOwedAgain(const Request& request, Release& release) {
  if (request.identity.actor.kind() != type::v1::Actor::KIND_SERVICE || request.resource.empty() ||
      request.request_id.empty()) {
    return false;
  }
  auto it = answers_.find(absl::StrCat(request.resource, " ", request.identity.actor.subject()));
  if (it == answers_.end() || it->second.request_id() != request.request_id ||
      it->second.method() != request.method) {
    return false;
  }
  const v1::Answer& answer = it->second;
  release.position.commit = answer.commit();
  if (answer.code() == 0) {
    if (!request.response->ParseFromString(answer.response())) {
      release.status = Refuse(Reason::REASON_DATA_LOSS, "a remembered answer does not parse");
    }
    return true;
  }
  release.status = absl::Status(static_cast<absl::StatusCode>(answer.code()), answer.message());
  release.status.SetPayload("type.googleapis.com/google.rpc.ErrorInfo",
                            absl::Cord(answer.error_info()));
  return true;
}

void Host::Engine::RememberOwed(Building& building, const Request& request,
                                const absl::Status& status) {
  if (request.identity.actor.kind() != type::v1::Actor::KIND_SERVICE || request.resource.empty() ||
      request.request_id.empty()) {
    return;
  }
  std::string id = absl::StrCat(request.resource, " ", request.identity.actor.subject());
  v1::Answer& answer = answers_[id];
  answer.Clear();
  answer.set_request_id(request.request_id);
  answer.set_method(request.method);
  answer.set_resource(request.resource);
  answer.set_commit(building.changes.commit());
  answer.set_code(static_cast<int>(status.code()));
  if (status.ok()) {
    answer.set_response(request.response->SerializeAsString());
  } else {
    answer.set_message(std::string(status.message()));
    answer.set_error_info(InfoOf(status).SerializeAsString());
  }
  answers_of_[request.resource].insert(id);
  building.changes.Put(kAnswerKind, id, answer);
}

// Where the tail of memos begins moves slowly: written once in 1,024 commits, so a load reads at
// most that many entries too many.
void Host::Engine::PutMemoFloor(Building& building) {
  memos_.Expire(building.now);
  uint64_t floor = memos_.floor(building.changes.commit());
  if (floor < memo_floor_written_ + 1024) return;
  v1::MemoFloor record;
  record.set_commit(floor);
  memo_floor_written_ = floor;
  building.changes.Put(kMemoFloorKind, "memos", record);
}

void Host::Engine::Close(Building& building) {
  Changes& changes = building.changes;
  Batch batch;
  batch.calls = building.releases.size();
  batch.releases = std::move(building.releases);
  batch.last_number = last_sent_;
  if (!changes.empty() || building.must_commit) {
    for (const std::string& resource : changes.TakeRetired()) {
      auto it = answers_of_.find(resource);
      if (it == answers_of_.end()) continue;
      for (const std::string& id : it->second) {
        changes.Erase(kAnswerKind, id);
        answers_.erase(id);
      }
      answers_of_.erase(it);
    }
    PutMemoFloor(building);
    auto commit = std::make_shared<journal::Commit>();
    journal::v1::Entry entry;
    entry.set_format(journal::kFormat);
    entry.set_number(changes.commit());
    int64_t nanos = absl::ToUnixNanos(building.now);
    entry.mutable_time()->set_seconds(nanos / 1'000'000'000);
    entry.mutable_time()->set_nanos(static_cast<int32_t>(nanos % 1'000'000'000));
    entry.set_previous_digest(last_digest_);
    batch.events = changes.TakeEvents();
    // The entry borrows the events' bytes while it is serialized; the feed has them after that.
    for (EventBytes& event : batch.events) entry.add_events()->swap(event.bytes);
    for (const auto& [service, cursor] : cursors_) *entry.add_cursors() = cursor;
    commit->number = changes.commit();
    commit->time = building.now;
    commit->entry = entry.SerializeAsString();
    for (int i = 0; i < entry.events_size(); ++i) {
      entry.mutable_events(i)->swap(batch.events[i].bytes);
    }
    commit->memos = building.memos.memos_size() > 0 ? building.memos.SerializeAsString() : "";
    commit->digest = Sha256(commit->entry);
    commit->writes = changes.TakeWrites();
    last_sent_ = commit->number;
    last_digest_ = commit->digest;
    last_time_ = building.now;
    batch.commit = std::move(commit);
  }
  if (options_.owed_sender != nullptr) {
    for (const OwedCall& owed : core_->Owed(kOwedAtOnce)) {
      if (owed_known_.insert(owed.id).second) batch.owed.push_back(owed.id);
    }
  }
  in_flight_.push_back(std::move(batch));
  Send(in_flight_.back());
}

}  // namespace tideline::partition
