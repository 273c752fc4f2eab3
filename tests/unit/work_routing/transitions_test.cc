// SPDX-License-Identifier: Apache-2.0
// Every verb in every state: the state it leads to, or the reason for which it is refused. What is
// not a state below is a refusal.
#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "tests/unit/work_routing/routing_world.h"

namespace tideline::work_routing {
namespace {

// Two experts of two teams; ann answers, bob is not there. Results are judged.
constexpr absl::string_view kTable = R"(
verb         | QUEUED             | OFFERED       | ASSIGNED      | ON_HOLD       | SUBMITTED     | COMPLETED     | PARKED             | CANCELLED
accept       | RESOURCE_NOT_FOUND | ASSIGNED      | OFFER_EXPIRED | OFFER_EXPIRED | OFFER_EXPIRED | OFFER_EXPIRED | RESOURCE_NOT_FOUND | RESOURCE_NOT_FOUND
decline      | RESOURCE_NOT_FOUND | QUEUED        | OFFER_EXPIRED | OFFER_EXPIRED | OFFER_EXPIRED | OFFER_EXPIRED | RESOURCE_NOT_FOUND | RESOURCE_NOT_FOUND
hold         | STATE_FORBIDS      | STATE_FORBIDS | ON_HOLD       | STATE_FORBIDS | STATE_FORBIDS | STATE_FORBIDS | STATE_FORBIDS      | STATE_FORBIDS
resume       | STATE_FORBIDS      | STATE_FORBIDS | STATE_FORBIDS | ASSIGNED      | STATE_FORBIDS | STATE_FORBIDS | STATE_FORBIDS      | STATE_FORBIDS
progress     | STATE_FORBIDS      | STATE_FORBIDS | ASSIGNED      | ON_HOLD       | STATE_FORBIDS | STATE_FORBIDS | STATE_FORBIDS      | STATE_FORBIDS
result       | STATE_FORBIDS      | STATE_FORBIDS | SUBMITTED     | STATE_FORBIDS | STATE_FORBIDS | STATE_FORBIDS | STATE_FORBIDS      | STATE_FORBIDS
approve      | STATE_FORBIDS      | STATE_FORBIDS | STATE_FORBIDS | STATE_FORBIDS | COMPLETED     | STATE_FORBIDS | STATE_FORBIDS      | STATE_FORBIDS
return       | STATE_FORBIDS      | STATE_FORBIDS | STATE_FORBIDS | STATE_FORBIDS | ASSIGNED      | STATE_FORBIDS | STATE_FORBIDS      | STATE_FORBIDS
reopen       | STATE_FORBIDS      | STATE_FORBIDS | STATE_FORBIDS | STATE_FORBIDS | ASSIGNED      | ASSIGNED      | STATE_FORBIDS      | STATE_FORBIDS
release      | STATE_FORBIDS      | STATE_FORBIDS | QUEUED        | QUEUED        | STATE_FORBIDS | STATE_FORBIDS | STATE_FORBIDS      | STATE_FORBIDS
to team      | QUEUED             | QUEUED        | QUEUED        | QUEUED        | STATE_FORBIDS | STATE_FORBIDS | STATE_FORBIDS      | STATE_FORBIDS
to person    | ASSIGNED           | ASSIGNED      | ASSIGNED      | ASSIGNED      | STATE_FORBIDS | STATE_FORBIDS | STATE_FORBIDS      | STATE_FORBIDS
widen        | QUEUED             | STATE_FORBIDS | STATE_FORBIDS | STATE_FORBIDS | STATE_FORBIDS | STATE_FORBIDS | PARKED             | STATE_FORBIDS
reprioritize | QUEUED             | OFFERED       | ASSIGNED      | ON_HOLD       | STATE_FORBIDS | STATE_FORBIDS | PARKED             | STATE_FORBIDS
cancel       | CANCELLED          | CANCELLED     | CANCELLED     | CANCELLED     | CANCELLED     | STATE_FORBIDS | CANCELLED          | CANCELLED
)";

class Scene {
 public:
  // An item in this state.
  explicit Scene(const std::string& state) {
    world.Basics();
    world.AddSkill("magic");
    world.AddExpert("ann", "t1", "law");
    world.AddExpert("bob", "t2", "law");
    world.Offline("bob");
    if (state == "QUEUED") world.Offline("ann");
    v1::QueuePolicy policy;
    policy.set_mode(v1::QueuePolicy::MODE_PUSH);
    policy.set_completion(v1::QueuePolicy::COMPLETION_REVIEWED);
    policy.add_widening_steps()->set_lower_levels(true);
    world.AddQueue("q", policy);
    name = world.Submit("q", state == "PARKED" ? "magic" : "law").name();
    if (state == "CANCELLED") {
      // One that was never offered.
      world.Offline("ann");
      name = world.Submit("q", "law").name();
      EXPECT_EQ(Run("cancel"), "CANCELLED");
    } else if (state == "ASSIGNED" || state == "ON_HOLD" || state == "SUBMITTED" ||
               state == "COMPLETED") {
      EXPECT_EQ(Run("accept"), "ASSIGNED");
      if (state == "ON_HOLD") Run("hold");
      if (state == "SUBMITTED" || state == "COMPLETED") Run("result");
      if (state == "COMPLETED") Run("approve");
    }
    EXPECT_EQ(world.StateOf(name), state);
  }

