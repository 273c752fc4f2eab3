// SPDX-License-Identifier: Apache-2.0
#include "tools/replay/fold.h"

#include <gtest/gtest.h>

#include "tests/unit/replay/events.h"

namespace tideline::replay {
namespace {

using Event = work_routing::v1::Event;
using Route = std::vector<std::string>;

Facts FoldOne(const std::vector<Event>& events) {
  Fold fold(kWorkspace);
  for (const Event& event : events) EXPECT_TRUE(fold.Take(event).ok()) << event.DebugString();
  return fold.Facts().at("i");
}

TEST(Fold, CountsChangesOfTheAccountableTeamByWhatTheItemWasIn) {
  ItemEvents i("i");
  const Facts facts = FoldOne({i.Submitted("a"), i.Transferred("b"), i.Offered("b"),
                               i.Transferred("c"), i.Assigned("c"), i.Transferred("a")});
  EXPECT_EQ(facts.route, Route({"a", "b", "c", "a"}));
  EXPECT_EQ(facts.moves_from_queue, 2);
  EXPECT_EQ(facts.moves_from_holder, 1);
  EXPECT_EQ(facts.returns, 1);
  EXPECT_EQ(facts.outcome, Outcome::kOpen);
}

TEST(Fold, DoesNotTakeATransferBetweenPeopleOfATeamForAMove) {
  ItemEvents i("i");
  const Facts facts = FoldOne({i.Submitted("a"), i.Assigned("a"),
                               i.Transferred("a", ItemEvents::WorkItem::STATE_ASSIGNED)});
  EXPECT_EQ(facts.moves(), 0);
}

TEST(Fold, TellsAMoveRightAfterAReopeningFromALaterOne) {
  ItemEvents i("i");
  EXPECT_EQ(FoldOne({i.At(1).Submitted("a"), i.Assigned("a"), i.Result("a"), i.At(5).Reopened("a"),
                     i.Transferred("b")})
                .moves_from_result,
            1);
  ItemEvents j("i");
  EXPECT_EQ(FoldOne({j.At(1).Submitted("a"), j.Assigned("a"), j.Result("a"), j.At(5).Reopened("a"),
                     j.At(6).Transferred("b")})
                .moves_from_queue,
            1);
  ItemEvents k("i");
  EXPECT_EQ(FoldOne({k.At(1).Submitted("a"), k.Assigned("a"), k.Result("a"), k.At(5).Reopened("a"),
                     k.Assigned("a"), k.Transferred("b")})
                .moves_from_holder,
            1);
}

TEST(Fold, CountsResultsTakenBackForAnotherTeamApart) {
  ItemEvents i("i");
  const Facts facts = FoldOne({i.Submitted("a"), i.Assigned("a"), i.Result("a"), i.Completed("a"),
                               i.Reopened("a", kClosedElsewhere), i.Transferred("b"),
                               i.Assigned("b"), i.Result("b"), i.Reopened("b")});
  EXPECT_EQ(facts.closed_elsewhere, 1);
  EXPECT_EQ(facts.reopens, 1);
}

TEST(Fold, TellsHowAnItemEnded) {
  ItemEvents i("i");
  const auto outcome = [](const Event& first, const Event& last) {
    return FoldOne({first, last}).outcome;
  };
  EXPECT_EQ(outcome(i.Submitted("a"), i.Queued("a")), Outcome::kOpen);
  EXPECT_EQ(outcome(i.Submitted("a"), i.Result("a")), Outcome::kAwaitingApproval);
  EXPECT_EQ(outcome(i.Submitted("a"), i.Completed("a")), Outcome::kCompleted);
  EXPECT_EQ(outcome(i.Submitted("a"), i.Cancelled("a")), Outcome::kCancelled);
}

TEST(Fold, PassesOverOtherWorkspacesAndOtherKindsOfEvents) {
  Fold fold(kWorkspace);
  EXPECT_TRUE(fold.Take(ItemEvents("i", "workspaces/other").Submitted("a")).ok());
  EXPECT_EQ(fold.events(), 0);
  Event queue;
  queue.mutable_header()->set_workspace(kWorkspace);
  queue.mutable_queue_created();
  EXPECT_TRUE(fold.Take(queue).ok());
  EXPECT_TRUE(fold.Facts().empty());
}

TEST(Fold, SaysDataLossWhenEventsDoNotFitEachOther) {
  Fold fold(kWorkspace);
  ItemEvents i("i");
  EXPECT_EQ(fold.Take(i.Assigned("a")).code(), absl::StatusCode::kDataLoss) << "never submitted";
  EXPECT_TRUE(fold.Take(i.Submitted("a")).ok());
  EXPECT_EQ(fold.Take(i.Submitted("a")).code(), absl::StatusCode::kDataLoss) << "submitted twice";
  Event skipped = i.Reopened("a");
  EXPECT_EQ(fold.Take(i.Reopened("a")).code(), absl::StatusCode::kDataLoss)
      << "the item's own count says that a reopening is missing";
}

}  // namespace
}  // namespace tideline::replay
