// SPDX-License-Identifier: Apache-2.0
// Streams from end to end.
#include <thread>

#include "common/rpc/watches.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/rpc/toy_process.h"

namespace tideline::toy {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// One open stream, read by hand.
struct Reader {
  Reader(v1::ToyService::Stub& stub, const std::string& token = "", const std::string& title = "",
         const std::string& subject = "ana") {
    rpc::Prepare({.subject = subject, .timeout = absl::Seconds(30)}, context);
    v1::WatchThingsRequest request;
    request.set_workspace("workspaces/acme");
    request.set_resume_token(token);
    request.set_title(title);
    stream = stub.WatchThings(&context, request);
  }
  // Ids of the next `count` things; fewer when the stream ends.
  std::vector<std::string> Next(int count) {
    std::vector<std::string> ids;
    v1::WatchThingsResponse response;
    while (static_cast<int>(ids.size()) < count && stream->Read(&response)) {
      const std::string& name = response.thing().name();
      ids.push_back(name.substr(name.rfind('/') + 1));
      tokens.push_back(response.resume_token());
    }
    return ids;
  }
  absl::Status Finish() { return rpc::FromGrpc(stream->Finish()); }
  absl::Status Cancel() {
    context.TryCancel();
    v1::WatchThingsResponse rest;
    while (stream->Read(&rest)) {
    }
    return Finish();
  }

