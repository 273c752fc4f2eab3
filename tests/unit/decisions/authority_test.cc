// SPDX-License-Identifier: Apache-2.0
// Who may decide: grants clause by clause, delegation, windows against splitting, second signatures
// and separation of duties.
#include <string>

#include "gtest/gtest.h"
#include "tests/unit/decisions/decision_world.h"

namespace tideline::decision_ledger {
namespace {

std::string Eur(int64_t units) {
  return absl::StrCat("amount { currency_code: 'EUR' units: ", units, " } ");
}
std::string Limit(int64_t units) {
  return absl::StrCat("limit_amount { currency_code: 'EUR' units: ", units, " } ");
}
std::string Window(int64_t units, int64_t days) {
  return absl::StrCat("window_amount { currency_code: 'EUR' units: ", units,
                      " } window { seconds: ", days * 86400, " } ");
}

class AuthorityTest : public ::testing::Test {
 protected:
  AuthorityTest() {
    world_.Person("boss", "home", 9);
    world_.Person("ann", "desk", 3, "boss");
    world_.Person("ben", "night", 3, "boss");
  }

  // The clause that CheckAuthority names for ann: "PERMITTED" when none.
  std::string Clause(const std::string& more, const std::string& expert = "ann") {
    auto response =
        world_.Ask(&Core::CheckAuthority,
                   absl::StrCat("parent: 'workspaces/acme' expert: '", Expert(expert), "' ", more,
                                more.find("type:") == std::string::npos ? " type: 'refund'" : ""));
    EXPECT_TRUE(response.ok()) << response.status();
    if (!response.ok()) return "";
    if (response->permitted()) return "PERMITTED";
    return v1::CheckAuthorityResponse::Clause_Name(response->clause()).substr(7);
  }

