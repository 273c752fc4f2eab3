// SPDX-License-Identifier: Apache-2.0
// Nonconformities and corrective action (ISO 9001:2015, 10.2). Each has at most one timer: when its
// action, or the check of its effectiveness, is overdue.
#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/page.h"
#include "common/sampling/switching.h"
#include "google/protobuf/util/field_mask_util.h"
#include "services/review/core/step.h"

namespace tideline::review {

namespace registry = skill_registry::v1;

namespace {

// How long a nonconformity may be without a plan, where it does not say; and how long after an
// action its effect is looked for.
constexpr absl::Duration kPlanWithin = absl::Hours(24 * 14);
constexpr absl::Duration kCheckWithin = absl::Hours(24 * 30);
// Open ones of a workspace: beyond that nobody corrects anything.
constexpr size_t kMaxOpen = 10'000;

const char* const kChangeable[] = {"description", "severity",      "subject", "team",
                                   "containment", "cause",         "action",  "owner",
                                   "due_time",    "check_due_time"};

v1::Nonconformity::State PlanStateOf(const v1::Nonconformity& record) {
  return record.action().empty() || record.owner().empty() || !record.has_due_time()
             ? v1::Nonconformity::STATE_OPEN
             : v1::Nonconformity::STATE_PLANNED;
}

absl::Status Required(absl::string_view field, absl::string_view why) {
  return InvalidField(absl::StrCat("nonconformity.", field), why, Reason::REASON_FIELD_REQUIRED);
}

absl::Status Forbids(const v1::Nonconformity& record, absl::string_view why) {
  const std::string state =
      v1::Nonconformity::State_Name(record.state()).substr(sizeof("STATE_") - 1);
  return Refuse(Reason::REASON_STATE_FORBIDS, why,
                {{"state", state}, {"nonconformity", record.name()}});
}

}  // namespace

absl::Time DueOf(const v1::Nonconformity& record) {
  switch (record.state()) {
    case v1::Nonconformity::STATE_OPEN:
    case v1::Nonconformity::STATE_PLANNED:
      return record.has_due_time() ? ToTime(record.due_time())
                                   : ToTime(record.create_time()) + kPlanWithin;
    case v1::Nonconformity::STATE_DONE:
      return record.has_check_due_time() ? ToTime(record.check_due_time())
                                         : ToTime(record.done_time()) + kCheckWithin;
    default:
      return absl::InfiniteFuture();
  }
}

bool Core::VisibleTo(const Call& call, const v1::Nonconformity& record) const {
  if (call.grant.organization.empty()) return true;
  return !record.team().empty() && VisibleSubject(call, record.team());
}

absl::StatusOr<v1::Nonconformity*> Core::GetNonconformityRecord(const Call& call,
                                                                const std::string& name,
                                                                const std::string& etag) const {
  Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr) return NotFound(name);
  auto it = workspace->nonconformities.find(name);
  if (it == workspace->nonconformities.end() || !VisibleTo(call, it->second)) return NotFound(name);
  if (!etag.empty() && etag != it->second.etag()) {
    return Refuse(Reason::REASON_ETAG_MISMATCH, "the nonconformity has changed since it was read",
                  {{"etag", it->second.etag()}});
  }
  return &it->second;
}

// What is said of it; what it refers to must exist.
absl::Status Core::CheckNonconformity(const Call& call, const v1::Nonconformity& input) const {
  if (input.description().empty()) return Required("description", "must be stated");
  if (input.severity() == v1::SEVERITY_UNSPECIFIED) return Required("severity", "must be stated");
  const std::string within = absl::StrCat(call.workspace, "/");
  if (!input.subject().empty() && !absl::StartsWith(input.subject(), within)) {
    return InvalidField("nonconformity.subject", "is of another workspace");
  }
  if (!input.team().empty() && (!absl::StartsWith(input.team(), within) ||
                                roster_.Find<registry::Team>(input.team()) == nullptr)) {
    return ReferenceNotFound("nonconformity.team", input.team());
  }
  if (!input.owner().empty() && (!absl::StartsWith(input.owner(), within) ||
                                 roster_.Find<registry::Expert>(input.owner()) == nullptr)) {
    return ReferenceNotFound("nonconformity.owner", input.owner());
  }
  // Who is confined writes of their own teams, and so sees what they have written.
  if (!VisibleTo(call, input)) {
    return Refuse(Reason::REASON_NOT_YOURS, "state a team of your organization",
                  {{"field", "nonconformity.team"}});
  }
  return absl::OkStatus();
}

