// SPDX-License-Identifier: Apache-2.0
// From a result to a review, and from a review to people: which results are judged, by how many,
// and the work items by which routing finds whom.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/review/core/lot_terms.h"
#include "services/review/core/step.h"
#include "tideline/work_routing/v1/work_routing_service.pb.h"

namespace tideline::review {

namespace registry = skill_registry::v1;
namespace routing = work_routing::v1;

namespace {

constexpr size_t kMaxTitleBytes = 200;

// A number from 0 to 99 that follows from the result alone, so that who repeats it gets the same.
int DrawOf(const v1::Review& review) {
  uint64_t hash = 14695981039346656037ull;  // FNV-1a, 64 bits
  for (const char c :
       absl::StrCat(review.work_item(), "#", review.round(), "#", review.checksum())) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  }
  return static_cast<int>((hash >> 32) % 100);
}

std::string TitleOf(v1::Opinion::Kind kind, const std::string& title) {
  static constexpr absl::string_view kWords[] = {"Review",    "Review",        "Review",
                                                 "Arbitrate", "Decide appeal", "Decide"};
  static_assert(std::size(kWords) == v1::Opinion::Kind_ARRAYSIZE);
  std::string made = absl::StrCat(kWords[kind], ": ", title);
  size_t size = std::min(made.size(), kMaxTitleBytes);
  while (size < made.size() && (static_cast<unsigned char>(made[size]) & 0xC0) == 0x80) --size;
  made.resize(size);
  return made;
}

}  // namespace

const core::v1::StoredItem::Approved* Core::ApprovedBefore(const Item& item,
                                                           const std::string& checksum,
                                                           absl::Time now) const {
  for (const auto& approved : item.record.approved()) {
    if (approved.checksum() != checksum) continue;
    if (!approved.has_until() || ToTime(approved.until()) > now) return &approved;
  }
  return nullptr;
}

v1::Review::Basis Core::BasisOf(Step& step, const Item& item, const v1::ReviewPolicy& policy,
                                v1::Review& review) {
  if (ApprovedBefore(item, review.checksum(), step.now) != nullptr) {
    return v1::Review::BASIS_APPROVED_BEFORE;
  }
  if (item.record.rounds() > 0) return v1::Review::BASIS_RESUBMITTED;
  if (!policy.has_sampling()) return v1::Review::BASIS_ALL;
  const v1::Sampling& sampling = policy.sampling();
  if (review.impact_class() >= FullFrom(sampling)) return v1::Review::BASIS_HIGH_IMPACT;
  Workspace& workspace = *item.workspace;
  if (sampling.new_person_results() > 0) {
    core::v1::StoredNovice& novice = workspace.novices[{policy.name(), review.doer()}];
    if (novice.results() < sampling.new_person_results()) {
      novice.set_policy(policy.name());
      novice.set_expert(review.doer());
      novice.set_results(novice.results() + 1);
      step.changes.Put("novice", absl::StrCat(policy.name(), "/", LastSegment(review.doer())),
                       novice);
      return v1::Review::BASIS_NEW_PERSON;
    }
  }
  return TakeIntoLot(step, review, policy);
}

