// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include "tests/integration/cli/program.h"
#include "tideline/skill_registry/v1/skill_registry_service.pb.h"

namespace tideline::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class CliTest : public ::testing::Test {
 protected:
  void SetUp() override { program_.MakeScene(); }
  Ran Run(std::vector<std::string> arguments) { return program_.Run(std::move(arguments)); }

  Program program_;
};

TEST_F(CliTest, AnItemGoesFromSubmissionToCompletion) {
  const Ran submitted = Run({"item", "submit", "c1", "--queue", "claims", "--title", "Claim 1",
                             "--requirements", "java:proficient"});
  ASSERT_EQ(submitted.code, 0) << submitted.err;
  EXPECT_THAT(submitted.out, HasSubstr("name: c1"));
  EXPECT_THAT(submitted.out, HasSubstr("state: offered"));

  const Ran offers = Run({"offer", "list"});
  ASSERT_EQ(offers.code, 0) << offers.err;
  ASSERT_THAT(offers.out, HasSubstr("c1/"));
  const size_t at = offers.out.find("c1/");
  const std::string offer = offers.out.substr(at, offers.out.find(' ', at) - at);

  const Ran accepted = Run({"offer", "accept", offer});
  ASSERT_EQ(accepted.code, 0) << accepted.err;
  EXPECT_THAT(accepted.out, HasSubstr("state: assigned"));
  EXPECT_THAT(accepted.out, HasSubstr("holder: asha"));

  const Ran result = Run({"item", "result", "c1", "--result.summary", "done"});
  ASSERT_EQ(result.code, 0) << result.err;
  const Ran item = Run({"item", "get", "c1"});
  EXPECT_THAT(item.out,
              ::testing::AnyOf(HasSubstr("state: completed"), HasSubstr("state: submitted")));
  const Ran explained = Run({"item", "explain", "c1"});
  ASSERT_EQ(explained.code, 0) << explained.err;
  EXPECT_THAT(explained.out, HasSubstr("offered"));
  EXPECT_THAT(explained.out, HasSubstr("asha"));
}

TEST_F(CliTest, TransfersNameTheCustodyThatStandsNow) {
  ASSERT_EQ(Run({"team", "create", "day", "--organization", "acme", "--site", "lodz"}).code, 0);
  ASSERT_EQ(Run({"item", "submit", "c1", "--queue", "claims", "--title", "Claim 1"}).code, 0);
  const Ran moved = Run({"item", "transfer", "c1", "--team", "day", "--reason", "night is over"});
  ASSERT_EQ(moved.code, 0) << moved.err;
  EXPECT_THAT(moved.out, HasSubstr("team: day"));
}

TEST_F(CliTest, ExitCodesTellWhatWentWrong) {
  EXPECT_EQ(Run({"item", "get", "nothing"}).code, 3);
  EXPECT_EQ(Run({"item", "get"}).code, 2);
  EXPECT_EQ(Run({"item", "submit", "--queue", "claims", "--priority", "soon", "--title", "x"}).code,
            2);
  EXPECT_EQ(Run({"expert", "create", "bo", "--team", "nowhere"}).code, 4);
  EXPECT_EQ(Run({"skill", "create", "java", "--display-name", "Other"}).code, 4);
  EXPECT_EQ(Run({"--subject", "stranger", "skill", "create", "sql"}).code, 5);
  EXPECT_EQ(
      program_.RunBare({"--address", "127.0.0.1:1", "--timeout", "1s", "workspace", "list"}).code,
      6);
  EXPECT_EQ(program_.RunBare({"--version"}).code, 0);
  EXPECT_EQ(program_.RunBare({"--help"}).code, 0);
}

TEST_F(CliTest, ErrorsNameReasonFieldAndRemedy) {
  const Ran missing = Run({"expert", "create", "bo", "--team", "nowhere"});
  EXPECT_THAT(missing.err, HasSubstr("reason: REFERENCE_NOT_FOUND"));
  EXPECT_THAT(missing.err, HasSubstr("expert.team"));
  EXPECT_EQ(missing.out, "");
  const Ran long_title =
      Run({"item", "submit", "--queue", "claims", "--title", std::string(201, 'x')});
  EXPECT_EQ(long_title.code, 2);
  EXPECT_THAT(long_title.err, HasSubstr("work_item.title"));
  EXPECT_THAT(Run({"--subject", "stranger", "skill", "create", "sql"}).err,
              HasSubstr("remedy: an administrator grants roles"));
}