void Core::KeepNonconformity(Step& step, Workspace& workspace, v1::Nonconformity record,
                             bool created) {
  const std::string name = record.name();
  auto& slot = workspace.nonconformities[name];
  if (!created) timers_.erase({DueOf(slot), name});
  const absl::Time due = DueOf(record);
  const bool was_overdue = record.overdue();
  record.set_overdue(due <= step.now);
  v1::Event event;
  v1::Nonconformity& told = created
                                ? *event.mutable_nonconformity_created()->mutable_nonconformity()
                                : *event.mutable_nonconformity_changed()->mutable_nonconformity();
  told = record;
  told.clear_etag();
  told.clear_update_time();
  if (created) told.clear_create_time();
  const type::v1::Revision at = step.changes.Raise(step.call, name, event, record.owner());
  record.set_etag(partition::FormatEtag(at));
  *record.mutable_update_time() = ToProto(step.now);
  if (!record.overdue() && due != absl::InfiniteFuture()) timers_.insert({due, name});
  slot = std::move(record);
  step.changes.Put("nonconformity", name, slot);
  if (slot.overdue() && !was_overdue) {
    RaiseAlarm(step, workspace, v1::ReviewAlarm::KIND_ACTION_OVERDUE, name, "",
               slot.state() == v1::Nonconformity::STATE_DONE
                   ? "nobody has checked whether a corrective action was effective"
                   : "corrective action is overdue");
  } else if (was_overdue && !slot.overdue()) {
    ClearAlarm(step, workspace, v1::ReviewAlarm::KIND_ACTION_OVERDUE, name);
  }
}

// Its timer has come.
void Core::OverdueNonconformity(Step& step, Workspace& workspace, const std::string& name) {
  auto it = workspace.nonconformities.find(name);
  if (it == workspace.nonconformities.end()) {
    timers_.erase(timers_.begin());  // cannot be; but a timer that stays would come for ever
    return;
  }
  KeepNonconformity(step, workspace, it->second, false);
}

// What the suite itself finds; one that is open for the same subject is enough.
void Core::OpenNonconformity(Step& step, Workspace& workspace, const std::string& subject,
                             const std::string& team, const std::string& description) {
  for (const auto& [name, record] : workspace.nonconformities) {
    if (record.subject() == subject && record.state() != v1::Nonconformity::STATE_CLOSED) return;
  }
  v1::Nonconformity record;
  record.set_name(absl::StrCat(workspace.name, "/nonconformities/", step.NewId()));
  *record.mutable_create_time() = ToProto(step.now);
  record.set_description(description);
  record.set_severity(v1::SEVERITY_MAJOR);
  record.set_subject(subject);
  record.set_team(team);
  record.set_state(v1::Nonconformity::STATE_OPEN);
  KeepNonconformity(step, workspace, std::move(record), true);
}

// ISO 2859-1, 9.4: the cause for which inspection was discontinued is gone.
void Core::ResumeAfter(Step& step, Workspace& workspace, const v1::Nonconformity& record) {
  auto stream = workspace.streams.find(record.subject());
  if (stream == workspace.streams.end() ||
      stream->second->state().state() != v1::SamplingState::STATE_DISCONTINUED) {
    return;
  }
  const absl::StatusOr<sampling::Step> next =
      sampling::Resume({.severity = sampling::Severity::kTightened, .discontinued = true});
  if (next.ok()) Resume(step, *stream->second, *next);
}

