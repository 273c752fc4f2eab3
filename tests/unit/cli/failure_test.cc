// SPDX-License-Identifier: Apache-2.0
#include "tools/tideline/failure.h"

#include <gtest/gtest.h>

#include "common/base/error.h"

namespace tideline::cli {
namespace {

TEST(FailureTest, ExitCodesFollowTheCode) {
  EXPECT_EQ(ExitCodeOf(absl::OkStatus()), 0);
  EXPECT_EQ(ExitCodeOf(absl::InternalError("")), 1);
  EXPECT_EQ(ExitCodeOf(absl::DataLossError("")), 1);
  EXPECT_EQ(ExitCodeOf(absl::InvalidArgumentError("")), 2);
  EXPECT_EQ(ExitCodeOf(absl::NotFoundError("")), 3);
  EXPECT_EQ(ExitCodeOf(absl::AlreadyExistsError("")), 4);
  EXPECT_EQ(ExitCodeOf(absl::FailedPreconditionError("")), 4);
  EXPECT_EQ(ExitCodeOf(absl::AbortedError("")), 4);
  EXPECT_EQ(ExitCodeOf(absl::PermissionDeniedError("")), 5);
  EXPECT_EQ(ExitCodeOf(absl::UnauthenticatedError("")), 5);
  EXPECT_EQ(ExitCodeOf(absl::UnavailableError("")), 6);
  EXPECT_EQ(ExitCodeOf(absl::DeadlineExceededError("")), 6);
  EXPECT_EQ(ExitCodeOf(absl::ResourceExhaustedError("")), 6);
}

TEST(FailureTest, AnErrorIsExplainedWithReasonMetadataAndRemedy) {
  EXPECT_EQ(Explain(Refuse(Reason::REASON_OFFER_EXPIRED, "offer o1 expired", {{"offer", "o1"}})),
            "error: offer o1 expired\n"
            "  code: FAILED_PRECONDITION  reason: OFFER_EXPIRED\n"
            "  offer: o1\n"
            "  remedy: `tideline offer list` shows the offers that stand\n");
}

TEST(FailureTest, AnInvalidFieldIsNamed) {
  const std::string text = Explain(InvalidField("work_item.title", "is 300 bytes"));
  EXPECT_NE(text.find("  field: work_item.title is 300 bytes\n"), std::string::npos) << text;
  EXPECT_NE(text.find("reason: INVALID_FIELD"), std::string::npos) << text;
}

TEST(FailureTest, RetryTimeIsTold) {
  const std::string text =
      Explain(WithRetryAfter(Refuse(Reason::REASON_QUOTA_EXCEEDED, "too many"), absl::Seconds(3)));
  EXPECT_NE(text.find("  try again after: 3s\n"), std::string::npos) << text;
}

TEST(FailureTest, WhatNobodyAnsweredSaysHowToStartASuite) {
  EXPECT_NE(Explain(absl::UnavailableError("connection refused")).find("tideline dev"),
            std::string::npos);
}

}  // namespace
}  // namespace tideline::cli