// A result was handed in. Without a policy nothing happens to it here.
void Core::TakeResult(Step& step, Item& item, const routing::Event& event) {
  const routing::Result& result = event.result_submitted().result();
  item.record.set_results(item.record.results() + 1);
  HoldAgainstGold(step, item, result);
  Workspace& workspace = *item.workspace;
  const v1::ReviewPolicy* policy = PolicyFor(item);
  if (policy == nullptr || result.expert().empty()) return;
  if (static_cast<int>(item.reviews.size()) >= kMaxReviewsPerItem) {
    return RaiseAlarm(step, workspace, v1::ReviewAlarm::KIND_NOT_CARRIED_OUT, item.name(),
                      item.name(), "the item has had too many results; nobody judges this one");
  }
  auto owned = std::make_unique<Entry>();
  Entry& entry = *owned;
  entry.workspace = &workspace;
  v1::Review& review = entry.mutable_review();
  review.set_name(absl::StrCat(workspace.name, "/reviews/", step.NewId()));
  *review.mutable_create_time() = ToProto(step.now);
  review.set_work_item(item.name());
  review.set_policy(policy->name());
  review.set_policy_revision(policy->revision());
  review.set_engagement(item.item().engagement());
  review.set_work_type(item.item().work_type());
  review.set_impact_class(std::max(item.item().impact_class(), type::v1::IMPACT_CLASS_LOW));
  review.set_doer(result.expert());
  review.set_doer_team(event.result_submitted().standing().custody().team());
  review.set_checksum(result.checksum());
  *review.mutable_links() = result.links();
  review.set_round(item.record.results());
  review.set_blind(policy->blind());
  review.set_state(v1::Review::STATE_IN_REVIEW);
  review.set_basis(BasisOf(step, item, *policy, review));
  item.reviews.insert(review.name());
  item.record.set_review(review.name());
  step.Touch(item);
  workspace.reviews[review.name()] = std::move(owned);
  // The position of its first event, which is the next.
  const type::v1::Revision at = step.changes.Next();
  entry.record.set_sequence(at.commit() << 16 | at.index());
  workspace.by_sequence[entry.record.sequence()] = &entry;
  if (review.basis() == v1::Review::BASIS_APPROVED_BEFORE) {
    Raise(step, entry, &v1::Event::mutable_review_opened, review.doer());
    return Approve(step, entry, item);
  }
  if (review.basis() == v1::Review::BASIS_NOT_SAMPLED) {
    review.set_state(v1::Review::STATE_PROVISIONAL);
    OweApproval(step, entry, item);
  } else {
    review.set_double_review(DrawOf(review) < policy->double_percent());
    OpenStage(step, entry, item);
  }
  Raise(step, entry, &v1::Event::mutable_review_opened, review.doer());
  // The last result of a lot may come when the whole sample is judged.
  if (review.has_position()) JudgeLot(step, *workspace.lots.at(review.position().lot()));
}

void Core::OpenStage(Step& step, Entry& entry, Item& item) {
  OpenOpinion(step, entry, item, v1::Opinion::KIND_FIRST);
  if (entry.review().double_review() && entry.review().stage() == 0) {
    OpenOpinion(step, entry, item, v1::Opinion::KIND_SECOND);
  }
}

v1::Stage Core::StageOf(const v1::Review& review, const v1::Opinion& opinion) const {
  const v1::ReviewPolicy& terms = TermsOf(review);
  v1::Stage stage = terms.stages(std::min(opinion.stage(), terms.stages_size() - 1));
  const bool ordinary =
      opinion.kind() == v1::Opinion::KIND_FIRST || opinion.kind() == v1::Opinion::KIND_SECOND;
  if (!ordinary) {
    stage.set_queue(terms.escalation_queue().empty() ? terms.stages(terms.stages_size() - 1).queue()
                                                     : terms.escalation_queue());
  }
  return stage;
}

routing::Constraints Core::ConstraintsOf(const Entry& entry, const Item& item,
                                         const v1::Opinion& opinion) const {
  routing::Constraints constraints;
  // What holds for who works on the item holds for who looks at it.
  *constraints.mutable_viewing_countries() = item.item().constraints().viewing_countries();
  *constraints.mutable_clearances() = item.item().constraints().clearances();
  const v1::Stage stage = StageOf(entry.review(), opinion);
  const Exclusions exclusions =
      ExclusionsOf(roster_, item.record, entry.review(), stage.independence(), opinion.number());
  Fill(roster_, exclusions, constraints);
  const std::string& before = item.record.last_reviewer();
  if (opinion.kind() == v1::Opinion::KIND_FIRST && !before.empty() &&
      roster_.Find<registry::Expert>(before) != nullptr) {
    constraints.add_affinity_experts(before);
  }
  return constraints;
}