absl::StatusOr<v1::CreateNonconformityResponse> Core::CreateNonconformity(
    const Call& call, const v1::CreateNonconformityRequest& request, Changes& changes) {
  TL_RETURN_IF_ERROR(CheckNonconformity(call, request.nonconformity()));
  Workspace* known = FindWorkspace(call.workspace);
  std::string name;
  if (!request.nonconformity_id().empty()) {
    name = absl::StrCat(call.workspace, "/nonconformities/", request.nonconformity_id());
    if (known != nullptr && known->nonconformities.contains(name)) {
      return Refuse(Reason::REASON_RESOURCE_EXISTS, "there is a nonconformity of this id",
                    {{"name", name}});
    }
  }
  const size_t open =
      known == nullptr
          ? 0
          : static_cast<size_t>(std::count_if(
                known->nonconformities.begin(), known->nonconformities.end(), [](const auto& one) {
                  return one.second.state() != v1::Nonconformity::STATE_CLOSED;
                }));
  if (open >= kMaxOpen) {
    return Refuse(Reason::REASON_QUOTA_EXCEEDED, "too many nonconformities are open; close some");
  }
  Step step(*this, call, changes);
  Workspace& workspace = WorkspaceOf(call.workspace);
  if (name.empty()) name = absl::StrCat(call.workspace, "/nonconformities/", step.NewId());
  v1::Nonconformity record;
  google::protobuf::FieldMask mask;
  for (const char* field : kChangeable) mask.add_paths(field);
  google::protobuf::util::FieldMaskUtil::MergeMessageTo(request.nonconformity(), mask, {}, &record);
  record.set_name(name);
  *record.mutable_create_time() = ToProto(step.now);
  record.set_state(PlanStateOf(record));
  KeepNonconformity(step, workspace, std::move(record), true);
  v1::CreateNonconformityResponse response;
  *response.mutable_nonconformity() = workspace.nonconformities[name];
  return response;
}

absl::StatusOr<v1::GetNonconformityResponse> Core::GetNonconformity(
    const Call& call, const v1::GetNonconformityRequest& request) const {
  TL_ASSIGN_OR_RETURN(const v1::Nonconformity* record,
                      GetNonconformityRecord(call, request.name(), ""));
  v1::GetNonconformityResponse response;
  *response.mutable_nonconformity() = *record;
  return response;
}

absl::StatusOr<v1::ListNonconformitiesResponse> Core::ListNonconformities(
    const Call& call, const v1::ListNonconformitiesRequest& request) const {
  v1::ListNonconformitiesResponse response;
  const Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr) return response;
  const auto& all = workspace->nonconformities;
  const auto wanted = [&](const v1::Nonconformity& record) {
    const auto& states = request.states();
    return (states.empty() ||
            std::find(states.begin(), states.end(), record.state()) != states.end()) &&
           (request.team().empty() || record.team() == request.team()) &&
           (!request.overdue() || record.overdue()) && VisibleTo(call, record);
  };
  auto it = request.page_token().empty() ? all.begin() : all.upper_bound(request.page_token());
  std::string last;
  for (Page page(request.page_size()); it != all.end() && page.Open(); ++it) {
    page.LookAt();
    last = it->first;
    if (!wanted(it->second)) continue;
    *response.add_nonconformities() = it->second;
    page.Take(it->second.ByteSizeLong());
  }
  if (it != all.end()) response.set_next_page_token(last);
  return response;
}

absl::StatusOr<v1::UpdateNonconformityResponse> Core::UpdateNonconformity(
    const Call& call, const v1::UpdateNonconformityRequest& request, Changes& changes) {
  const v1::Nonconformity& input = request.nonconformity();
  TL_ASSIGN_OR_RETURN(const v1::Nonconformity* current,
                      GetNonconformityRecord(call, input.name(), input.etag()));
  google::protobuf::FieldMask mask = request.update_mask();
  if (mask.paths().empty()) {
    for (const char* field : kChangeable) mask.add_paths(field);
  }
  for (const std::string& path : mask.paths()) {
    if (std::find(std::begin(kChangeable), std::end(kChangeable), path) == std::end(kChangeable)) {
      return InvalidField("update_mask", absl::StrCat("'", path, "' cannot be changed"));
    }
  }
  if (current->state() == v1::Nonconformity::STATE_CLOSED) {
    return Forbids(*current, "it is closed; what happens again is another one");
  }
  v1::Nonconformity record = *current;
  for (const std::string& path : mask.paths()) {
    record.GetReflection()->ClearField(&record, record.GetDescriptor()->FindFieldByName(path));
  }
  google::protobuf::util::FieldMaskUtil::MergeMessageTo(input, mask, {}, &record);
  TL_RETURN_IF_ERROR(CheckNonconformity(call, record));
  if (record.state() != v1::Nonconformity::STATE_DONE) record.set_state(PlanStateOf(record));
  Step step(*this, call, changes);
  KeepNonconformity(step, WorkspaceOf(call.workspace), std::move(record), false);
  v1::UpdateNonconformityResponse response;
  *response.mutable_nonconformity() = *current;
  return response;
}

