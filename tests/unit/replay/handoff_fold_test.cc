// SPDX-License-Identifier: Apache-2.0
#include "tools/replay/handoff_fold.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace tideline::replay {
namespace {

using handoff::v1::Event;
using handoff::v1::Handoff;
using Route = std::vector<std::string>;

constexpr char kWorkspace[] = "workspaces/w";

std::string Name(absl::string_view rest) { return absl::StrCat(kWorkspace, "/", rest); }

Event About(const std::string& handoff) {
  Event event;
  event.mutable_header()->set_workspace(kWorkspace);
  event.mutable_header()->set_subject(Name(absl::StrCat("handoffs/", handoff)));
  event.mutable_header()->mutable_time()->set_seconds(3 * 86400 + 60);
  return event;
}

Event Proposed(const std::string& handoff, const std::string& item) {
  Event event = About(handoff);
  event.mutable_handoff_proposed()->mutable_handoff()->set_work_item(
      Name(absl::StrCat("workItems/", item)));
  return event;
}

template <class Kind>
Event Ended(const std::string& handoff, Kind* (Event::*kind)(), Handoff::State state,
            const std::string& from = "a", const std::string& to = "b",
            const std::string& giver = "") {
  Event event = About(handoff);
  auto& standing = *(event.*kind)()->mutable_standing();
  standing.set_state(state);
  standing.mutable_from()->set_team(Name(absl::StrCat("teams/", from)));
  if (!giver.empty()) standing.mutable_from()->set_expert(Name(absl::StrCat("experts/", giver)));
  standing.mutable_receiver()->set_team(Name(absl::StrCat("teams/", to)));
  return event;
}

Event Transferred(const std::string& handoff, const std::string& from, const std::string& to,
                  const std::string& giver = "") {
  return Ended(handoff, &Event::mutable_handoff_transferred, Handoff::STATE_TRANSFERRED, from, to,
               giver);
}

TEST(HandoffFold, CountsWhatMovedByWhoGave) {
  HandoffFold fold(kWorkspace);
  for (const Event& event : {Proposed("1", "i"), Transferred("1", "a", "b", "anna"),
                             Proposed("2", "i"), Transferred("2", "b", "a"), Proposed("3", "i"),
                             Ended("3", &Event::mutable_handoff_declined, Handoff::STATE_DECLINED),
                             Proposed("4", "i")}) {
    ASSERT_TRUE(fold.Take(event).ok()) << event.DebugString();
  }
  FactsById facts;
  facts["i"].route = {"a", "b", "a"};
  fold.AddTo(facts);
  EXPECT_EQ(facts["i"].handed, Route({"b", "a"}));
  const HandoffCounts counts = fold.counts();
  EXPECT_EQ(counts.proposed, 4);
  EXPECT_EQ(counts.transferred, 2);
  EXPECT_EQ(counts.by_people, 1);
  EXPECT_EQ(counts.by_teams, 1);
  EXPECT_EQ(counts.other, 1);
  EXPECT_EQ(counts.open, 1);
  EXPECT_EQ(counts.pairs_by_day.at(3).at({"b", "a"}), 1);
}

TEST(HandoffFold, AMoveWithinATeamIsNoMoveBetweenTeams) {
  HandoffFold fold(kWorkspace);
  ASSERT_TRUE(fold.Take(Proposed("1", "i")).ok());
  ASSERT_TRUE(fold.Take(Transferred("1", "a", "a", "anna")).ok());
  FactsById facts;
  fold.AddTo(facts);
  EXPECT_TRUE(facts.empty());
  EXPECT_EQ(fold.counts().transferred, 1);
}

TEST(HandoffFold, CountsJointSessionsOncePerHandoffAndAlarms) {
  HandoffFold fold(kWorkspace);
  Event proposed = Proposed("1", "i");
  proposed.mutable_handoff_proposed()->mutable_handoff()->set_joint_session_required(true);
  Event acknowledged = About("1");
  auto& standing = *acknowledged.mutable_handoff_acknowledged()->mutable_standing();
  standing.set_state(Handoff::STATE_ACKNOWLEDGED);
  standing.set_joint_session_required(true);
  Event alarm = About("1");
  alarm.mutable_alarm_raised()->mutable_alarm()->set_kind(
      handoff::v1::HandoffAlarm::KIND_PING_PONG);
  for (const Event& event : {proposed, alarm, acknowledged, Transferred("1", "a", "b")}) {
    ASSERT_TRUE(fold.Take(event).ok());
  }
  EXPECT_EQ(fold.counts().joint_sessions, 1);
  EXPECT_EQ(fold.counts().items_in_joint_session, 1);
  EXPECT_EQ(fold.counts().ping_pong_alarms, 1);
}

TEST(HandoffFold, SaysDataLossWhenEventsDoNotFitEachOther) {
  HandoffFold fold(kWorkspace);
  EXPECT_EQ(fold.Take(Transferred("1", "a", "b")).code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(fold.Take(Proposed("1", "i")).ok());
  EXPECT_EQ(fold.Take(Proposed("1", "i")).code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(fold.Take(Transferred("1", "a", "b")).ok());
  EXPECT_EQ(fold.Take(Transferred("1", "a", "b")).code(), absl::StatusCode::kDataLoss)
      << "transferred twice";
}

TEST(HandoffFold, TakesWholeHandoffsToo) {
  HandoffFold fold(kWorkspace);
  Handoff handoff;
  handoff.set_name(Name("handoffs/1"));
  handoff.set_work_item(Name("workItems/i"));
  handoff.set_state(Handoff::STATE_TRANSFERRED);
  handoff.mutable_from()->set_team(Name("teams/a"));
  handoff.mutable_receiver()->set_team(Name("teams/b"));
  fold.TakeWhole(handoff);
  FactsById facts;
  fold.AddTo(facts);
  EXPECT_EQ(facts.at("i").handed, Route({"b"}));
}

}  // namespace
}  // namespace tideline::replay
