// SPDX-License-Identifier: Apache-2.0
#include "tests/chaos/town.h"

#include <signal.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <utility>

#include "absl/strings/strip.h"
#include "absl/synchronization/notification.h"
#include "common/base/status_macros.h"

namespace tideline::chaos {

namespace registry = skill_registry::v1;

absl::Duration Town::Monotonic() {
  return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

void Town::Pause(absl::Duration time) {
  absl::Notification never;
  never.WaitForNotificationWithTimeout(time);
}

Town::Town(testing::RedisServer& redis, std::vector<std::string> services)
    : redis_(redis),
      gate_(folder_.path() + "/gate", std::string(absl::StripPrefix(redis.url(), "unix://"))),
      services_(std::move(services)),
      registry_(registry::SkillRegistryService::NewStub(ChannelTo("skill_registry"))) {
  for (const std::string& service : services_) pids_[service] = -1;
}

// Comes back quickly after its server does, and leaves a busy machine the time to shake hands.
std::shared_ptr<grpc::Channel> Town::ChannelTo(const std::string& service) const {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 20);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  return grpc::CreateCustomChannel(AddressOf(service), grpc::InsecureChannelCredentials(),
                                   arguments);
}

void Town::StartAll() {
  for (const std::string& service : services_) Start(service);
}

void Town::Start(const std::string& service) {
  std::string program = absl::StrCat("tideline-", service);
  std::replace(program.begin(), program.end(), '_', '-');
  std::string peers = "--peers=";
  for (const std::string& peer : services_) {
    absl::StrAppend(&peers, peers.back() == '=' ? "" : ",", peer, "=", AddressOf(peer));
  }
  processes_[service] = std::make_unique<testing::Process>(
      program,
      std::vector<std::string>{absl::StrCat("--store=unix://", folder_.path(), "/gate"),
                               "--partitions=1", absl::StrCat("--listen=", AddressOf(service)),
                               "--metrics_listen=", "--replica=one", peers},
      absl::StrCat(folder_.path(), "/", service, ".log"));
  pids_[service] = processes_[service]->pid();
}

void Town::Kill(const std::string& victim) {
  if (victim == kRedis) return redis_.Kill();
  const pid_t pid = pids_.at(victim);
  if (pid > 0) ::kill(pid, SIGKILL);
}

void Town::Revive(const std::string& victim) {
  if (victim == kRedis) return redis_.Restart();
  processes_.at(victim)->Wait();
  Start(victim);
}

std::string Town::Logs() const {
  std::string all;
  for (const auto& [service, process] : processes_) {
    std::ifstream in(absl::StrCat(folder_.path(), "/", service, ".log"));
    std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    absl::StrAppend(&all, "--- ", service, "\n",
                    text.size() > 2000 ? text.substr(text.size() - 2000) : text);
  }
  return all;
}

absl::Status Town::MakeTeams(const std::vector<std::string>& teams) {
  registry::CreateWorkspaceRequest workspace;
  workspace.mutable_workspace()->set_name(kWorkspace);
  TL_RETURN_IF_ERROR(Do(*registry_, &Registry::CreateWorkspace, workspace).status());
  registry::CreateOrganizationRequest organization;
  organization.set_parent(kWorkspace);
  organization.set_organization_id("vendor");
  organization.mutable_organization()->set_kind(registry::Organization::KIND_VENDOR);
  TL_RETURN_IF_ERROR(Do(*registry_, &Registry::CreateOrganization, organization).status());
  registry::CreateSiteRequest site;
  site.set_parent(kWorkspace);
  site.set_site_id("krakow");
  site.mutable_site()->set_country("PL");
  site.mutable_site()->set_time_zone("Europe/Warsaw");
  TL_RETURN_IF_ERROR(Do(*registry_, &Registry::CreateSite, site).status());
  for (const std::string& id : teams) {
    registry::CreateTeamRequest team;
    team.set_parent(kWorkspace);
    team.set_team_id(id);
    team.mutable_team()->set_organization(Name("organizations", "vendor"));
    team.mutable_team()->set_site(Name("sites", "krakow"));
    TL_RETURN_IF_ERROR(Do(*registry_, &Registry::CreateTeam, team).status());
  }
  return absl::OkStatus();
}

absl::Status Town::MakePerson(const std::string& id, const std::string& team, bool available) {
  registry::CreateExpertRequest request;
  request.set_parent(kWorkspace);
  request.set_expert_id(id);
  request.mutable_expert()->set_person(id);
  request.mutable_expert()->set_team(Name("teams", team));
  request.mutable_expert()->set_capacity_units(1000000);
  TL_RETURN_IF_ERROR(Do(*registry_, &Registry::CreateExpert, request).status());
  registry::SetPresenceRequest presence;
  presence.set_name(Name("experts", absl::StrCat(id, "/presence")));
  presence.set_state(available ? registry::Presence::STATE_AVAILABLE
                               : registry::Presence::STATE_OFFLINE);
  return Do(*registry_, &Registry::SetPresence, presence).status();
}

}  // namespace tideline::chaos