  DecisionWorld world_;
};

TEST_F(AuthorityTest, EachClauseIsNamed) {
  EXPECT_EQ(Clause(""), "HOLDER");
  world_.Put("engagement { name: 'workspaces/acme/engagements/deal' }");
  world_.Put("engagement { name: 'workspaces/acme/engagements/other' }");
  world_.Grant("g", "ann",
               absl::StrCat("decision_types: 'refund' engagement: '", Name("engagements", "deal"),
                            "' max_impact_class: IMPACT_CLASS_MEDIUM end_time { seconds: ",
                            absl::ToUnixSeconds(world_.now) + 3600, " } ", Limit(1000)));
  const std::string deal = absl::StrCat("engagement: '", Name("engagements", "deal"), "' ");
  EXPECT_EQ(Clause(deal + Eur(1000)), "PERMITTED");
  EXPECT_EQ(Clause(deal + Eur(1001)), "AMOUNT");
  EXPECT_EQ(Clause(deal + "amount { currency_code: 'USD' units: 1 }"), "CURRENCY");
  EXPECT_EQ(Clause(deal + "impact_class: IMPACT_CLASS_HIGH"), "IMPACT");
  EXPECT_EQ(Clause(absl::StrCat("engagement: '", Name("engagements", "other"), "'")), "ENGAGEMENT");
  EXPECT_EQ(Clause(deal + "type: 'hire'"), "TYPE");
  world_.now += absl::Hours(1);
  EXPECT_EQ(Clause(deal), "VALIDITY") << "the end is the first instant after it";
  EXPECT_EQ(Clause(deal, "ben"), "HOLDER");
}

TEST_F(AuthorityTest, AGradeHoldsWhatIsGivenToGrades) {
  world_.Grant("g", "", "min_grade: 4 ");
  EXPECT_EQ(Clause(""), "HOLDER");
  world_.Person("ann", "desk", 4, "boss");
  EXPECT_EQ(Clause(""), "PERMITTED");
}

TEST_F(AuthorityTest, RecordingIsRefusedWithClauseAndNearestHolder) {
  world_.Grant("small", "ann", Limit(50'000));
  world_.Grant("large", "", "min_grade: 9 ");
  EXPECT_TRUE(world_.Decide("one", "ann", Eur(50'000)).ok());
  const absl::Status refused = world_.Decide("two", "ann", Eur(50'001)).status();
  EXPECT_EQ(Outcome(refused), "NO_AUTHORITY");
  EXPECT_EQ(refused.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Meta(refused, "clause"), "CLAUSE_AMOUNT");
  EXPECT_EQ(Meta(refused, "grant"), Name("authorityGrants", "small"));
  EXPECT_EQ(Meta(refused, "nearestHolder"), Expert("boss")) << "the line manager is nearest";
}

TEST_F(AuthorityTest, SplittingIsRefused) {
  world_.Grant("g", "ann", Limit(50'000) + Window(50'000, 7));
  ASSERT_TRUE(world_.Decide("one", "ann", Eur(49'000)).ok());
  EXPECT_EQ(Meta(world_.Decide("two", "ann", Eur(49'000)).status(), "clause"), "CLAUSE_WINDOW");
  EXPECT_TRUE(world_.Decide("rest", "ann", Eur(1'000)).ok()) << "the limit itself is permitted";
  world_.now += absl::Hours(7 * 24) - absl::Seconds(1);
  EXPECT_EQ(Clause(Eur(1)), "WINDOW");
  world_.now += absl::Seconds(1);
  EXPECT_EQ(Clause(Eur(50'000)), "PERMITTED") << "the window has passed";
}

TEST_F(AuthorityTest, SplittingOverDelegatesIsRefused) {
  world_.Grant("root", "boss", "max_delegations: 1 " + Window(50'000, 7));
  world_.Grant("to-ann", "ann",
               absl::StrCat("delegated_from: '", Name("authorityGrants", "root"), "'"));
  world_.Grant("to-ben", "ben",
               absl::StrCat("delegated_from: '", Name("authorityGrants", "root"), "'"));
  ASSERT_TRUE(world_.Decide("one", "ann", Eur(49'000)).ok());
  const absl::Status refused = world_.Decide("two", "ben", Eur(49'000)).status();
  EXPECT_EQ(Meta(refused, "clause"), "CLAUSE_WINDOW");
  EXPECT_EQ(Meta(refused, "grant"), Name("authorityGrants", "root"));
}

TEST_F(AuthorityTest, WhatWasUndoneMakesRoomAgain) {
  world_.Grant("g", "ann", Window(50'000, 7));
  ASSERT_TRUE(world_.Decide("one", "ann", Eur(49'000)).ok());
  ASSERT_EQ(Clause(Eur(49'000)), "WINDOW");
  ASSERT_TRUE(world_
                  .Do(&Core::ReverseDecision,
                      absl::StrCat("name: '", Name("decisions", "one"), "' reason: 'wrong' ",
                                   "requester: '", Expert("ann"), "'"))
                  .ok());
  EXPECT_EQ(Clause(Eur(49'000)), "PERMITTED");
}

TEST_F(AuthorityTest, ARevocationAnywhereInTheChainHoldsAtOnce) {
  world_.Grant("root", "boss", "max_delegations: 2 " + Limit(100));
  world_.Grant("mid", "ben",
               absl::StrCat("delegated_from: '", Name("authorityGrants", "root"), "'"));
  world_.Grant("leaf", "ann",
               absl::StrCat("delegated_from: '", Name("authorityGrants", "mid"), "'"));
  EXPECT_EQ(Clause(Eur(100)), "PERMITTED");
  EXPECT_EQ(Clause(Eur(101)), "DELEGATION") << "nobody gives more than they have";
  world_.Grant("root", "boss", "max_delegations: 1 ");
  EXPECT_EQ(Clause(""), "DELEGATION") << "too deep";
  world_.Grant("root", "boss", "max_delegations: 2 ");
  EXPECT_EQ(Clause(""), "PERMITTED");
  world_.Grant("mid", "ben",
               absl::StrCat("delegated_from: '", Name("authorityGrants", "root"),
                            "' end_time { seconds: ", absl::ToUnixSeconds(world_.now), " }"));
  EXPECT_EQ(Clause(""), "DELEGATION");
  world_.Drop(Name("authorityGrants", "mid"));
  EXPECT_EQ(Clause(""), "DELEGATION");
}

TEST_F(AuthorityTest, ASecondPersonWithAuthoritySigns) {
  world_.Grant("ann", "ann", "co_sign_amount { currency_code: 'EUR' units: 1000 } " + Limit(5000));
  ASSERT_EQ(world_.Decide("small", "ann", Eur(999))->state(), v1::Decision::STATE_IN_FORCE);
  const auto large = world_.Decide("large", "ann", Eur(1000));
  ASSERT_TRUE(large.ok()) << large.status();
  EXPECT_EQ(large->state(), v1::Decision::STATE_PROPOSED);
  const auto sign = [&](const std::string& signer) {
    return Outcome(world_
                       .Do(&Core::CoSignDecision, absl::StrCat("name: '", large->name(),
                                                               "' signer: '", Expert(signer), "'"))
                       .status());
  };
  EXPECT_EQ(sign("ann"), "SAME_PERSON");
  EXPECT_EQ(sign("ben"), "NO_AUTHORITY");
  EXPECT_EQ(sign("nobody"), "REFERENCE_NOT_FOUND");
  world_.Grant("ben", "ben", Limit(5000));
  EXPECT_EQ(sign("ben"), "OK");
  EXPECT_EQ(world_.Get("large").state(), v1::Decision::STATE_IN_FORCE);
  EXPECT_EQ(world_.Get("large").authority().co_signer(), Expert("ben"));
  EXPECT_EQ(sign("ben"), "STATE_FORBIDS");
}

class DutiesTest : public AuthorityTest {
 protected:
  DutiesTest() {
    for (const char* id : {"ann", "ben", "boss"}) world_.Grant(id, id);
  }
  void Rule(const std::string& more = "") {
    const auto made = world_.Do(
        &Core::CreateDutyRule,
        absl::StrCat("parent: 'workspaces/acme' duty_rule_id: 'four-eyes' duty_rule { first_type: "
                     "'pay' second_type: 'approve' ",
                     more, " }"));
    ASSERT_TRUE(made.ok()) << made.status();
  }
  std::string Try(const std::string& id, const std::string& type, const std::string& decider,
                  const std::string& item = "one") {
    return Outcome(
        world_
            .Decide(id, decider,
                    absl::StrCat("type: '", type, "' work_item: '", Name("workItems", item), "'"))
            .status());
  }
};

TEST_F(DutiesTest, TheSamePersonDoesNotDecideBothAboutOneItem) {
  Rule();
  EXPECT_EQ(Try("a", "pay", "ann"), "OK");
  EXPECT_EQ(Try("b", "approve", "ann"), "NOT_INDEPENDENT");
  EXPECT_EQ(Try("c", "approve", "ann", "another"), "OK");
  EXPECT_EQ(Try("d", "approve", "ben"), "OK");
  EXPECT_EQ(Try("e", "pay", "ben"), "NOT_INDEPENDENT") << "the other way round, too";
}

TEST_F(DutiesTest, OnePersonUnderTwoNamesIsOnePerson) {
  Rule();
  registry::Resource resource;
  resource.mutable_expert()->set_name(Expert("ann-again"));
  resource.mutable_expert()->set_person("person-ann");
  resource.mutable_expert()->set_team(Name("teams", "home"));
  world_.PutResource(resource);
  world_.Grant("again", "ann-again");
  EXPECT_EQ(Try("a", "pay", "ann"), "OK");
  EXPECT_EQ(Try("b", "approve", "ann-again"), "NOT_INDEPENDENT");
}

TEST_F(DutiesTest, TeamsAndOrganizationsAreApartWhereTheRuleSaysSo) {
  world_.Person("cat", "desk");
  world_.Grant("cat", "cat");
  Rule("apart: APART_TEAMS");
  EXPECT_EQ(Try("a", "pay", "ann"), "OK");
  EXPECT_EQ(Try("b", "approve", "cat"), "NOT_INDEPENDENT");
  EXPECT_EQ(Try("c", "approve", "ben"), "OK") << "the other team";
  ASSERT_TRUE(
      world_.Do(&Core::DeleteDutyRule, absl::StrCat("name: '", Name("dutyRules", "four-eyes"), "'"))
          .ok());
  Rule("apart: APART_ORGANIZATIONS");
  EXPECT_EQ(Try("d", "pay", "ann", "two"), "OK");
  EXPECT_EQ(Try("e", "approve", "ben", "two"), "NOT_INDEPENDENT") << "the same vendor";
  EXPECT_EQ(Try("f", "approve", "boss", "two"), "OK") << "the client";
}

TEST_F(DutiesTest, DelegatingDoesNotSeparate) {
  world_.Drop(Name("authorityGrants", "ann"));
  world_.Drop(Name("authorityGrants", "ben"));
  world_.Grant("boss", "boss", "max_delegations: 1");
  world_.Grant("lent", "ben",
               absl::StrCat("delegated_from: '", Name("authorityGrants", "boss"), "'"));
  Rule();
  EXPECT_EQ(Try("a", "pay", "boss"), "OK");
  EXPECT_EQ(Try("b", "approve", "ben"), "NOT_INDEPENDENT") << "boss lent it to them";
  EXPECT_EQ(Try("c", "pay", "ben", "two"), "OK");
  EXPECT_EQ(Try("d", "approve", "boss", "two"), "NOT_INDEPENDENT") << "they acted for boss";
}

TEST_F(DutiesTest, NobodyHoldsBothWhereTheRuleIsAboutGrants) {
  world_.Grant("ann", "ann", "decision_types: 'pay' decision_types: 'approve'");
  world_.Grant("ben", "ben", "decision_types: 'approve'");
  Rule("by_grant: true");
  EXPECT_EQ(Try("a", "pay", "ann"), "NOT_INDEPENDENT");
  EXPECT_EQ(Try("b", "approve", "ben"), "OK");
}

TEST_F(DutiesTest, WhatWasUndoneSeparatesNobody) {
  Rule();
  ASSERT_EQ(Try("a", "pay", "ann"), "OK");
  ASSERT_TRUE(world_
                  .Do(&Core::ReverseDecision,
                      absl::StrCat("name: '", Name("decisions", "a"), "' reason: 'wrong' ",
                                   "requester: '", Expert("ann"), "'"))
                  .ok());
  EXPECT_EQ(Try("b", "approve", "ann"), "OK");
}

TEST_F(DutiesTest, RulesAreCheckedThemselves) {
  const auto make = [&](const std::string& second) {
    return world_
        .Do(&Core::CreateDutyRule,
            absl::StrCat("parent: 'workspaces/acme' duty_rule_id: 'r' duty_rule { first_type: 'a' "
                         "second_type: '",
                         second, "' }"))
        .status();
  };
  EXPECT_EQ(FieldOf(make("a")), "duty_rule.second_type");
  EXPECT_EQ(Outcome(make("b")), "OK");
  EXPECT_EQ(Outcome(make("b")), "RESOURCE_EXISTS");
  EXPECT_EQ(
      Outcome(world_.Do(&Core::DeleteDutyRule, "name: 'workspaces/acme/dutyRules/none'").status()),
      "RESOURCE_NOT_FOUND");
}

}  // namespace
}  // namespace tideline::decision_ledger
