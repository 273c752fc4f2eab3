// SPDX-License-Identifier: Apache-2.0
#include "tools/tideline/verbs.h"

#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "google/api/resource.pb.h"
#include "tideline/decision_ledger/v1/decision_ledger_service.pb.h"
#include "tideline/handoff/v1/handoff_service.pb.h"
#include "tideline/review/v1/review_service.pb.h"
#include "tideline/skill_registry/v1/skill_registry_service.pb.h"
#include "tideline/sla_monitor/v1/sla_monitor_service.pb.h"
#include "tideline/work_routing/v1/work_routing_service.pb.h"

namespace tideline::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;

const FileDescriptor& Registry() {
  return *skill_registry::v1::CreateWorkspaceRequest::descriptor()->file();
}
const FileDescriptor& Routing() {
  return *work_routing::v1::SubmitWorkItemRequest::descriptor()->file();
}
const FileDescriptor& Monitor() { return *sla_monitor::v1::GetClocksRequest::descriptor()->file(); }

const FileDescriptor& Decisions() {
  return *decision_ledger::v1::RecordDecisionRequest::descriptor()->file();
}

const FileDescriptor& Handoffs() {
  return *handoff::v1::ProposeHandoffRequest::descriptor()->file();
}

const FileDescriptor& Reviews() { return *review::v1::SubmitReviewRequest::descriptor()->file(); }

struct NounRow {
  const char* name;
  const FileDescriptor& (*file)();
  const char* resource;  // its standard methods become create, get, list, update, delete
};

constexpr NounRow kNouns[] = {
    {"workspace", Registry, "Workspace"},
    {"organization", Registry, "Organization"},
    {"site", Registry, "Site"},
    {"calendar", Registry, "Calendar"},
    {"team", Registry, "Team"},
    {"skill", Registry, "Skill"},
    {"expert", Registry, "Expert"},
    {"sla-policy", Registry, "SlaPolicy"},
    {"work-type", Registry, "WorkType"},
    {"engagement", Registry, "Engagement"},
    {"member", Registry, "Member"},
    {"authority-grant", Registry, "AuthorityGrant"},
    {"import", Registry, "Import"},
    {"queue", Routing, "Queue"},
    {"item", Routing, "WorkItem"},
    {"offer", Routing, "Offer"},
    {"restriction", Routing, "Restriction"},
    {"alarm", Routing, "Alarm"},
    {"handoff", Handoffs, "Handoff"},
    {"relay-plan", Handoffs, "RelayPlan"},
    {"handoff-alarm", Handoffs, "HandoffAlarm"},
    {"review", Reviews, "Review"},
    {"review-policy", Reviews, "ReviewPolicy"},
    {"sampling", Reviews, "SamplingState"},
    {"lot", Reviews, "Lot"},
    {"override", Reviews, "Override"},
    {"gold", Reviews, "GoldItem"},
    {"review-alarm", Reviews, "ReviewAlarm"},
    {"nonconformity", Reviews, "Nonconformity"},
    {"sla", Monitor, "Clock"},
    {"decision", Decisions, "Decision"},
    {"reversal", Decisions, "Reversal"},
    {"duty-rule", Decisions, "DutyRule"},
};

struct VerbRow {
  const char* noun;
  const char* verb;
  const FileDescriptor& (*file)();
  const char* rpc;
  std::vector<std::string> positionals;  // empty: what identifies the resource
};

