// SPDX-License-Identifier: Apache-2.0
#include "common/base/error.h"

#include "common/base/status_macros.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tideline {
namespace {

TEST(Error, RefuseCarriesReasonDomainAndMetadata) {
  const absl::Status status = Refuse(Reason::REASON_OFFER_EXPIRED, "offer o1 expired at noon",
                                     {{"offer", "o1"}, {"expireTime", "12:00"}});
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(), "offer o1 expired at noon");
  EXPECT_EQ(ReasonOf(status), Reason::REASON_OFFER_EXPIRED);
  EXPECT_EQ(InfoOf(status).reason(), "OFFER_EXPIRED");
  EXPECT_EQ(InfoOf(status).domain(), "tideline.dev");
  EXPECT_EQ(InfoOf(status).metadata().at("offer"), "o1");
  EXPECT_EQ(BadRequestOf(status).field_violations_size(), 0);
}

TEST(Error, InvalidFieldNamesTheField) {
  const absl::Status status =
      InvalidField("work_item.requirements[3].skill", "is 300 bytes; the limit is 200");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(status), Reason::REASON_INVALID_FIELD);
  EXPECT_EQ(status.message(), "work_item.requirements[3].skill is 300 bytes; the limit is 200");
  ASSERT_EQ(BadRequestOf(status).field_violations_size(), 1);
  EXPECT_EQ(BadRequestOf(status).field_violations(0).field(), "work_item.requirements[3].skill");
  EXPECT_EQ(BadRequestOf(status).field_violations(0).description(),
            "is 300 bytes; the limit is 200");
  EXPECT_EQ(BadRequestOf(status).field_violations(0).reason(), "INVALID_FIELD");
}

TEST(Error, AnAbsentResourceAndAForeignOneSoundTheSame) {
  const absl::Status status = NotFound("workspaces/a/teams/b");
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReasonOf(status), Reason::REASON_RESOURCE_NOT_FOUND);
  EXPECT_EQ(status.message(), "workspaces/a/teams/b does not exist");
}

TEST(Error, AReferenceToNothingIsTheStatesFault) {
  const absl::Status status = ReferenceNotFound("team", "workspaces/a/teams/b");
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(status), Reason::REASON_REFERENCE_NOT_FOUND);
  EXPECT_EQ(InfoOf(status).metadata().at("field"), "team");
}

TEST(Error, RetryTimeSurvivesToTheNanosecond) {
  const absl::Duration delay = absl::Seconds(3) + absl::Nanoseconds(7);
  const absl::Status status =
      WithRetryAfter(Refuse(Reason::REASON_QUOTA_EXCEEDED, "too many"), delay);
  EXPECT_EQ(RetryAfterOf(status), delay);
  EXPECT_EQ(ReasonOf(status), Reason::REASON_QUOTA_EXCEEDED);
  EXPECT_EQ(RetryAfterOf(Refuse(Reason::REASON_QUOTA_EXCEEDED, "x")), absl::ZeroDuration());
  EXPECT_TRUE(WithRetryAfter(absl::OkStatus(), delay).ok());
}

TEST(Error, WhatCarriesNothingSaysNothing) {
  EXPECT_EQ(ReasonOf(absl::OkStatus()), Reason::REASON_UNSPECIFIED);
  EXPECT_EQ(ReasonOf(absl::InternalError("x")), Reason::REASON_UNSPECIFIED);
  absl::Status foreign = absl::InternalError("x");
  google::rpc::ErrorInfo info;
  info.set_reason("OFFER_EXPIRED");
  info.set_domain("example.com");
  foreign.SetPayload("type.googleapis.com/google.rpc.ErrorInfo",
                     absl::Cord(info.SerializeAsString()));
  EXPECT_EQ(ReasonOf(foreign), Reason::REASON_UNSPECIFIED);
  foreign.SetPayload("type.googleapis.com/google.rpc.ErrorInfo", absl::Cord("\xff\xff"));
  EXPECT_EQ(InfoOf(foreign).reason(), "");
}

absl::StatusOr<int> Half(int number) {
  if (number % 2 != 0) return InvalidField("number", "is odd");
  return number / 2;
}
absl::StatusOr<int> Quarter(int number) {
  TL_ASSIGN_OR_RETURN(const int half, Half(number));
  TL_ASSIGN_OR_RETURN(const int quarter, Half(half));
  TL_RETURN_IF_ERROR(absl::OkStatus());
  return quarter;
}

TEST(StatusMacros, ReturnEarlyWithTheWholeStatus) {
  EXPECT_EQ(Quarter(12).value(), 3);
  EXPECT_EQ(ReasonOf(Quarter(6).status()), Reason::REASON_INVALID_FIELD);
}

}  // namespace
}  // namespace tideline