TEST_F(CliTest, AnUpdateOfAPartKeepsTheOtherParts) {
  ASSERT_EQ(Run({"queue", "update", "claims", "--policy.offer-timeout", "90s"}).code, 0);
  const Ran updated = Run({"queue", "update", "claims", "--policy.mode", "pull"});
  ASSERT_EQ(updated.code, 0) << updated.err;
  const Ran queue = Run({"queue", "get", "claims"});
  EXPECT_THAT(queue.out, HasSubstr("mode: pull"));
  EXPECT_THAT(queue.out, HasSubstr("offer_timeout: 1m30s"));
}

TEST_F(CliTest, AClearedFieldIsEmpty) {
  ASSERT_EQ(Run({"team", "update", "night", "--display-name", "Night shift"}).code, 0);
  EXPECT_THAT(Run({"team", "get", "night"}).out, HasSubstr("Night shift"));
  ASSERT_EQ(Run({"team", "update", "night", "--clear", "display-name"}).code, 0);
  EXPECT_THAT(Run({"team", "get", "night"}).out, Not(HasSubstr("Night shift")));
}

TEST_F(CliTest, AnswersAsJsonAreProtoJson) {
  const Ran ran = Run({"expert", "get", "asha", "-o", "json"});
  ASSERT_EQ(ran.code, 0) << ran.err;
  skill_registry::v1::GetExpertResponse response;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(ran.out, &response).ok()) << ran.out;
  EXPECT_EQ(response.expert().name(), "workspaces/demo/experts/asha");
}

TEST_F(CliTest, ListsGoThroughPagesUpToTheirLimit) {
  for (int i = 0; i < 7; ++i) {
    ASSERT_EQ(Run({"skill", "create", "s" + std::to_string(i)}).code, 0);
  }
  const Ran some = Run({"skill", "list", "--limit", "3"});
  EXPECT_EQ(std::count(some.out.begin(), some.out.end(), '\n'), 4);
  EXPECT_THAT(some.err, HasSubstr("there are more"));
  const Ran all = Run({"skill", "list", "--limit", "0"});
  EXPECT_EQ(std::count(all.out.begin(), all.out.end(), '\n'), 9);
  EXPECT_EQ(all.err, "");
}

TEST_F(CliTest, ARepeatWithTheSameRequestIdIsAnsweredTheSame) {
  const std::vector<std::string> submit = {"item",    "submit",  "--queue",      "claims",
                                           "--title", "Claim 1", "--request-id", "r1"};
  const Ran first = Run(submit);
  ASSERT_EQ(first.code, 0) << first.err;
  EXPECT_EQ(Run(submit).out, first.out);
  auto other = submit;
  other[5] = "Claim 2";
  const Ran reused = Run(other);
  EXPECT_EQ(reused.code, 4);
  EXPECT_THAT(reused.err, HasSubstr("REQUEST_ID_REUSED"));
}

TEST_F(CliTest, DoctorFindsAHealthySuiteHealthy) {
  const Ran ran = Run({"doctor", "--http", program_.suite().http_address()});
  EXPECT_EQ(ran.code, 0) << ran.out << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("work_routing serves"));
  EXPECT_THAT(ran.out, HasSubstr("2 of 2 partitions"));
  const Ran away = program_.RunBare(
      {"--address", "127.0.0.1:1", "--timeout", "1s", "doctor", "--http", "127.0.0.1:1"});
  EXPECT_EQ(away.code, 6);
  EXPECT_THAT(away.out, HasSubstr("FAILED"));
}

TEST_F(CliTest, CompletionKnowsNounsVerbsAndValues) {
  EXPECT_THAT(program_.RunBare({"completion", "bash"}).out, StartsWith("# bash completion"));
  EXPECT_THAT(program_.RunBare({"__complete", "--", "exp"}).out, "expert\n");
  EXPECT_THAT(program_.RunBare({"__complete", "--", "expert", "presence", "asha", "av"}).out,
              "available\n");
  EXPECT_THAT(program_.RunBare({"__complete", "--", "item", "submit", "--priority", "u"}).out,
              "urgent\n");
}

}  // namespace
}  // namespace tideline::testing
