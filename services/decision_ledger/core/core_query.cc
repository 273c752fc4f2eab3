// SPDX-License-Identifier: Apache-2.0
// Reads, and duty rules. Reads change nothing, and each looks at a bounded number of records.
#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/decision_ledger/core/step.h"

namespace tideline::decision_ledger {

namespace {

// As in the seam: 0 is 50, and a page ends at 1,000 elements or 1 MiB.
constexpr int kDefaultPage = 50;
constexpr int kMaxPage = 1000;
constexpr size_t kMaxPageBytes = 1 << 20;
// Decisions a list looks at for one page; a page may be short, and its token goes on.
constexpr int kMaxLooks = 2000;

int PageSize(int asked) { return asked <= 0 ? kDefaultPage : std::min(asked, kMaxPage); }

// A page of a map by name, after the name that the token is.
template <class Map, class Add>
std::string Page(const Map& map, const std::string& token, int size, const Add& add) {
  auto it = token.empty() ? map.begin() : map.upper_bound(token);
  std::string last;
  size_t bytes = 0;
  for (int n = 0; it != map.end() && n < size && bytes < kMaxPageBytes; ++it, ++n) {
    bytes += add(it->second);
    last = it->first;
  }
  return it == map.end() ? std::string() : last;
}

bool Wanted(const v1::ListDecisionsRequest& request, const v1::Decision& decision) {
  const auto& states = request.states();
  const absl::Time taken = ToTime(decision.create_time());
  return (request.decider().empty() || decision.decider() == request.decider()) &&
         (request.type().empty() || decision.type() == request.type()) &&
         (request.engagement().empty() || decision.engagement() == request.engagement()) &&
         (request.work_item().empty() || decision.work_item() == request.work_item()) &&
         (states.empty() ||
          std::find(states.begin(), states.end(), decision.state()) != states.end()) &&
         decision.impact_class() >= request.min_impact_class() &&
         (!request.has_start_time() || taken >= ToTime(request.start_time())) &&
         (!request.has_end_time() || taken < ToTime(request.end_time()));
}

}  // namespace

absl::StatusOr<v1::GetDecisionResponse> Core::GetDecision(
    const Call& call, const v1::GetDecisionRequest& request) const {
  TL_ASSIGN_OR_RETURN(const Entry* entry, GetEntry(call, request.name()));
  v1::GetDecisionResponse response;
  *response.mutable_decision() = entry->decision();
  return response;
}

absl::StatusOr<v1::ListDecisionsResponse> Core::ListDecisions(
    const Call& call, const v1::ListDecisionsRequest& request) const {
  uint64_t after = 0;
  if (!request.page_token().empty() && !absl::SimpleAtoi(request.page_token(), &after)) {
    return InvalidField("page_token", "is not one of this list", Reason::REASON_PAGE_TOKEN_INVALID);
  }
  v1::ListDecisionsResponse response;
  const Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr) return response;
  const BySequence* all = &workspace->by_sequence;
  if (!request.work_item().empty()) {
    auto about = workspace->by_item.find(request.work_item());
    if (about == workspace->by_item.end()) return response;
    all = &about->second;
  }
  const int size = PageSize(request.page_size());
  int looks = 0;
  size_t bytes = 0;
  for (auto it = all->upper_bound(after); it != all->end(); ++it) {
    const v1::Decision& decision = it->second->decision();
    if (Wanted(request, decision) && Visible(call, decision)) {
      *response.add_decisions() = decision;
      bytes += decision.ByteSizeLong();
    }
    if (response.decisions_size() < size && bytes < kMaxPageBytes && ++looks < kMaxLooks) continue;
    if (std::next(it) != all->end()) response.set_next_page_token(absl::StrCat(it->first));
    break;
  }
  return response;
}

absl::StatusOr<v1::GetReversalResponse> Core::GetReversal(
    const Call& call, const v1::GetReversalRequest& request) const {
  TL_ASSIGN_OR_RETURN(const Undoing* undoing, GetUndoing(call, request.name()));
  v1::GetReversalResponse response;
  *response.mutable_reversal() = undoing->reversal();
  return response;
}

