// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/status.h"

#include "absl/strings/match.h"
#include "common/base/error.h"
#include "common/telemetry/log.h"
#include "gmock/gmock.h"
#include "google/rpc/status.pb.h"
#include "gtest/gtest.h"

namespace tideline::rpc {
namespace {

TEST(Status, KeepsReasonFieldsAndRetryOnTheWay) {
  const absl::Status sent = WithRetryAfter(
      InvalidField("work_item.title", "is 300 bytes; the limit is 200"), absl::Milliseconds(1500));
  const grpc::Status wire = ToGrpc(sent);
  EXPECT_EQ(wire.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  const absl::Status got = FromGrpc(wire);
  EXPECT_EQ(got, sent);
  EXPECT_EQ(ReasonOf(got), Reason::REASON_INVALID_FIELD);
  EXPECT_EQ(BadRequestOf(got).field_violations(0).field(), "work_item.title");
  EXPECT_EQ(RetryAfterOf(got), absl::Milliseconds(1500));
  EXPECT_EQ(InfoOf(got).domain(), "tideline.dev");
}

TEST(Status, CarriesADetailsMessageThatAnyClientReads) {
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(ToGrpc(NotFound("workspaces/a/teams/b")).error_details()));
  EXPECT_EQ(details.code(), 5);
  ASSERT_EQ(details.details_size(), 1);
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(details.details(0).UnpackTo(&info));
  EXPECT_EQ(info.reason(), "RESOURCE_NOT_FOUND");
  EXPECT_EQ(info.metadata().at("resource"), "workspaces/a/teams/b");
}

TEST(Status, OkIsOkBothWays) {
  EXPECT_TRUE(ToGrpc(absl::OkStatus()).ok());
  EXPECT_TRUE(FromGrpc(grpc::Status::OK).ok());
  EXPECT_TRUE(Presentable(absl::OkStatus(), "/m").ok());
}

TEST(Status, ReadsErrorsThatAreNotOurs) {
  const absl::Status got = FromGrpc(
      grpc::Status(grpc::StatusCode::UNAVAILABLE, "no connection", "\xff\xff not a proto"));
  EXPECT_EQ(got.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(got.message(), "no connection");
  EXPECT_EQ(ReasonOf(got), Reason::REASON_UNSPECIFIED);
}

std::string* captured = new std::string;

TEST(Status, MasksDefectsAndLogsThemUnderAnId) {
  telemetry::CaptureLog([](absl::string_view line) { *captured = std::string(line); });
  const absl::Status shown =
      Presentable(absl::InternalError("secret: index 7 of a vector of 3"), "/toy/Put");
  telemetry::CaptureLog(nullptr);
  EXPECT_EQ(shown.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(ReasonOf(shown), Reason::REASON_INTERNAL);
  EXPECT_FALSE(absl::StrContains(shown.message(), "secret"));
  const std::string id = InfoOf(shown).metadata().at("id");
  EXPECT_EQ(id.size(), 16u);
  EXPECT_TRUE(absl::StrContains(*captured, id)) << *captured;
  EXPECT_TRUE(absl::StrContains(*captured, "secret: index 7")) << *captured;
}

TEST(Status, GivesAReasonToStatusesThatCameWithoutOne) {
  EXPECT_EQ(ReasonOf(Presentable(absl::UnavailableError("away"), "/m")),
            Reason::REASON_STORE_UNAVAILABLE);
  EXPECT_EQ(ReasonOf(Presentable(absl::DeadlineExceededError("late"), "/m")),
            Reason::REASON_DEADLINE);
  const absl::Status told = Refuse(Reason::REASON_DRAINING, "going");
  EXPECT_EQ(Presentable(told, "/m"), told);
}

TEST(Status, TellsDefiniteErrorsFromUnknownOutcomes) {
  EXPECT_TRUE(IsDefinite(Refuse(Reason::REASON_STATE_FORBIDS, "no")));
  EXPECT_TRUE(IsDefinite(Refuse(Reason::REASON_STORE_FULL, "full")));
  EXPECT_FALSE(IsDefinite(absl::OkStatus()));
  EXPECT_FALSE(IsDefinite(Refuse(Reason::REASON_STORE_UNAVAILABLE, "away")));
  EXPECT_FALSE(IsDefinite(Refuse(Reason::REASON_DEADLINE, "late")));
  EXPECT_FALSE(IsDefinite(Refuse(Reason::REASON_DATA_LOSS, "gone")));
  EXPECT_FALSE(IsDefinite(Refuse(Reason::REASON_INTERNAL, "bug")));
  // gRPC makes this one itself: whether the call ran is not known.
  EXPECT_FALSE(IsDefinite(absl::ResourceExhaustedError("message too large")));
}

}  // namespace
}  // namespace tideline::rpc
