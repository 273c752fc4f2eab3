// SPDX-License-Identifier: Apache-2.0
// What work_routing's Core costs by itself: no rpc, no host, no store. Steps run in batches of 64,
// as under load, and their changes are serialized as for a commit.
//
//   bench-routing [--json FILE] [--experts N] [--items N]
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "services/work_routing/core/core.h"
#include "tideline/skill_registry/v1/events.pb.h"
#include "tideline/work_routing/v1/work_routing_service.pb.h"

namespace tideline::work_routing {
namespace {

namespace registry = skill_registry::v1;

constexpr char kWorkspace[] = "workspaces/bench";
constexpr int kBatch = 64;
constexpr int kSkills = 50;
constexpr int kTeams = 20;

std::string Name(absl::string_view collection, uint64_t n) {
  return absl::StrCat(kWorkspace, "/", collection, "/x", n);
}

class Bench {
 public:
  explicit Bench(int experts) {
    if (!core_.Restored().ok()) std::abort();
    registry::Resource workspace;
    workspace.mutable_workspace()->set_name(kWorkspace);
    Put(workspace, kWorkspace);
    registry::Resource organization;
    organization.mutable_organization()->set_name(Name("organizations", 0));
    Put(organization, Name("organizations", 0));
    for (int i = 0; i < kSkills; ++i) {
      registry::Resource skill;
      skill.mutable_skill()->set_name(Name("skills", i));
      Put(skill, Name("skills", i));
    }
    for (int i = 0; i < kTeams; ++i) {
      registry::Resource team;
      team.mutable_team()->set_name(Name("teams", i));
      team.mutable_team()->set_organization(Name("organizations", 0));
      Put(team, Name("teams", i));
    }
    for (int i = 0; i < experts; ++i) AddExpert(i);
  }

  void AddQueue(int id, v1::QueuePolicy::Mode mode) {
    v1::CreateQueueRequest request;
    request.set_parent(kWorkspace);
    request.set_queue_id(absl::StrCat("x", id));
    request.mutable_queue()->set_home_team(Name("teams", 0));
    v1::QueuePolicy& policy = *request.mutable_queue()->mutable_policy();
    policy.set_mode(mode);
    policy.set_completion(v1::QueuePolicy::COMPLETION_AUTO);
    policy.mutable_offer_timeout()->set_seconds(86400);
    Changes changes(++commit_);
    if (!core_.CreateQueue(NextCall(), request, changes).ok()) std::abort();
  }

  v1::SubmitWorkItemRequest Item(uint64_t n, int queue, bool due) {
    v1::SubmitWorkItemRequest request;
    request.set_parent(kWorkspace);
    v1::WorkItem& item = *request.mutable_work_item();
    item.set_queue(Name("queues", queue));
    item.set_title("Search prior art for a heat pump");
    (*item.mutable_attributes())["payload"] = std::string(300, 'p');
    // Experts have every fifth skill, so these two go together.
    for (uint64_t skill : {n % kSkills, (n + 5) % kSkills}) {
      v1::Requirement& requirement = *item.add_requirements();
      requirement.set_skill(Name("skills", skill));
      requirement.set_min_level(type::v1::LEVEL_PRACTITIONER);
    }
    if (due) {
      item.mutable_due_time()->set_seconds(absl::ToUnixSeconds(now_) + 86400);
      item.mutable_expected_effort()->set_seconds(1800);
    }
    return request;
  }

  // Microseconds per call of `run(i, changes)`, in batches.
  double Time(int items, const std::function<void(int, Changes&)>& run) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < items;) {
      Changes changes(++commit_);
      for (int j = 0; j < kBatch && i < items; ++j) run(i++, changes);
      bytes_ += changes.bytes();
    }
    const std::chrono::duration<double, std::micro> spent =
        std::chrono::steady_clock::now() - start;
    return spent.count() / items;
  }

  Call NextCall() {
    now_ += absl::Microseconds(20);
    Call call;
    call.workspace = kWorkspace;
    call.actor.set_subject("bench");
    call.grant.roles = partition::Roles::All();
    call.now = now_;
    ++chance_;
    call.entropy = {chance_ * 0x9e3779b97f4a7c15ull, chance_};
    return call;
  }

  Core& core() { return core_; }

 private:
  void AddExpert(int i) {
    registry::Resource resource;
    registry::Expert& expert = *resource.mutable_expert();
    expert.set_name(Name("experts", i));
    expert.set_person(absl::StrCat("p", i));
    expert.set_team(Name("teams", i % kTeams));
    expert.set_capacity_units(1'000'000);
    for (int k = 0; k < 10; ++k) {
      registry::ExpertSkill& skill = *expert.add_skills();
      skill.set_skill(Name("skills", (i * 3 + k * 5) % kSkills));
      skill.set_level(static_cast<type::v1::Level>(2 + (i + k) % 3));
      skill.set_stage(registry::SKILL_STAGE_INDEPENDENT);
    }
    Put(resource, expert.name());
    registry::Resource presence;
    presence.mutable_presence()->set_name(absl::StrCat(expert.name(), "/presence"));
    presence.mutable_presence()->set_state(registry::Presence::STATE_AVAILABLE);
    Put(presence, presence.presence().name());
  }