absl::StatusOr<v1::ListReversalsResponse> Core::ListReversals(
    const Call& call, const v1::ListReversalsRequest& request) const {
  v1::ListReversalsResponse response;
  const Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr) return response;
  response.set_next_page_token(
      Page(workspace->reversals, request.page_token(), PageSize(request.page_size()),
           [&](const std::unique_ptr<Undoing>& undoing) -> size_t {
             const Entry* entry = FindEntry(undoing->reversal().decision());
             if (entry == nullptr || !Visible(call, entry->decision())) return 0;
             *response.add_reversals() = undoing->reversal();
             return undoing->reversal().ByteSizeLong();
           }));
  return response;
}

absl::StatusOr<v1::CreateDutyRuleResponse> Core::CreateDutyRule(
    const Call& call, const v1::CreateDutyRuleRequest& request, Changes& changes) {
  Workspace& workspace = WorkspaceOf(call.workspace);
  if (request.duty_rule().first_type() == request.duty_rule().second_type()) {
    return InvalidField("duty_rule.second_type", "is the first one again");
  }
  const std::string id = request.duty_rule_id().empty()
                             ? partition::MakeId(call.entropy, changes.Next().index())
                             : request.duty_rule_id();
  const std::string name = absl::StrCat(call.workspace, "/dutyRules/", id);
  if (workspace.rules.contains(name)) {
    return Refuse(Reason::REASON_RESOURCE_EXISTS, "a duty rule of this id exists",
                  {{"rule", name}});
  }
  if (workspace.rules.size() >= kMaxRules) {
    return Refuse(Reason::REASON_QUOTA_EXCEEDED,
                  absl::StrCat("a workspace has at most ", kMaxRules, " duty rules"));
  }
  v1::DutyRule rule = request.duty_rule();
  rule.set_name(name);
  rule.clear_etag();
  rule.clear_create_time();
  rule.clear_update_time();
  v1::Event event;
  *event.mutable_duty_rule_created()->mutable_duty_rule() = rule;
  const type::v1::Revision revision = changes.Raise(call, name, event);
  rule.set_etag(partition::FormatEtag(revision));
  *rule.mutable_create_time() = ToProto(call.now);
  *rule.mutable_update_time() = ToProto(call.now);
  changes.Put("rule", name, rule);
  v1::CreateDutyRuleResponse response;
  *response.mutable_duty_rule() = rule;
  workspace.rules[name] = std::move(rule);
  return response;
}

absl::StatusOr<v1::GetDutyRuleResponse> Core::GetDutyRule(
    const Call& call, const v1::GetDutyRuleRequest& request) const {
  const Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr || !workspace->rules.contains(request.name())) {
    return NotFound(request.name());
  }
  v1::GetDutyRuleResponse response;
  *response.mutable_duty_rule() = workspace->rules.at(request.name());
  return response;
}

absl::StatusOr<v1::ListDutyRulesResponse> Core::ListDutyRules(
    const Call& call, const v1::ListDutyRulesRequest& request) const {
  v1::ListDutyRulesResponse response;
  const Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr) return response;
  response.set_next_page_token(Page(workspace->rules, request.page_token(),
                                    PageSize(request.page_size()), [&](const v1::DutyRule& rule) {
                                      *response.add_duty_rules() = rule;
                                      return rule.ByteSizeLong();
                                    }));
  return response;
}

absl::StatusOr<v1::DeleteDutyRuleResponse> Core::DeleteDutyRule(
    const Call& call, const v1::DeleteDutyRuleRequest& request, Changes& changes) {
  Workspace* workspace = FindWorkspace(call.workspace);
  if (workspace == nullptr || !workspace->rules.contains(request.name())) {
    return NotFound(request.name());
  }
  const std::string& etag = workspace->rules.at(request.name()).etag();
  if (!request.etag().empty() && request.etag() != etag) {
    return Refuse(Reason::REASON_ETAG_MISMATCH, "the duty rule has changed since it was read",
                  {{"etag", etag}});
  }
  v1::Event event;
  event.mutable_duty_rule_deleted();
  changes.Raise(call, request.name(), event);
  changes.Erase("rule", request.name());
  workspace->rules.erase(request.name());
  return v1::DeleteDutyRuleResponse();
}

}  // namespace tideline::decision_ledger
