// SPDX-License-Identifier: Apache-2.0
// Request ids, roles, admission: what happens to a call before and after the Core.
#include "common/partition/memo.h"
#include "tests/unit/partition/host_fixture.h"

namespace tideline::testing {
namespace {

class RequestTest : public HostTest {};

TEST_F(RequestTest, ARepeatedIdGetsTheFirstAnswerAndHasNoSecondEffect) {
  Up();
  ToyCall first(*host_, true, "a", {.request_id = "r1"});
  ToyCall again(*host_, true, "a", {.request_id = "r1"});
  EXPECT_EQ(*first.Wait(), 1);
  EXPECT_EQ(*again.Wait(), 1);
  EXPECT_EQ(first.commit(), again.commit());
  EXPECT_EQ(*Get("a"), 1);
}

TEST_F(RequestTest, ARepeatWhileTheFirstIsInFlightWaitsForIt) {
  Up();
  loop_.Run([&] { journal_->Hold(); });
  ToyCall first(*host_, true, "a", {.request_id = "r1"});
  Turn();
  ToyCall again(*host_, true, "a", {.request_id = "r1"});
  Turn();
  EXPECT_FALSE(again.done());
  loop_.Run([&] { journal_->Release(); });
  EXPECT_EQ(*first.Wait(), 1);
  EXPECT_EQ(*again.Wait(), 1);
}

TEST_F(RequestTest, MemosSurviveARestart) {
  Up();
  EXPECT_EQ(*Add("a", {.request_id = "r1"}), 1);
  EXPECT_EQ(*Add("a", {.request_id = "r2"}), 2);
  Up();
  EXPECT_EQ(*Add("a", {.request_id = "r1"}), 1);
  EXPECT_EQ(*Add("a", {.request_id = "r2"}), 2);
  EXPECT_EQ(*Get("a"), 2);
}

TEST_F(RequestTest, TheSameIdWithOtherContentIsRefused) {
  Up();
  EXPECT_EQ(*Add("a", {.request_id = "r1"}), 1);
  auto other = Add("b", {.request_id = "r1"});
  EXPECT_EQ(other.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(ReasonOf(other.status()), Reason::REASON_REQUEST_ID_REUSED);
  EXPECT_EQ(Get("b").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(RequestTest, IdsOfDifferentPrincipalsDoNotMeet) {
  Up();
  EXPECT_EQ(*Add("a", {.request_id = "r1"}), 1);
  EXPECT_EQ(*Add("a", {.request_id = "r1", .calling_service = "handoff"}), 2);
}

TEST_F(RequestTest, RefusalsAreNotRemembered) {
  Up();
  EXPECT_EQ(ReasonOf(Add("bad", {.request_id = "r1"}).status()), Reason::REASON_STATE_FORBIDS);
  EXPECT_EQ(*Add("a", {.request_id = "r1"}), 1);
}

TEST_F(RequestTest, AnIdIsForgottenAfterAnHour) {
  Up();
  EXPECT_EQ(*Add("a", {.request_id = "r1"}), 1);
  clock_.Advance(absl::Minutes(59));
  EXPECT_EQ(*Add("other", {.request_id = "r2"}), 1);
  EXPECT_EQ(*Add("a", {.request_id = "r1"}), 1);
  clock_.Advance(absl::Minutes(2));
  EXPECT_EQ(*Add("other", {.request_id = "r3"}), 2);
  EXPECT_EQ(*Add("a", {.request_id = "r1"}), 2);
}

TEST_F(RequestTest, AWindowOfMemosIsBoundedByCountAndBytes) {
  partition::MemoTable memos;
  absl::Time now = absl::FromUnixSeconds(1'700'000'000);
  std::string megabyte(1 << 20, 'x');
  for (int i = 0; i < 80; ++i) {
    memos.Add(absl::StrCat("k", i), {"hash", megabyte, static_cast<uint64_t>(i + 1)}, now);
  }
  memos.Expire(now);
  EXPECT_EQ(memos.size(), 63u);  // 64 MiB less the keys
  EXPECT_EQ(memos.Find("k0"), nullptr);
  EXPECT_NE(memos.Find("k79"), nullptr);
  EXPECT_EQ(memos.floor(0), 18u);
}

TEST_F(RequestTest, ACallerWithoutARoleIsRefused) {
  Up();
  auto refused = Add("a", {.subject = "bob"});
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ReasonOf(refused.status()), Reason::REASON_ROLE_MISSING);
  EXPECT_EQ(Get("a").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(RequestTest, ANearlyFullStoreTakesNoSubmissionsButDrains) {
  Up();
  store_.SetFullness(0.85);
  auto refused = Add("a", {.pressure = type::v1::PRESSURE_SUBMISSION});
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(refused.status()), Reason::REASON_STORE_FULL);
  EXPECT_GT(RetryAfterOf(refused.status()), absl::ZeroDuration());
  EXPECT_TRUE(Add("a").ok());
  store_.SetFullness(0.97);
  EXPECT_EQ(ReasonOf(Add("a").status()), Reason::REASON_STORE_FULL);
  EXPECT_TRUE(Add("a", {.pressure = type::v1::PRESSURE_DRAIN}).ok());
}

TEST_F(RequestTest, ACallWhoseDeadlineHasPassedIsNotExecuted) {
  Up();
  auto late = Add("a", {.deadline = absl::Milliseconds(-1)});
  EXPECT_EQ(ReasonOf(late.status()), Reason::REASON_DEADLINE);
  EXPECT_EQ(Get("a").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(RequestTest, ACallingServiceGetsItsFirstAnswerAgainRefusalsIncludedHoweverLate) {
  Up();
  EXPECT_EQ(ReasonOf(Add("bad", {.request_id = "k1", .calling_service = "handoff"}).status()),
            Reason::REASON_STATE_FORBIDS);
  clock_.Advance(absl::Hours(500));
  Up();
  auto again = Add("a", {.request_id = "k1", .calling_service = "handoff"});
  EXPECT_EQ(ReasonOf(again.status()), Reason::REASON_STATE_FORBIDS);
  EXPECT_EQ(Get("a").status().code(), absl::StatusCode::kNotFound);
  // The next key takes the slot.
  EXPECT_EQ(*Add("a", {.request_id = "k2", .calling_service = "handoff"}), 1);
  clock_.Advance(absl::Hours(500));
  EXPECT_EQ(*Add("a", {.request_id = "k2", .calling_service = "handoff"}), 1);
}

}  // namespace
}  // namespace tideline::testing