// What does not follow from the resources' standard methods.
const std::vector<VerbRow>& VerbRows() {
  static const auto* const rows = new std::vector<VerbRow>{
      {"workspace", "snapshot", Registry, "Snapshot", {}},
      {"workspace", "watch", Registry, "WatchRoster", {}},
      {"expert", "find", Registry, "FindExperts", {}},
      {"expert", "presence", Registry, "SetPresence", {"name", "state"}},
      {"expert", "get-presence", Registry, "GetPresence", {}},
      {"expert", "list-presences", Registry, "ListPresences", {}},
      {"expert", "assess", Registry, "AssessSkill", {"name", "skill", "level"}},
      {"expert", "endorse", Registry, "EndorseSkill", {"name", "skill"}},
      {"expert", "advance", Registry, "AdvanceSkill", {"name", "skill", "stage"}},
      {"expert", "claim", Routing, "ClaimNext", {"expert"}},
      {"expert", "load", Routing, "GetExpertState", {}},
      {"expert", "responsive", Routing, "MarkResponsive", {}},
      {"queue", "stats", Routing, "GetQueueStats", {}},
      {"item", "submit", Routing, "SubmitWorkItem", {}},
      {"item", "submit-batch", Routing, "BatchSubmitWorkItems", {}},
      {"item", "hold", Routing, "HoldWorkItem", {}},
      {"item", "resume", Routing, "ResumeWorkItem", {}},
      {"item", "reprioritize", Routing, "ReprioritizeWorkItem", {}},
      {"item", "widen", Routing, "WidenWorkItem", {}},
      {"item", "release", Routing, "ReleaseWorkItem", {}},
      {"item", "transfer", Routing, "TransferWorkItem", {}},
      {"item", "find-receiver", Routing, "FindReceiver", {}},
      {"item", "progress", Routing, "ReportProgress", {}},
      {"item", "result", Routing, "SubmitResult", {}},
      {"item", "result-batch", Routing, "BatchSubmitResults", {}},
      {"item", "approve", Routing, "ApproveResult", {}},
      {"item", "return", Routing, "ReturnForRework", {}},
      {"item", "reopen", Routing, "ReopenWorkItem", {}},
      {"item", "cancel", Routing, "CancelWorkItem", {}},
      {"item", "explain", Routing, "ExplainRouting", {}},
      {"item", "snapshot", Routing, "Snapshot", {}},
      {"item", "watch", Routing, "WatchWorkItems", {}},
      {"item", "watch-assignments", Routing, "WatchAssignments", {}},
      {"offer", "accept", Routing, "AcceptOffer", {}},
      {"offer", "accept-batch", Routing, "BatchAccept", {}},
      {"offer", "decline", Routing, "DeclineOffer", {"name", "reason"}},
      {"offer", "watch", Routing, "WatchOffers", {"expert"}},
      {"restriction", "put", Routing, "PutRestriction", {}},
      {"alarm", "clear", Routing, "ClearAlarm", {}},
      {"handoff", "propose", Handoffs, "ProposeHandoff", {}},
      {"handoff", "propose-batch", Handoffs, "BatchProposeHandoffs", {}},
      {"handoff", "acknowledge", Handoffs, "AcknowledgeHandoff", {"name", "read-back"}},
      {"handoff", "decline", Handoffs, "DeclineHandoff", {"name", "reason"}},
      {"handoff", "withdraw", Handoffs, "WithdrawHandoff", {}},
      {"handoff", "forward", Handoffs, "ForwardHandoff", {}},
      {"handoff", "return", Handoffs, "ReturnHandoff", {}},
      {"handoff", "packet", Handoffs, "UpdateHandoffPacket", {}},
      {"handoff", "ask", Handoffs, "AskQuestions", {}},
      {"handoff", "answer", Handoffs, "AnswerQuestion", {"name", "number", "answer"}},
      {"handoff", "rate", Handoffs, "RatePacket", {}},
      {"handoff", "stats", Handoffs, "GetHandoffStats", {}},
      {"handoff", "watch", Handoffs, "WatchHandoffs", {}},
      {"relay-plan", "check", Handoffs, "CheckRelayPlan", {}},
      {"relay-plan", "preview", Handoffs, "PreviewRelay", {"team"}},
      {"handoff-alarm", "clear", Handoffs, "ClearHandoffAlarm", {}},
      {"review", "report", Reviews, "GetQualityReport", {}},
      {"review", "agreement", Reviews, "GetAgreement", {}},
      {"review", "evidence", Reviews, "ProposeSkillEvidence", {}},
      {"nonconformity", "complete", Reviews, "CompleteCorrectiveAction", {}},
      {"nonconformity", "check", Reviews, "CheckCorrectiveAction", {"name", "note"}},
      {"review", "submit", Reviews, "SubmitReview", {"name", "verdict"}},
      {"review", "appeal", Reviews, "AppealReview", {"name", "reason"}},
      {"review", "arbitrate", Reviews, "ArbitrateReview", {"name", "verdict"}},
      {"review", "override", Reviews, "OverrideReview", {"name", "verdict"}},
      {"review-policy", "dry-run", Reviews, "DryRunReviewPolicy", {}},
      {"review", "watch", Reviews, "WatchReviews", {}},
      {"sampling", "resume", Reviews, "ResumeSampling", {"name", "reason"}},
      {"lot", "reproduce", Reviews, "ReproduceSample", {}},
      {"gold", "scores", Reviews, "ListGoldScores", {}},
      {"review-alarm", "clear", Reviews, "ClearReviewAlarm", {}},
      {"decision", "check", Decisions, "CheckAuthority", {"expert", "type"}},
      {"decision", "record", Decisions, "RecordDecision", {}},
      {"decision", "co-sign", Decisions, "CoSignDecision", {}},
      {"decision", "outcome", Decisions, "ReportOutcome", {"name", "observed-impact"}},
      {"decision", "preview-reversal", Decisions, "PreviewReversal", {}},
      {"decision", "reverse", Decisions, "ReverseDecision", {"name", "reason"}},
      {"reversal", "resume", Decisions, "ResumeReversal", {}},
      {"reversal", "complete-step", Decisions, "CompleteReversalStep", {}},
      {"sla", "clocks", Monitor, "GetClocks", {}},
      {"sla", "move-start", Monitor, "MoveClockStart", {}},
      {"sla", "pause", Monitor, "AddPause", {}},
      {"sla", "remove-pause", Monitor, "RemovePause", {"name", "pause"}},
      {"sla", "exclude", Monitor, "SetExclusion", {}},
      {"sla", "at-risk", Monitor, "ListAtRisk", {}},
      {"sla", "breaches", Monitor, "ListBreaches", {}},
      {"sla", "watch", Monitor, "WatchAlerts", {}},
      {"sla", "due", Monitor, "ComputeDueTime", {}},
      {"sla", "dry-run", Monitor, "DryRunPolicy", {}},
      {"sla", "attainment", Monitor, "GetAttainment", {"name", "first-day"}},
      {"sla", "credits", Monitor, "GetCreditStatement", {"name", "day"}},
  };
  return *rows;
}

