// SPDX-License-Identifier: Apache-2.0
// How good the work is: counts kept as reviews are decided, and the reports made of them.
#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "services/review/core/quality.h"
#include "services/review/core/step.h"

namespace tideline::review {

namespace registry = skill_registry::v1;

using core::v1::StoredQuality;

namespace {

// Days that are kept: a year and the month in which it is looked at.
constexpr int64_t kDaysKept = 400;
// Subjects in a report.
constexpr int kMaxSubjects = 1000;
// Results that agreement is computed from: with a thousand replicates about 0.1 s.
constexpr size_t kMaxPairs = 2000;
// Reviews that are looked at for them.
constexpr int kMaxReviewsLookedAt = 50'000;

std::string RecordId(const Workspace& workspace, const StoredQuality& record) {
  // The subject without its workspace: "teams/kr".
  return absl::StrCat(workspace.name, "/", record.day(), "/",
                      absl::string_view(record.subject()).substr(workspace.name.size() + 1), "/",
                      record.work_type());
}

absl::string_view CollectionOf(v1::GetQualityReportRequest::By by) {
  switch (by) {
    case v1::GetQualityReportRequest::BY_EXPERT:
      return "/experts/";
    case v1::GetQualityReportRequest::BY_ORGANIZATION:
      return "/organizations/";
    default:
      return "/teams/";
  }
}

bool SeesOthers(const Call& call) {
  partition::Roles roles;
  for (const auto role : {type::v1::ROLE_LEAD, type::v1::ROLE_ADMIN, type::v1::ROLE_AUDITOR,
                          type::v1::ROLE_FINANCE, type::v1::ROLE_SERVICE}) {
    roles.Add(role);
  }
  return call.grant.roles.Intersects(roles);
}

std::string Percent(const v1::Share& share) {
  return absl::StrFormat("%.1f %% (%.1f to %.1f %%, 95 %%) of %d", share.value() * 100,
                         share.low() * 100, share.high() * 100, share.of());
}

}  // namespace

StoredQuality& Core::QualityOf(Step& step, Workspace& workspace, int64_t day,
                               const std::string& subject, const std::string& work_type) {
  // One at a time: what is counted makes room for itself.
  if (!workspace.qualities.empty() &&
      std::get<0>(workspace.qualities.begin()->first) <= DayOf(step.now) - kDaysKept) {
    auto oldest = workspace.qualities.begin();
    step.changes.Erase("quality", RecordId(workspace, oldest->second));
    workspace.qualities.erase(oldest);
  }
  StoredQuality& record = workspace.qualities[{day, subject, work_type}];
  record.set_subject(subject);
  record.set_work_type(work_type);
  record.set_day(day);
  return record;
}

// Takes back what the review had added and adds what it comes to now.
void Core::Measure(Step& step, Entry& entry) {
  const v1::Review& review = entry.review();
  std::optional<StoredQuality> now = ContributionOf(review, entry.record.escaped());
  if (!now.has_value()) return;
  const bool counted = entry.record.has_measured();
  StoredQuality before = entry.record.measured();
  now->set_day(counted ? before.day() : DayOf(step.now));
  if (counted && now->SerializeAsString() == before.SerializeAsString()) return;
  Workspace& workspace = *entry.workspace;
  const auto count = [&](const StoredQuality& one, int sign) {
    if (one.day() <= DayOf(step.now) - kDaysKept) return;  // forgotten already
    const auto add = [&](const std::string& subject, const StoredQuality& counts) {
      if (subject.empty()) return;
      StoredQuality& record = QualityOf(step, workspace, one.day(), subject, review.work_type());
      Add(counts, sign, record);
      step.changes.Put("quality", RecordId(workspace, record), record);
    };
    add(review.doer(), one);
    add(review.doer_team(), one);
    const auto* team = roster_.Find<registry::Team>(review.doer_team());
    // Whose team it was then: a team that moves takes its past results along.
    if (team != nullptr) add(team->organization(), one);
    StoredQuality gave;
    gave.set_gave(1);
    gave.set_missed(one.escaped());
    for (const std::string& approver : one.approvers()) add(approver, gave);
  };
  if (counted) count(before, -1);
  count(*now, 1);
  *entry.record.mutable_measured() = std::move(*now);
  step.Touch(entry);
}

// The item was reopened after its result had been approved.
void Core::Escaped(Step& step, Entry& entry) {
  if (entry.review().state() != v1::Review::STATE_APPROVED &&
      entry.review().state() != v1::Review::STATE_PROVISIONAL) {
    return;
  }
  entry.record.set_escaped(true);
  Measure(step, entry);
}

absl::StatusOr<v1::GetQualityReportResponse> Core::GetQualityReport(
    const Call& call, const v1::GetQualityReportRequest& request) const {
  if (request.has_start_time() && request.has_end_time() &&
      ToTime(request.end_time()) <= ToTime(request.start_time())) {
    return InvalidField("end_time", "is not after start_time");
  }
  if (!SeesOthers(call) && (request.by() != v1::GetQualityReportRequest::BY_EXPERT ||
                            request.subject() != call.grant.expert || call.grant.expert.empty())) {
    return Refuse(Reason::REASON_NOT_YOURS, "one's own figures alone are for everybody",
                  {{"field", "subject"}});
  }
  v1::GetQualityReportResponse response;
  const Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr) return response;
  const int64_t from = request.has_start_time() ? DayOf(ToTime(request.start_time())) : 0;
  const int64_t to =
      request.has_end_time() ? DayOf(ToTime(request.end_time())) : DayOf(call.now) + 1;
  const absl::string_view collection = CollectionOf(request.by());
  std::map<std::string, StoredQuality> subjects;
  StoredQuality total;
  for (auto it = workspace->qualities.lower_bound({from, "", ""});
       it != workspace->qualities.end() && std::get<0>(it->first) < to; ++it) {
    const StoredQuality& day = it->second;
    if (!absl::StrContains(day.subject(), collection)) continue;
    if (!request.subject().empty() && day.subject() != request.subject()) continue;
    if (!request.work_type().empty() && day.work_type() != request.work_type()) continue;
    if (!VisibleSubject(call, day.subject())) continue;
    StoredQuality& subject = subjects[day.subject()];
    subject.set_subject(day.subject());
    Add(day, 1, subject);
    Add(day, 1, total);
  }
  for (const auto& [name, counts] : subjects) {
    if (response.qualities_size() == kMaxSubjects) break;
    *response.add_qualities() = FiguresOf(counts);
  }
  *response.mutable_total() = FiguresOf(total);
  return response;
}

