// SPDX-License-Identifier: Apache-2.0
// Upstream events that could not be applied: kept, and tried again after a load.
//
// That an anomaly will be tried is committed before it is, so an event on which the process dies
// uses up its tries and is left alone. An event is not tried behind a newer one of its subject:
// what it says is past.
#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/partition/engine.h"

namespace tideline::partition {

namespace {

std::string SubjectOf(const UpstreamEvent& event) {
  type::v1::AnyEvent any;
  if (!any.ParseFromArray(event.bytes.data(), static_cast<int>(event.bytes.size()))) return "";
  return any.header().subject();
}

std::string IdOf(const UpstreamEvent& event) {
  return absl::StrCat(event.service, ".", FormatEtag(event.position));
}

auto OrderOf(const v1::Anomaly& anomaly) {
  const Revision& revision = anomaly.position().revision();
  return std::make_tuple(anomaly.position().service(), revision.commit(), revision.index());
}

template <class Map>
std::vector<const typename Map::value_type*> ByPosition(const Map& anomalies) {
  std::vector<const typename Map::value_type*> sorted;
  for (const auto& entry : anomalies) sorted.push_back(&entry);
  std::sort(sorted.begin(), sorted.end(),
            [](const auto* a, const auto* b) { return OrderOf(a->second) < OrderOf(b->second); });
  return sorted;
}

}  // namespace

absl::Status Host::Engine::FollowOne(Building& building, const UpstreamEvent& event) {
  Call call = StepCall(building, type::v1::Actor::KIND_SERVICE, event.service);
  call.cause.mutable_upstream()->set_service(event.service);
  *call.cause.mutable_upstream()->mutable_revision() = event.position;
  call.entropy = DerivedEntropy(event.service, event.position.commit(), event.position.index());
  return core_->Follow(call, event, building.changes);
}

void Host::Engine::NoteAnomaly(Building& building, const UpstreamEvent& event,
                               const absl::Status& why, int attempts) {
  const std::string id = IdOf(event);
  v1::Anomaly& anomaly = anomalies_[id];
  anomaly.mutable_position()->set_service(event.service);
  *anomaly.mutable_position()->mutable_revision() = event.position;
  anomaly.set_reason(std::string(why.message()));
  anomaly.set_event(event.bytes.data(), event.bytes.size());
  anomaly.set_subject(SubjectOf(event));
  const auto of = retryable_.find(anomaly.subject());
  if (of != retryable_.end() && of->second.size() >= kAnomalyRetries) attempts = kAnomalyTries;
  anomaly.set_attempts(attempts);
  anomaly.mutable_time()->set_seconds(absl::ToUnixSeconds(building.now));
  if (attempts < kAnomalyTries) retryable_[anomaly.subject()].insert(id);
  building.changes.Put(kAnomalyKind, id, anomaly);
}

void Host::Engine::GiveUp(const std::string& subject, const std::string& id) {
  auto of = retryable_.find(subject);
  if (of == retryable_.end()) return;
  of->second.erase(id);
  if (of->second.empty()) retryable_.erase(of);
}

// A newer event of the same subject was applied.
void Host::Engine::Overtake(Building& building, const UpstreamEvent& event) {
  auto of = retryable_.find(SubjectOf(event));
  if (of == retryable_.end()) return;
  for (const std::string& id : of->second) {
    v1::Anomaly& anomaly = anomalies_[id];
    anomaly.set_attempts(kAnomalyTries);
    building.changes.Put(kAnomalyKind, id, anomaly);
  }
  retryable_.erase(of);
}

void Host::Engine::NoteRetries(Building& building) {
  for (const auto* known : ByPosition(anomalies_)) {
    if (known->second.attempts() >= kAnomalyTries) continue;
    if (retries_.size() == kAnomalyRetries) break;
    v1::Anomaly& anomaly = anomalies_[known->first];
    anomaly.set_attempts(anomaly.attempts() + 1);
    building.changes.Put(kAnomalyKind, known->first, anomaly);
    retries_.push_back(known->first);
  }
  retries_noted_ = building.changes.commit();
}

void Host::Engine::RunRetries(Building& building) {
  if (last_acknowledged_ < retries_noted_) return;
  while (!retries_.empty() && Room(building, kStepChanges)) {
    const std::string id = std::move(retries_.front());
    retries_.pop_front();
    v1::Anomaly& anomaly = anomalies_[id];
    const std::string subject = anomaly.subject();
    const auto of = retryable_.find(subject);
    if (of == retryable_.end() || of->second.count(id) == 0) continue;  // overtaken meanwhile
    ++building.steps;
    ++activity_;
    const absl::Status status = FollowOne(
        building, {anomaly.position().service(), anomaly.position().revision(), anomaly.event()});
    if (status.ok()) {
      GiveUp(subject, id);
      anomalies_.erase(id);
      building.changes.Erase(kAnomalyKind, id);
      continue;
    }
    if (anomaly.attempts() >= kAnomalyTries) GiveUp(subject, id);
    anomaly.set_reason(std::string(status.message()));
    anomaly.mutable_time()->set_seconds(absl::ToUnixSeconds(building.now));
    building.changes.Put(kAnomalyKind, id, anomaly);
  }
}

std::vector<Anomaly> Host::Engine::Anomalies(size_t most) const {
  std::vector<Anomaly> listed;
  for (const auto* known : ByPosition(anomalies_)) {
    if (listed.size() == most) break;
    const v1::Anomaly& anomaly = known->second;
    listed.push_back({anomaly.position().service(), anomaly.position().revision(),
                      anomaly.subject(), anomaly.reason(),
                      absl::FromUnixSeconds(anomaly.time().seconds()), anomaly.attempts()});
  }
  return listed;
}

}  // namespace tideline::partition
