// SPDX-License-Identifier: Apache-2.0
// Following the sun: plans with holes, ends of shifts, leave and absence.
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/handoff/handoff_world.h"

namespace tideline::handoff {
namespace {

absl::Time At(const char* text) {
  absl::Time time;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, text, &time, nullptr)) << text;
  return time;
}

routing::WorkItem Work(int hours) {
  routing::WorkItem item;
  item.mutable_expected_effort()->set_seconds(hours * 3600);
  return item;
}

class Relay : public ::testing::Test {
 protected:
  Relay() : world(true) {}

  v1::RelayPlan Plan(std::vector<std::string> teams = {"kr", "ch", "bg"}) {
    v1::RelayPlan plan;
    plan.set_queue(QueueName("q"));
    for (const std::string& team : teams) plan.add_teams(Team(team));
    return plan;
  }
  absl::StatusOr<v1::CreateRelayPlanResponse> Publish(const v1::RelayPlan& plan,
                                                      bool validate_only = false) {
    v1::CreateRelayPlanRequest request;
    request.set_parent(kWorkspace);
    request.set_relay_plan_id("sun");
    *request.mutable_relay_plan() = plan;
    request.set_validate_only(validate_only);
    return world.Do(&Core::CreateRelayPlan, request);
  }
  // The open handoffs, as "item -> team".
  std::vector<std::string> Open() {
    std::vector<std::string> open;
    for (const v1::Handoff& handoff : world.List()) {
      if (handoff.state() != v1::Handoff::STATE_PROPOSED) continue;
      open.push_back(absl::StrCat(LastSegment(handoff.work_item()), " -> ",
                                  LastSegment(handoff.receiver().team())));
    }
    return open;
  }
  std::string Arrow(const std::string& item, const std::string& team) {
    return absl::StrCat(LastSegment(item), " -> ", team);
  }
  void Progress(const std::string& item, int percent) {
    routing::ReportProgressRequest request;
    request.set_name(item);
    request.set_progress_percent(percent);
    ASSERT_TRUE(world.routing().Do(&work_routing::Core::ReportProgress, request).ok());
    world.Sync();
  }

  HandoffWorld world;  // Monday 2 March 2026, 09:00 UTC
};

TEST_F(Relay, PublishesAPlanThatCoversAroundTheClock) {
  const auto plan = Publish(Plan());
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_TRUE(plan->coverage().holes().empty());
  ASSERT_EQ(plan->coverage().overlaps_size(), 3);
  EXPECT_FALSE(plan->coverage().overlaps(0).short_());
  EXPECT_EQ(Outcome(Publish(Plan()).status()), "RESOURCE_EXISTS");
}

TEST_F(Relay, RefusesAPlanWithAHoleAndNamesIt) {
  const absl::Status status = Publish(Plan({"kr", "ch"})).status();
  EXPECT_EQ(Outcome(status), "COVERAGE_HOLE");
  // Chicago goes at 19:00 (01:00 UTC), Kraków comes at 08:00 (07:00 UTC).
  EXPECT_EQ(InfoOf(status).metadata().at("startTime"), "2026-03-03T01:00:00+00:00");
  EXPECT_EQ(InfoOf(status).metadata().at("endTime"), "2026-03-03T07:00:00+00:00");
  const auto dry = Publish(Plan({"kr", "ch"}), true);
  ASSERT_TRUE(dry.ok()) << dry.status();
  EXPECT_GT(dry->coverage().holes_size(), 50);
  v1::GetRelayPlanRequest get;
  get.set_name(Name("relayPlans", "sun"));
  EXPECT_EQ(Outcome(world.Ask(&Core::GetRelayPlan, get).status()), "RESOURCE_NOT_FOUND");
}

TEST_F(Relay, RefusesAPlanWhereASkillIsMissing) {
  v1::RelayPlan plan = Plan();
  plan.add_covers()->set_skill(Skill("law"));
  ASSERT_TRUE(Publish(plan, true).ok());
  EXPECT_TRUE(Publish(plan, true)->coverage().holes().empty());
  plan.mutable_covers(0)->set_min_level(type::v1::LEVEL_AUTHORITY);
  const absl::Status status = Publish(plan).status();
  EXPECT_EQ(Outcome(status), "COVERAGE_HOLE");
  EXPECT_EQ(InfoOf(status).metadata().at("skill"), Skill("law"));
}

