// SPDX-License-Identifier: Apache-2.0
#include "services/work_routing/core/matcher.h"

#include <algorithm>

#include "services/work_routing/core/matcher_index.h"

namespace tideline::work_routing {
namespace {

Weights Clamped(Weights weights) {
  for (int* weight : {&weights.fit, &weights.affinity, &weights.load, &weights.cost, &weights.idle,
                      &weights.learning}) {
    *weight = std::clamp(*weight, 0, kTopWeight);
  }
  return weights;
}

}  // namespace

Matcher::Matcher() : index_(std::make_unique<Index>()) {}
Matcher::~Matcher() = default;
Matcher::Matcher(Matcher&&) noexcept = default;
Matcher& Matcher::operator=(Matcher&&) noexcept = default;

Slot Matcher::Upsert(const eligibility::Expert& expert) { return index_->Upsert(expert); }
void Matcher::Remove(absl::string_view expert) { index_->Remove(expert); }
void Matcher::SetCalendar(absl::string_view calendar, ShiftSource source) {
  index_->SetCalendar(calendar, std::move(source));
}

std::optional<Slot> Matcher::Find(absl::string_view expert) const { return index_->Find(expert); }
absl::string_view Matcher::ExpertId(Slot slot) const { return index_->PersonOf(slot).expert.id; }
const eligibility::Load& Matcher::LoadOf(Slot slot) const { return index_->PersonOf(slot).load; }
size_t Matcher::size() const { return index_->size(); }

bool Matcher::SetLoad(Slot slot, const eligibility::Load& load) {
  return index_->SetLoad(slot, load);
}
bool Matcher::SetPresence(Slot slot, eligibility::Presence presence) {
  return index_->SetPresence(slot, presence);
}
bool Matcher::SetUnresponsive(Slot slot, bool unresponsive) {
  return index_->SetUnresponsive(slot, unresponsive);
}

SignatureId Matcher::Acquire(const Needs& needs) { return index_->Acquire(needs); }
void Matcher::Release(SignatureId signature) { index_->Release(signature); }
const Needs& Matcher::NeedsOf(SignatureId signature) const {
  return index_->CompiledOf(signature).needs;
}

Choice Matcher::Choose(SignatureId signature, const Ask& ask, const Weights& weights) {
  return index_->Choose(signature, ask, Clamped(weights));
}

std::vector<Constraint> Matcher::Check(SignatureId signature, const Ask& ask, Slot slot) {
  // By the table itself: for one person there is nothing to gain from bitmaps.
  return eligibility::Check(NeedsOf(signature), ask, index_->CandidateOf(slot, ask.now));
}

Scored Matcher::Score(SignatureId signature, const Ask& ask, const Weights& weights, Slot slot) {
  return index_->Score(signature, ask, Clamped(weights), slot);
}

uint32_t Matcher::CouldEver(SignatureId signature, const Ask& ask) {
  return index_->CouldEver(signature, ask);
}

std::vector<CalendarCount> Matcher::CouldEverByCalendar(SignatureId signature, const Ask& ask) {
  return index_->CouldEverByCalendar(signature, ask);
}

std::vector<Relaxation> Matcher::NearestRelaxations(SignatureId signature, const Ask& ask,
                                                    size_t most) {
  return index_->NearestRelaxations(signature, ask, most);
}

eligibility::Candidate Matcher::CandidateOf(Slot slot, absl::Time now) {
  return index_->CandidateOf(slot, now);
}

void Matcher::SetWaiting(SignatureId signature, std::optional<int64_t> urgency) {
  index_->SetWaiting(signature, urgency);
}

std::vector<SignatureId> Matcher::WaitingFor(Slot slot, absl::Time now, size_t most) {
  return index_->WaitingFor(slot, now, most);
}

absl::Time Matcher::NextChange() const { return index_->NextChange(); }
void Matcher::Advance(absl::Time now, std::vector<Slot>* freed) { index_->Advance(now, freed); }
void Matcher::Dump(std::string& out) const { index_->Dump(out); }

}  // namespace tideline::work_routing
