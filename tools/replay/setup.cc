// SPDX-License-Identifier: Apache-2.0
#include "tools/replay/setup.h"

#include <functional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "common/base/status_macros.h"
#include "google/protobuf/util/time_util.h"

namespace tideline::replay {
namespace {

namespace registry = skill_registry::v1;
namespace routing = work_routing::v1;
using google::protobuf::util::TimeUtil;

// Rows of one import call; the suite takes 200 rows and 256 KiB at most.
constexpr int kMostRows = 200;
constexpr size_t kMostBytes = 192 << 10;

// A person of a log has as much in hand as the log says; the suite must not say less.
constexpr int kCapacity = 1000000;

// The two sides of the engagement.
constexpr char kClientId[] = "replay-client";
constexpr char kVendorId[] = "replay-vendor";

// Over the longest time between a result and its reopening in a log (31 days), with room: and so
// closed items are kept as long.
constexpr int64_t kReopenWindowSeconds = 366 * 24 * 3600;

class Setup {
 public:
  Setup(Session& session, Crew& crew, const Log& log, const std::vector<ItemPlan>& plans,
        const v1::PolicyFile* policies)
      : session_(session), crew_(crew), log_(log), plans_(plans), policies_(policies) {}

  absl::StatusOr<Session::Position> Run() {
    TL_RETURN_IF_ERROR(MakeWorkspace());
    TL_RETURN_IF_ERROR(MakeOrganization(kClientId, registry::Organization::KIND_CLIENT, ""));
    TL_RETURN_IF_ERROR(MakeOrganization(kVendorId, registry::Organization::KIND_VENDOR, ""));
    if (policies_ != nullptr) {
      for (const v1::Policy& policy : policies_->policies()) {
        TL_RETURN_IF_ERROR(MakePolicy(policy));
      }
    }
    TL_RETURN_IF_ERROR(MakeEngagement());
    TL_RETURN_IF_ERROR(All(log_.organizations.size(), [this](size_t i) {
      return MakeOrganization(log_.organizations[i].id, registry::Organization::KIND_VENDOR,
                              kVendorId);
    }));
    TL_RETURN_IF_ERROR(
        All(log_.sites.size(), [this](size_t i) { return MakeSite(log_.sites[i]); }));
    TL_RETURN_IF_ERROR(
        All(log_.teams.size(), [this](size_t i) { return MakeTeam(log_.teams[i]); }));
    TL_RETURN_IF_ERROR(ImportSkills());
    TL_RETURN_IF_ERROR(ImportExperts());
    return MakeQueue();
  }

 private:
  // Does `make` for each index, several at a time; the first error.
  absl::Status All(size_t count, const std::function<absl::Status(size_t)>& make) {
    absl::Mutex mutex;
    absl::Status first;
    crew_.Run(count, [&](size_t i) {
      absl::Status status = make(i);
      absl::MutexLock lock(&mutex);
      first.Update(std::move(status));
    });
    return first;
  }

  // The common fields of a create call.
  template <class Request>
  Request Create() {
    Request request;
    request.set_parent(session_.workspace());
    request.set_request_id(session_.NextRequestId());
    return request;
  }

  absl::Status MakeWorkspace() {
    registry::CreateWorkspaceRequest request;
    request.mutable_workspace()->set_name(session_.workspace());
    request.mutable_workspace()->set_display_name(absl::StrCat("Replay of ", log_.source));
    request.set_request_id(session_.NextRequestId());
    return session_.Call(&Registry::CreateWorkspace, request).status();
  }

  absl::Status MakeOrganization(absl::string_view id, registry::Organization::Kind kind,
                                absl::string_view owner) {
    auto request = Create<registry::CreateOrganizationRequest>();
    request.set_organization_id(std::string(id));
    request.mutable_organization()->set_display_name(std::string(id));
    request.mutable_organization()->set_kind(kind);
    if (!owner.empty()) {
      request.mutable_organization()->set_owner(session_.Name("organizations", owner));
    }
    return session_.Call(&Registry::CreateOrganization, request).status();
  }

  absl::Status MakePolicy(const v1::Policy& policy) {
    auto calendar = Create<registry::CreateCalendarRequest>();
    calendar.set_calendar_id(policy.id());
    calendar.mutable_calendar()->set_display_name(policy.id());
    *calendar.mutable_calendar()->mutable_rules() = policy.calendar();
    TL_RETURN_IF_ERROR(session_.Call(&Registry::CreateCalendar, calendar).status());
    auto request = Create<registry::CreateSlaPolicyRequest>();
    request.set_sla_policy_id(policy.id());
    request.mutable_sla_policy()->set_display_name(policy.id());
    request.mutable_sla_policy()->set_calendar(session_.Name("calendars", policy.id()));
    *request.mutable_sla_policy()->mutable_rules() = policy.rules();
    return session_.Call(&Registry::CreateSlaPolicy, request).status();
  }

  absl::Status MakeEngagement() {
    auto request = Create<registry::CreateEngagementRequest>();
    request.set_engagement_id(kEngagementId);
    request.mutable_engagement()->set_display_name(absl::StrCat("The work of ", log_.source));
    request.mutable_engagement()->set_client(session_.Name("organizations", kClientId));
    request.mutable_engagement()->set_vendor(session_.Name("organizations", kVendorId));
    if (policies_ != nullptr) {
      request.mutable_engagement()->set_sla_policy(
          session_.Name("slaPolicies", policies_->policies(0).id()));
    }
    return session_.Call(&Registry::CreateEngagement, request).status();
  }

  absl::Status MakeSite(const Site& site) {
    auto request = Create<registry::CreateSiteRequest>();
    request.set_site_id(site.id);
    request.mutable_site()->set_display_name(site.id);
    request.mutable_site()->set_country(site.country);
    request.mutable_site()->set_time_zone(site.time_zone);
    return session_.Call(&Registry::CreateSite, request).status();
  }

