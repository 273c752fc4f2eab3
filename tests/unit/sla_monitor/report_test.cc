// SPDX-License-Identifier: Apache-2.0
// Due times, dry runs, attainment, error budgets and credits.
#include <string>

#include "gtest/gtest.h"
#include "services/sla_monitor/core/report.h"
#include "tests/unit/sla_monitor/monitor_world.h"

namespace tideline::sla_monitor {
namespace {

using type::v1::SlaRules;

SlaRules Contract() {
  SlaRules rules = Rules(absl::Hours(4));
  SetLeg(type::v1::LEG_ACCEPT, absl::Hours(1), rules);
  auto& level = *rules.add_service_levels();
  level.set_id("in-time");
  level.set_target_basis_points(9000);
  level.set_weight_basis_points(5000);
  auto& mild = *level.add_credits();
  mild.set_below_basis_points(9000);
  mild.set_credit_basis_points(2000);
  auto& harsh = *level.add_credits();
  harsh.set_below_basis_points(7000);
  harsh.set_credit_basis_points(10000);
  rules.mutable_credit_terms()->set_at_risk_basis_points(1000);
  rules.mutable_credit_terms()->set_earn_back_periods(1);
  return rules;
}

class ReportTest : public ::testing::Test {
 protected:
  ReportTest() {
    world_.Policy(Contract());
    world_.Engagement("deal", "sla", {"search", "review"});
  }
  // `late` of `all` items in time, finished within a few hours from now.
  void Work(int all, int late, const std::string& type = "search") {
    for (int i = 0; i < all; ++i) {
      const std::string id = absl::StrCat("i", made_++);
      world_.Submit(id, "deal", type::v1::IMPACT_CLASS_LOW, absl::ZeroDuration(), type);
      world_.Assign(id);
      if (i < late) world_.Pass(absl::Hours(5));
      world_.Complete(id);
    }
  }
  v1::GetAttainmentRequest Attainment(const std::string& first, const std::string& last = "") {
    v1::GetAttainmentRequest request;
    request.set_name(Name("engagements", "deal"));
    request.set_first_day(first);
    request.set_last_day(last);
    return request;
  }
  MonitorWorld world_;
  int made_ = 0;
};

TEST_F(ReportTest, AttainmentCountsWhatStoppedAndWhyTheRestDoesNot) {
  Work(8, 2);
  Work(2, 0, "review");
  world_.Submit("c");
  world_.Cancel("c");
  world_.Submit("open");
  const auto whole = world_.Ask(&Core::GetAttainment, Attainment("2026-03-01"));
  ASSERT_TRUE(whole.ok()) << whole.status();
  ASSERT_EQ(whole->attainments_size(), 1);
  EXPECT_EQ(whole->attainments(0).tally().attained(), 8);
  EXPECT_EQ(whole->attainments(0).tally().missed(), 2);
  ASSERT_EQ(whole->attainments(0).tally().excluded_size(), 1);
  EXPECT_EQ(whole->attainments(0).tally().excluded(0).reason(), v1::EXCLUSION_REASON_CANCELLED);
  EXPECT_EQ(whole->attainments(0).attained_basis_points(), 8000);
  auto request = Attainment("2026-03-01");
  request.add_group_by(v1::GROUPING_WORK_TYPE);
  request.add_group_by(v1::GROUPING_MONTH);
  request.set_legs(true);
  const auto groups = world_.Ask(&Core::GetAttainment, request);
  std::string text;
  for (const v1::Attainment& one : groups->attainments()) {
    absl::StrAppend(&text, one.work_type(), " ", one.leg(), " ", one.first_day(), " ",
                    one.tally().attained(), "/", one.tally().missed(), "; ");
  }
  EXPECT_EQ(text,
            " 0 2026-03-01 0/0; review 0 2026-03-01 2/0; review 1 2026-03-01 2/0; "
            "search 0 2026-03-01 6/2; search 1 2026-03-01 8/0; ");
}

TEST_F(ReportTest, TheErrorBudgetSaysHowMuchMayStillGoWrongAndHowFastItGoes) {
  Work(20, 1);
  const auto response = world_.Ask(&Core::GetAttainment, Attainment("2026-03-01"));
  ASSERT_EQ(response->error_budgets_size(), 1);
  const v1::ErrorBudget& budget = response->error_budgets(0);
  EXPECT_EQ(budget.service_level(), "in-time");
  EXPECT_EQ(budget.allowed_milli(), 2000);  // a tenth of twenty
  EXPECT_EQ(budget.used_percent(), 50);
  ASSERT_EQ(budget.burn_rates_size(), 3);
  EXPECT_EQ(budget.burn_rates(0).rate_milli(), 500);
}

TEST_F(ReportTest, AReopenedItemIsCountedWhereItStopsAtLast) {
  Work(1, 0);
  world_.Reopen("i0");
  auto response = world_.Ask(&Core::GetAttainment, Attainment("2026-03-01"));
  EXPECT_EQ(response->attainments(0).tally().attained(), 0);
  world_.Pass(absl::Hours(48));
  world_.Complete("i0");
  response = world_.Ask(&Core::GetAttainment, Attainment("2026-03-04"));
  EXPECT_EQ(response->attainments(0).tally().missed(), 1);
  response = world_.Ask(&Core::GetAttainment, Attainment("2026-03-01", "2026-03-03"));
  EXPECT_EQ(response->attainments(0).tally().attained(), 0);
}

TEST_F(ReportTest, PeriodsAreCheckedAndNamed) {
  const auto refusal = [&](const std::string& first, const std::string& last) {
    const absl::Status status = world_.Ask(&Core::GetAttainment, Attainment(first, last)).status();
    return absl::StrCat(Outcome(status), " ", FieldOf(status));
  };
  EXPECT_EQ(refusal("2026-02-30", ""), "INVALID_FIELD first_day");
  EXPECT_EQ(refusal("yesterday", ""), "INVALID_FIELD first_day");
  EXPECT_EQ(refusal("", ""), "FIELD_REQUIRED first_day");
  EXPECT_EQ(refusal("2026-03-02", "2026-03-01"), "INVALID_FIELD last_day");
  EXPECT_EQ(refusal("2025-01-01", "2026-03-01"), "INVALID_FIELD last_day");
  auto request = Attainment("2026-03-01");
  request.set_name(Name("engagements", "none"));
  EXPECT_EQ(Outcome(world_.Ask(&Core::GetAttainment, request).status()), "RESOURCE_NOT_FOUND");
}

TEST_F(ReportTest, ACreditIsReckonedAndEarnedBackOrForfeited) {
  Work(10, 2);  // 80 %: the first step
  v1::GetCreditStatementRequest request;
  request.set_name(Name("engagements", "deal"));
  request.set_day("2026-03-15");
  request.mutable_fee()->set_currency_code("EUR");
  request.mutable_fee()->set_units(12'345);
  auto statement = world_.Ask(&Core::GetCreditStatement, request);
  ASSERT_TRUE(statement.ok()) << statement.status();
  EXPECT_FALSE(statement->statement().closed());
  EXPECT_EQ(statement->statement().first_day(), "2026-03-01");
  EXPECT_EQ(statement->statement().last_day(), "2026-03-31");
  const v1::CreditLine& line = statement->statement().lines(0);
  EXPECT_EQ(line.attained_basis_points(), 8000);
  EXPECT_FALSE(line.kept());
  // 10 % at risk x 50 % weight x 20 %.
  EXPECT_EQ(line.credit_millionths(), 10'000);
  EXPECT_EQ(line.earn_back(), v1::CreditLine::EARN_BACK_PENDING);
  EXPECT_EQ(statement->statement().credit().units(), 123);
  EXPECT_EQ(statement->statement().credit().nanos(), 450'000'000);
  world_.Pass(absl::Hours(24 * 35));
  Work(10, 0);
  auto bad = world_.Reborn();
  world_.Pass(absl::Hours(24 * 30));
  statement = world_.Ask(&Core::GetCreditStatement, request);
  EXPECT_EQ(statement->statement().lines(0).earn_back(), v1::CreditLine::EARN_BACK_EARNED);
  EXPECT_EQ(statement->statement().credit_millionths(), 0);
  EXPECT_TRUE(statement->statement().closed());
  for (int i = 0; i < 10; ++i) {
    const std::string id = absl::StrCat("late", i);
    bad->Submit(id, "deal", type::v1::IMPACT_CLASS_LOW, absl::ZeroDuration(), "search");
    if (i == 0) bad->Pass(absl::Hours(5));
    bad->SetNow(bad->now() + absl::Hours(5));
    bad->Complete(id);
  }
  bad->Pass(absl::Hours(24 * 30));
  statement = bad->Ask(&Core::GetCreditStatement, request);
  EXPECT_EQ(statement->statement().lines(0).earn_back(), v1::CreditLine::EARN_BACK_FORFEITED);
  EXPECT_EQ(statement->statement().credit_millionths(), 10'000);
  EXPECT_EQ(bad->Reborn()->Ask(&Core::GetCreditStatement, request)->SerializeAsString(),
            statement->SerializeAsString());
  request.set_day("2027-01-01");
  EXPECT_EQ(FieldOf(world_.Ask(&Core::GetCreditStatement, request).status()), "day");
}

TEST_F(ReportTest, WithoutCreditTermsThereIsNoStatement) {
  world_.Policy(Rules(absl::Hours(1)), "", "plain");
  world_.Engagement("simple", "plain");
  v1::GetCreditStatementRequest request;
  request.set_name(Name("engagements", "simple"));
  request.set_day("2026-03-15");
  EXPECT_EQ(Outcome(world_.Ask(&Core::GetCreditStatement, request).status()),
            "REFERENCE_NOT_FOUND");
}

TEST_F(ReportTest, ADryRunSaysWhatOtherRulesWouldHaveSaid) {
  Work(4, 1);
  world_.Submit("c", "deal", type::v1::IMPACT_CLASS_LOW, absl::ZeroDuration(), "search");
  world_.Cancel("c");
  v1::DryRunPolicyRequest request;
  request.set_name(Name("engagements", "deal"));
  *request.mutable_draft()->mutable_rules() = Rules(absl::Hours(6));
  auto response = world_.Ask(&Core::DryRunPolicy, request);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->items_size(), 5);
  EXPECT_EQ(response->actual().missed(), 1);
  EXPECT_EQ(response->tally().attained(), 4);
  EXPECT_EQ(response->tally().excluded(0).count(), 1);
  *request.mutable_draft()->mutable_rules() = Rules(absl::Seconds(0));
  EXPECT_EQ(FieldOf(world_.Ask(&Core::DryRunPolicy, request).status()),
            "draft.rules.classes[0].client_target");
  *request.mutable_draft()->mutable_rules() = Rules(absl::Hours(1));
  request.mutable_draft()->mutable_rules()->add_work_types("cooking");
  absl::Status status = world_.Ask(&Core::DryRunPolicy, request).status();
  EXPECT_EQ(Outcome(status), "REFERENCE_NOT_FOUND");
  request.mutable_draft()->mutable_rules()->clear_work_types();
  request.mutable_draft()->set_calendar(Name("calendars", "none"));
  EXPECT_EQ(Outcome(world_.Ask(&Core::DryRunPolicy, request).status()), "REFERENCE_NOT_FOUND");
  request.mutable_draft()->clear_calendar();
  request.set_page_size(2);
  response = world_.Ask(&Core::DryRunPolicy, request);
  EXPECT_EQ(response->items_size(), 2);
  request.set_page_token(response->next_page_token());
  EXPECT_EQ(world_.Ask(&Core::DryRunPolicy, request)->items(0).work_item(), ItemName("i1"));
}

TEST_F(ReportTest, ADueTimeIsThatOfTheContractOrOfADraft) {
  v1::ComputeDueTimeRequest request;
  request.set_parent(kWorkspace);
  request.set_engagement(Name("engagements", "deal"));
  request.set_work_type("search");
  auto response = world_.Ask(&Core::ComputeDueTime, request);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(ToMicros(response->due_time()), ToMicros(world_.now() + absl::Hours(4)));
  ASSERT_EQ(response->legs_size(), 1);
  request.set_work_type("cooking");
  EXPECT_EQ(Outcome(world_.Ask(&Core::ComputeDueTime, request).status()), "REFERENCE_NOT_FOUND");
  request.clear_engagement();
  EXPECT_EQ(Outcome(world_.Ask(&Core::ComputeDueTime, request).status()), "FIELD_REQUIRED");
  *request.mutable_draft()->mutable_rules() = Rules(absl::Hours(9));
  request.mutable_draft()->set_calendar(Name("calendars", "office"));
  response = world_.Ask(&Core::ComputeDueTime, request);
  EXPECT_EQ(ToMicros(response->due_time()), ToMicros(world_.now() + absl::Hours(25)));
  request.set_engagement(Name("engagements", "deal"));
  EXPECT_EQ(FieldOf(world_.Ask(&Core::ComputeDueTime, request).status()), "draft");
}

TEST(Report, MoneyIsSharedToTheMillionth) {
  type::v1::Money fee;
  fee.set_currency_code("USD");
  fee.set_units(1);
  fee.set_nanos(1'000);
  EXPECT_EQ(ShareOf(fee, 333'333).nanos(), 333'333'000);
  fee.set_units(900'000'000'000'000'000);
  EXPECT_EQ(ShareOf(fee, 1'000'000).units(), 900'000'000'000'000'000);
}

TEST(Report, QuartersBeginInJanuaryAprilJulyAndOctober) {
  const int32_t day = *ParseDay("2026-05-31", "day");
  const Period quarter = PeriodOf(day, type::v1::CreditTerms::PERIOD_QUARTER);
  EXPECT_EQ(FormatDay(quarter.first), "2026-04-01");
  EXPECT_EQ(FormatDay(quarter.last), "2026-06-30");
}

}  // namespace
}  // namespace tideline::sla_monitor
