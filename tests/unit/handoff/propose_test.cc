// SPDX-License-Identifier: Apache-2.0
// What may be proposed, and what is refused: code, reason and field of each.
#include <string>

#include "gtest/gtest.h"
#include "tests/unit/handoff/handoff_world.h"

namespace tideline::handoff {
namespace {

std::string FieldOf(const absl::Status& status) { return InfoOf(status).metadata().at("field"); }

v1::Handoff To(const std::string& item, const std::string& expert) {
  v1::Handoff handoff;
  handoff.set_work_item(item);
  handoff.set_reason(v1::Handoff::REASON_EXPERTISE);
  handoff.mutable_to()->set_expert(Expert(expert));
  *handoff.mutable_packet() = FullPacket();
  return handoff;
}

class Propose : public ::testing::Test {
 protected:
  // Refused with this reason; nothing was made.
  absl::Status Refused(const v1::Handoff& handoff, Reason reason) {
    const size_t events = world.events().size();
    const absl::Status status = world.Propose(handoff).status();
    EXPECT_EQ(Outcome(status), ReasonName(reason)) << status;
    EXPECT_EQ(status.code(), CodeOf(reason));
    EXPECT_EQ(world.events().size(), events);
    return status;
  }

  HandoffWorld world;
};

TEST_F(Propose, LeavesTheGiverAccountable) {
  const std::string item = world.Held("ann");
  const auto handoff = world.Propose(item, Expert("ben"));
  ASSERT_TRUE(handoff.ok()) << handoff.status();
  EXPECT_EQ(handoff->state(), v1::Handoff::STATE_PROPOSED);
  EXPECT_EQ(handoff->from().expert(), Expert("ann"));
  EXPECT_EQ(handoff->from().team(), Team("kr"));
  EXPECT_EQ(handoff->receiver().expert(), Expert("ben"));
  EXPECT_EQ(handoff->completeness_percent(), 100);
  EXPECT_EQ(ToTime(handoff->acknowledge_due_time()), world.now() + absl::Hours(1));
  EXPECT_EQ(world.Custody(item), "kr/ann");
  EXPECT_EQ(FoldHandoff(world.events(), handoff->name()).ShortDebugString(),
            world.Get(handoff->name()).ShortDebugString());
}

TEST_F(Propose, RefusesAnUnknownItem) {
  EXPECT_EQ(
      FieldOf(Refused(To(Name("workItems", "none"), "ben"), Reason::REASON_REFERENCE_NOT_FOUND)),
      "handoff.work_item");
}

TEST_F(Propose, RefusesWhatOneDoesNotHold) {
  const std::string item = world.Held("ann");
  v1::Handoff handoff = To(item, "ben");
  handoff.mutable_from()->set_expert(Expert("ada"));
  EXPECT_FALSE(Refused(handoff, Reason::REASON_NOT_YOURS).ok());
  // And so when the caller is another expert.
  world.grant.roles = partition::Roles();
  world.grant.roles.Add(type::v1::ROLE_EXPERT);
  world.grant.expert = Expert("ada");
  EXPECT_FALSE(Refused(To(item, "ben"), Reason::REASON_NOT_YOURS).ok());
  world.grant.expert = Expert("ann");
  EXPECT_TRUE(world.Propose(To(item, "ben")).ok());
}

TEST_F(Propose, RefusesOneself) {
  const std::string item = world.Held("ann");
  EXPECT_EQ(FieldOf(Refused(To(item, "ann"), Reason::REASON_SAME_PERSON)), "handoff.to.expert");
  // Another record of the same person is oneself, too.
  registry::Expert twin;
  twin.set_name(Expert("anna"));
  twin.set_person("person-ann");
  twin.set_team(Team("bg"));
  twin.set_capacity_units(10);
  world.routing().Put(twin);
  EXPECT_FALSE(Refused(To(item, "anna"), Reason::REASON_SAME_PERSON).ok());
  v1::Handoff home = To(world.Waiting("kr"), "ben");
  home.mutable_to()->set_team(Team("kr"));
  EXPECT_EQ(FieldOf(Refused(home, Reason::REASON_SAME_PERSON)), "handoff.to.team");
}

TEST_F(Propose, RefusesSomebodyWhoLacksASkill) {
  routing::WorkItem item;
  work_routing::Require("law:5", item);
  world.routing().AddExpert("eva", "kr", "law:5");
  const std::string name = world.Held("eva", item);
  const absl::Status status = Refused(To(name, "ben"), Reason::REASON_NOT_ELIGIBLE);
  EXPECT_EQ(InfoOf(status).metadata().at("constraint"), "SKILL");
  EXPECT_EQ(FieldOf(status), "handoff.to.expert");
}

TEST_F(Propose, RefusesSomebodyWhoMayNotViewIt) {
  world.routing().Site("abroad", "IN");
  world.routing().AddTeam("far", "vendor", "abroad");
  world.routing().AddExpert("fay", "far", "law");
  routing::WorkItem item;
  item.mutable_constraints()->add_viewing_countries("DE");
  const std::string name = world.Held("ann", item);
  EXPECT_EQ(
      InfoOf(Refused(To(name, "fay"), Reason::REASON_NOT_ELIGIBLE)).metadata().at("constraint"),
      "COUNTRY");
  v1::Handoff team = To(name, "fay");
  team.mutable_to()->set_team(Team("far"));
  EXPECT_EQ(InfoOf(Refused(team, Reason::REASON_NOT_ELIGIBLE)).metadata().at("constraint"),
            "COUNTRY");
}

TEST_F(Propose, RefusesSomebodyWithoutClearanceOrContract) {
  // Cleared for nothing.
  registry::Expert cleared;
  cleared.set_name(Expert("cle"));
  cleared.set_team(Team("kr"));
  cleared.set_capacity_units(10);
  cleared.add_clearances()->set_client(Name("organizations", "client"));
  world.routing().Put(cleared);
  world.routing().Online("cle");
  routing::WorkItem secret;
  secret.mutable_constraints()->add_clearances(Name("organizations", "client"));
  EXPECT_EQ(InfoOf(Refused(To(world.Held("cle", secret), "ben"), Reason::REASON_NOT_ELIGIBLE))
                .metadata()
                .at("constraint"),
            "CLEARANCE");
  // Of a company that the contract does not cover.
  world.routing().Organization("other");
  world.routing().AddTeam("others", "other");
  world.routing().AddExpert("oda", "others", "law");
  registry::Engagement engagement;
  engagement.set_name(Name("engagements", "e1"));
  engagement.set_client(Name("organizations", "client"));
  engagement.set_vendor(Name("organizations", "vendor"));
  world.routing().Put(engagement);
  routing::WorkItem covered;
  covered.set_engagement(Name("engagements", "e1"));
  EXPECT_EQ(InfoOf(Refused(To(world.Held("ann", covered), "oda"), Reason::REASON_NOT_ELIGIBLE))
                .metadata()
                .at("constraint"),
            "ENGAGEMENT");
}

TEST_F(Propose, RefusesSomebodyOnLeave) {
  registry::Expert away;
  away.set_name(Expert("ben"));
  away.set_person("person-ben");
  away.set_team(Team("bg"));
  away.set_capacity_units(10);
  registry::Leave& leave = *away.add_leaves();
  *leave.mutable_start_time() = ToProto(world.now() - absl::Hours(1));
  *leave.mutable_end_time() = ToProto(world.now() + absl::Hours(1));
  world.routing().Put(away);
  EXPECT_EQ(InfoOf(Refused(To(world.Held("ann"), "ben"), Reason::REASON_NOT_ELIGIBLE))
                .metadata()
                .at("constraint"),
            "LEAVE");
}

TEST_F(Propose, RefusesASecondOpenHandoffOfAnItem) {
  const std::string item = world.Held("ann");
  const auto first = world.Propose(To(item, "ben"));
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(InfoOf(Refused(To(item, "cal"), Reason::REASON_HANDOFF_OPEN)).metadata().at("handoff"),
            first->name());
}

TEST_F(Propose, NamesWhatIsMissingFromThePacket) {
  type::v1::HandoffRules rules;
  rules.add_required_parts(type::v1::PACKET_PART_SUMMARY);
  rules.add_required_parts(type::v1::PACKET_PART_DONE);
  rules.add_required_parts(type::v1::PACKET_PART_DECISIONS);
  world.Rules("patents", rules);
  routing::WorkItem item;
  item.set_work_type("patents");
  v1::Handoff handoff = To(world.Held("ann", item), "ben");
  handoff.mutable_packet()->clear_done();
  handoff.mutable_packet()->clear_decisions();
  const absl::Status status = Refused(handoff, Reason::REASON_PACKET_INCOMPLETE);
  EXPECT_EQ(InfoOf(status).metadata().at("missing"), "done, decisions");
  const google::rpc::BadRequest bad = BadRequestOf(status);
  ASSERT_EQ(bad.field_violations_size(), 2);
  EXPECT_EQ(bad.field_violations(0).field(), "handoff.packet.done");
  EXPECT_EQ(bad.field_violations(1).field(), "handoff.packet.decisions");
}

TEST_F(Propose, ScoresHowCompleteAPacketIs) {
  v1::Handoff handoff = To(world.Held("ann"), "ben");
  handoff.mutable_packet()->Clear();
  handoff.mutable_packet()->set_summary("all there is");
  const auto made = world.Propose(handoff);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->completeness_percent(), 22);  // 2 of 9: the summary is required and counts twice
}

TEST_F(Propose, TakesAPacketOf64KiBAndNoByteMore) {
  v1::Handoff handoff = To(world.Held("ann"), "ben");
  v1::Packet& packet = *handoff.mutable_packet();
  while (packet.ByteSizeLong() < kMaxPacketBytes - 1010) packet.add_done(std::string(1000, 'x'));
  std::string& last = *packet.add_done();
  while (packet.ByteSizeLong() < kMaxPacketBytes) last += 'x';
  ASSERT_EQ(packet.ByteSizeLong(), kMaxPacketBytes);
  v1::Handoff over = handoff;
  *over.mutable_packet()->mutable_summary() += 'x';
  EXPECT_EQ(FieldOf(Refused(over, Reason::REASON_INVALID_FIELD)), "handoff.packet");
  EXPECT_TRUE(world.Propose(handoff).ok());
}

TEST_F(Propose, AsksForTheChecksumOfALink) {
  v1::Handoff handoff = To(world.Held("ann"), "ben");
  handoff.mutable_packet()->mutable_links(0)->clear_checksum();
  EXPECT_EQ(FieldOf(Refused(handoff, Reason::REASON_FIELD_REQUIRED)),
            "handoff.packet.links[0].checksum");
}

TEST_F(Propose, RefusesAnOldEpochAndATimeThatIsNotAhead) {
  v1::Handoff handoff = To(world.Held("ann"), "ben");
  handoff.set_custody_epoch(1);
  EXPECT_FALSE(Refused(handoff, Reason::REASON_CUSTODY_MOVED).ok());
  handoff.set_custody_epoch(0);
  *handoff.mutable_acknowledge_due_time() = ToProto(world.now());
  EXPECT_EQ(FieldOf(Refused(handoff, Reason::REASON_INVALID_FIELD)),
            "handoff.acknowledge_due_time");
  *handoff.mutable_acknowledge_due_time() =
      ToProto(world.now() + kLongestWindow + absl::Nanoseconds(1));
  EXPECT_FALSE(Refused(handoff, Reason::REASON_INVALID_FIELD).ok());
}

TEST_F(Propose, RefusesAnItemThatIsFinished) {
  const std::string item = world.Held("ann");
  ASSERT_TRUE(world.routing().Finish(world.routing().Get(item)).ok());
  EXPECT_FALSE(Refused(To(item, "ben"), Reason::REASON_STATE_FORBIDS).ok());
}

TEST_F(Propose, NominatesOnlyWhatWaits) {
  v1::Handoff handoff = To(world.Waiting("kr"), "ben");
  handoff.set_kind(v1::Handoff::KIND_NOMINATION);
  EXPECT_TRUE(world.Propose(handoff).ok());
  v1::Handoff held = To(world.Held("ann"), "ben");
  held.set_kind(v1::Handoff::KIND_NOMINATION);
  EXPECT_FALSE(Refused(held, Reason::REASON_STATE_FORBIDS).ok());
}

TEST_F(Propose, KeepsReturnsToReturnHandoff) {
  v1::Handoff handoff = To(world.Held("ann"), "ben");
  handoff.set_kind(v1::Handoff::KIND_RETURN);
  EXPECT_EQ(FieldOf(Refused(handoff, Reason::REASON_INVALID_FIELD)), "handoff.kind");
}

TEST_F(Propose, BoundsTheDepthOfDelegation) {
  const std::string item = world.Held("ann");
  const char* const chain[] = {"ben", "cal", "ada"};
  for (const char* next : chain) {
    v1::Handoff handoff = To(item, next);
    handoff.set_kind(v1::Handoff::KIND_DELEGATION);
    const auto made = world.Propose(handoff);
    ASSERT_TRUE(made.ok()) << made.status();
    ASSERT_TRUE(world.Acknowledge(made->name(), next).ok());
  }
  EXPECT_EQ(world.Custody(item), "kr/ada");
  v1::Handoff fourth = To(item, "bea");
  fourth.set_kind(v1::Handoff::KIND_DELEGATION);
  EXPECT_EQ(InfoOf(Refused(fourth, Reason::REASON_DEPTH_EXCEEDED)).metadata().at("limit"), "3");
}

TEST_F(Propose, ChecksTheAuthorityOfWhomItIsDelegatedTo) {
  registry::Engagement engagement;
  engagement.set_name(Name("engagements", "e1"));
  engagement.set_client(Name("organizations", "client"));
  engagement.set_vendor(Name("organizations", "vendor"));
  registry::AuthorityRule& rule = *engagement.add_authority_matrix();
  rule.set_impact_class(type::v1::IMPACT_CLASS_HIGH);
  rule.set_min_grade(3);
  world.routing().Put(engagement);
  registry::Expert chief;
  chief.set_name(Expert("ida"));
  chief.set_team(Team("kr"));
  chief.set_capacity_units(10);
  chief.set_authority_grade(5);
  world.routing().Put(chief);
  world.routing().Online("ida");
  routing::WorkItem item;
  item.set_engagement(engagement.name());
  item.set_impact_class(type::v1::IMPACT_CLASS_HIGH);
  v1::Handoff handoff = To(world.Held("ida", item), "ben");
  handoff.set_kind(v1::Handoff::KIND_DELEGATION);
  EXPECT_EQ(InfoOf(Refused(handoff, Reason::REASON_NOT_ELIGIBLE)).metadata().at("constraint"),
            "AUTHORITY");
}

TEST_F(Propose, GivesEachOfABatchItsOwnResult) {
  const std::string one = world.Held("ann");
  const std::string two = world.Held("ann");
  v1::BatchProposeHandoffsRequest request;
  request.set_parent(kWorkspace);
  *request.add_requests()->mutable_handoff() = To(one, "ben");
  *request.add_requests()->mutable_handoff() = To(one, "cal");  // the same item again
  *request.add_requests()->mutable_handoff() = To(two, "ann");
  *request.add_requests()->mutable_handoff() = To(two, "ben");
  const auto response = world.Do(&Core::BatchProposeHandoffs, request);
  ASSERT_TRUE(response.ok()) << response.status();
  ASSERT_EQ(response->results_size(), 4);
  EXPECT_EQ(response->results(0).handoff().state(), v1::Handoff::STATE_PROPOSED);
  EXPECT_EQ(response->results(1).refusal().reason(), Reason::REASON_HANDOFF_OPEN);
  EXPECT_EQ(response->results(2).refusal().reason(), Reason::REASON_SAME_PERSON);
  EXPECT_EQ(response->results(2).refusal().field(), "handoff.to.expert");
  EXPECT_EQ(response->results(3).handoff().work_item(), two);
  EXPECT_NE(response->results(3).handoff().name(), response->results(0).handoff().name());
  EXPECT_EQ(world.List().size(), 2u);
}

TEST_F(Propose, LimitsABatch) {
  v1::BatchProposeHandoffsRequest request;
  request.set_parent(kWorkspace);
  for (int i = 0; i <= kMaxBatch; ++i) request.add_requests();
  const absl::Status status = world.Do(&Core::BatchProposeHandoffs, request).status();
  EXPECT_EQ(Outcome(status), "INVALID_FIELD");
  EXPECT_EQ(FieldOf(status), "requests");
}

TEST_F(Propose, FindsTheNextOverlapOfBothSides) {
  HandoffWorld sites(true);
  const std::string item = sites.Held("ann");
  const auto handoff = sites.Propose(item, Team("ch"));
  ASSERT_TRUE(handoff.ok()) << handoff.status();
  // Kraków works 07:00 to 16:00 UTC, Chicago from 14:00 UTC on a winter's day.
  EXPECT_EQ(absl::FormatTime(ToTime(handoff->overlap().start_time()), absl::UTCTimeZone()),
            "2026-03-02T14:00:00+00:00");
  EXPECT_EQ(absl::FormatTime(ToTime(handoff->overlap().end_time()), absl::UTCTimeZone()),
            "2026-03-02T16:00:00+00:00");
  // An hour to acknowledge, in Chicago's hours.
  EXPECT_EQ(absl::FormatTime(ToTime(handoff->acknowledge_due_time()), absl::UTCTimeZone()),
            "2026-03-02T15:00:00+00:00");
}

}  // namespace
}  // namespace tideline::handoff
