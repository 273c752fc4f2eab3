// SPDX-License-Identifier: Apache-2.0
// The figures of quality: from verdicts to shares with intervals, and back again when a verdict is
// changed.
#include "services/review/core/quality.h"

#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/unit/review/review_world.h"

namespace tideline::review {
namespace {

using Report = v1::GetQualityReportRequest;

v1::GetQualityReportResponse Ask(ReviewWorld& world, Report::By by, const std::string& subject = "",
                                 const std::string& work_type = "") {
  Report request;
  request.set_parent(kWorkspace);
  request.set_by(by);
  request.set_subject(subject);
  request.set_work_type(work_type);
  const auto response = world.Ask(&Core::GetQualityReport, request);
  EXPECT_TRUE(response.ok()) << response.status();
  return response.ok() ? *response : v1::GetQualityReportResponse();
}
v1::Quality Of(ReviewWorld& world, Report::By by, const std::string& subject) {
  return Ask(world, by, subject).total();
}
std::string Text(const v1::Share& share) { return absl::StrCat(share.count(), "/", share.of()); }

// Ends the work and judges it at once.
std::string Judged(ReviewWorld& world, const std::string& doer, v1::Verdict verdict,
                   const std::string& reviewer = "ben") {
  const std::string item = world.Done(doer);
  EXPECT_TRUE(world.Judge(item, reviewer, verdict).ok());
  return item;
}

TEST(Quality, CountsFirstPassesOfPeopleTeamsAndOrganizations) {
  ReviewWorld world;
  ASSERT_TRUE(world.Publish(ReviewWorld::Strict()).ok());
  Judged(world, "ann", v1::VERDICT_APPROVED);
  Judged(world, "ada", v1::VERDICT_APPROVED);
  const std::string item = Judged(world, "ann", v1::VERDICT_REWORK);
  world.HandIn(item, "mended");
  ASSERT_TRUE(world.Judge(item, "ben", v1::VERDICT_APPROVED).ok());
  Judged(world, "bea", v1::VERDICT_REWORK, "ann");

  const v1::Quality ann = Of(world, Report::BY_EXPERT, Expert("ann"));
  EXPECT_EQ(Text(ann.first_pass_yield()), "1/2") << "the mended result is no first one";
  EXPECT_EQ(Text(ann.returned()), "1/3");
  EXPECT_EQ(ann.major_findings(), 1);
  EXPECT_EQ(ann.weighted_defects().cases(), 3);
  EXPECT_DOUBLE_EQ(ann.weighted_defects().value(), 1.0);
  EXPECT_EQ(Text(ann.escaped()), "0/2");
  EXPECT_EQ(Text(ann.missed()), "0/0") << "she sent back what she judged";
  EXPECT_FALSE(ann.missed().has_value());

  const v1::GetQualityReportResponse teams = Ask(world, Report::BY_TEAM);
  ASSERT_EQ(teams.qualities_size(), 2);
  EXPECT_EQ(teams.qualities(0).subject(), Team("bg"));
  EXPECT_EQ(teams.qualities(1).subject(), Team("kr"));
  EXPECT_EQ(Text(teams.qualities(1).first_pass_yield()), "2/3");
  EXPECT_EQ(Text(teams.total().first_pass_yield()), "2/4");
  // Newcombe's intervals are held elsewhere; here only that they are there.
  EXPECT_LT(teams.total().first_pass_yield().low(), 0.5);
  EXPECT_GT(teams.total().first_pass_yield().high(), 0.5);
  EXPECT_EQ(Ask(world, Report::BY_ORGANIZATION).qualities_size(), 1);
  EXPECT_EQ(Text(Of(world, Report::BY_EXPERT, Expert("ben")).missed()), "0/3");
}

TEST(Quality, AnEscapeCountsForTheDoerAndForWhoApproved) {
  ReviewWorld world;
  ASSERT_TRUE(world.Publish(ReviewWorld::Strict()).ok());
  const std::string item = Judged(world, "ann", v1::VERDICT_APPROVED);
  Judged(world, "ann", v1::VERDICT_APPROVED, "bea");
  routing::ReopenWorkItemRequest request;
  request.set_name(item);
  request.set_reason("the client found an error");
  ASSERT_TRUE(world.routing().Do(&work_routing::Core::ReopenWorkItem, request).ok());
  world.Sync();
  EXPECT_EQ(Text(Of(world, Report::BY_EXPERT, Expert("ann")).escaped()), "1/2");
  EXPECT_EQ(Text(Of(world, Report::BY_TEAM, Team("kr")).escaped()), "1/2");
  EXPECT_EQ(Text(Of(world, Report::BY_EXPERT, Expert("ben")).missed()), "1/1");
  EXPECT_EQ(Text(Of(world, Report::BY_EXPERT, Expert("bea")).missed()), "0/1");
  EXPECT_EQ(Text(Of(world, Report::BY_EXPERT, Expert("ann")).first_pass_yield()), "2/2");
}

TEST(Quality, AnUpheldAppealTakesTheReturnBack) {
  ReviewWorld world;
  ASSERT_TRUE(world.Publish(ReviewWorld::Strict()).ok());
  const std::string item = Judged(world, "ann", v1::VERDICT_REWORK);
  EXPECT_EQ(Text(Of(world, Report::BY_EXPERT, Expert("ann")).first_pass_yield()), "0/1");
  v1::AppealReviewRequest appeal;
  appeal.set_name(world.Last(item).name());
  appeal.set_reason("D1 is right");
  appeal.set_expert(Expert("ann"));
  ASSERT_TRUE(world.Do(&Core::AppealReview, appeal).ok());
  const std::string review = world.Last(item).name();
  world.Assign(review, "cal");
  ASSERT_TRUE(world.Arbitrate(review, "cal", v1::VERDICT_APPROVED).ok());
  const v1::Quality ann = Of(world, Report::BY_EXPERT, Expert("ann"));
  EXPECT_EQ(Text(ann.first_pass_yield()), "1/1");
  EXPECT_EQ(Text(ann.returned()), "0/1");
  EXPECT_EQ(ann.major_findings(), 0) << "who decided found nothing";
}

TEST(Quality, DaysWorkTypesAndForgettingAreKeptApart) {
  ReviewWorld world;
  ASSERT_TRUE(world.Publish(ReviewWorld::Strict()).ok());
  Judged(world, "ann", v1::VERDICT_APPROVED);
  const absl::Time first = world.now();
  world.Pass(absl::Hours(48));
  Judged(world, "ann", v1::VERDICT_REWORK);
  Report request;
  request.set_parent(kWorkspace);
  request.set_by(Report::BY_EXPERT);
  *request.mutable_start_time() = ToProto(first + absl::Hours(24));
  EXPECT_EQ(Text(world.Ask(&Core::GetQualityReport, request)->total().first_pass_yield()), "0/1");
  EXPECT_EQ(Text(Ask(world, Report::BY_EXPERT).total().first_pass_yield()), "1/2");
  EXPECT_EQ(Text(Ask(world, Report::BY_EXPERT, "", "other").total().first_pass_yield()), "0/0");

  *request.mutable_end_time() = ToProto(first);
  const auto refused = world.Ask(&Core::GetQualityReport, request);
  EXPECT_EQ(Outcome(refused.status()), "INVALID_FIELD");

  world.Pass(absl::Hours(24 * 399));
  Judged(world, "ada", v1::VERDICT_APPROVED);
  EXPECT_EQ(Text(Ask(world, Report::BY_TEAM).total().first_pass_yield()), "1/2")
      << "the first day is forgotten";
}

TEST(Quality, PeopleSeeTheirOwnFiguresAlone) {
  ReviewWorld world;
  ASSERT_TRUE(world.Publish(ReviewWorld::Strict()).ok());
  Judged(world, "ann", v1::VERDICT_APPROVED);
  world.grant = partition::Grant();
  world.grant.roles.Add(type::v1::ROLE_EXPERT);
  world.grant.expert = Expert("ann");
  EXPECT_EQ(Text(Of(world, Report::BY_EXPERT, Expert("ann")).first_pass_yield()), "1/1");
  Report request;
  request.set_parent(kWorkspace);
  request.set_by(Report::BY_EXPERT);
  request.set_subject(Expert("ben"));
  EXPECT_EQ(Outcome(world.Ask(&Core::GetQualityReport, request).status()), "NOT_YOURS");
  request.clear_subject();
  EXPECT_EQ(Outcome(world.Ask(&Core::GetQualityReport, request).status()), "NOT_YOURS");
}

TEST(Quality, WhoIsConfinedToAnOrganizationSeesItsTeams) {
  ReviewWorld world;
  ASSERT_TRUE(world.Publish(ReviewWorld::Strict()).ok());
  Judged(world, "ann", v1::VERDICT_APPROVED);
  Judged(world, "cal", v1::VERDICT_APPROVED);
  EXPECT_EQ(Ask(world, Report::BY_TEAM).qualities_size(), 2);
  world.grant.organization = Name("organizations", "rival");
  const v1::GetQualityReportResponse report = Ask(world, Report::BY_TEAM);
  ASSERT_EQ(report.qualities_size(), 1);
  EXPECT_EQ(report.qualities(0).subject(), Team("ch"));
}

TEST(Quality, IsTheSameAfterARestart) {
  ReviewWorld world;
  ASSERT_TRUE(world.Publish(ReviewWorld::Strict()).ok());
  const std::string item = Judged(world, "ann", v1::VERDICT_REWORK);
  world.HandIn(item, "mended");
  ASSERT_TRUE(world.Judge(item, "ben", v1::VERDICT_APPROVED).ok());
  const std::unique_ptr<ReviewWorld> again = world.Reborn();
  EXPECT_EQ(again->Dump(), world.Dump());
  EXPECT_EQ(Ask(*again, Report::BY_TEAM).SerializeAsString(),
            Ask(world, Report::BY_TEAM).SerializeAsString());
}

// Counts are kept by adding and taking back; they have to be what all reviews come to at the end.
TEST(Quality, CountsAreTheSumOfWhatReviewsCameToWhateverHappenedToThem) {
  uint64_t chance = 20301;
  const auto draw = [&chance](uint64_t below) {
    chance = chance * 6364136223846793005ull + 1442695040888963407ull;
    return (chance >> 33) % below;
  };
  ReviewWorld world;
  v1::ReviewPolicy policy = ReviewWorld::Strict();
  policy.set_max_rounds(16);
  ASSERT_TRUE(world.Publish(policy).ok());
  std::vector<std::string> items;
  for (int i = 0; i < 8; ++i) items.push_back(world.Done(i % 2 == 0 ? "ann" : "bea"));
  std::set<std::string> escaped;
  for (int n = 0; n < 120; ++n) {
    const std::string& item = items[draw(items.size())];
    const v1::Review review = world.Last(item);
    switch (review.state()) {
      case v1::Review::STATE_IN_REVIEW:
        world.Judge(item, "cal", draw(3) == 0 ? v1::VERDICT_REWORK : v1::VERDICT_APPROVED)
            .IgnoreError();
        break;
      case v1::Review::STATE_RETURNED: {
        if (review.has_appeal() || draw(2) == 0) {
          if (world.routing().StateOf(item) == "ASSIGNED") {
            world.HandIn(item, absl::StrCat("again ", n));
          }
          break;
        }
        v1::AppealReviewRequest appeal;
        appeal.set_name(review.name());
        appeal.set_reason("it is right");
        appeal.set_expert(review.doer());
        if (!world.Do(&Core::AppealReview, appeal).ok()) break;
        world.Assign(review.name(), "cem");
        world
            .Arbitrate(review.name(), "cem",
                       draw(2) == 0 ? v1::VERDICT_APPROVED : v1::VERDICT_REWORK)
            .IgnoreError();
        break;
      }
      default: {
        if (world.routing().StateOf(item) != "COMPLETED") break;
        routing::ReopenWorkItemRequest request;
        request.set_name(item);
        request.set_reason("wrong after all");
        if (world.routing().Do(&work_routing::Core::ReopenWorkItem, request).ok()) {
          escaped.insert(review.name());
        }
        world.Sync();
      }
    }
    world.Pass(absl::Minutes(30));
  }
  core::v1::StoredQuality sum;
  for (const v1::Review& review : world.List()) {
    const auto one = ContributionOf(review, escaped.contains(review.name()));
    if (one.has_value()) Add(*one, 1, sum);
  }
  const v1::Quality expected = FiguresOf(sum);
  v1::Quality total = Ask(world, Report::BY_TEAM).total();
  EXPECT_GT(total.escaped().count(), 0);
  EXPECT_GT(total.returned().count(), 0);
  EXPECT_EQ(total.ShortDebugString(), expected.ShortDebugString());
}

TEST(Quality, EvidenceIsProposedAndSaysNothingOfAFew) {
  ReviewWorld world;
  ASSERT_TRUE(world.Publish(ReviewWorld::Strict()).ok());
  Judged(world, "ann", v1::VERDICT_APPROVED);
  v1::ProposeSkillEvidenceRequest request;
  request.set_name(Expert("ann"));
  const auto proposed = world.Ask(&Core::ProposeSkillEvidence, request);
  ASSERT_TRUE(proposed.ok()) << proposed.status();
  EXPECT_EQ(proposed->bearing(), v1::ProposeSkillEvidenceResponse::BEARING_TOO_FEW);
  EXPECT_EQ(
      proposed->evidence().description(),
      "first-pass yield 100.0 % (20.7 to 100.0 %, 95 %) of 1 judged; reopened after approval: "
      "0.0 % (0.0 to 79.3 %, 95 %) of 1");
  request.set_name(Expert("nobody"));
  EXPECT_EQ(Outcome(world.Ask(&Core::ProposeSkillEvidence, request).status()),
            "RESOURCE_NOT_FOUND");
}

TEST(Quality, BearingNeedsCasesAndCertainty) {
  using Response = v1::ProposeSkillEvidenceResponse;
  const auto bearing = [](int64_t passed, int64_t of) {
    v1::Quality quality;
    *quality.mutable_first_pass_yield() = ShareOf(passed, of);
    return BearingOf(quality);
  };
  EXPECT_EQ(bearing(19, 19), Response::BEARING_TOO_FEW);
  EXPECT_EQ(bearing(20, 20), Response::BEARING_NEUTRAL) << "0.839 is not surely over 0.9";
  EXPECT_EQ(bearing(60, 60), Response::BEARING_SUPPORTS);
  EXPECT_EQ(bearing(14, 20), Response::BEARING_QUESTIONS);
}

// ---- agreement ----

v1::Review Twice(v1::Verdict first, v1::Verdict second, int a = 0, int b = 0) {
  v1::Review review;
  for (const auto& [verdict, score, kind] : {std::tuple(first, a, v1::Opinion::KIND_FIRST),
                                             std::tuple(second, b, v1::Opinion::KIND_SECOND)}) {
    v1::Opinion& opinion = *review.add_opinions();
    opinion.set_kind(kind);
    opinion.set_state(v1::Opinion::STATE_GIVEN);
    opinion.set_verdict(verdict);
    if (score == 0) continue;
    opinion.add_scores();
    opinion.set_score_percent(score);
  }
  return review;
}

TEST(Agreement, IsThatOfTheStatistics) {
  // Wikipedia's table for Cohen's kappa: 20, 5, 10, 15.
  std::vector<v1::Review> all;
  const auto add = [&](int times, v1::Verdict a, v1::Verdict b) {
    for (int i = 0; i < times; ++i) all.push_back(Twice(a, b));
  };
  add(20, v1::VERDICT_APPROVED, v1::VERDICT_APPROVED);
  add(5, v1::VERDICT_APPROVED, v1::VERDICT_REWORK);
  add(10, v1::VERDICT_REWORK, v1::VERDICT_APPROVED);
  add(15, v1::VERDICT_REWORK, v1::VERDICT_REWORK);
  all.push_back(v1::Review());  // nobody judged it
  std::vector<const v1::Review*> reviews;
  for (const v1::Review& review : all) reviews.push_back(&review);
  const v1::GetAgreementResponse response = AgreementOf(reviews, 1);
  EXPECT_EQ(response.agreed().count(), 35);
  EXPECT_EQ(response.agreed().of(), 50);
  EXPECT_NEAR(response.kappa().value(), 0.4, 1e-9);
  EXPECT_NEAR(response.kappa_linear().value(), 0.4, 1e-9);
  EXPECT_LT(response.kappa().low(), 0.4);
  EXPECT_GT(response.kappa().high(), 0.4);
  EXPECT_EQ(response.alpha_verdict().cases(), 50);
  EXPECT_EQ(response.alpha_score().cases(), 0);
  EXPECT_FALSE(response.alpha_score().has_value());
  EXPECT_EQ(response.SerializeAsString(), AgreementOf(reviews, 1).SerializeAsString());
}

TEST(Agreement, OfScoresCountsDifferences) {
  const std::vector<v1::Review> all = {Twice(v1::VERDICT_APPROVED, v1::VERDICT_APPROVED, 80, 82),
                                       Twice(v1::VERDICT_APPROVED, v1::VERDICT_REWORK, 60, 50),
                                       Twice(v1::VERDICT_REWORK, v1::VERDICT_REWORK, 20, 25)};
  const v1::GetAgreementResponse response = AgreementOf({&all[0], &all[1], &all[2]}, 1);
  EXPECT_EQ(response.alpha_score().cases(), 3);
  EXPECT_GT(response.alpha_score().value(), 0.9);
}

TEST(Agreement, LooksAtWhatTwoHaveJudged) {
  ReviewWorld world;
  v1::ReviewPolicy policy = ReviewWorld::Strict();
  policy.set_double_percent(100);
  ASSERT_TRUE(world.Publish(policy).ok());
  const std::string item = world.Done("ann");
  const std::string review = world.Last(item).name();
  world.Assign(review, "ben", 1);
  world.Assign(review, "cal", 2);
  ASSERT_TRUE(world.Say(review, "ben", v1::VERDICT_APPROVED).ok());
  v1::GetAgreementRequest request;
  request.set_parent(kWorkspace);
  EXPECT_EQ(world.Ask(&Core::GetAgreement, request)->agreed().of(), 0);
  ASSERT_TRUE(world.Say(review, "cal", v1::VERDICT_APPROVED).ok());
  EXPECT_EQ(world.Ask(&Core::GetAgreement, request)->agreed().of(), 1);
  request.set_reviewer(Expert("cem"));
  EXPECT_EQ(world.Ask(&Core::GetAgreement, request)->agreed().of(), 0);
  request.set_seed(-1);
  EXPECT_EQ(Outcome(world.Ask(&Core::GetAgreement, request).status()), "INVALID_FIELD");
}

}  // namespace
}  // namespace tideline::review
