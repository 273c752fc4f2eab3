// SPDX-License-Identifier: Apache-2.0
// The error table as clients see it, against tests/golden/errors.txt. UPDATE_GOLDEN=1 writes it
// anew.
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/error.h"
#include "common/rpc/call_metrics.h"
#include "common/rpc/status.h"
#include "google/rpc/status.pb.h"
#include "gtest/gtest.h"

namespace tideline::rpc {
namespace {

// "ErrorInfo, BadRequest".
std::string DetailsOf(const grpc::Status& status) {
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details())) return "(does not parse)";
  std::vector<std::string> names;
  for (const google::protobuf::Any& any : details.details()) {
    names.push_back(any.type_url().substr(any.type_url().rfind('.') + 1));
  }
  std::sort(names.begin(), names.end());
  std::string text;
  for (const std::string& name : names) absl::StrAppend(&text, text.empty() ? "" : ", ", name);
  return text;
}

// As the code makes it: fields by InvalidField, quotas with a time to try again.
absl::Status Example(Reason reason) {
  switch (CodeOf(reason)) {
    case absl::StatusCode::kInvalidArgument:
      return InvalidField("field", "is wrong", reason);
    case absl::StatusCode::kResourceExhausted:
      return WithRetryAfter(Refuse(reason, "too much"), absl::Seconds(1));
    default:
      return Refuse(reason, "no");
  }
}

std::string Table() {
  std::string table =
      "# Every reason of tideline.type.v1.Reason: its canonical code, whether the error is "
      "definite\n"
      "# (this attempt had and will have no effect), and what comes in "
      "google.rpc.Status.details.\n";
  const auto* reasons = type::v1::Reason_descriptor();
  for (int i = 0; i < reasons->value_count(); ++i) {
    const auto reason = static_cast<Reason>(reasons->value(i)->number());
    if (reason == Reason::REASON_UNSPECIFIED) continue;
    const absl::Status status = Example(reason);
    const grpc::Status wire = ToGrpc(status);
    absl::StrAppendFormat(&table, "%-30s %-20s %-9s %s\n", ReasonName(reason),
                          CodeName(status.code()), IsDefinite(status) ? "definite" : "unknown",
                          DetailsOf(wire));
  }
  return table;
}

TEST(ErrorTable, IsWhatTheGoldenFileSays) {
  const char* source = std::getenv("TIDELINE_SOURCE");
  ASSERT_NE(source, nullptr) << "run by ctest, or set TIDELINE_SOURCE to the tree";
  const std::string path = absl::StrCat(source, "/tests/golden/errors.txt");
  if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(path) << Table();
  std::ifstream file(path);
  std::ostringstream golden;
  golden << file.rdbuf();
  EXPECT_EQ(Table(), golden.str()) << "if this change is meant: UPDATE_GOLDEN=1";
}

TEST(ErrorTable, GivesEveryReasonACodeOfItsGroup) {
  const auto* reasons = type::v1::Reason_descriptor();
  for (int i = 0; i < reasons->value_count(); ++i) {
    const auto reason = static_cast<Reason>(reasons->value(i)->number());
    // INTERNAL is what a reason without a row gets.
    if (reason == Reason::REASON_UNSPECIFIED || reason == Reason::REASON_INTERNAL) continue;
    EXPECT_NE(CodeOf(reason), absl::StatusCode::kInternal) << ReasonName(reason);
    EXPECT_EQ(ReasonOf(Refuse(reason, "x")), reason);
  }
}

}  // namespace
}  // namespace tideline::rpc