TEST_F(Relay, RefusesWhatItDoesNotKnow) {
  const auto field = [&](const v1::RelayPlan& plan, absl::string_view outcome) {
    const absl::Status status = Publish(plan).status();
    EXPECT_EQ(Outcome(status), outcome);
    return InfoOf(status).metadata().at("field");
  };
  EXPECT_EQ(field(Plan({"kr", "none"}), "REFERENCE_NOT_FOUND"), "relay_plan.teams[1]");
  EXPECT_EQ(field(Plan({"kr"}), "INVALID_FIELD"), "relay_plan.teams");
  EXPECT_EQ(field(Plan({"kr", "ch", "kr"}), "INVALID_FIELD"), "relay_plan.teams[2]");
  v1::RelayPlan plan = Plan();
  plan.set_queue(QueueName("none"));
  EXPECT_EQ(field(plan, "REFERENCE_NOT_FOUND"), "relay_plan.queue");
  plan = Plan();
  plan.add_covers()->set_skill(Skill("none"));
  EXPECT_EQ(field(plan, "REFERENCE_NOT_FOUND"), "relay_plan.covers[0].skill");
  plan = Plan();
  plan.set_calendar(Name("calendars", "none"));
  EXPECT_EQ(field(plan, "REFERENCE_NOT_FOUND"), "relay_plan.calendar");
}

TEST_F(Relay, ChangesAPlanOnlyToOneThatCovers) {
  ASSERT_TRUE(Publish(Plan()).ok());
  v1::UpdateRelayPlanRequest update;
  update.mutable_relay_plan()->set_name(Name("relayPlans", "sun"));
  update.mutable_relay_plan()->add_teams(Team("kr"));
  update.mutable_relay_plan()->add_teams(Team("ch"));
  EXPECT_EQ(Outcome(world.Do(&Core::UpdateRelayPlan, update).status()), "COVERAGE_HOLE");
  update.mutable_relay_plan()->clear_teams();
  update.mutable_relay_plan()->set_display_name("follow the sun");
  update.mutable_relay_plan()->mutable_horizon()->set_seconds(1800);
  const auto updated = world.Do(&Core::UpdateRelayPlan, update);
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(updated->relay_plan().teams_size(), 3);
  EXPECT_EQ(updated->relay_plan().display_name(), "follow the sun");
  update.mutable_update_mask()->add_paths("name");
  EXPECT_EQ(Outcome(world.Do(&Core::UpdateRelayPlan, update).status()), "INVALID_FIELD");
  update.mutable_relay_plan()->set_etag("1.7");
  EXPECT_EQ(Outcome(world.Do(&Core::UpdateRelayPlan, update).status()), "ETAG_MISMATCH");
}

TEST_F(Relay, TellsTheLeadsWhenAPublishedPlanGetsAHole) {
  v1::RelayPlan plan = Plan();
  plan.add_covers()->set_skill(Skill("tax"));
  ASSERT_TRUE(Publish(plan).ok());
  const std::string name = Name("relayPlans", "sun");
  world.routing().RemoveExpert("ben");
  world.Pass(absl::Minutes(2));
  EXPECT_FALSE(world.HasAlarm(v1::HandoffAlarm::KIND_RELAY_HOLE, name));
  world.routing().RemoveExpert("bea");
  world.Pass(absl::Minutes(2));
  EXPECT_TRUE(world.HasAlarm(v1::HandoffAlarm::KIND_RELAY_HOLE, name));
  world.routing().AddExpert("bob", "bg", "tax");
  world.Pass(absl::Minutes(2));
  EXPECT_FALSE(world.HasAlarm(v1::HandoffAlarm::KIND_RELAY_HOLE, name));
}

TEST_F(Relay, ProposesWhatWillNotBeFinishedAnHourBeforeTheShiftEnds) {
  ASSERT_TRUE(Publish(Plan()).ok());
  const std::string long_one = world.Held("ann", Work(20));
  const std::string nearly = world.Held("ada", Work(5));
  const std::string unknown = world.Held("ada");
  world.PassTo(At("2026-03-02T14:59:59+00:00"));
  Progress(nearly, 90);  // half an hour is left of it
  EXPECT_TRUE(Open().empty());
  world.PassTo(At("2026-03-02T15:00:00+00:00"));  // 16:00 in Kraków; the shift ends at 17:00
  // What states no effort has hardly begun, and nobody can say: the least disturbing.
  EXPECT_THAT(Open(), ::testing::UnorderedElementsAre(Arrow(long_one, "ch"), Arrow(unknown, "ch")));
  const v1::Handoff handoff = world.List(long_one)[0];
  EXPECT_TRUE(handoff.draft());
  EXPECT_EQ(handoff.reason(), v1::Handoff::REASON_SHIFT_END);
  EXPECT_EQ(handoff.relay_plan(), Name("relayPlans", "sun"));
  EXPECT_EQ(handoff.packet().actions(0).description(), "Finish the remaining 100 %");
  EXPECT_TRUE(handoff.missing_parts().empty());
  // Each is proposed once.
  ASSERT_TRUE(world.Decline(handoff.name(), "cal").ok());
  world.Pass(absl::Hours(2));
  EXPECT_EQ(world.List(long_one).size(), 1u);
}