bool Core::SomebodyMay(const Entry& entry, const Item& item, const v1::Opinion& opinion,
                       absl::Time now) const {
  const auto known = experts_.find(entry.workspace->name);
  if (known == experts_.end()) return false;
  const v1::Stage stage = StageOf(entry.review(), opinion);
  const Exclusions exclusions =
      ExclusionsOf(roster_, item.record, entry.review(), stage.independence(), opinion.number());
  for (const std::string& name : known->second) {
    const auto* expert = roster_.Find<registry::Expert>(name);
    if (expert != nullptr && MayReview(*entry.workspace, stage, *expert, now) &&
        Excludes(roster_, exclusions, name).empty()) {
      return true;
    }
  }
  return false;
}

void Core::OpenOpinion(Step& step, Entry& entry, Item& item, v1::Opinion::Kind kind) {
  v1::Review& review = entry.mutable_review();
  if (review.opinions_size() >= kMaxOpinions) {
    return RaiseAlarm(step, *entry.workspace, v1::ReviewAlarm::KIND_NOT_CARRIED_OUT, entry.name(),
                      item.name(), "the review has had too many opinions; somebody has to decide");
  }
  v1::Opinion& opinion = *review.add_opinions();
  opinion.set_number(review.opinions_size());
  opinion.set_kind(kind);
  opinion.set_stage(review.stage());
  opinion.set_state(v1::Opinion::STATE_OPEN);
  entry.record.add_searches();
  NoteAwaited(entry);
  if (!SomebodyMay(entry, item, opinion, step.now)) {
    RaiseAlarm(step, *entry.workspace, v1::ReviewAlarm::KIND_NO_REVIEWER, entry.name(), item.name(),
               "nobody who is independent could judge it");
  }
  Search(step, entry, item, opinion.number());
}

void Core::Search(Step& step, Entry& entry, Item& item, int number) {
  v1::Review& review = entry.mutable_review();
  v1::Opinion& opinion = *review.mutable_opinions(number - 1);
  auto& search = *entry.record.mutable_searches(number - 1);
  const v1::Stage stage = StageOf(review, opinion);
  *search.mutable_constraints() = ConstraintsOf(entry, item, opinion);
  search.set_items(search.items() + 1);
  const std::string id = absl::StrCat("review-", step.NewId());
  opinion.set_work_item(absl::StrCat(entry.workspace->name, "/workItems/", id));
  opinion.clear_reviewer();
  entry.workspace->opinion_items[opinion.work_item()] = {entry.name(), number};

  routing::SubmitWorkItemRequest request;
  request.set_parent(entry.workspace->name);
  request.set_work_item_id(id);
  routing::WorkItem& made = *request.mutable_work_item();
  made.set_queue(stage.queue());
  made.set_engagement(review.engagement());
  made.set_work_type(review.work_type());
  made.set_title(TitleOf(opinion.kind(), item.item().title()));
  *made.mutable_links() = review.links();
  *made.mutable_requirements() = stage.requirements();
  *made.mutable_constraints() = search.constraints();
  made.set_priority(item.item().priority());
  made.set_impact_class(review.impact_class());
  if (stage.has_expected_effort()) *made.mutable_expected_effort() = stage.expected_effort();
  if (stage.has_due_within()) {
    *made.mutable_due_time() = ToProto(step.now + ToDuration(stage.due_within()));
  }
  made.set_origin(review.name());
  made.set_depth(opinion.kind() == v1::Opinion::KIND_ESCALATION ? 2 : 1);
  (*made.mutable_attributes())["review"] = review.name();
  (*made.mutable_attributes())["checksum"] = review.checksum();
  Owe(step, core::v1::StoredOwed::ACTION_SUBMIT, entry.name(), opinion.work_item(), request);
  step.Touch(entry);
}

void Core::DropOpinions(Step& step, Entry& entry, const std::string& reason) {
  for (v1::Opinion& opinion : *entry.mutable_review().mutable_opinions()) {
    if (opinion.state() != v1::Opinion::STATE_OPEN) continue;
    opinion.set_state(v1::Opinion::STATE_DROPPED);
    OweCancel(step, entry, opinion.work_item(), reason);
  }
  NoteAwaited(entry);
  step.Touch(entry);
}

}  // namespace tideline::review