  grpc::ClientContext context;
  std::unique_ptr<grpc::ClientReader<v1::WatchThingsResponse>> stream;
  std::vector<std::string> tokens;
};

class Watch : public Process {
 protected:
  void SetUp() override { Start(); }
};

TEST_F(Watch, ShowsWhatIsThereAndThenWhatHappens) {
  ASSERT_TRUE(Put("t", "a").ok());
  ASSERT_TRUE(Put("t", "b").ok());
  Reader reader(*stub_);
  EXPECT_THAT(reader.Next(2), ElementsAre("a", "b"));
  ASSERT_TRUE(Put("t", "c").ok());
  ASSERT_TRUE(Put("t", "d", "rival").ok());
  ASSERT_TRUE(Put("t", "e").ok());
  EXPECT_THAT(reader.Next(2), ElementsAre("c", "e")) << "not the other workspace's";
  EXPECT_THAT(reader.tokens[0], IsEmpty()) << "half a snapshot cannot be resumed";
  EXPECT_THAT(reader.tokens[1], ::testing::Not(IsEmpty()));
  EXPECT_EQ(reader.Cancel().code(), absl::StatusCode::kCancelled);
}

TEST_F(Watch, ResumesAfterEachToken) {
  ASSERT_TRUE(Put("t", "a").ok());
  Reader first(*stub_);
  ASSERT_THAT(first.Next(1), ElementsAre("a"));
  for (const char* id : {"b", "c", "d"}) ASSERT_TRUE(Put("t", id).ok());
  ASSERT_THAT(first.Next(3), ElementsAre("b", "c", "d"));
  EXPECT_FALSE(first.Cancel().ok());
  EXPECT_THAT(Reader(*stub_, first.tokens[0]).Next(3), ElementsAre("b", "c", "d"));
  EXPECT_THAT(Reader(*stub_, first.tokens[1]).Next(2), ElementsAre("c", "d"));
  Reader last(*stub_, first.tokens[3]);
  ASSERT_TRUE(Put("t", "e").ok());
  EXPECT_THAT(last.Next(1), ElementsAre("e"));
}

TEST_F(Watch, FiltersAndBindsTheTokenToTheFilterAndCaller) {
  Reader reader(*stub_, "", "red");
  ASSERT_TRUE(Put("red", "a").ok());
  ASSERT_TRUE(Put("blue", "b").ok());
  ASSERT_TRUE(Put("red", "c").ok());
  ASSERT_THAT(reader.Next(2), ElementsAre("a", "c"));
  Reader other_filter(*stub_, reader.tokens[0], "blue");
  EXPECT_EQ(ReasonOf(other_filter.Finish()), Reason::REASON_PAGE_TOKEN_INVALID);
  Reader other_caller(*stub_, reader.tokens[0], "red", "");
  EXPECT_EQ(ReasonOf(other_caller.Finish()), Reason::REASON_PAGE_TOKEN_INVALID);
  Reader invented(*stub_, "7.0", "red");
  EXPECT_EQ(ReasonOf(invented.Finish()), Reason::REASON_PAGE_TOKEN_INVALID);
  EXPECT_THAT(Reader(*stub_, reader.tokens[0], "red").Next(1), ElementsAre("c"));
}

TEST_F(Watch, AsksForARole) {
  Reader reader(*stub_, "", "", "stranger");
  EXPECT_THAT(reader.Next(1), IsEmpty());
  EXPECT_EQ(ReasonOf(reader.Finish()), Reason::REASON_ROLE_MISSING);
}

TEST_F(Watch, SkipsNothingForASlowReader) {
  // Far more than the queue and gRPC's window hold, with large things, before the first is read.
  Reader reader(*stub_);
  std::vector<std::string> put;
  for (int i = 0; i < 1500; ++i) {
    v1::PutThingRequest request;
    request.set_parent("workspaces/acme");
    request.mutable_thing()->set_name(absl::StrCat("workspaces/acme/things/t", 10000 + i));
    request.mutable_thing()->set_title("t");
    request.mutable_thing()->set_note(std::string(2000, 'n'));
    v1::PutThingResponse response;
    ASSERT_TRUE(Do(&v1::ToyService::Stub::PutThing, request, &response).ok());
    put.push_back(absl::StrCat("t", 10000 + i));
  }
  EXPECT_EQ(reader.Next(1500), put);
}

TEST_F(Watch, GivesNoGapAndNoDoubleBetweenSnapshotAndChanges) {
  std::thread writer([this] {
    for (int i = 0; i < 300; ++i) EXPECT_TRUE(Put("t", absl::StrCat("t", 1000 + i)).ok());
  });
  for (int round = 0; round < 10; ++round) {
    Reader reader(*stub_);
    std::vector<std::string> ids = reader.Next(300);
    std::vector<std::string> expected;
    for (int i = 0; i < 300; ++i) expected.push_back(absl::StrCat("t", 1000 + i));
    EXPECT_EQ(ids, expected) << "round " << round;
  }
  writer.join();
}

TEST_F(Watch, BoundsStreamsPerCallerAndFreesThem) {
  std::vector<std::unique_ptr<Reader>> readers;
  ASSERT_TRUE(Put("t", "a").ok());
  for (int i = 0; i < rpc::kMaxWatchesPerCaller; ++i) {
    readers.push_back(std::make_unique<Reader>(*stub_));
    ASSERT_THAT(readers.back()->Next(1), ElementsAre("a"));
  }
  EXPECT_EQ(deps_.watches->open(), rpc::kMaxWatchesPerCaller);
  Reader refused(*stub_);
  const absl::Status status = refused.Finish();
  EXPECT_EQ(ReasonOf(status), Reason::REASON_QUOTA_EXCEEDED);
  EXPECT_GT(RetryAfterOf(status), absl::ZeroDuration());
  EXPECT_THAT(Reader(*stub_, "", "", "").Next(1), ElementsAre("a")) << "another caller";
  for (auto& reader : readers) EXPECT_FALSE(reader->Cancel().ok());
  readers.clear();
  // The server hears of a cancellation when it does: ask until it has.
  for (int i = 0; i < 10000; ++i) {
    Reader again(*stub_);
    if (again.Next(1).size() == 1) return;
  }
  FAIL() << deps_.watches->open() << " streams are still counted";
}

TEST(Watches, AreAwaitedUntilTheLastHasHadItsWord) {
  auto watches = std::make_shared<rpc::Watches>();
  EXPECT_TRUE(watches->AwaitNone(absl::ZeroDuration()));
  auto ticket = watches->Open("ana", [](absl::Status) {});
  ASSERT_TRUE(ticket.ok());
  watches->CloseAll();
  EXPECT_FALSE(watches->AwaitNone(absl::Milliseconds(1))) << "told to end, but still there";
  std::thread last([&] { ticket->reset(); });
  EXPECT_TRUE(watches->AwaitNone(absl::Seconds(20)));
  last.join();
}

TEST_F(Watch, EndsWithDrainingAndItsTokenHoldsElsewhere) {
  ASSERT_TRUE(Put("t", "a").ok());
  Reader reader(*stub_);
  ASSERT_THAT(reader.Next(1), ElementsAre("a"));
  std::thread drain([this] { server_->Drain(absl::Seconds(20)); });
  EXPECT_THAT(reader.Next(1), IsEmpty());
  EXPECT_EQ(ReasonOf(reader.Finish()), Reason::REASON_DRAINING);
  drain.join();

  // The same installation in a process that starts again.
  server_.reset();
  bindings_.reset();
  deps_.watches = std::make_shared<rpc::Watches>();
  Start();
  ASSERT_TRUE(Put("t", "b").ok());
  EXPECT_THAT(Reader(*stub_, reader.tokens[0]).Next(1), ElementsAre("b"));
}

}  // namespace
}  // namespace tideline::toy