TEST_F(Relay, TakesAProposalBackWhenTheItemWillBeFinishedAfterAll) {
  ASSERT_TRUE(Publish(Plan()).ok());
  const std::string item = world.Held("ann", Work(10));
  world.PassTo(At("2026-03-02T15:10:00+00:00"));
  ASSERT_EQ(Open().size(), 1u);
  Progress(item, 95);
  EXPECT_TRUE(Open().empty());
  EXPECT_EQ(world.List(item)[0].state(), v1::Handoff::STATE_WITHDRAWN);
}

TEST_F(Relay, ProposesAlsoWhatIsTakenInTheLastHour) {
  ASSERT_TRUE(Publish(Plan()).ok());
  world.PassTo(At("2026-03-02T15:30:00+00:00"));
  const std::string late = world.Held("ann", Work(3));
  EXPECT_EQ(Open(), (std::vector<std::string>{Arrow(late, "ch")}));
}

TEST_F(Relay, GoesOnAcrossTheNightWhenTheClocksChange) {
  ASSERT_TRUE(Publish(Plan()).ok());
  const std::string item = world.Held("ann", Work(200));
  // America has changed its clocks on 8 March, Europe does on 29 March: in between Chicago comes an
  // hour earlier for Kraków.
  world.PassTo(At("2026-03-27T15:00:00+00:00"));
  ASSERT_EQ(Open(), (std::vector<std::string>{Arrow(item, "ch")}));
  const v1::Handoff winter = world.List(item).back();
  EXPECT_EQ(winter.acknowledge_due_time().seconds(),
            absl::ToUnixSeconds(At("2026-03-27T16:00:00+00:00")));
  world.PassTo(At("2026-03-30T14:00:00+00:00"));  // 16:00 of Kraków's summer
  EXPECT_EQ(Open(), (std::vector<std::string>{Arrow(item, "ch")}));
}

TEST_F(Relay, PreviewsWhatItWouldDo) {
  ASSERT_TRUE(Publish(Plan()).ok());
  const std::string begun = world.Held("ann", Work(20));
  Progress(begun, 50);
  const std::string fresh = world.Held("ada", Work(20));
  v1::PreviewRelayRequest request;
  request.set_parent(kWorkspace);
  request.set_team(Team("kr"));
  *request.mutable_time() = ToProto(At("2026-03-02T15:00:00+00:00"));
  const auto preview = world.Ask(&Core::PreviewRelay, request);
  ASSERT_TRUE(preview.ok()) << preview.status();
  ASSERT_EQ(preview->steps_size(), 2);
  EXPECT_EQ(preview->steps(0).work_item(), fresh);
  EXPECT_EQ(preview->steps(0).to().team(), Team("ch"));
  EXPECT_EQ(preview->steps(1).work_item(), begun);  // disturbs most
  EXPECT_EQ(ToTime(preview->steps(0).shift_end_time()), At("2026-03-02T16:00:00+00:00"));
  EXPECT_TRUE(world.List().empty());
  request.set_team(Team("none"));
  EXPECT_EQ(Outcome(world.Ask(&Core::PreviewRelay, request).status()), "REFERENCE_NOT_FOUND");
}

TEST_F(Relay, RehandsWhatIsHeldBySomebodyWhoIsSuddenlyGone) {
  ASSERT_TRUE(Publish(Plan()).ok());
  const std::string item = world.Held("ann", Work(1));
  world.routing().Offline("ann");
  world.Pass(absl::Minutes(29));
  EXPECT_TRUE(Open().empty());
  world.Pass(absl::Minutes(1));
  EXPECT_EQ(Open(), (std::vector<std::string>{Arrow(item, "kr")}));  // colleagues are there
  EXPECT_EQ(world.List(item)[0].reason(), v1::Handoff::REASON_ABSENCE);
  ASSERT_TRUE(world.Acknowledge(world.List(item)[0].name(), "ada", true).ok());
  EXPECT_EQ(world.Custody(item), "kr/ada");
}

