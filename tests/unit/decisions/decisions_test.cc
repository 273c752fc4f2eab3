// SPDX-License-Identifier: Apache-2.0
// Decisions recorded, listed and undone: chains, failures in the middle, and what stands against
// it.
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/unit/decisions/decision_world.h"

namespace tideline::decision_ledger {
namespace {

using Step = v1::Reversal::Step;

class DecisionsTest : public ::testing::Test {
 protected:
  DecisionsTest() {
    for (const char* id : {"ann", "ben"}) {
      world_.Person(id);
      world_.Grant(id, id);
    }
  }

  std::string Try(const std::string& id, const std::string& more) {
    return Outcome(world_.Decide(id, "ann", more).status());
  }
  std::string On(const std::string& id) {
    return absl::StrCat("depends_on: '", Name("decisions", id), "' ");
  }
  absl::StatusOr<v1::ReverseDecisionResponse> Reverse(const std::string& id,
                                                      const std::string& more = "") {
    return world_.Do(&Core::ReverseDecision,
                     absl::StrCat("name: '", Name("decisions", id), "' reason: 'it was wrong' ",
                                  more.find("requester") == std::string::npos
                                      ? absl::StrCat("requester: '", Expert("ann"), "' ")
                                      : "",
                                  more));
  }
  v1::Decision::State StateOf(const std::string& id) { return world_.Get(id).state(); }