// What a list shows of a resource. Names come first, because people copy them.
const std::map<std::string, std::vector<std::string>>& ColumnRows() {
  static const auto* const rows = new std::map<std::string, std::vector<std::string>>{
      {"skill_registry.v1.Workspace", {"name", "display_name", "create_time"}},
      {"skill_registry.v1.Organization", {"name", "kind", "owner", "display_name"}},
      {"skill_registry.v1.Site", {"name", "country", "time_zone", "display_name"}},
      {"skill_registry.v1.Team",
       {"name", "organization", "site", "shore", "calendar", "display_name"}},
      {"skill_registry.v1.Skill", {"name", "parents", "synonyms", "display_name"}},
      {"skill_registry.v1.Expert", {"name", "team", "capacity_units", "skills", "display_name"}},
      {"skill_registry.v1.Presence", {"name", "state", "since", "until"}},
      {"skill_registry.v1.Engagement",
       {"name", "client", "vendor", "validity", "sla_policy", "display_name"}},
      {"skill_registry.v1.Member", {"name", "subject", "roles", "organization", "expert"}},
      {"skill_registry.v1.ImportRowResult", {"row", "outcome", "name", "error"}},
      {"work_routing.v1.WorkItem",
       {"name", "state", "queue", "priority", "custody.holder", "latest_start_time", "title"}},
      {"work_routing.v1.Queue",
       {"name", "home_team", "policy.mode", "policy.revision", "display_name"}},
      {"work_routing.v1.Offer", {"name", "state", "expert", "create_time", "expire_time"}},
      {"work_routing.v1.Restriction", {"name", "effect", "source", "until", "reason"}},
      {"work_routing.v1.Alarm", {"name", "kind", "subject", "raise_time", "message"}},
      {"handoff.v1.Handoff",
       {"name", "state", "work_item", "from.team", "receiver.team", "acknowledge_due_time"}},
      {"review.v1.Quality",
       {"subject", "first_pass_yield", "returned", "weighted_defects", "escaped", "missed"}},
      {"review.v1.Nonconformity",
       {"name", "state", "severity", "team", "owner", "due_time", "overdue", "description"}},
      {"handoff.v1.RelayPlan", {"name", "queue", "teams", "display_name"}},
      {"handoff.v1.HandoffAlarm", {"name", "kind", "subject", "raise_time", "message"}},
      {"handoff.v1.RelayStep", {"work_item", "from.expert", "to.team", "shift_end_time"}},
      {"handoff.v1.PairStats",
       {"from_team", "to_team", "proposed", "acknowledged_percent", "acknowledge_p50", "bounced"}},
      {"review.v1.Review",
       {"name", "state", "basis", "work_item", "doer", "verdict", "carried_out", "decide_time"}},
      {"review.v1.ReviewPolicy",
       {"name", "revision", "engagement", "work_type", "impact_class", "display_name"}},
      {"review.v1.SamplingState",
       {"name", "state", "team", "work_type", "accepted_lots", "rejected_lots", "inspected",
        "results", "defective"}},
      {"review.v1.Lot",
       {"name", "state", "inspection", "size", "taken", "sample_size", "acceptance_number",
        "rejection_number", "judged", "defective"}},
      {"review.v1.GoldItem", {"name", "policy", "given", "work_item.title"}},
      {"review.v1.GoldScore",
       {"expert", "done", "right", "wrong_judged", "escapes", "right_judged", "false_alarms"}},
      {"review.v1.Override",
       {"name", "verdict", "review", "expert", "authority_grant", "expire_time", "reason"}},
      {"review.v1.ReviewAlarm", {"name", "kind", "subject", "raise_time", "message"}},
      {"skill_registry.v1.WorkType", {"name", "display_name", "handoff.required_parts"}},
      {"decision_ledger.v1.Decision",
       {"name", "state", "type", "decider", "amount", "choice", "reversibility"}},
      {"decision_ledger.v1.Reversal", {"name", "state", "decision", "requester", "reason"}},
      {"decision_ledger.v1.DutyRule", {"name", "first_type", "second_type", "apart"}},
      {"sla_monitor.v1.Clock",
       {"name", "state", "engagement", "due_time", "outcome", "at_risk", "policy_revision"}},
      {"sla_monitor.v1.Alert", {"name", "kind", "leg", "ground_time", "engagement", "message"}},
      {"sla_monitor.v1.DryRun", {"work_item", "outcome", "actual", "elapsed", "due_time"}},
      {"work_routing.v1.RoutingDecision",
       {"time", "outcome", "expert", "policy_revision", "known", "funnel", "eligible", "scores"}},
  };
  return *rows;
}

