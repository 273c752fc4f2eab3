// SPDX-License-Identifier: Apache-2.0
// Appeals and overrides: what is said against a verdict.
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/roster/eligible.h"
#include "services/review/core/step.h"

namespace tideline::review {

namespace registry = skill_registry::v1;

absl::StatusOr<v1::AppealReviewResponse> Core::AppealReview(const Call& call,
                                                            const v1::AppealReviewRequest& request,
                                                            Changes& changes) {
  TL_ASSIGN_OR_RETURN(Entry * entry, GetEntry(call, request.name(), request.etag()));
  const v1::Review& review = entry->review();
  Item* item = FindItem(review.work_item());
  if (item == nullptr) return NotFound(request.name());
  if (request.reason().empty()) {
    return InvalidField("reason", "must be stated", Reason::REASON_FIELD_REQUIRED);
  }
  TL_ASSIGN_OR_RETURN(const std::string expert, WhoActs(call, request.expert()));
  if (!SamePerson(roster_, expert, review.doer())) {
    return Refuse(Reason::REASON_NOT_YOURS, "the doer appeals", {{"expert", expert}});
  }
  if (review.state() != v1::Review::STATE_RETURNED || review.has_appeal() ||
      item->record.review() != review.name()) {
    return Refuse(Reason::REASON_STATE_FORBIDS,
                  review.has_appeal() ? "an appeal was made before"
                                      : "the result was not sent back, or there is a later one",
                  {{"review", review.name()}});
  }
  if (!review.has_appeal_end_time() || ToTime(review.appeal_end_time()) < call.now) {
    return Refuse(
        Reason::REASON_WINDOW_CLOSED,
        review.has_appeal_end_time() ? "the time to appeal is over" : "the policy knows no appeal",
        {{"endTime", absl::FormatTime(ToTime(review.appeal_end_time()), absl::UTCTimeZone())}});
  }
  Step step(*this, call, changes);
  v1::Review::Appeal& appeal = *entry->mutable_review().mutable_appeal();
  appeal.set_expert(expert);
  appeal.set_reason(request.reason());
  *appeal.mutable_time() = ToProto(step.now);
  OpenOpinion(step, *entry, *item, v1::Opinion::KIND_APPEAL);
  Raise(step, *entry, &v1::Event::mutable_review_appealed, "");
  v1::AppealReviewResponse response;
  *response.mutable_review() = Shown(call, entry->review());
  return response;
}

// The item is with its doer: upheld means that this content is approved when it comes again.
void Core::DecideAppeal(Step& step, Entry& entry, Item& item, v1::Verdict verdict) {
  v1::Review& review = entry.mutable_review();
  const bool upheld = verdict == v1::VERDICT_APPROVED;
  review.mutable_appeal()->set_upheld(upheld);
  if (upheld) {
    review.set_state(v1::Review::STATE_APPROVED);
    review.set_verdict(v1::VERDICT_APPROVED);
    auto& approved = *item.record.add_approved();
    approved.set_checksum(review.checksum());
    approved.set_review(review.name());
    if (item.record.rounds() > 0) item.record.set_rounds(item.record.rounds() - 1);
    step.Touch(item);
  }
  Raise(step, entry, &v1::Event::mutable_review_decided, review.doer());
}

absl::Status Core::CheckAuthority(const Call& call, const v1::Review& review,
                                  const v1::OverrideReviewRequest& request,
                                  const std::string& expert) const {
  const auto* grant = roster_.Find<registry::AuthorityGrant>(request.authority_grant());
  if (grant == nullptr || WorkspaceName(request.authority_grant()) != call.workspace) {
    return ReferenceNotFound("authority_grant", request.authority_grant());
  }
  const auto no = [&](absl::string_view why, absl::string_view rule) {
    return Refuse(
        Reason::REASON_NO_AUTHORITY, why,
        {{"rule", rule}, {"authorityGrant", grant->name()}, {"field", "authority_grant"}});
  };
  const auto* person = roster_.Find<registry::Expert>(expert);
  const bool holds = grant->expert().empty()
                         ? person != nullptr && person->authority_grade() >= grant->min_grade()
                         : SamePerson(roster_, grant->expert(), expert);
  if (!holds) return no("the authority is somebody else's", "HOLDER");
  if ((grant->has_start_time() && ToTime(grant->start_time()) > call.now) ||
      (grant->has_end_time() && ToTime(grant->end_time()) <= call.now)) {
    return no("the authority does not hold now", "VALIDITY");
  }
  if (!grant->engagement().empty() && grant->engagement() != review.engagement()) {
    return no("the authority is for another engagement", "ENGAGEMENT");
  }
  if (grant->max_impact_class() != type::v1::IMPACT_CLASS_UNSPECIFIED &&
      review.impact_class() > grant->max_impact_class()) {
    return no("the authority does not cover this impact class", "IMPACT_CLASS");
  }
  const auto& types = grant->decision_types();
  constexpr absl::string_view kType = "review-override";
  if (!types.empty() && std::find(types.begin(), types.end(), kType) == types.end()) {
    return no("the authority does not cover review-override", "DECISION_TYPE");
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::OverrideReviewResponse> Core::OverrideReview(
    const Call& call, const v1::OverrideReviewRequest& request, Changes& changes) {
  TL_ASSIGN_OR_RETURN(Entry * entry, GetEntry(call, request.name(), request.etag()));
  Item* item = FindItem(entry->review().work_item());
  if (item == nullptr) return NotFound(request.name());
  TL_RETURN_IF_ERROR(CheckChecksum(entry->review(), request.checksum()));
  if (request.verdict() != v1::VERDICT_APPROVED && request.verdict() != v1::VERDICT_REWORK) {
    return InvalidField("verdict", "is APPROVED or REWORK", Reason::REASON_FIELD_REQUIRED);
  }
  if (request.reason().empty()) {
    return InvalidField("reason", "must be stated", Reason::REASON_FIELD_REQUIRED);
  }
  if (!request.has_expire_time()) {
    return InvalidField("expire_time", "must be stated", Reason::REASON_FIELD_REQUIRED);
  }
  const absl::Time expires = ToTime(request.expire_time());
  if (expires <= call.now || expires > call.now + kLongestOverride) {
    return InvalidField("expire_time", "lies in the past or over a year ahead");
  }
  TL_ASSIGN_OR_RETURN(const std::string expert, WhoActs(call, request.expert()));
  if (SamePerson(roster_, expert, entry->review().doer())) {
    return Refuse(Reason::REASON_SAME_PERSON, "nobody judges their own work",
                  {{"expert", expert}, {"field", "expert"}});
  }
  TL_RETURN_IF_ERROR(CheckAuthority(call, entry->review(), request, expert));
  if (entry->review().state() == v1::Review::STATE_VOID ||
      entry->review().verdict() == request.verdict() || item->record.review() != entry->name()) {
    return Refuse(Reason::REASON_STATE_FORBIDS, "there is nothing to override",
                  {{"review", request.name()}});
  }
  Step step(*this, call, changes);
  v1::Override record;
  record.set_name(absl::StrCat(call.workspace, "/overrides/", step.NewId()));
  record.set_review(request.name());
  record.set_work_item(item->name());
  record.set_checksum(request.checksum());
  record.set_verdict(request.verdict());
  record.set_overridden_state(entry->review().state());
  record.set_expert(expert);
  record.set_authority_grant(request.authority_grant());
  record.set_reason(request.reason());
  *record.mutable_expire_time() = request.expire_time();
  Overrule(step, *entry, *item, record);
  v1::OverrideReviewResponse response;
  *response.mutable_review() = Shown(call, entry->review());
  *response.mutable_override() = entry->workspace->overrides.at(record.name());
  return response;
}

void Core::Overrule(Step& step, Entry& entry, Item& item, v1::Override record) {
  v1::Review& review = entry.mutable_review();
  const bool with_doer = review.state() == v1::Review::STATE_RETURNED;
  review.set_override_name(record.name());
  if (record.verdict() == v1::VERDICT_REWORK) {
    Return(step, entry, item);
  } else if (with_doer) {
    // The item has gone back: this content is approved when it comes again in time.
    auto& approved = *item.record.add_approved();
    approved.set_checksum(review.checksum());
    approved.set_review(review.name());
    *approved.mutable_until() = record.expire_time();
    step.Touch(item);
    DropOpinions(step, entry, "it is overridden");
    review.set_state(v1::Review::STATE_APPROVED);
    review.set_verdict(v1::VERDICT_APPROVED);
  } else {
    Approve(step, entry, item);
  }
  Raise(step, entry, &v1::Event::mutable_review_overridden, review.doer());
  v1::Event event;
  *event.mutable_override_put()->mutable_override() = record;
  const type::v1::Revision at = step.changes.Raise(step.call, record.name(), event);
  record.set_etag(partition::FormatEtag(at));
  *record.mutable_create_time() = ToProto(step.now);
  *record.mutable_update_time() = ToProto(step.now);
  timers_.insert({ToTime(record.expire_time()), record.name()});
  step.changes.Put("override", record.name(), record);
  entry.workspace->overrides[record.name()] = std::move(record);
}

void Core::ExpireOverride(Step& step, Workspace& workspace, const std::string& name) {
  v1::Override& record = workspace.overrides.at(name);
  timers_.erase({ToTime(record.expire_time()), name});
  record.set_expired(true);
  v1::Event event;
  v1::Override& told = *event.mutable_override_expired()->mutable_override();
  told = record;
  told.clear_etag();
  told.clear_update_time();
  record.set_etag(partition::FormatEtag(step.changes.Raise(step.call, name, event)));
  *record.mutable_update_time() = ToProto(step.now);
  step.changes.Put("override", name, record);
  const Entry* entry = FindEntry(record.review());
  // Decided since in another way, or another result has taken its place: nothing to see to.
  const Item* item = entry == nullptr ? nullptr : FindItem(record.work_item());
  if (item != nullptr &&
      (entry->review().override_name() != name || item->record.review() != entry->name())) {
    return;
  }
  RaiseAlarm(step, workspace, v1::ReviewAlarm::KIND_OVERRIDE_EXPIRED, record.review(),
             record.work_item(), "an override has ended; nobody has judged the result");
}

}  // namespace tideline::review