  DecisionWorld world_;
};

TEST_F(DecisionsTest, ADecisionSaysWhoWhenAndOnWhoseAuthority) {
  const auto made = world_.Decide(
      "one", "ann",
      "rationale: 'the goods were broken' alternatives: 'send again' inputs_digest: 'ab12' "
      "expected_impact: 'the client stays'");
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->authority().grant(), Name("authorityGrants", "ann"));
  EXPECT_EQ(made->state(), v1::Decision::STATE_IN_FORCE);
  EXPECT_EQ(made->create_time().seconds(), absl::ToUnixSeconds(world_.now));
  ASSERT_EQ(world_.events().size(), 1u);
  const v1::Event& event = world_.events()[0];
  EXPECT_EQ(event.decision_recorded().decision().rationale(), "the goods were broken");
  EXPECT_EQ(event.header().subject(), made->name());
  ASSERT_TRUE(world_
                  .Do(&Core::ReportOutcome,
                      absl::StrCat("name: '", made->name(), "' observed_impact: 'the client left'"))
                  .ok());
  EXPECT_EQ(world_.Get("one").observed_impact(), "the client left");
  EXPECT_EQ(world_.Get("one").expected_impact(), "the client stays");
}

TEST_F(DecisionsTest, WhatIsNotADecisionIsRefusedByField) {
  const auto field = [&](const std::string& more) {
    return FieldOf(world_.Decide("x", "ann", more).status());
  };
  EXPECT_EQ(field("amount { currency_code: 'E' units: 1 }"), "decision.amount");
  EXPECT_EQ(field("amount { currency_code: 'EUR' units: -1 }"), "decision.amount")
      << "it would make room in a window";
  EXPECT_EQ(field("reversibility: REVERSIBILITY_R1"), "decision.undo_by");
  EXPECT_EQ(field("undo_by { seconds: 1 } reversibility: REVERSIBILITY_R1"), "decision.undo_by");
  EXPECT_EQ(field("undo_by { seconds: 4000000000 }"), "decision.undo_by");
  EXPECT_EQ(field("reversibility: REVERSIBILITY_R3 undo_plan { action: ACTION_TASK }"),
            "decision.undo_plan.action");
  EXPECT_EQ(field("undo_plan { action: ACTION_CANCEL_WORK_ITEM }"), "decision.undo_plan.target");
  EXPECT_EQ(field(On("x")), "decision.depends_on[0]");
  EXPECT_EQ(Try("x", On("x")), "CYCLE");
  EXPECT_EQ(Try("x", On("nothing")), "REFERENCE_NOT_FOUND");
  EXPECT_EQ(Try("x", "engagement: 'workspaces/acme/engagements/none'"), "REFERENCE_NOT_FOUND");
  EXPECT_EQ(Try("x", "work_item: 'workspaces/other/workItems/i'"), "REFERENCE_NOT_FOUND");
  EXPECT_EQ(Outcome(world_.Decide("x", "nobody").status()), "REFERENCE_NOT_FOUND");
  EXPECT_EQ(Try("x", ""), "OK");
  EXPECT_EQ(Try("x", ""), "RESOURCE_EXISTS");
}

TEST_F(DecisionsTest, AnExpertDecidesForThemselves) {
  world_.caller.roles = partition::Roles();
  world_.caller.roles.Add(type::v1::ROLE_EXPERT);
  world_.caller.expert = Expert("ann");
  EXPECT_EQ(Outcome(world_.Decide("a", "ben").status()), "NOT_YOURS");
  EXPECT_EQ(Outcome(world_.Decide("a", "ann").status()), "OK");
}

TEST_F(DecisionsTest, ListsFilterAndPage) {
  for (int i = 0; i < 5; ++i) {
    world_.now += absl::Hours(1);
    ASSERT_TRUE(world_
                    .Decide(absl::StrCat("d", i), i % 2 == 0 ? "ann" : "ben",
                            i == 4 ? "impact_class: IMPACT_CLASS_HIGH" : "")
                    .ok());
  }
  const auto list = [&](const std::string& more) {
    auto response =
        world_.Ask(&Core::ListDecisions, absl::StrCat("parent: 'workspaces/acme' ", more));
    EXPECT_TRUE(response.ok()) << response.status();
    std::string ids;
    for (const v1::Decision& decision : response->decisions()) {
      absl::StrAppend(&ids, decision.name().substr(decision.name().rfind('/') + 1), " ");
    }
    return ids + response->next_page_token().substr(0, 0);
  };
  EXPECT_EQ(list(""), "d0 d1 d2 d3 d4 ");
  EXPECT_EQ(list(absl::StrCat("decider: '", Expert("ben"), "'")), "d1 d3 ");
  EXPECT_EQ(list("min_impact_class: IMPACT_CLASS_HIGH"), "d4 ");
  EXPECT_EQ(list(absl::StrCat("start_time { seconds: ", absl::ToUnixSeconds(world_.now) - 3600,
                              " } end_time { seconds: ", absl::ToUnixSeconds(world_.now), " }")),
            "d3 ");
  auto page = world_.Ask(&Core::ListDecisions, "parent: 'workspaces/acme' page_size: 2");
  EXPECT_EQ(page->decisions_size(), 2);
  EXPECT_EQ(list(absl::StrCat("page_token: '", page->next_page_token(), "'")), "d2 d3 d4 ");
  EXPECT_EQ(
      Outcome(
          world_.Ask(&Core::ListDecisions, "parent: 'workspaces/acme' page_token: 'x'").status()),
      "PAGE_TOKEN_INVALID");
}

TEST_F(DecisionsTest, AVendorSeesItsOwn) {
  world_.Person("cli", "home");
  world_.Grant("cli", "cli");
  ASSERT_TRUE(world_.Decide("ours", "ann").ok());
  ASSERT_TRUE(world_.Decide("theirs", "cli").ok());
  world_.caller.organization = Name("organizations", "vendor");
  auto list = world_.Ask(&Core::ListDecisions, "parent: 'workspaces/acme'");
  ASSERT_EQ(list->decisions_size(), 1);
  EXPECT_EQ(list->decisions(0).name(), Name("decisions", "ours"));
  EXPECT_EQ(
      Outcome(
          world_.Ask(&Core::GetDecision, absl::StrCat("name: '", Name("decisions", "theirs"), "'"))
              .status()),
      "RESOURCE_NOT_FOUND");
}

// Five decisions, each on the one before. The third one's task fails, and is done later.
TEST_F(DecisionsTest, AChainFallsFromItsEndAndGoesOnAfterAFailure) {
  const std::string task = "undo_plan { action: ACTION_TASK } ";
  const std::string cancel = absl::StrCat("undo_plan { action: ACTION_CANCEL_WORK_ITEM target: '",
                                          Name("workItems", "i4"), "' } ");
  ASSERT_EQ(Try("d1", task), "OK");
  ASSERT_EQ(Try("d2", On("d1")), "OK");
  ASSERT_EQ(Try("d3", On("d2") + task), "OK");
  ASSERT_EQ(Try("d4", On("d3") + cancel), "OK");
  ASSERT_EQ(Try("d5", On("d4") + On("d1")), "OK");

  const auto preview =
      world_.Ask(&Core::PreviewReversal, absl::StrCat("name: '", Name("decisions", "d1"), "'"));
  ASSERT_TRUE(preview.ok());
  EXPECT_EQ(preview->obstacles_size(), 0);
  std::string order;
  for (const v1::Decision& one : preview->decisions()) {
    absl::StrAppend(&order, one.name().substr(one.name().rfind('/') + 1), " ");
  }
  EXPECT_EQ(order, "d5 d4 d3 d2 d1 ");

  const auto begun = Reverse("d1");
  ASSERT_TRUE(begun.ok()) << begun.status();
  const std::string name = begun->reversal().name();
  EXPECT_EQ(StateOf("d5"), v1::Decision::STATE_REVERSED) << "nothing was to be done for it";
  EXPECT_EQ(StateOf("d4"), v1::Decision::STATE_REVERSING);
  EXPECT_EQ(world_.Owed(), std::vector<std::string>{"CancelWorkItem i4"});
  EXPECT_EQ(Try("new", On("d1")), "STATE_FORBIDS") << "nothing is built on what falls";

  // The call is refused: stuck, and it says why.
  world_.Settle(Refuse(Reason::REASON_STATE_FORBIDS, "it is completed"));
  v1::Reversal stuck = world_.Reversal(name);
  EXPECT_EQ(stuck.state(), v1::Reversal::STATE_STUCK);
  EXPECT_EQ(stuck.steps(1).state(), Step::STATE_FAILED);
  EXPECT_EQ(stuck.steps(1).detail(), "STATE_FORBIDS: it is completed");
  EXPECT_EQ(stuck.steps(2).state(), Step::STATE_WAITING);
  EXPECT_TRUE(world_.Owed().empty());

  // Tried again, by another call, and done.
  ASSERT_TRUE(world_.Do(&Core::ResumeReversal, absl::StrCat("name: '", name, "'")).ok());
  EXPECT_EQ(Outcome(world_.Do(&Core::ResumeReversal, absl::StrCat("name: '", name, "'")).status()),
            "STATE_FORBIDS");
  EXPECT_EQ(
      Outcome(world_.Do(&Core::CompleteReversalStep, absl::StrCat("name: '", name, "'")).status()),
      "STATE_FORBIDS")
      << "a call under way is nobody's to end";
  ASSERT_EQ(world_.Owed().size(), 1u);
  world_.Settle(absl::OkStatus());
  EXPECT_EQ(StateOf("d4"), v1::Decision::STATE_REVERSED);
  EXPECT_EQ(world_.Reversal(name).steps(1).attempts(), 2);

  // The task of d3 is its decider's; it fails, is done later, and the rest follows.
  EXPECT_EQ(world_.Reversal(name).steps(2).state(), Step::STATE_DUE);
  EXPECT_EQ(world_.Reversal(name).steps(2).owner(), Expert("ann"));
  const auto complete = [&](const std::string& more) {
    return world_.Do(&Core::CompleteReversalStep, absl::StrCat("name: '", name, "' ", more))
        .status();
  };
  EXPECT_EQ(FieldOf(complete("failed: true")), "detail");
  ASSERT_TRUE(complete("failed: true detail: 'the money is gone'").ok());
  EXPECT_EQ(world_.Reversal(name).state(), v1::Reversal::STATE_STUCK);
  ASSERT_TRUE(complete("detail: 'it came back'").ok()) << "done by hand after all";
  EXPECT_EQ(StateOf("d3"), v1::Decision::STATE_REVERSED);
  EXPECT_EQ(StateOf("d2"), v1::Decision::STATE_REVERSED);
  EXPECT_EQ(StateOf("d1"), v1::Decision::STATE_REVERSING);
  ASSERT_TRUE(complete("").ok());
  EXPECT_EQ(world_.Reversal(name).state(), v1::Reversal::STATE_DONE);
  EXPECT_EQ(StateOf("d1"), v1::Decision::STATE_REVERSED);
  EXPECT_EQ(world_.Get("d1").reversal(), name);
  EXPECT_EQ(Outcome(Reverse("d1").status()), "STATE_FORBIDS");
  EXPECT_EQ(Outcome(complete("")), "STATE_FORBIDS");
  // Each was undone once, in order.
  std::string undone;
  for (const v1::Event& event : world_.events()) {
    if (!event.has_decision_reversed()) continue;
    const std::string& subject = event.header().subject();
    absl::StrAppend(&undone, subject.substr(subject.rfind('/') + 1), " ");
  }
  EXPECT_EQ(undone, "d5 d4 d3 d2 d1 ");
}

TEST_F(DecisionsTest, OnlyTheOwnerEndsATask) {
  ASSERT_EQ(
      Try("d", absl::StrCat("undo_plan { action: ACTION_TASK owner: '", Expert("ben"), "' }")),
      "OK");
  const std::string name = Reverse("d")->reversal().name();
  world_.caller.roles = partition::Roles();
  world_.caller.roles.Add(type::v1::ROLE_EXPERT);
  world_.caller.expert = Expert("ann");
  EXPECT_EQ(
      Outcome(world_.Do(&Core::CompleteReversalStep, absl::StrCat("name: '", name, "'")).status()),
      "NOT_YOURS");
  world_.caller.expert = Expert("ben");
  EXPECT_EQ(
      Outcome(world_.Do(&Core::CompleteReversalStep, absl::StrCat("name: '", name, "'")).status()),
      "OK");
}

TEST_F(DecisionsTest, TheUndoWindowCloses) {
  const std::string until = absl::StrCat("reversibility: REVERSIBILITY_R1 undo_by { seconds: ",
                                         absl::ToUnixSeconds(world_.now) + 3600, " }");
  ASSERT_EQ(Try("a", until), "OK");
  ASSERT_EQ(Try("b", until), "OK");
  const std::string by_ben = absl::StrCat("requester: '", Expert("ben"), "' ");
  EXPECT_EQ(Outcome(Reverse("a", by_ben).status()), "NOT_YOURS");
  EXPECT_EQ(
      Outcome(Reverse("a", by_ben + absl::StrCat("agreed_by: '", Expert("ann"), "'")).status()),
      "OK");
  world_.now += absl::Hours(1) + absl::Seconds(1);
  const absl::Status closed = Reverse("b").status();
  EXPECT_EQ(Outcome(closed), "WINDOW_CLOSED");
  EXPECT_EQ(Meta(closed, "decision"), Name("decisions", "b"));
  EXPECT_EQ(StateOf("b"), v1::Decision::STATE_IN_FORCE);
}

TEST_F(DecisionsTest, SomeNeedConsentAndSomeCannotBeUndone) {
  ASSERT_EQ(Try("base", ""), "OK");
  ASSERT_EQ(Try("costly", On("base") + "reversibility: REVERSIBILITY_R2"), "OK");
  EXPECT_EQ(FieldOf(Reverse("base").status()), "agreed_by") << "of what would fall with it";
  EXPECT_EQ(Outcome(Reverse("base", absl::StrCat("agreed_by: '", Expert("ann"), "'")).status()),
            "SAME_PERSON");
  ASSERT_EQ(Try("final", On("costly") + "reversibility: REVERSIBILITY_R3"), "OK");
  const absl::Status refused =
      Reverse("base", absl::StrCat("agreed_by: '", Expert("ben"), "'")).status();
  EXPECT_EQ(Outcome(refused), "STATE_FORBIDS");
  EXPECT_EQ(Meta(refused, "decision"), Name("decisions", "final"));
  EXPECT_EQ(StateOf("base"), v1::Decision::STATE_IN_FORCE);
  const auto preview =
      world_.Ask(&Core::PreviewReversal, absl::StrCat("name: '", Name("decisions", "base"), "'"));
  EXPECT_EQ(preview->obstacles_size(), 2);
}

TEST_F(DecisionsTest, TooManyThatWouldFallAreRefused) {
  ASSERT_EQ(Try("d0", ""), "OK");
  for (size_t i = 1; i <= kMaxFalling; ++i) {
    ASSERT_EQ(Try(absl::StrCat("d", i), On(absl::StrCat("d", i - 1))), "OK");
  }
  EXPECT_EQ(Outcome(Reverse("d0").status()), "QUOTA_EXCEEDED");
  EXPECT_EQ(Outcome(Reverse("d1").status()), "OK");
  EXPECT_EQ(Outcome(Reverse("d0").status()), "OK") << "the others are undone already";
}

}  // namespace
}  // namespace tideline::decision_ledger