const MethodDescriptor* FindRpc(const FileDescriptor& file, const std::string& name) {
  return file.service(0)->FindMethodByName(name);
}

Verb MakeVerb(std::string name, const MethodDescriptor& rpc, std::vector<std::string> positionals) {
  return Verb{std::move(name), &rpc, std::move(positionals), std::string(Comment(rpc.full_name()))};
}

// "SlaPolicies" for SlaPolicy: from the resource's plural "slaPolicies".
std::string Plural(const FileDescriptor& file, const std::string& resource) {
  for (int i = 0; i < file.dependency_count(); ++i) {
    const Descriptor* type = file.dependency(i)->FindMessageTypeByName(resource);
    if (type == nullptr) continue;
    std::string plural = type->options().GetExtension(google::api::resource).plural();
    if (!plural.empty()) plural[0] = absl::ascii_toupper(plural[0]);
    return plural;
  }
  return absl::StrCat(resource, "s");
}

std::string HelpOf(const FileDescriptor& file, const std::string& resource) {
  return std::string(Comment(absl::StrCat(file.package(), ".", resource)));
}

Noun MakeNoun(const NounRow& row) {
  Noun noun{row.name, HelpOf(row.file(), row.resource), {}};
  const std::string resource = row.resource;
  for (const auto& [verb, rpc] : std::vector<std::pair<std::string, std::string>>{
           {"create", "Create" + resource},
           {"get", "Get" + resource},
           {"list", "List" + Plural(row.file(), resource)},
           {"update", "Update" + resource},
           {"delete", "Delete" + resource}}) {
    if (const auto* method = FindRpc(row.file(), rpc)) {
      noun.verbs.push_back(MakeVerb(verb, *method, {}));
    }
  }
  for (const VerbRow& verb : VerbRows()) {
    if (noun.name != verb.noun) continue;
    if (const auto* method = FindRpc(verb.file(), verb.rpc)) {
      noun.verbs.push_back(MakeVerb(verb.verb, *method, verb.positionals));
    }
  }
  return noun;
}

}  // namespace

const std::vector<const ServiceDescriptor*>& Services() {
  static const auto* const services = new std::vector<const ServiceDescriptor*>{
      Registry().service(0), Routing().service(0), Handoffs().service(0),
      Reviews().service(0),  Monitor().service(0), Decisions().service(0)};
  return *services;
}

const std::vector<Noun>& Nouns() {
  static const auto* const nouns = [] {
    auto* all = new std::vector<Noun>;
    for (const NounRow& row : kNouns) all->push_back(MakeNoun(row));
    return all;
  }();
  return *nouns;
}

const std::vector<std::string>& RpcsWithoutVerb() {
  static const auto* const rpcs = new std::vector<std::string>{
      "ImportExperts",   // tideline import experts FILE.csv
      "ImportTaxonomy",  // tideline import skills FILE.csv
  };
  return *rpcs;
}

std::vector<std::string> ColumnsOf(const Descriptor& resource) {
  const std::string name = resource.full_name().substr(std::string("tideline.").size());
  auto it = ColumnRows().find(name);
  return it == ColumnRows().end() ? std::vector<std::string>() : it->second;
}

}  // namespace tideline::cli