absl::StatusOr<v1::CompleteCorrectiveActionResponse> Core::CompleteCorrectiveAction(
    const Call& call, const v1::CompleteCorrectiveActionRequest& request, Changes& changes) {
  TL_ASSIGN_OR_RETURN(const v1::Nonconformity* current,
                      GetNonconformityRecord(call, request.name(), request.etag()));
  if (current->state() != v1::Nonconformity::STATE_OPEN &&
      current->state() != v1::Nonconformity::STATE_PLANNED) {
    return Forbids(*current, "no action is awaited");
  }
  // 10.2.1 in its order: deal with it, find the cause, remove it.
  if (current->containment().empty()) return Required("containment", "must be stated first");
  if (current->cause().empty()) return Required("cause", "must be stated first");
  if (current->state() == v1::Nonconformity::STATE_OPEN) {
    return Required("action", "action, owner and due time must be stated first");
  }
  Step step(*this, call, changes);
  v1::Nonconformity record = *current;
  record.set_state(v1::Nonconformity::STATE_DONE);
  *record.mutable_done_time() = ToProto(step.now);
  KeepNonconformity(step, WorkspaceOf(call.workspace), std::move(record), false);
  v1::CompleteCorrectiveActionResponse response;
  *response.mutable_nonconformity() = *current;
  return response;
}

absl::StatusOr<v1::CheckCorrectiveActionResponse> Core::CheckCorrectiveAction(
    const Call& call, const v1::CheckCorrectiveActionRequest& request, Changes& changes) {
  TL_ASSIGN_OR_RETURN(const v1::Nonconformity* current,
                      GetNonconformityRecord(call, request.name(), request.etag()));
  if (current->state() != v1::Nonconformity::STATE_DONE) {
    return Forbids(*current, "no action was done that could be checked");
  }
  TL_ASSIGN_OR_RETURN(const std::string checker, WhoActs(call, request.expert()));
  if (SamePerson(roster_, checker, current->owner())) {
    return Refuse(Reason::REASON_SAME_PERSON, "who did it does not judge its effect",
                  {{"expert", checker}, {"field", "expert"}});
  }
  if (request.note().empty()) {
    return InvalidField("note", "must say what shows it", Reason::REASON_FIELD_REQUIRED);
  }
  Step step(*this, call, changes);
  v1::Nonconformity record = *current;
  record.set_checker(checker);
  record.set_check_note(request.note());
  if (request.effective()) {
    record.set_state(v1::Nonconformity::STATE_CLOSED);
    *record.mutable_close_time() = ToProto(step.now);
  } else {
    // Another action is wanted, by another time; what was tried is in the events.
    record.set_failed_actions(record.failed_actions() + 1);
    record.clear_action();
    record.clear_done_time();
    record.clear_check_due_time();
    *record.mutable_due_time() = ToProto(step.now + kPlanWithin);
    record.set_state(v1::Nonconformity::STATE_OPEN);
  }
  Workspace& workspace = WorkspaceOf(call.workspace);
  KeepNonconformity(step, workspace, std::move(record), false);
  if (request.effective()) ResumeAfter(step, workspace, *current);
  v1::CheckCorrectiveActionResponse response;
  *response.mutable_nonconformity() = *current;
  return response;
}

}  // namespace tideline::review