  // Without a calendar a team works around the clock, which is all that a log says of its hours.
  absl::Status MakeTeam(const Team& team) {
    auto request = Create<registry::CreateTeamRequest>();
    request.set_team_id(team.id);
    request.mutable_team()->set_display_name(team.id);
    request.mutable_team()->set_organization(
        session_.Name("organizations", log_.organizations[team.organization].id));
    request.mutable_team()->set_site(session_.Name("sites", log_.sites[team.site].id));
    return session_.Call(&Registry::CreateTeam, request).status();
  }

  absl::Status ImportSkills() {
    int64_t row = 0;
    auto request = NextChunk<registry::ImportTaxonomyRequest>("skills", row);
    for (const Skill& skill : log_.skills) {
      registry::Skill& made = *request.add_skills();
      made.set_name(session_.Name("skills", skill.id));
      made.set_display_name(skill.id);
      ++row;
      if (request.skills_size() < kMostRows) continue;
      TL_RETURN_IF_ERROR(Import(&Registry::ImportTaxonomy, request));
      request = NextChunk<registry::ImportTaxonomyRequest>("skills", row);
    }
    return request.skills_size() == 0 ? absl::OkStatus()
                                      : Import(&Registry::ImportTaxonomy, request);
  }

  absl::Status ImportExperts() {
    const std::vector<std::vector<Index>> needed = SkillsNeeded(log_, plans_);
    int64_t row = 0;
    size_t bytes = 0;
    auto request = NextChunk<registry::ImportExpertsRequest>("experts", row);
    for (size_t i = 0; i < log_.experts.size(); ++i) {
      registry::Expert expert = MakeExpert(log_.experts[i], needed[i]);
      const size_t more = expert.ByteSizeLong();
      if (request.experts_size() == kMostRows ||
          (request.experts_size() > 0 && bytes + more > kMostBytes)) {
        TL_RETURN_IF_ERROR(Import(&Registry::ImportExperts, request));
        request = NextChunk<registry::ImportExpertsRequest>("experts", row);
        bytes = 0;
      }
      *request.add_experts() = std::move(expert);
      bytes += more;
      ++row;
    }
    return request.experts_size() == 0 ? absl::OkStatus()
                                       : Import(&Registry::ImportExperts, request);
  }

  registry::Expert MakeExpert(const Expert& expert, const std::vector<Index>& skills) {
    registry::Expert made;
    made.set_name(session_.Name("experts", expert.id));
    made.set_display_name(expert.id);
    made.set_person(expert.id);
    made.set_team(session_.Name("teams", log_.teams[expert.team].id));
    made.set_capacity_units(kCapacity);
    made.set_authority_grade(15);
    for (Index skill : skills) {
      registry::ExpertSkill& one = *made.add_skills();
      one.set_skill(session_.Name("skills", log_.skills[skill].id));
      one.set_level(log_.teams[expert.team].level);
      one.set_stage(registry::SKILL_STAGE_INDEPENDENT);
    }
    return made;
  }

  template <class Request>
  Request NextChunk(absl::string_view import_id, int64_t row) {
    auto request = Create<Request>();
    request.set_import_id(std::string(import_id));
    request.set_first_row(row);
    return request;
  }

  template <class Request, class Response>
  absl::Status Import(grpc::Status (Registry::*method)(grpc::ClientContext*, const Request&,
                                                       Response*),
                      const Request& request) {
    TL_ASSIGN_OR_RETURN(const Response response, session_.Call(method, request, &position_));
    for (const registry::ImportRowResult& result : response.results()) {
      if (result.outcome() != registry::ImportRowResult::OUTCOME_FAILED) continue;
      return absl::FailedPreconditionError(absl::StrCat("row ", result.row(), " of ",
                                                        request.import_id(),
                                                        " is refused: ", result.error().message()));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<Session::Position> MakeQueue() {
    auto request = Create<routing::CreateQueueRequest>();
    request.set_queue_id(kQueueId);
    routing::Queue& queue = *request.mutable_queue();
    queue.set_display_name("Incidents of the log");
    queue.set_home_team(session_.Name("teams", log_.teams.front().id));
    routing::QueuePolicy& policy = *queue.mutable_policy();
    policy.set_mode(routing::QueuePolicy::MODE_PUSH);
    policy.set_holding(routing::QueuePolicy::HOLDING_KEEP);
    policy.set_completion(routing::QueuePolicy::COMPLETION_REVIEWED);
    policy.set_offer_again(true);  // a log has people take again what they had released
    policy.set_max_offers(256);
    policy.set_max_returns(1000);
    *policy.mutable_offer_timeout() = TimeUtil::SecondsToDuration(3600);
    *policy.mutable_reopen_window() = TimeUtil::SecondsToDuration(kReopenWindowSeconds);
    *policy.mutable_retention() = TimeUtil::SecondsToDuration(kReopenWindowSeconds);
    Session::Position routing_position;
    TL_RETURN_IF_ERROR(
        session_.Call(&Routing::CreateQueue, request, position_, &routing_position).status());
    return routing_position;
  }

  Session& session_;
  Crew& crew_;
  const Log& log_;
  const std::vector<ItemPlan>& plans_;
  const v1::PolicyFile* policies_;
  Session::Position position_;
};

}  // namespace

absl::StatusOr<Session::Position> SetUp(Session& session, Crew& crew, const Log& log,
                                        const std::vector<ItemPlan>& plans,
                                        const v1::PolicyFile* policies) {
  return Setup(session, crew, log, plans, policies).Run();
}

}  // namespace tideline::replay