  void Put(const registry::Resource& resource, const std::string& subject) {
    registry::Event event;
    *event.mutable_created()->mutable_resource() = resource;
    event.mutable_header()->set_subject(subject);
    event.mutable_header()->set_workspace(kWorkspace);
    event.mutable_header()->mutable_revision()->set_commit(++registry_commit_);
    const std::string bytes = event.SerializeAsString();
    Changes changes(++commit_);
    if (!core_.Follow(NextCall(), {"skill_registry", {}, bytes}, changes).ok()) std::abort();
  }

  Core core_;
  absl::Time now_ = absl::FromUnixSeconds(1'772'442'000);
  uint64_t commit_ = 0;
  uint64_t registry_commit_ = 0;
  uint64_t chance_ = 0;
  size_t bytes_ = 0;
};

long ResidentKiB() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

int Run(const std::string& json, int experts, int items) {
  Bench bench(experts);
  bench.AddQueue(0, v1::QueuePolicy::MODE_PUSH);
  bench.AddQueue(1, v1::QueuePolicy::MODE_AUTO_ASSIGN);
  bench.AddQueue(2, v1::QueuePolicy::MODE_PULL);
  std::vector<std::pair<std::string, double>> rows;
  // Requests are made beforehand: a service gets them parsed.
  std::vector<v1::SubmitWorkItemRequest> requests;
  const auto submit = [&](const char* row, int queue, bool due, int count) {
    requests.clear();
    for (int i = 0; i < count; ++i) requests.push_back(bench.Item(i, queue, due));
    std::vector<v1::WorkItem> taken;
    taken.reserve(count);
    const double each = bench.Time(count, [&](int i, Changes& changes) {
      auto response = bench.core().SubmitWorkItem(bench.NextCall(), requests[i], changes);
      if (!response.ok()) std::abort();
      taken.push_back(std::move(*response->mutable_work_item()));
    });
    rows.emplace_back(row, each);
    return taken;
  };
  const auto offered = submit("submit_offered_us", 0, false, items);
  submit("submit_offered_due_us", 0, true, items);
  rows.emplace_back("accept_us", bench.Time(items, [&](int i, Changes& changes) {
    v1::AcceptOfferRequest request;
    request.set_name(offered[i].offer().name());
    if (offered[i].has_offer() &&
        !bench.core().AcceptOffer(bench.NextCall(), request, changes).ok()) {
      std::abort();
    }
  }));
  const auto assigned = submit("submit_assigned_us", 1, false, items);
  rows.emplace_back("result_us", bench.Time(items, [&](int i, Changes& changes) {
    v1::SubmitResultRequest request;
    request.set_name(assigned[i].name());
    if (assigned[i].state() == v1::WorkItem::STATE_ASSIGNED &&
        !bench.core().SubmitResult(bench.NextCall(), request, changes).ok()) {
      std::abort();
    }
  }));
  const long before = ResidentKiB();
  const int waiting = items * 10;
  std::vector<v1::SubmitWorkItemRequest> few;
  for (int i = 0; i < 1000; ++i) few.push_back(bench.Item(i, 2, false));
  rows.emplace_back("submit_waiting_us", bench.Time(waiting, [&](int i, Changes& changes) {
    if (!bench.core().SubmitWorkItem(bench.NextCall(), few[i % 1000], changes).ok()) std::abort();
  }));
  rows.emplace_back("bytes_per_waiting_item",
                    1024.0 * static_cast<double>(ResidentKiB() - before) / waiting);
  submit("submit_offered_beside_waiting_us", 0, false, items);
  for (const auto& [name, value] : rows) absl::PrintF("%-34s %10.2f\n", name, value);
  if (json.empty()) return 0;
  std::ofstream out(json);
  out << "{\"experts\": " << experts << ", \"items\": " << items;
  for (const auto& [name, value] : rows) out << ", \"" << name << "\": " << value;
  out << "}\n";
  return out.good() ? 0 : 1;
}

}  // namespace
}  // namespace tideline::work_routing

int main(int argc, char** argv) {
  CLI::App app("What work_routing's Core costs by itself.");
  std::string json;
  int experts = 1000;
  int items = 20'000;
  app.add_option("--json", json, "write the figures to this file");
  app.add_option("--experts", experts, "experts online");
  app.add_option("--items", items, "items of each measurement; ten times as many wait");
  CLI11_PARSE(app, argc, argv);
  return tideline::work_routing::Run(json, experts, items);
}
