// SPDX-License-Identifier: Apache-2.0
// Verdicts: who may give one, and what they come to. A review is decided once, and what follows is
// owed in the same commit.
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/review/core/step.h"
#include "tideline/work_routing/v1/work_routing_service.pb.h"

namespace tideline::review {

namespace registry = skill_registry::v1;
namespace routing = work_routing::v1;

namespace {

bool Leads(const Call& call) {
  partition::Roles over_others;
  over_others.Add(type::v1::ROLE_LEAD);
  over_others.Add(type::v1::ROLE_ADMIN);
  over_others.Add(type::v1::ROLE_SERVICE);
  return call.grant.roles.Intersects(over_others);
}

// The open opinion that this person has in hand; null: none.
const v1::Opinion* HeldBy(const v1::Review& review, const std::string& expert) {
  for (const v1::Opinion& opinion : review.opinions()) {
    if (opinion.state() == v1::Opinion::STATE_OPEN && opinion.reviewer() == expert) return &opinion;
  }
  return nullptr;
}

bool Ordinary(const v1::Opinion& opinion) {
  return opinion.kind() == v1::Opinion::KIND_FIRST || opinion.kind() == v1::Opinion::KIND_SECOND;
}

absl::Status NotAwaited(const v1::Review& review, absl::string_view why) {
  const std::string state = v1::Review::State_Name(review.state()).substr(sizeof("STATE_") - 1);
  return Refuse(Reason::REASON_STATE_FORBIDS, why, {{"state", state}, {"review", review.name()}});
}

}  // namespace

bool Core::Visible(const Call& call, const v1::Review& review) const {
  const std::string& own = call.grant.organization;
  if (own.empty()) return true;
  const auto* team = roster_.Find<registry::Team>(review.doer_team());
  if (team != nullptr && team->organization() == own) return true;
  const auto* contract = roster_.Find<registry::Engagement>(review.engagement());
  if (contract != nullptr && (contract->client() == own || contract->vendor() == own)) return true;
  for (const v1::Opinion& opinion : review.opinions()) {
    const auto* reviewer = roster_.Find<registry::Expert>(opinion.reviewer());
    if (reviewer != nullptr && roster_.OrganizationOf(*reviewer) == own) return true;
  }
  return false;
}

// Blind is blind for everybody but those who lead, audit or did it.
v1::Review Core::Shown(const Call& call, const v1::Review& review) const {
  v1::Review shown = review;
  const bool knows = Leads(call) || call.grant.roles.Has(type::v1::ROLE_AUDITOR) ||
                     call.grant.expert == review.doer();
  if (review.blind() && !knows) {
    shown.clear_doer();
    shown.clear_doer_team();
  }
  return shown;
}

absl::StatusOr<std::string> Core::WhoActs(const Call& call, const std::string& named) const {
  const std::string who = named.empty() ? call.grant.expert : named;
  if (who.empty()) {
    return InvalidField("expert", "is required where the caller is no expert",
                        Reason::REASON_FIELD_REQUIRED);
  }
  if (!absl::StartsWith(who, absl::StrCat(call.workspace, "/")) ||
      roster_.Find<registry::Expert>(who) == nullptr) {
    return ReferenceNotFound("expert", who);
  }
  if (who != call.grant.expert && !Leads(call)) {
    return Refuse(Reason::REASON_NOT_YOURS, "it is somebody else's", {{"expert", who}});
  }
  return who;
}

absl::Status Core::CheckChecksum(const v1::Review& review, const std::string& checksum) const {
  if (checksum.empty()) {
    return InvalidField("checksum", "must be stated", Reason::REASON_FIELD_REQUIRED);
  }
  if (checksum == review.checksum()) return absl::OkStatus();
  return Refuse(Reason::REASON_ETAG_MISMATCH, "the result is another one than was judged",
                {{"checksum", review.checksum()}, {"field", "checksum"}});
}

absl::Status Core::CheckIndependent(const Entry& entry, const Item& item,
                                    const v1::Opinion& opinion, const std::string& expert) const {
  const v1::Stage stage = StageOf(entry.review(), opinion);
  const absl::string_view rule = Excludes(
      roster_,
      ExclusionsOf(roster_, item.record, entry.review(), stage.independence(), opinion.number()),
      expert);
  if (rule.empty()) return absl::OkStatus();
  if (rule == "DOER") {
    return Refuse(Reason::REASON_SAME_PERSON, "nobody judges their own work",
                  {{"expert", expert}, {"field", "expert"}});
  }
  return Refuse(Reason::REASON_NOT_INDEPENDENT, "the policy excludes this person",
                {{"rule", rule}, {"expert", expert}, {"field", "expert"}});
}

void Core::NoteAwaited(Entry& entry) {
  if (entry.awaits()) {
    entry.workspace->awaiting.insert(entry.name());
  } else {
    entry.workspace->awaiting.erase(entry.name());
  }
}

absl::StatusOr<v1::SubmitReviewResponse> Core::SubmitReview(const Call& call,
                                                            const v1::SubmitReviewRequest& request,
                                                            Changes& changes) {
  TL_ASSIGN_OR_RETURN(Entry * entry, GetEntry(call, request.name(), request.etag()));
  const v1::Review& review = entry->review();
  Item* item = FindItem(review.work_item());
  if (item == nullptr) return NotFound(request.name());
  TL_RETURN_IF_ERROR(CheckChecksum(review, request.checksum()));
  TL_ASSIGN_OR_RETURN(const std::string expert, WhoActs(call, request.expert()));
  if (SamePerson(roster_, expert, review.doer())) {
    return Refuse(Reason::REASON_SAME_PERSON, "nobody judges their own work",
                  {{"expert", expert}, {"field", "expert"}});
  }
  const v1::Opinion* held = HeldBy(review, expert);
  if (held == nullptr) {
    // Whom the policy excludes learns that first; routing would never have found them.
    for (const v1::Opinion& opinion : review.opinions()) {
      if (opinion.state() != v1::Opinion::STATE_OPEN) continue;
      TL_RETURN_IF_ERROR(CheckIndependent(*entry, *item, opinion, expert));
    }
    return NotAwaited(review, "no opinion is awaited from this person");
  }
  if (!Ordinary(*held)) return NotAwaited(review, "it is to be decided by ArbitrateReview");
  TL_RETURN_IF_ERROR(CheckIndependent(*entry, *item, *held, expert));
  const Said said{request.verdict(), request.findings(), request.scores()};
  TL_RETURN_IF_ERROR(CheckSaid(TermsOf(review).rubric(), said));
  Step step(*this, call, changes);
  const int number = held->number();
  Give(step, *entry, *item, *entry->mutable_review().mutable_opinions(number - 1), said, expert,
       request.comment());
  Conclude(step, *entry, *item, number);
  v1::SubmitReviewResponse response;
  *response.mutable_review() = Shown(call, entry->review());
  return response;
}

absl::StatusOr<v1::ArbitrateReviewResponse> Core::ArbitrateReview(
    const Call& call, const v1::ArbitrateReviewRequest& request, Changes& changes) {
  TL_ASSIGN_OR_RETURN(Entry * entry, GetEntry(call, request.name(), request.etag()));
  const v1::Review& review = entry->review();
  Item* item = FindItem(review.work_item());
  if (item == nullptr) return NotFound(request.name());
  TL_RETURN_IF_ERROR(CheckChecksum(review, request.checksum()));
  TL_ASSIGN_OR_RETURN(const std::string expert, WhoActs(call, request.expert()));
  const v1::Opinion* asked = nullptr;
  for (const v1::Opinion& opinion : review.opinions()) {
    if (opinion.state() == v1::Opinion::STATE_OPEN && !Ordinary(opinion)) asked = &opinion;
  }
  if (asked == nullptr) return NotAwaited(review, "nothing is to be arbitrated");
  TL_RETURN_IF_ERROR(CheckIndependent(*entry, *item, *asked, expert));
  if (asked->reviewer() != expert && !Leads(call)) {
    return Refuse(Reason::REASON_NOT_YOURS, "whom routing found decides, or who leads",
                  {{"expert", asked->reviewer()}});
  }
  if (request.verdict() == v1::VERDICT_ESCALATED) {
    return InvalidField("verdict", "an arbiter decides");
  }
  const Said said{request.verdict(), request.findings(), request.scores()};
  TL_RETURN_IF_ERROR(CheckSaid(TermsOf(review).rubric(), said));
  Step step(*this, call, changes);
  const int number = asked->number();
  Give(step, *entry, *item, *entry->mutable_review().mutable_opinions(number - 1), said, expert,
       request.comment());
  Conclude(step, *entry, *item, number);
  v1::ArbitrateReviewResponse response;
  *response.mutable_review() = Shown(call, entry->review());
  return response;
}

void Core::Give(Step& step, Entry& entry, Item& item, v1::Opinion& opinion, const Said& said,
                const std::string& expert, const std::string& comment) {
  const bool held = opinion.reviewer() == expert;
  opinion.set_state(v1::Opinion::STATE_GIVEN);
  opinion.set_reviewer(expert);
  opinion.set_verdict(said.verdict);
  *opinion.mutable_findings() = said.findings;
  *opinion.mutable_scores() = said.scores;
  opinion.set_score_percent(ScoreOf(TermsOf(entry.review()).rubric(), said.scores));
  opinion.set_comment(comment);
  *opinion.mutable_submit_time() = ToProto(step.now);
  NoteAwaited(entry);
  item.record.set_last_reviewer(expert);
  HoldReviewerAgainstGold(step, item, opinion);
  step.Touch(item);
  if (!held) {  // who leads has decided in the place of whom routing looked for
    OweCancel(step, entry, opinion.work_item(), "it is decided");
  } else if (!opinion.work_item().empty()) {
    routing::SubmitResultRequest request;
    request.set_name(opinion.work_item());
    request.mutable_result()->set_summary(
        v1::Verdict_Name(said.verdict).substr(sizeof("VERDICT_") - 1));
    (*request.mutable_result()->mutable_attributes())["review"] = entry.name();
    Owe(step, core::v1::StoredOwed::ACTION_FINISH, entry.name(), opinion.work_item(), request);
  }
  Raise(step, entry, &v1::Event::mutable_opinion_given, entry.review().doer());
}

void Core::Conclude(Step& step, Entry& entry, Item& item, int number) {
  const v1::Opinion given = entry.review().opinions(number - 1);
  if (given.kind() == v1::Opinion::KIND_APPEAL) {
    return DecideAppeal(step, entry, item, given.verdict());
  }
  if (!Ordinary(given)) {
    return Decide(step, entry, item, given.verdict(), given.kind() == v1::Opinion::KIND_ESCALATION);
  }
  const v1::Opinion* other = nullptr;
  for (const v1::Opinion& opinion : entry.review().opinions()) {
    if (opinion.number() == number || !Ordinary(opinion) || opinion.stage() != given.stage() ||
        opinion.state() == v1::Opinion::STATE_DROPPED) {
      continue;
    }
    if (opinion.state() == v1::Opinion::STATE_OPEN) return;  // the other one is still at it
    other = &opinion;
  }
  if (other == nullptr) return Decide(step, entry, item, given.verdict(), false);
  const int limit = TermsOf(entry.review()).max_score_difference();
  const int apart = std::abs(given.score_percent() - other->score_percent());
  if (other->verdict() == given.verdict() && (limit == 0 || apart <= limit)) {
    return Decide(step, entry, item, given.verdict(), false);
  }
  OpenOpinion(step, entry, item, v1::Opinion::KIND_ARBITRATION);
  Raise(step, entry, &v1::Event::mutable_opinions_asked, "");
}

// `last`: whoever says this has the last word, whatever stage or round it is.
void Core::Decide(Step& step, Entry& entry, Item& item, v1::Verdict verdict, bool last) {
  const v1::ReviewPolicy& terms = TermsOf(entry.review());
  v1::Review& review = entry.mutable_review();
  if (verdict == v1::VERDICT_ESCALATED) return Escalate(step, entry, item, "a reviewer says so");
  if (verdict == v1::VERDICT_APPROVED) {
    if (last || review.stage() + 1 >= terms.stages_size()) return Approve(step, entry, item);
    review.set_stage(review.stage() + 1);
    OpenStage(step, entry, item);
    return Raise(step, entry, &v1::Event::mutable_opinions_asked, "");
  }
  const int most = terms.max_rounds() == 0 ? kDefaultMaxRounds : terms.max_rounds();
  if (!last && item.record.rounds() >= most) {
    return Escalate(step, entry, item,
                    absl::StrCat("it was sent back ", item.record.rounds(), " times"));
  }
  Return(step, entry, item);
}

void Core::Approve(Step& step, Entry& entry, Item& item) {
  v1::Review& review = entry.mutable_review();
  review.set_state(v1::Review::STATE_APPROVED);
  review.set_verdict(v1::VERDICT_APPROVED);
  if (!review.has_decide_time()) *review.mutable_decide_time() = ToProto(step.now);
  DropOpinions(step, entry, "it is decided");
  OweApproval(step, entry, item);
  Raise(step, entry, &v1::Event::mutable_review_decided, review.doer());
  CountForLot(step, entry);
  ClearAlarm(step, *entry.workspace, v1::ReviewAlarm::KIND_ESCALATED, entry.name());
}

void Core::Return(Step& step, Entry& entry, Item& item) {
  v1::Review& review = entry.mutable_review();
  review.set_state(v1::Review::STATE_RETURNED);
  review.set_verdict(v1::VERDICT_REWORK);
  if (!review.has_decide_time()) *review.mutable_decide_time() = ToProto(step.now);
  const v1::ReviewPolicy& terms = TermsOf(review);
  if (terms.has_appeal_window()) {
    *review.mutable_appeal_end_time() = ToProto(step.now + ToDuration(terms.appeal_window()));
  }
  DropOpinions(step, entry, "it is decided");
  OweRework(step, entry, item);
  item.record.set_rounds(item.record.rounds() + 1);
  step.Touch(item);
  Raise(step, entry, &v1::Event::mutable_review_decided, review.doer());
  CountForLot(step, entry);
  ClearAlarm(step, *entry.workspace, v1::ReviewAlarm::KIND_ESCALATED, entry.name());
}

void Core::Escalate(Step& step, Entry& entry, Item& item, const std::string& why) {
  v1::Review& review = entry.mutable_review();
  review.set_state(v1::Review::STATE_ESCALATED);
  review.set_verdict(v1::VERDICT_ESCALATED);
  DropOpinions(step, entry, "it is escalated");
  OpenOpinion(step, entry, item, v1::Opinion::KIND_ESCALATION);
  Raise(step, entry, &v1::Event::mutable_review_decided, review.doer());
  RaiseAlarm(step, *entry.workspace, v1::ReviewAlarm::KIND_ESCALATED, entry.name(), item.name(),
             absl::StrCat("a result was escalated: ", why));
}

}  // namespace tideline::review