  // The state after a verb, or the reason of the refusal.
  std::string Run(const std::string& verb) {
    const absl::Status status = Try(verb);
    return status.ok() ? world.StateOf(name) : Outcome(status);
  }

  RoutingWorld world;
  std::string name;

 private:
  template <class Request, class Verb>
  absl::Status Call(Verb verb, const std::function<void(Request&)>& fill = nullptr) {
    Request request;
    request.set_name(name);
    if (fill) fill(request);
    return world.Do(verb, request).status();
  }

  absl::Status Transfer(const std::string& team, const std::string& expert) {
    return Call<v1::TransferWorkItemRequest>(&Core::TransferWorkItem, [&](auto& request) {
      request.set_custody_epoch(world.Get(name).custody().epoch());
      request.set_team(team);
      request.set_expert(expert);
    });
  }

  absl::Status Try(const std::string& verb) {
    if (verb == "accept") {
      return Call<v1::AcceptOfferRequest>(
          &Core::AcceptOffer, [&](auto& request) { request.set_name(name + "/offers/o1"); });
    }
    if (verb == "decline") {
      return Call<v1::DeclineOfferRequest>(&Core::DeclineOffer, [&](auto& request) {
        request.set_name(name + "/offers/o1");
        request.set_reason(v1::DECLINE_REASON_NO_SKILL);
      });
    }
    if (verb == "hold") {
      return Call<v1::HoldWorkItemRequest>(&Core::HoldWorkItem, [](auto& request) {
        request.mutable_hold()->set_reason("waits for the client");
        request.mutable_hold()->set_asked_by("client");
      });
    }
    if (verb == "resume") return Call<v1::ResumeWorkItemRequest>(&Core::ResumeWorkItem);
    if (verb == "progress") {
      return Call<v1::ReportProgressRequest>(
          &Core::ReportProgress, [](auto& request) { request.set_progress_percent(40); });
    }
    if (verb == "result") return Call<v1::SubmitResultRequest>(&Core::SubmitResult);
    if (verb == "approve") return Call<v1::ApproveResultRequest>(&Core::ApproveResult);
    if (verb == "return") {
      return Call<v1::ReturnForReworkRequest>(&Core::ReturnForRework,
                                              [](auto& request) { request.set_reason("again"); });
    }
    if (verb == "reopen") {
      return Call<v1::ReopenWorkItemRequest>(
          &Core::ReopenWorkItem, [](auto& request) { request.set_reason("came back"); });
    }
    if (verb == "release") return Call<v1::ReleaseWorkItemRequest>(&Core::ReleaseWorkItem);
    if (verb == "to team") return Transfer(Team("t2"), "");
    if (verb == "to person") return Transfer("", Expert("bob"));
    if (verb == "widen") return Call<v1::WidenWorkItemRequest>(&Core::WidenWorkItem);
    if (verb == "reprioritize") {
      return Call<v1::ReprioritizeWorkItemRequest>(&Core::ReprioritizeWorkItem, [](auto& request) {
        request.set_priority(type::v1::PRIORITY_HIGH);
      });
    }
    if (verb == "cancel") return Call<v1::CancelWorkItemRequest>(&Core::CancelWorkItem);
    ADD_FAILURE() << "no verb " << verb;
    return absl::OkStatus();
  }
};

std::vector<std::string> Cells(absl::string_view line) {
  std::vector<std::string> cells;
  for (absl::string_view cell : absl::StrSplit(line, '|')) {
    cells.emplace_back(absl::StripAsciiWhitespace(cell));
  }
  return cells;
}

TEST(TransitionTable, HoldsForEveryVerbInEveryState) {
  std::vector<std::string> states;
  int checked = 0;
  for (absl::string_view line : absl::StrSplit(kTable, '\n', absl::SkipWhitespace())) {
    const std::vector<std::string> cells = Cells(line);
    if (states.empty()) {
      states = cells;
      continue;
    }
    ASSERT_EQ(cells.size(), states.size()) << line;
    for (size_t i = 1; i < cells.size(); ++i) {
      SCOPED_TRACE(cells[0] + " while " + states[i]);
      Scene scene(states[i]);
      const std::string before = scene.world.Dump();
      EXPECT_EQ(scene.Run(cells[0]), cells[i]);
      const bool refused = std::find(states.begin(), states.end(), cells[i]) == states.end();
      if (refused) {
        EXPECT_EQ(scene.world.Dump(), before) << "a refusal changed something";
      }
      // Whatever happened, the events tell it.
      EXPECT_EQ(FoldItem(scene.world.events(), scene.name).SerializeAsString(),
                scene.world.Get(scene.name).SerializeAsString());
      ++checked;
    }
  }
  EXPECT_EQ(checked, 15 * 8);
}

}  // namespace
}  // namespace tideline::work_routing
