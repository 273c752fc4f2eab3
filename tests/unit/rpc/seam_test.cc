// SPDX-License-Identifier: Apache-2.0
// The seam from end to end: a toy service over an in-process channel.
#include <set>

#include "absl/strings/match.h"
#include "common/base/page.h"
#include "common/telemetry/log.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/rpc/toy_process.h"

namespace tideline::toy {
namespace {

using ::testing::HasSubstr;
using Stub = v1::ToyService::Stub;

class Seam : public Process {
 protected:
  void SetUp() override { Start(); }

  v1::ListThingsRequest List(const std::string& workspace = "acme") {
    v1::ListThingsRequest request;
    request.set_parent(absl::StrCat("workspaces/", workspace));
    return request;
  }
};

TEST_F(Seam, AMutationCommitsAndIsSeenByTheNextQuery) {
  const auto thing = Put("first");
  ASSERT_TRUE(thing.ok()) << thing.status();
  EXPECT_TRUE(absl::StartsWith(thing->name(), "workspaces/acme/things/"));
  EXPECT_THAT(cursors_.Format(), ::testing::MatchesRegex("toy=[1-9][0-9]*"));
  const auto got = Get(thing->name());
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->title(), "first");
}

TEST_F(Seam, RefusesBeforeThePartitionWhatItsProtoForbids) {
  v1::PutThingRequest request;
  request.set_parent("workspaces/acme");
  request.mutable_thing()->set_title(std::string(201, 'x'));
  v1::PutThingResponse response;
  absl::Status status = Do(&Stub::PutThing, request, &response);
  EXPECT_EQ(ReasonOf(status), Reason::REASON_INVALID_FIELD);
  EXPECT_EQ(BadRequestOf(status).field_violations(0).field(), "thing.title");

  request.set_parent("");
  status = Do(&Stub::PutThing, request, &response);
  EXPECT_EQ(ReasonOf(status), Reason::REASON_FIELD_REQUIRED);
  EXPECT_EQ(BadRequestOf(status).field_violations(0).field(), "parent");

  v1::UpdateThingRequest update;
  update.mutable_thing()->set_title("no name");
  v1::UpdateThingResponse updated;
  status = Do(&Stub::UpdateThing, update, &updated);
  EXPECT_EQ(ReasonOf(status), Reason::REASON_FIELD_REQUIRED);
  EXPECT_EQ(BadRequestOf(status).field_violations(0).field(), "thing.name");
}

TEST_F(Seam, IgnoresOutputOnlyFields) {
  v1::PutThingRequest request;
  request.set_parent("workspaces/acme");
  request.mutable_thing()->set_title("t");
  request.mutable_thing()->mutable_create_time()->set_seconds(5);
  v1::PutThingResponse response;
  ASSERT_TRUE(Do(&Stub::PutThing, request, &response).ok());
  EXPECT_FALSE(response.thing().has_create_time());
}

TEST_F(Seam, PassesTheCoresRefusalOn) {
  const auto thing = Put("refuse");
  EXPECT_EQ(thing.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(thing.status()), Reason::REASON_STATE_FORBIDS);
  EXPECT_EQ(ReasonOf(Get("workspaces/acme/things/none").status()),
            Reason::REASON_RESOURCE_NOT_FOUND);
}

TEST_F(Seam, MasksADefectOfTheCore) {
  telemetry::SetLogLevel(telemetry::Level::kOff);
  const auto thing = Put("bug");
  telemetry::SetLogLevel(telemetry::Level::kInfo);
  EXPECT_EQ(thing.status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(ReasonOf(thing.status()), Reason::REASON_INTERNAL);
  EXPECT_FALSE(absl::StrContains(thing.status().message(), "secret"));
}

TEST_F(Seam, AsksForARoleOfTheMethod) {
  ASSERT_TRUE(Put("t", "t").ok());
  EXPECT_EQ(ReasonOf(Get("workspaces/acme/things/t", "stranger").status()),
            Reason::REASON_ROLE_MISSING);
  EXPECT_TRUE(Get("workspaces/acme/things/t", "").ok()) << "the trusted dev subject";
  v1::ListAllThingsResponse all;
  EXPECT_EQ(ReasonOf(Do(&Stub::ListAllThings, {}, &all, "ana")), Reason::REASON_ROLE_MISSING);
  EXPECT_TRUE(Do(&Stub::ListAllThings, {}, &all, "root").ok());
}

TEST_F(Seam, RefusesMalformedMetadata) {
  EXPECT_EQ(ReasonOf(Get("workspaces/acme/things/t", std::string(256, 's')).status()),
            Reason::REASON_INVALID_FIELD);
  v1::GetThingRequest request;
  request.set_name("workspaces/acme/things/t");
  v1::GetThingResponse response;
  grpc::ClientContext context;
  context.AddMetadata("tideline-after", "nonsense");
  EXPECT_EQ(ReasonOf(rpc::FromGrpc(stub_->GetThing(&context, request, &response))),
            Reason::REASON_INVALID_FIELD);
}

TEST_F(Seam, ARepeatedRequestIdGetsTheFirstAnswer) {
  const auto first = Put("once", "", "acme", "id-1");
  const auto again = Put("once", "", "acme", "id-1");
  ASSERT_TRUE(first.ok() && again.ok());
  EXPECT_EQ(first->name(), again->name());
  const auto other = Put("other", "", "acme", "id-1");
  EXPECT_EQ(ReasonOf(other.status()), Reason::REASON_REQUEST_ID_REUSED);
}

TEST_F(Seam, PagesThroughAList) {
  for (int i = 0; i < 120; ++i) {
    ASSERT_TRUE(Put(i % 2 == 0 ? "even" : "odd", absl::StrCat("t", 1000 + i)).ok());
  }
  v1::ListThingsRequest request = List();
  std::vector<int> sizes;
  std::set<std::string> names;
  do {
    v1::ListThingsResponse response;
    ASSERT_TRUE(Do(&Stub::ListThings, request, &response).ok());
    sizes.push_back(response.things_size());
    for (const v1::Thing& thing : response.things()) names.insert(thing.name());
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_THAT(sizes, ::testing::ElementsAre(50, 50, 20)) << "0 is 50";
  EXPECT_EQ(names.size(), 120u);
}

TEST_F(Seam, BindsAPageTokenToCallerMethodAndFilter) {
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Put("x", absl::StrCat("t", i)).ok());
  v1::ListThingsRequest request = List();
  request.set_page_size(1);
  request.set_title("x");
  v1::ListThingsResponse first, second;
  ASSERT_TRUE(Do(&Stub::ListThings, request, &first).ok());
  ASSERT_FALSE(first.next_page_token().empty());
  EXPECT_FALSE(absl::StrContains(first.next_page_token(), "things")) << "opaque";

  request.set_page_token(first.next_page_token());
  request.set_page_size(2);  // the size may change
  ASSERT_TRUE(Do(&Stub::ListThings, request, &second).ok());
  EXPECT_EQ(second.things(0).name(), "workspaces/acme/things/t1");

  v1::ListThingsRequest other = request;
  other.set_title("y");
  EXPECT_EQ(ReasonOf(Do(&Stub::ListThings, other, &second)), Reason::REASON_PAGE_TOKEN_INVALID);
  EXPECT_EQ(ReasonOf(Do(&Stub::ListThings, request, &second, "")),
            Reason::REASON_PAGE_TOKEN_INVALID);
  other = request;
  other.set_parent("workspaces/rival");
  EXPECT_EQ(ReasonOf(Do(&Stub::ListThings, other, &second)), Reason::REASON_PAGE_TOKEN_INVALID);
  request.set_page_token("workspaces/acme/things/t1");
  EXPECT_EQ(ReasonOf(Do(&Stub::ListThings, request, &second)), Reason::REASON_PAGE_TOKEN_INVALID);
}

TEST_F(Seam, RefusesANegativePageSize) {
  v1::ListThingsRequest request = List();
  request.set_page_size(-1);
  v1::ListThingsResponse response;
  const absl::Status status = Do(&Stub::ListThings, request, &response);
  EXPECT_EQ(ReasonOf(status), Reason::REASON_INVALID_FIELD);
  EXPECT_EQ(BadRequestOf(status).field_violations(0).field(), "page_size");
}

TEST_F(Seam, EndsAPageAtItsBytes) {
  for (int i = 0; i < 40; ++i) {
    v1::PutThingRequest request;
    request.set_parent("workspaces/acme");
    request.mutable_thing()->set_name(absl::StrCat("workspaces/acme/things/t", 100 + i));
    request.mutable_thing()->set_title("large");
    for (int k = 0; k < 64; ++k) {
      (*request.mutable_thing()->mutable_attributes())[absl::StrCat("k", k)] =
          std::string(1024, 'v');
    }
    v1::PutThingResponse response;
    ASSERT_TRUE(Do(&Stub::PutThing, request, &response).ok());
  }
  v1::ListThingsRequest request = List();
  request.set_page_size(1000);
  std::set<std::string> names;
  int pages = 0;
  do {
    v1::ListThingsResponse response;
    ASSERT_TRUE(Do(&Stub::ListThings, request, &response).ok());
    EXPECT_LE(response.ByteSizeLong(), kMaxPageBytes + 1024);
    EXPECT_GT(response.things_size(), 0);
    for (const v1::Thing& thing : response.things()) names.insert(thing.name());
    request.set_page_token(response.next_page_token());
    ++pages;
  } while (!request.page_token().empty());
  EXPECT_EQ(names.size(), 40u);
  EXPECT_GE(pages, 3);
}

TEST_F(Seam, ListsOverAllPartitions) {
  std::set<std::string> put, listed;
  for (int w = 0; w < 12; ++w) {
    for (int i = 0; i < 5; ++i) {
      const auto thing = Put("t", absl::StrCat("t", i), absl::StrCat("w", w));
      ASSERT_TRUE(thing.ok()) << thing.status();
      put.insert(thing->name());
    }
  }
  v1::ListAllThingsRequest request;
  request.set_page_size(7);
  do {
    v1::ListAllThingsResponse response;
    ASSERT_TRUE(Do(&Stub::ListAllThings, request, &response, "root").ok());
    EXPECT_LE(response.things_size(), 7);
    for (const v1::Thing& thing : response.things()) {
      EXPECT_TRUE(listed.insert(thing.name()).second) << thing.name() << " twice";
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(listed, put);
}

TEST_F(Seam, RefusesARequestOverTheLimitAndLives) {
  v1::PutThingRequest request;
  request.set_parent("workspaces/acme");
  request.mutable_thing()->set_title(std::string(257 << 10, 'x'));
  v1::PutThingResponse response;
  const absl::Status status = Do(&Stub::PutThing, request, &response);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_FALSE(rpc::IsDefinite(status)) << "gRPC made it";
  EXPECT_TRUE(Put("small").ok());
}

TEST_F(Seam, CountsCallsByCode) {
  const telemetry::Labels labels = {{"grpc_service", "tideline.toy.v1.ToyService"},
                                    {"grpc_method", "PutThing"}};
  auto handled = [&](const char* code) {
    telemetry::Labels with = labels;
    with.emplace_back("grpc_code", code);
    return metrics_.GetCounter("grpc_server_handled_total", "", with).value();
  };
  ASSERT_TRUE(Put("t").ok());
  ASSERT_TRUE(Put("t").ok());
  ASSERT_FALSE(Put("refuse").ok());
  ASSERT_FALSE(Put("").ok());
  EXPECT_EQ(handled("OK"), 2);
  EXPECT_EQ(handled("FAILED_PRECONDITION"), 1);
  EXPECT_EQ(handled("INVALID_ARGUMENT"), 1);
  EXPECT_EQ(metrics_.GetCounter("grpc_server_started_total", "", labels).value(), 4);
  const std::string text = metrics_.Expose();
  EXPECT_THAT(text, HasSubstr("grpc_server_handling_seconds_count"));
  EXPECT_THAT(text, HasSubstr("tideline_toy_partitions_serving 4\n"));
  EXPECT_THAT(text, HasSubstr("tideline_toy_commits 6\n")) << "four began to serve";
}

std::vector<std::string>* lines = new std::vector<std::string>;

TEST_F(Seam, LogsRefusalsAtInfoAndSuccessAtDebug) {
  lines->clear();
  telemetry::CaptureLog([](absl::string_view line) { lines->emplace_back(line); });
  ASSERT_TRUE(Put("t").ok());
  ASSERT_FALSE(Put("refuse").ok());
  telemetry::CaptureLog(nullptr);
  ASSERT_EQ(lines->size(), 1u);
  EXPECT_THAT(lines->front(), HasSubstr(R"("level":"info","event":"call.refused")"));
  EXPECT_THAT(lines->front(), HasSubstr(R"("method":"/tideline.toy.v1.ToyService/PutThing")"));
  EXPECT_THAT(lines->front(), HasSubstr(R"("reason":"STATE_FORBIDS")"));
  EXPECT_THAT(lines->front(), HasSubstr(R"("workspace":"workspaces/acme")"));
}

TEST_F(Seam, AnswersUnavailableWhileDraining) {
  ASSERT_TRUE(Put("t").ok());
  ASSERT_TRUE(bindings_->Drain(absl::Seconds(10)).ok());
  EXPECT_EQ(Put("t").status().code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(bindings_->Ready().ok());
}

TEST(SeamCreate, FailsForAServiceThatIsNotLinked) {
  rpc::Deps deps;
  EXPECT_EQ(rpc::Seam::Create(deps, rpc::Router(), "tideline.none.v1.NoService").status().code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace tideline::toy