TEST_F(Relay, RehandsNothingOfSomebodyWhoComesBackInTime) {
  ASSERT_TRUE(Publish(Plan()).ok());
  world.Held("ann", Work(1));
  world.routing().Offline("ann");
  world.Pass(absl::Minutes(20));
  world.routing().Online("ann");
  world.Pass(absl::Hours(1));
  EXPECT_TRUE(Open().empty());
}

TEST_F(Relay, RehandsWhatIsHeldBeforeALeave) {
  ASSERT_TRUE(Publish(Plan()).ok());
  const std::string item = world.Held("ann", Work(1));
  registry::Expert ann;
  ann.set_name(Expert("ann"));
  ann.set_person("person-ann");
  ann.set_team(Team("kr"));
  ann.set_capacity_units(10);
  registry::Leave& leave = *ann.add_leaves();
  *leave.mutable_start_time() = ToProto(At("2026-03-02T12:00:00+00:00"));
  *leave.mutable_end_time() = ToProto(At("2026-03-09T12:00:00+00:00"));
  world.routing().Put(ann);
  world.PassTo(At("2026-03-02T10:59:00+00:00"));
  EXPECT_TRUE(Open().empty());
  world.PassTo(At("2026-03-02T11:00:00+00:00"));
  EXPECT_EQ(Open(), (std::vector<std::string>{Arrow(item, "kr")}));
  EXPECT_EQ(world.List(item)[0].reason(), v1::Handoff::REASON_LEAVE);
}

TEST_F(Relay, HoldsADraftUntilTheGiverHasCompletedIt) {
  type::v1::HandoffRules rules;
  rules.add_required_parts(type::v1::PACKET_PART_OPEN_QUESTIONS);
  world.Rules("patents", rules);
  ASSERT_TRUE(Publish(Plan()).ok());
  routing::WorkItem typed = Work(20);
  typed.set_work_type("patents");
  const std::string item = world.Held("ann", typed);
  world.PassTo(At("2026-03-02T15:00:00+00:00"));
  const v1::Handoff draft = world.List(item)[0];
  ASSERT_EQ(draft.missing_parts_size(), 1);
  const absl::Status status = world.Acknowledge(draft.name(), "cal").status();
  EXPECT_EQ(Outcome(status), "PACKET_INCOMPLETE");
  EXPECT_EQ(InfoOf(status).metadata().at("missing"), "open_questions");
  v1::UpdateHandoffPacketRequest update;
  update.set_name(draft.name());
  *update.mutable_packet() = FullPacket();
  ASSERT_TRUE(world.Do(&Core::UpdateHandoffPacket, update).ok());
  EXPECT_TRUE(world.Acknowledge(draft.name(), "cal").ok());
  EXPECT_EQ(world.Custody(item), "ch/-");
}

TEST_F(Relay, LetsADraftPassWhenTheGiverIsGone) {
  type::v1::HandoffRules rules;
  rules.add_required_parts(type::v1::PACKET_PART_OPEN_QUESTIONS);
  world.Rules("patents", rules);
  ASSERT_TRUE(Publish(Plan()).ok());
  routing::WorkItem typed = Work(20);
  typed.set_work_type("patents");
  const std::string item = world.Held("ann", typed);
  world.routing().Offline("ann");
  world.Pass(absl::Minutes(30));
  ASSERT_EQ(world.List(item).size(), 1u);
  EXPECT_TRUE(world.Acknowledge(world.List(item)[0].name(), "ada").ok());
  EXPECT_EQ(world.Custody(item), "kr/-");
}

TEST_F(Relay, EndsWithItsPlan) {
  ASSERT_TRUE(Publish(Plan()).ok());
  world.Held("ann", Work(20));
  v1::DeleteRelayPlanRequest request;
  request.set_name(Name("relayPlans", "sun"));
  ASSERT_TRUE(world.Do(&Core::DeleteRelayPlan, request).ok());
  world.Pass(absl::Hours(48));
  EXPECT_TRUE(world.List().empty());
  EXPECT_EQ(world.core().NextWake(), absl::InfiniteFuture());
}

}  // namespace
}  // namespace tideline::handoff
