// SPDX-License-Identifier: Apache-2.0
#include "tests/chaos/handoff_town.h"

#include <signal.h>

#include <chrono>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/synchronization/notification.h"
#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "tests/support/accountability.h"

namespace tideline::chaos {
namespace {

namespace registry = skill_registry::v1;
namespace routing = work_routing::v1;
namespace handoffs = handoff::v1;
using handoffs::Handoff;
using routing::WorkItem;

constexpr char kWorkspace[] = "workspaces/acme";
constexpr absl::Duration kAttempt = absl::Milliseconds(1500);
constexpr absl::Duration kBetweenAttempts = absl::Milliseconds(15);

std::string Name(absl::string_view collection, absl::string_view id) {
  return absl::StrCat(kWorkspace, "/", collection, "/", id);
}

absl::Duration Monotonic() {
  return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

// Comes back quickly after its server does, and leaves a busy machine the time to shake hands.
std::shared_ptr<grpc::Channel> ChannelTo(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 20);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

void Pause(absl::Duration time) {
  absl::Notification never;
  never.WaitForNotificationWithTimeout(time);
}

}  // namespace

const char* HandoffTown::NameOf(Victim victim) {
  switch (victim) {
    case Victim::kHandoff:
      return "handoff";
    case Victim::kWorkRouting:
      return "work_routing";
    case Victim::kRedis:
      return "redis";
  }
  return "?";
}

HandoffTown::HandoffTown(testing::RedisServer& redis)
    : redis_(redis),
      gate_(folder_.path() + "/gate", std::string(absl::StripPrefix(redis.url(), "unix://"))) {
  for (const char* service : {"skill_registry", "work_routing", "handoff"}) pids_[service] = -1;
  std::get<0>(stubs_) =
      registry::SkillRegistryService::NewStub(ChannelTo(AddressOf("skill_registry")));
  std::get<1>(stubs_) = routing::WorkRoutingService::NewStub(ChannelTo(AddressOf("work_routing")));
  std::get<2>(stubs_) = handoffs::HandoffService::NewStub(ChannelTo(AddressOf("handoff")));
}

absl::Status HandoffTown::Open() {
  for (const char* service : {"skill_registry", "work_routing", "handoff"}) Start(service);
  return MakeScene();
}

void HandoffTown::Start(const std::string& service) {
  std::string program = absl::StrCat("tideline-", service);
  std::replace(program.begin(), program.end(), '_', '-');
  processes_[service] = std::make_unique<testing::Process>(
      program,
      std::vector<std::string>{absl::StrCat("--store=unix://", folder_.path(), "/gate"),
                               "--partitions=1", absl::StrCat("--listen=", AddressOf(service)),
                               "--metrics_listen=", "--replica=one",
                               absl::StrCat("--peers=skill_registry=", AddressOf("skill_registry"),
                                            ",work_routing=", AddressOf("work_routing"))},
      absl::StrCat(folder_.path(), "/", service, ".log"));
  pids_[service] = processes_[service]->pid();
}

void HandoffTown::Kill(Victim victim) {
  if (victim == Victim::kRedis) return redis_.Kill();
  const pid_t pid = pids_.at(NameOf(victim));
  if (pid > 0) ::kill(pid, SIGKILL);
}

void HandoffTown::Revive(Victim victim) {
  if (victim == Victim::kRedis) return redis_.Restart();
  processes_.at(NameOf(victim))->Wait();
  Start(NameOf(victim));
}

std::string HandoffTown::Logs() const {
  std::string all;
  for (const auto& [service, process] : processes_) {
    std::ifstream in(absl::StrCat(folder_.path(), "/", service, ".log"));
    std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    absl::StrAppend(&all, "--- ", service, "\n",
                    text.size() > 2000 ? text.substr(text.size() - 2000) : text);
  }
  return all;
}

template <class Stub, class Request, class Response>
absl::StatusOr<Response> HandoffTown::Call(grpc::Status (Stub::*method)(grpc::ClientContext*,
                                                                        const Request&, Response*),
                                           const Request& request) {
  const absl::Duration give_up = Monotonic() + kPatience;
  for (;;) {
    grpc::ClientContext context;
    rpc::Prepare({.timeout = kAttempt, .after = &seen_}, context);
    context.set_wait_for_ready(true);  // a call that waits also drives the connection
    Response response;
    const absl::Status status = rpc::FromGrpc(
        (std::get<std::unique_ptr<Stub>>(stubs_).get()->*method)(&context, request, &response));
    if (status.ok()) {
      seen_.Note(context);
      return response;
    }
    if (rpc::IsDefinite(status)) return status;
    if (Monotonic() > give_up) return status;
    Pause(kBetweenAttempts);
  }
}

template <class Stub, class Request, class Response>
absl::StatusOr<Response> HandoffTown::Do(grpc::Status (Stub::*method)(grpc::ClientContext*,
                                                                      const Request&, Response*),
                                         Request request) {
  request.set_request_id(absl::StrCat("town-", ++last_id_));
  return Call(method, request);
}

absl::Status HandoffTown::MakePerson(const std::string& id, const std::string& team,
                                     bool available) {
  registry::CreateExpertRequest request;
  request.set_parent(kWorkspace);
  request.set_expert_id(id);
  request.mutable_expert()->set_person(id);
  request.mutable_expert()->set_team(Name("teams", team));
  request.mutable_expert()->set_capacity_units(1000000);
  TL_RETURN_IF_ERROR(Do(&Registry::CreateExpert, request).status());
  registry::SetPresenceRequest presence;
  presence.set_name(Name("experts", absl::StrCat(id, "/presence")));
  presence.set_state(available ? registry::Presence::STATE_AVAILABLE
                               : registry::Presence::STATE_OFFLINE);
  return Do(&Registry::SetPresence, presence).status();
}

// Items go to the giver at once: nobody else is there. The receiver is of another team.
absl::Status HandoffTown::MakeScene() {
  registry::CreateWorkspaceRequest workspace;
  workspace.mutable_workspace()->set_name(kWorkspace);
  TL_RETURN_IF_ERROR(Do(&Registry::CreateWorkspace, workspace).status());
  registry::CreateOrganizationRequest organization;
  organization.set_parent(kWorkspace);
  organization.set_organization_id("vendor");
  organization.mutable_organization()->set_kind(registry::Organization::KIND_VENDOR);
  TL_RETURN_IF_ERROR(Do(&Registry::CreateOrganization, organization).status());
  registry::CreateSiteRequest site;
  site.set_parent(kWorkspace);
  site.set_site_id("krakow");
  site.mutable_site()->set_country("PL");
  site.mutable_site()->set_time_zone("Europe/Warsaw");
  TL_RETURN_IF_ERROR(Do(&Registry::CreateSite, site).status());
  for (const char* id : {"day", "night"}) {
    registry::CreateTeamRequest team;
    team.set_parent(kWorkspace);
    team.set_team_id(id);
    team.mutable_team()->set_organization(Name("organizations", "vendor"));
    team.mutable_team()->set_site(Name("sites", "krakow"));
    TL_RETURN_IF_ERROR(Do(&Registry::CreateTeam, team).status());
  }
  TL_RETURN_IF_ERROR(MakePerson("giver", "day", true));
  TL_RETURN_IF_ERROR(MakePerson("receiver", "night", false));
  routing::CreateQueueRequest queue;
  queue.set_parent(kWorkspace);
  queue.set_queue_id("searches");
  queue.mutable_queue()->set_home_team(Name("teams", "day"));
  queue.mutable_queue()->mutable_policy()->set_mode(routing::QueuePolicy::MODE_AUTO_ASSIGN);
  queue.mutable_queue()->mutable_policy()->set_holding(routing::QueuePolicy::HOLDING_KEEP);
  return Do(&Routing::CreateQueue, queue).status();
}

absl::StatusOr<WorkItem> HandoffTown::NewItem() {
  routing::SubmitWorkItemRequest request;
  request.set_parent(kWorkspace);
  request.mutable_work_item()->set_queue(Name("queues", "searches"));
  request.mutable_work_item()->set_title("A search");
  TL_ASSIGN_OR_RETURN(auto response, Do(&Routing::SubmitWorkItem, request));
  if (response.work_item().custody().holder() != Name("experts", "giver")) {
    return absl::InternalError(
        absl::StrCat("the giver does not get it: ", response.work_item().ShortDebugString()));
  }
  return response.work_item();
}

// handoff is asked first: it says TRANSFERRED only after custody has moved. Then it is asked again:
// custody moves only after it says ACKNOWLEDGED.
absl::Status HandoffTown::Look(const std::string& item, const std::string& handoff,
                               bool* transferred) {
  handoffs::GetHandoffRequest ask;
  ask.set_name(handoff);
  routing::GetWorkItemRequest get;
  get.set_name(item);
  TL_ASSIGN_OR_RETURN(const auto before, Call(&Handoffs::GetHandoff, ask));
  TL_ASSIGN_OR_RETURN(const auto between, Call(&Routing::GetWorkItem, get));
  TL_ASSIGN_OR_RETURN(const auto after, Call(&Handoffs::GetHandoff, ask));
  const std::string& holder = between.work_item().custody().holder();
  *transferred = before.handoff().state() == Handoff::STATE_TRANSFERRED;
  const Handoff::State then = after.handoff().state();
  const bool moved = holder == Name("experts", "receiver");
  if (!moved && holder != Name("experts", "giver")) {
    return absl::InternalError(absl::StrCat(item, " is held by '", holder, "'"));
  }
  if (*transferred && !moved) {
    return absl::InternalError(absl::StrCat(handoff, " is TRANSFERRED, and the giver has ", item));
  }
  if (then != Handoff::STATE_TRANSFERRED && then != Handoff::STATE_ACKNOWLEDGED) {
    return absl::InternalError(
        absl::StrCat(handoff, " is ", after.handoff().ShortDebugString(), " after its read-back"));
  }
  return absl::OkStatus();
}

absl::Status HandoffTown::Hand(const WorkItem& item) {
  handoffs::ProposeHandoffRequest propose;
  propose.set_parent(kWorkspace);
  Handoff& handoff = *propose.mutable_handoff();
  handoff.set_work_item(item.name());
  handoff.set_custody_epoch(item.custody().epoch());
  handoff.mutable_to()->set_expert(Name("experts", "receiver"));
  handoff.set_reason(Handoff::REASON_SHIFT_END);
  handoff.mutable_packet()->set_summary("Half of it is done.");
  TL_ASSIGN_OR_RETURN(const auto proposed, Do(&Handoffs::ProposeHandoff, propose));
  handoffs::AcknowledgeHandoffRequest acknowledge;
  acknowledge.set_name(proposed.handoff().name());
  acknowledge.set_expert(Name("experts", "receiver"));
  acknowledge.set_read_back("I do the other half, and ask when I am stuck.");
  TL_RETURN_IF_ERROR(Do(&Handoffs::AcknowledgeHandoff, acknowledge).status());
  const absl::Duration give_up = Monotonic() + kPatience;
  for (bool transferred = false; !transferred;) {
    TL_RETURN_IF_ERROR(Look(item.name(), proposed.handoff().name(), &transferred));
    if (Monotonic() > give_up) {
      return absl::DeadlineExceededError(
          absl::StrCat(proposed.handoff().name(), " does not complete by itself"));
    }
  }
  return absl::OkStatus();
}

std::string HandoffTown::Examine(const WorkItem& before) {
  routing::GetWorkItemRequest get;
  get.set_name(before.name());
  const auto response = Call(&Routing::GetWorkItem, get);
  if (!response.ok()) return response.status().ToString();
  const WorkItem& item = response->work_item();
  if (item.custody().holder() != Name("experts", "receiver")) return "the receiver has it not";
  if (item.custody().epoch() != before.custody().epoch() + 1 || item.transfer_count() != 1) {
    return absl::StrCat("transferred ", item.transfer_count(), " times, custody epoch from ",
                        before.custody().epoch(), " to ", item.custody().epoch());
  }
  handoffs::ListHandoffsRequest list;
  list.set_parent(kWorkspace);
  list.set_work_item(before.name());
  const auto listed = Call(&Handoffs::ListHandoffs, list);
  if (!listed.ok()) return listed.status().ToString();
  if (listed->handoffs_size() != 1) {
    return absl::StrCat(listed->handoffs_size(), " handoffs instead of one");
  }
  return testing::Untiled(item, absl::InfiniteFuture());
}

}  // namespace tideline::chaos