// Who is confined to an organization sees its people, its teams and itself.
bool Core::VisibleSubject(const Call& call, const std::string& subject) const {
  const std::string& own = call.grant.organization;
  if (own.empty() || subject == own) return true;
  if (const auto* team = roster_.Find<registry::Team>(subject)) return team->organization() == own;
  const auto* expert = roster_.Find<registry::Expert>(subject);
  return expert != nullptr && roster_.OrganizationOf(*expert) == own;
}

absl::StatusOr<v1::GetAgreementResponse> Core::GetAgreement(
    const Call& call, const v1::GetAgreementRequest& request) const {
  if (request.seed() < 0) return InvalidField("seed", "is negative");
  std::vector<const v1::Review*> reviews;
  const Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace != nullptr) {
    int looks = 0;
    for (auto it = workspace->by_sequence.rbegin();
         it != workspace->by_sequence.rend() && reviews.size() < kMaxPairs &&
         looks < kMaxReviewsLookedAt;
         ++it, ++looks) {
      const v1::Review& review = it->second->review();
      if (!review.double_review() || !JudgedTwice(review) || !Visible(call, review)) continue;
      if (!request.policy().empty() && review.policy() != request.policy()) continue;
      if (request.has_start_time() &&
          (!review.has_decide_time() ||
           ToTime(review.decide_time()) < ToTime(request.start_time()))) {
        continue;
      }
      const bool took_part =
          request.reviewer().empty() ||
          std::any_of(review.opinions().begin(), review.opinions().end(),
                      [&](const v1::Opinion& o) { return o.reviewer() == request.reviewer(); });
      if (took_part) reviews.push_back(&review);
    }
  }
  // In the order of the results, so that the seed decides alone.
  std::reverse(reviews.begin(), reviews.end());
  return AgreementOf(reviews, static_cast<uint64_t>(std::max<int64_t>(request.seed(), 1)));
}

absl::StatusOr<v1::ProposeSkillEvidenceResponse> Core::ProposeSkillEvidence(
    const Call& call, const v1::ProposeSkillEvidenceRequest& request) const {
  if (roster_.Find<registry::Expert>(request.name()) == nullptr ||
      !VisibleSubject(call, request.name())) {
    return NotFound(request.name());
  }
  v1::GetQualityReportRequest asked;
  asked.set_parent(call.workspace);
  asked.set_by(v1::GetQualityReportRequest::BY_EXPERT);
  asked.set_subject(request.name());
  asked.set_work_type(request.work_type());
  if (request.has_start_time()) *asked.mutable_start_time() = request.start_time();
  TL_ASSIGN_OR_RETURN(const v1::GetQualityReportResponse report, GetQualityReport(call, asked));
  v1::ProposeSkillEvidenceResponse response;
  v1::Quality& quality = *response.mutable_quality();
  quality = report.total();
  quality.set_subject(request.name());
  response.set_bearing(BearingOf(quality));
  registry::Evidence& evidence = *response.mutable_evidence();
  evidence.set_uri(absl::StrCat("tideline:review/quality/", request.name()));
  *evidence.mutable_time() = ToProto(call.now);
  evidence.set_description(
      quality.first_pass_yield().of() == 0
          ? "no first result was judged"
          : absl::StrCat("first-pass yield ", Percent(quality.first_pass_yield()), " judged",
                         request.work_type().empty() ? "" : ", work type ", request.work_type(),
                         quality.escaped().of() == 0 ? ""
                                                     : absl::StrCat("; reopened after approval: ",
                                                                    Percent(quality.escaped()))));
  return response;
}

}  // namespace tideline::review
