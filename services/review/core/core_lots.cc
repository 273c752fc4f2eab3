// SPDX-License-Identifier: Apache-2.0
// Acceptance sampling: lots of results of one team and work type, which of them are judged, and
// what follows for the others. The tables, the draw and the switching rules are common/sampling's.
//
// A lot is worked off some reviews at a time: what its verdict means for thousands of results is
// more than one step may change.
#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/sha256.h"
#include "common/sampling/draw.h"
#include "services/review/core/lot_terms.h"
#include "services/review/core/step.h"
#include "tideline/work_routing/v1/work_routing_service.pb.h"

namespace tideline::review {

namespace routing = work_routing::v1;

namespace {

// Reviews of a lot that one step touches; a screened one makes four changes.
constexpr int kReviewsPerStep = 64;
// ... and those it passes over.
constexpr int kLooksPerStep = 2000;

std::string Digest(absl::string_view text, size_t digits) {
  return absl::BytesToHexString(Sha256(text)).substr(0, digits);
}

sampling::Severity SeverityOf(v1::SamplingState::State state) {
  switch (state) {
    case v1::SamplingState::STATE_TIGHTENED:
    case v1::SamplingState::STATE_DISCONTINUED:
      return sampling::Severity::kTightened;
    case v1::SamplingState::STATE_REDUCED:
      return sampling::Severity::kReduced;
    default:
      return sampling::Severity::kNormal;
  }
}

sampling::Switching SwitchingOf(const core::v1::StoredStream& record) {
  sampling::Switching state;
  state.severity = SeverityOf(record.state().state());
  state.discontinued = record.state().state() == v1::SamplingState::STATE_DISCONTINUED;
  state.score = record.state().switching_score();
  state.rejected_lots_ago = record.rejected_lots_ago();
  state.accepted_in_row = record.accepted_in_row();
  state.rejected_in_all = record.rejected_in_all();
  return state;
}

void Keep(const sampling::Switching& state, core::v1::StoredStream& record) {
  v1::SamplingState& shown = *record.mutable_state();
  shown.set_state(
      state.discontinued                                 ? v1::SamplingState::STATE_DISCONTINUED
      : state.severity == sampling::Severity::kTightened ? v1::SamplingState::STATE_TIGHTENED
      : state.severity == sampling::Severity::kReduced   ? v1::SamplingState::STATE_REDUCED
                                                         : v1::SamplingState::STATE_NORMAL);
  shown.set_switching_score(state.score);
  record.set_rejected_lots_ago(state.rejected_lots_ago);
  record.set_accepted_in_row(state.accepted_in_row);
  record.set_rejected_in_all(state.rejected_in_all);
}

// What a lot that was opened by these terms is judged by.
sampling::Plan PlanOf(const v1::Lot& lot) {
  sampling::Plan plan;
  if (!lot.code_letter().empty()) plan.letter = lot.code_letter()[0];
  plan.sample_size = lot.sample_size();
  plan.accept = lot.acceptance_number();
  plan.reject = lot.rejection_number();
  return plan;
}

bool Drawn(const v1::Lot& lot, int32_t position) {
  const auto& first = lot.positions();
  const auto& added = lot.added_positions();
  return std::binary_search(first.begin(), first.end(), position) ||
         std::find(added.begin(), added.end(), position) != added.end();
}

}  // namespace

absl::Status CheckSampling(const v1::Sampling& sampling) {
  constexpr absl::string_view kField = "review_policy.sampling";
  const auto aql = sampling::Aql::Parse(sampling.aql(), absl::StrCat(kField, ".aql"));
  if (!aql.ok()) return aql.status();
  if (!aql->is_percentage()) {
    return InvalidField(absl::StrCat(kField, ".aql"),
                        "is over 10, which counts defects and not defective results");
  }
  if (!v1::Sampling::Level_IsValid(sampling.level())) {
    return InvalidField(absl::StrCat(kField, ".level"), "is unknown");
  }
  if (!type::v1::ImpactClass_IsValid(sampling.full_from())) {
    return InvalidField(absl::StrCat(kField, ".full_from"), "is unknown");
  }
  const std::string size = absl::StrCat(kField, ".lot_size");
  if (sampling.lot_size() > kMaxLotSize) {
    return InvalidField(size, absl::StrCat("is over ", kMaxLotSize));
  }
  for (const auto severity : {sampling::Severity::kNormal, sampling::Severity::kTightened,
                              sampling::Severity::kReduced}) {
    TL_RETURN_IF_ERROR(
        sampling::FindPlan(sampling.lot_size(), LevelOf(sampling.level()), *aql, severity, size)
            .status());
  }
  if (sampling.seed().find_first_of(" \t\n") != std::string::npos) {
    return InvalidField(absl::StrCat(kField, ".seed"), "has spaces");
  }
  return absl::OkStatus();
}

Stream& Core::StreamOf(Step& step, Workspace& workspace, const v1::ReviewPolicy& policy,
                       const v1::Review& review) {
  const std::string id = absl::StrCat(
      "s",
      Digest(absl::StrCat(policy.name(), "\n", review.doer_team(), "\n", review.work_type()), 16));
  std::unique_ptr<Stream>& slot =
      workspace.streams[absl::StrCat(workspace.name, "/samplingStates/", id)];
  if (slot != nullptr) return *slot;
  slot = std::make_unique<Stream>();
  slot->workspace = &workspace;
  v1::SamplingState& state = *slot->record.mutable_state();
  state.set_name(absl::StrCat(workspace.name, "/samplingStates/", id));
  *state.mutable_create_time() = ToProto(step.now);
  state.set_policy(policy.name());
  state.set_team(review.doer_team());
  state.set_work_type(review.work_type());
  state.set_state(v1::SamplingState::STATE_NORMAL);
  return *slot;
}

Lot& Core::OpenLot(Step& step, Stream& stream, const v1::ReviewPolicy& policy) {
  Workspace& workspace = *stream.workspace;
  const v1::Sampling& terms = policy.sampling();
  stream.record.set_lots(stream.record.lots() + 1);
  const std::string id =
      absl::StrCat("lot-", LastSegment(stream.name()), "-", stream.record.lots());
  const std::string name = absl::StrCat(workspace.name, "/lots/", id);
  auto owned = std::make_unique<Lot>();
  Lot& lot = *owned;
  lot.workspace = &workspace;
  v1::Lot& shown = *lot.record.mutable_lot();
  shown.set_name(name);
  *shown.mutable_create_time() = ToProto(step.now);
  shown.set_sampling_state(stream.name());
  shown.set_inspection(stream.state().state());
  shown.set_size(terms.lot_size());
  shown.set_seed(Digest(absl::StrCat(terms.seed(), ":", id), 32));
  shown.set_policy_revision(policy.revision());
  // Publishing has checked that the tables know all this.
  const auto aql = sampling::Aql::Parse(terms.aql(), "aql");
  const auto plan = sampling::FindPlan(terms.lot_size(), LevelOf(terms.level()), *aql,
                                       SeverityOf(stream.state().state()), "lot_size");
  shown.set_code_letter(std::string(1, plan->letter));
  shown.set_sample_size(static_cast<int32_t>(sampling::Inspected(*plan, terms.lot_size())));
  shown.set_acceptance_number(plan->accept);
  shown.set_rejection_number(plan->reject);
  const auto drawn = sampling::DrawSample(shown.seed(), shown.size(), shown.sample_size());
  for (const int64_t position : *drawn) shown.add_positions(static_cast<int32_t>(position));
  shown.set_state(v1::Lot::STATE_OPEN);
  stream.record.mutable_state()->set_open_lot(name);
  workspace.lots[name] = std::move(owned);
  if (terms.has_lot_period()) {
    *lot.record.mutable_close_time() = ToProto(step.now + ToDuration(terms.lot_period()));
  }
  SetTimer(lot);
  Tell(step, lot, &v1::Event::mutable_lot_opened);
  return lot;
}

template <class Kind>
void Core::Tell(Step& step, Lot& lot, Kind* (v1::Event::*tell)()) {
  v1::Lot& shown = *lot.record.mutable_lot();
  v1::Event event;
  v1::Lot& told = *(event.*tell)()->mutable_lot();
  told = shown;
  told.clear_etag();
  told.clear_update_time();
  if (!shown.has_update_time()) told.clear_create_time();
  shown.set_etag(partition::FormatEtag(step.changes.Raise(step.call, lot.name(), event)));
  *shown.mutable_update_time() = ToProto(step.now);
  step.Touch(lot);
}

void Core::Tell(Step& step, Stream& stream) {
  v1::SamplingState& shown = *stream.record.mutable_state();
  v1::Event event;
  v1::SamplingState& told = *event.mutable_sampling_state_changed()->mutable_sampling_state();
  told = shown;
  told.clear_etag();
  told.clear_update_time();
  if (!shown.has_update_time()) told.clear_create_time();
  shown.set_etag(partition::FormatEtag(step.changes.Raise(step.call, stream.name(), event)));
  *shown.mutable_update_time() = ToProto(step.now);
  step.Touch(stream);
}

// The next position of the open lot is this review's.
v1::Review::Basis Core::TakeIntoLot(Step& step, v1::Review& review,
                                    const v1::ReviewPolicy& policy) {
  Workspace& workspace = *FindWorkspace(WorkspaceName(review.name()));
  Stream& stream = StreamOf(step, workspace, policy, review);
  // While inspection is discontinued, what still comes is looked at in full.
  if (stream.state().state() == v1::SamplingState::STATE_DISCONTINUED) {
    return v1::Review::BASIS_ALL;
  }
  auto open = workspace.lots.find(stream.state().open_lot());
  Lot& lot = open != workspace.lots.end() ? *open->second : OpenLot(step, stream, policy);
  v1::Lot& shown = *lot.record.mutable_lot();
  const int32_t position = shown.taken() + 1;
  shown.set_taken(position);
  lot.reviews[position] = review.name();
  review.mutable_position()->set_lot(lot.name());
  review.mutable_position()->set_number(position);
  review.mutable_position()->set_state(shown.inspection());
  stream.record.mutable_state()->set_results(stream.state().results() + 1);
  if (position == shown.size()) Close(step, lot, stream);
  Tell(step, stream);
  step.Touch(lot);
  return Drawn(shown, position) ? v1::Review::BASIS_SAMPLED : v1::Review::BASIS_NOT_SAMPLED;
}

void Core::Close(Step& step, Lot& lot, Stream& stream) {
  v1::Lot& shown = *lot.record.mutable_lot();
  shown.set_state(v1::Lot::STATE_CLOSED);
  if (stream.state().open_lot() == lot.name()) stream.record.mutable_state()->clear_open_lot();
  if (shown.taken() < shown.size()) {
    const auto missing =
        sampling::DrawDifference(shown.seed(), shown.size(), shown.taken(), shown.sample_size());
    for (const int64_t position : *missing) {
      shown.add_added_positions(static_cast<int32_t>(position));
    }
    WorkOff(step, lot);
  }
  SetTimer(lot);
  Tell(step, lot, &v1::Event::mutable_lot_closed);
}

void Core::LotPeriodEnded(Step& step, Lot& lot) {
  Stream& stream = *lot.workspace->streams.at(lot.record.lot().sampling_state());
  Close(step, lot, stream);
  Tell(step, stream);
  JudgeLot(step, lot);
}

// How many of a lot have to be judged: the sample, or all of one that ended short.
int Core::ToJudge(const Lot& lot) {
  const v1::Lot& shown = lot.record.lot();
  return std::min(shown.sample_size(), shown.taken());
}

// A review of the sample has its verdict, or has lost its ground: then another result is drawn.
void Core::CountForLot(Step& step, Entry& entry) {
  const v1::Review& review = entry.review();
  if (entry.record.counted() || !review.has_position() ||
      review.basis() != v1::Review::BASIS_SAMPLED) {
    return;
  }
  auto found = entry.workspace->lots.find(review.position().lot());
  if (found == entry.workspace->lots.end()) return;
  Lot& lot = *found->second;
  v1::Lot& shown = *lot.record.mutable_lot();
  entry.record.set_counted(true);
  step.Touch(entry);
  step.Touch(lot);
  if (review.state() == v1::Review::STATE_VOID && DrawAnother(step, lot)) return;
  Stream& stream = *entry.workspace->streams.at(shown.sampling_state());
  v1::SamplingState& totals = *stream.record.mutable_state();
  shown.set_judged(shown.judged() + 1);
  totals.set_inspected(totals.inspected() + 1);
  if (review.verdict() == v1::VERDICT_REWORK) {
    shown.set_defective(shown.defective() + 1);
    totals.set_defective(totals.defective() + 1);
  }
  step.Touch(stream);
  JudgeLot(step, lot);
}

// The sample of one more from the same seed holds the sample that was drawn.
bool Core::DrawAnother(Step& step, Lot& lot) {
  v1::Lot& shown = *lot.record.mutable_lot();
  const int range = shown.state() == v1::Lot::STATE_OPEN ? shown.size() : shown.taken();
  const int have = shown.positions_size() + shown.added_positions_size();
  const auto more = sampling::DrawSample(shown.seed(), range, std::min(have + 1, range));
  for (const int64_t position : *more) {
    if (Drawn(shown, static_cast<int32_t>(position))) continue;
    shown.add_added_positions(static_cast<int32_t>(position));
    if (position <= shown.taken()) WorkOff(step, lot);
    return true;
  }
  return false;  // all of it is drawn
}

void Core::JudgeLot(Step& step, Lot& lot) {
  v1::Lot& shown = *lot.record.mutable_lot();
  if (shown.state() != v1::Lot::STATE_CLOSED || shown.judged() < ToJudge(lot)) return;
  Workspace& workspace = *lot.workspace;
  Stream& stream = *workspace.streams.at(shown.sampling_state());
  const auto terms = workspace.terms.find({stream.state().policy(), shown.policy_revision()});
  const auto aql = sampling::Aql::Parse(terms->second.sampling().aql(), "aql");
  const sampling::LotResult result{SeverityOf(shown.inspection()), *aql, PlanOf(shown),
                                   shown.defective()};
  const sampling::Step next = sampling::AfterLot(SwitchingOf(stream.record), result);
  Keep(next.state, stream.record);
  v1::SamplingState& totals = *stream.record.mutable_state();
  shown.set_state(next.accepted ? v1::Lot::STATE_ACCEPTED : v1::Lot::STATE_REJECTED);
  *shown.mutable_decide_time() = ToProto(step.now);
  if (next.accepted) {
    totals.set_accepted_lots(totals.accepted_lots() + 1);
  } else {
    totals.set_rejected_lots(totals.rejected_lots() + 1);
    RaiseAlarm(step, workspace, v1::ReviewAlarm::KIND_LOT_REJECTED, lot.name(), "",
               absl::StrCat("a lot was rejected with ", shown.defective(), " of ", shown.judged(),
                            " defective; all of it is looked at"));
  }
  if (next.rule != sampling::Rule::kNone) {
    totals.set_clause(std::string(sampling::ClauseOf(next.rule)));
    *totals.mutable_switch_time() = ToProto(step.now);
  }
  if (next.rule == sampling::Rule::kDiscontinued) Discontinue(step, stream);
  Tell(step, stream);
  Tell(step, lot, &v1::Event::mutable_lot_decided);
  WorkOff(step, lot);
}

void Core::WorkOff(Step& step, Lot& lot) {
  lot.record.set_work_from(1);
  *lot.record.mutable_work_since() = ToProto(step.now);
  SetTimer(lot);
  step.Touch(lot);
}

void Core::SetTimer(Lot& lot) {
  absl::Time due = absl::InfiniteFuture();
  if (lot.record.lot().state() == v1::Lot::STATE_OPEN && lot.record.has_close_time()) {
    due = ToTime(lot.record.close_time());
  }
  if (lot.record.work_from() > 0) due = std::min(due, ToTime(lot.record.work_since()));
  if (due == lot.timer) return;
  timers_.erase({lot.timer, lot.name()});
  lot.timer = due;
  if (due != absl::InfiniteFuture()) timers_.insert({due, lot.name()});
}

void Core::LotTimer(Step& step, Lot& lot) {
  if (lot.record.work_from() == 0) return LotPeriodEnded(step, lot);
  const v1::Lot& shown = lot.record.lot();
  int touched = 0;
  int looks = 0;
  auto it = lot.reviews.lower_bound(lot.record.work_from());
  for (; it != lot.reviews.end() && touched < kReviewsPerStep && looks < kLooksPerStep; ++it) {
    ++looks;
    Entry* entry = FindEntry(it->second);
    if (entry == nullptr || entry->review().state() != v1::Review::STATE_PROVISIONAL) continue;
    Item* item = FindItem(entry->review().work_item());
    v1::Review& review = entry->mutable_review();
    if (shown.state() == v1::Lot::STATE_ACCEPTED) {
      ++touched;
      review.set_state(v1::Review::STATE_APPROVED);
      review.set_verdict(v1::VERDICT_APPROVED);
      *review.mutable_decide_time() = ToProto(step.now);
      Raise(step, *entry, &v1::Event::mutable_review_decided, review.doer());
    } else if (shown.state() == v1::Lot::STATE_REJECTED || Drawn(shown, it->first)) {
      ++touched;
      review.set_state(v1::Review::STATE_IN_REVIEW);
      review.set_basis(shown.state() == v1::Lot::STATE_REJECTED ? v1::Review::BASIS_SCREENING
                                                                : v1::Review::BASIS_SAMPLED);
      OpenStage(step, *entry, *item);
      Raise(step, *entry, &v1::Event::mutable_review_screened, review.doer());
    }
    if (step.changes.size() > kChangesBeforeChores) {
      ++it;
      break;
    }
  }
  if (it == lot.reviews.end()) {
    lot.record.clear_work_from();
    lot.record.clear_work_since();
  } else {
    lot.record.set_work_from(it->first);
  }
  SetTimer(lot);
  step.Touch(lot);
}

// ISO 2859-1, 9.4: no work of this type for the team until its cause is removed.
void Core::Discontinue(Step& step, Stream& stream) {
  const v1::SamplingState& state = stream.state();
  RaiseAlarm(step, *stream.workspace, v1::ReviewAlarm::KIND_DISCONTINUED, stream.name(), "",
             "five lots were rejected under tightened inspection; corrective action is due");
  OpenNonconformity(step, *stream.workspace, stream.name(), state.team(),
                    "five lots were rejected under tightened inspection, which is discontinued "
                    "until corrective action is effective (ISO 2859-1:1999, 9.4)");
  Restrict(step, stream, routing::Restriction::EFFECT_EXCLUDE);
  // What is open is judged by what it holds.
  auto open = stream.workspace->lots.find(state.open_lot());
  if (open != stream.workspace->lots.end()) {
    Lot& lot = *open->second;
    Close(step, lot, stream);
    if (ToJudge(lot) <= lot.record.lot().judged()) WorkOff(step, lot);
  }
}

void Core::Restrict(Step& step, Stream& stream, routing::Restriction::Effect effect) {
  const v1::SamplingState& state = stream.state();
  // Without a work type it would stop all that the team does.
  if (state.work_type().empty()) return;
  routing::PutRestrictionRequest request;
  routing::Restriction& restriction = *request.mutable_restriction();
  restriction.set_name(
      absl::StrCat(stream.workspace->name, "/restrictions/review-", LastSegment(stream.name())));
  restriction.mutable_scope()->add_teams(state.team());
  restriction.mutable_scope()->add_work_types(state.work_type());
  restriction.set_effect(effect);
  restriction.set_source(stream.name());
  restriction.set_reason("inspection is discontinued until corrective action is effective");
  const std::string resource = restriction.name();
  Owe(step, core::v1::StoredOwed::ACTION_RESTRICT, stream.name(), resource, request);
}

absl::StatusOr<v1::ResumeSamplingResponse> Core::ResumeSampling(
    const Call& call, const v1::ResumeSamplingRequest& request, Changes& changes) {
  Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr) return NotFound(request.name());
  auto found = workspace->streams.find(request.name());
  if (found == workspace->streams.end()) return NotFound(request.name());
  Stream& stream = *found->second;
  if (!request.etag().empty() && request.etag() != stream.state().etag()) {
    return Refuse(Reason::REASON_ETAG_MISMATCH, "the state has changed since it was read",
                  {{"etag", stream.state().etag()}});
  }
  if (request.reason().empty()) {
    return InvalidField("reason", "must be stated", Reason::REASON_FIELD_REQUIRED);
  }
  TL_ASSIGN_OR_RETURN(const sampling::Step next, sampling::Resume(SwitchingOf(stream.record)));
  Step step(*this, call, changes);
  Resume(step, stream, next);
  v1::ResumeSamplingResponse response;
  *response.mutable_sampling_state() = stream.state();
  return response;
}

void Core::Resume(Step& step, Stream& stream, const sampling::Step& next) {
  Keep(next.state, stream.record);
  v1::SamplingState& shown = *stream.record.mutable_state();
  shown.set_clause(std::string(sampling::ClauseOf(next.rule)));
  *shown.mutable_switch_time() = ToProto(step.now);
  Restrict(step, stream, routing::Restriction::EFFECT_LIFT);
  ClearAlarm(step, *stream.workspace, v1::ReviewAlarm::KIND_DISCONTINUED, stream.name());
  Tell(step, stream);
}

}  // namespace tideline::review
