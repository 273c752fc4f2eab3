// SPDX-License-Identifier: Apache-2.0
// Redis: opening a store, its Functions, and what it says of itself.
#include <regex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/journal/functions.h"
#include "tests/conformance/journal_fixture.h"

namespace tideline::journal {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

RedisStoreOptions OptionsFor(const std::string& url) {
  return {redis::FixedEndpoint(*redis::ParseAddress(url)), {.timeout = absl::Seconds(2)}};
}

TEST(RedisStore, NoServerIsUnavailableInTimeAndNamesTheAddress) {
  RedisStore store(OptionsFor("unix:///tmp/there-is-no-such-socket"));
  const absl::Status status = store.Open(16, absl::Milliseconds(300));
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("unix:///tmp/there-is-no-such-socket"));
}

TEST(RedisStore, AHostThatDoesNotResolveIsUnavailable) {
  RedisStore store(OptionsFor("redis://no-such-host.invalid"));
  const absl::Status status = store.Open(16, absl::Milliseconds(500));
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("no-such-host.invalid"));
}

TEST(Functions, VersionsAgree) {
  EXPECT_THAT(kFunctions, HasSubstr(absl::StrCat("local VERSION = ", kFunctionsVersion, "\n")));
  EXPECT_THAT(kFunctions, HasSubstr(absl::StrCat("local FORMAT = ", kFormat, " ")));
  EXPECT_THAT(kFunctions, HasSubstr(absl::StrCat("local MAX_WRITES = ", kMaxWrites, " ")));
  EXPECT_THAT(kFunctions, HasSubstr(absl::StrCat("local MAX_BYTES = ", kMaxCommitBytes, " ")));
}

TEST_F(RedisJournalTest, ThePartitionCountOutlivesTheProcessThatSetIt) {
  RedisStore other(server_->store_options());
  EXPECT_EQ(other.Open(8, absl::Seconds(5)).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(other.Open(16, absl::Seconds(5)).ok());
}

std::string InstalledDigest(testing::RedisServer& server) {
  const redis::Reply reply = server.Command({"FCALL_RO", "tideline_version", "0"});
  return reply.elements.size() == 2 ? reply.elements[1].text : reply.text;
}

TEST_F(RedisJournalTest, FunctionsOfAnOlderOrAlteredLibraryAreReplaced) {
  const std::string ours = InstalledDigest(*server_);
  for (const char* version : {"{'0', 'older'}", "{'1', 'altered'}", "{'x', 'unreadable'}"}) {
    server_->Command({"FUNCTION", "LOAD", "REPLACE",
                      absl::StrCat("#!lua name=tideline\nredis.register_function{function_name="
                                   "'tideline_version', callback=function() return ",
                                   version, " end, flags={'no-writes'}}")});
    ASSERT_NE(InstalledDigest(*server_), ours);
    ASSERT_TRUE(store_->Open(16, absl::Seconds(5)).ok());
    EXPECT_EQ(InstalledDigest(*server_), ours);
  }
}

TEST_F(RedisJournalTest, FunctionsOfANewerLibraryAreLeft) {
  std::string newer =
      std::regex_replace(kFunctions, std::regex("local VERSION = \\d+"), "local VERSION = 99");
  newer = std::regex_replace(newer, std::regex("%DIGEST%"), "newer");
  ASSERT_FALSE(server_->Command({"FUNCTION", "LOAD", "REPLACE", newer}).is_error());
  ASSERT_TRUE(store_->Open(16, absl::Seconds(5)).ok());
  EXPECT_EQ(InstalledDigest(*server_), "newer");
  OwnAndCommit(2);  // and they still serve us
}

TEST_F(RedisJournalTest, ADurableServerHasNoWarningsButItsMissingLimit) {
  auto info = store_->Inspect();
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_THAT(info->description, HasSubstr("Redis 7"));
  EXPECT_THAT(info->description, HasSubstr(server_->url()));
  EXPECT_TRUE(info->durable);
  EXPECT_FALSE(info->evicts);
  EXPECT_GT(info->used_bytes, 0u);
  EXPECT_EQ(info->max_bytes, 0u);
  EXPECT_THAT(info->warnings, ElementsAre(HasSubstr("maxmemory is not set")));
  server_->Command({"CONFIG", "SET", "maxmemory", "1gb"});
  EXPECT_THAT(store_->Inspect()->warnings, IsEmpty());
}

TEST_F(RedisJournalTest, EachUnsafeSettingIsWarnedOfWithItsRemedy) {
  server_->Command({"CONFIG", "SET", "maxmemory", "1gb"});
  struct Case {
    const char* setting;
    const char* unsafe;
    const char* safe;
    const char* remedy;
  };
  for (const Case& c : {Case{"appendfsync", "everysec", "always", "set appendfsync always"},
                        {"no-appendfsync-on-rewrite", "yes", "no", "set it to no"},
                        {"maxmemory-policy", "allkeys-lru", "noeviction", "set noeviction"},
                        {"appendonly", "no", "yes", "set appendonly yes"}}) {
    server_->Command({"CONFIG", "SET", c.setting, c.unsafe});
    auto info = store_->Inspect();
    ASSERT_TRUE(info.ok());
    EXPECT_THAT(info->warnings, ElementsAre(HasSubstr(c.remedy)));
    server_->Command({"CONFIG", "SET", c.setting, c.safe});
  }
}

TEST_F(RedisJournalTest, FullnessIsTheShareOfTheLimit) {
  EXPECT_EQ(store_->Fullness(), 0);
  server_->Command({"CONFIG", "SET", "maxmemory", "1"});
  RedisStore full(server_->store_options());
  ASSERT_TRUE(full.Inspect().ok());  // behind the store's own first look
  EXPECT_EQ(full.Fullness(), 1);
  server_->Command({"CONFIG", "SET", "maxmemory", "100gb"});
  RedisStore roomy(server_->store_options());
  ASSERT_TRUE(roomy.Inspect().ok());
  EXPECT_GT(roomy.Fullness(), 0);
  EXPECT_LT(roomy.Fullness(), 0.01);
}

TEST_F(RedisJournalTest, APasswordIsAskedForGivenOrRefused) {
  server_->Command({"ACL", "SETUSER", "tide", "on", ">p@ss:w/rd", "~*", "&*", "+@all"});
  server_->Command({"ACL", "SETUSER", "default", "resetpass", ">other"});
  const std::string socket = server_->url();
  RedisStore none(OptionsFor(socket));
  const absl::Status asked = none.Open(16, absl::Seconds(2));
  EXPECT_EQ(asked.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(asked.message(), HasSubstr("asks for a password"));

  redis::Address address = *redis::ParseAddress(socket);
  address.user = "tide";
  address.password = "p@ss:w/rd";
  RedisStore right({redis::FixedEndpoint(address)});
  EXPECT_TRUE(right.Open(16, absl::Seconds(5)).ok());
  address.password = "wrong";
  RedisStore wrong({redis::FixedEndpoint(address)});
  const absl::Status refused = wrong.Open(16, absl::Milliseconds(500));
  EXPECT_EQ(refused.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(refused.message(), HasSubstr("refused the login"));
  EXPECT_THAT(refused.message(), Not(HasSubstr("wrong")));
}

TEST_F(RedisJournalTest, AUserWithoutTheRightToLoadNeedsTheFunctionsThere) {
  server_->Command({"ACL", "SETUSER", "small", "on", ">p", "~tl:*", "&*", "+@all", "-@dangerous",
                    "-@scripting", "+fcall", "+fcall_ro", "+info"});
  redis::Address address = *redis::ParseAddress(server_->url());
  address.user = "small";
  address.password = "p";
  RedisStore small({redis::FixedEndpoint(address)});
  EXPECT_TRUE(small.Open(16, absl::Seconds(5)).ok());
  auto info = small.Inspect();
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_FALSE(info->durable);
  EXPECT_THAT(info->warnings, Contains(HasSubstr("+config|get")));
  server_->Command({"FUNCTION", "FLUSH"});
  const absl::Status status = small.Open(16, absl::Seconds(5));
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(status.message(), HasSubstr("+function|load"));
}

TEST_F(RedisJournalTest, FunctionsAndDataOutliveARestart) {
  OwnAndCommit(3);
  server_->Stop();
  server_->Restart();
  RedisStore again(server_->store_options());
  ASSERT_TRUE(again.Open(16, absl::Seconds(5)).ok());
  BlockingJournal journal(again, "toy", 0, *loop_);
  EXPECT_EQ(journal.ReadHead()->number, 3u);
  EXPECT_EQ(journal.Load({"item"})->size(), 3u);
  EXPECT_EQ(journal.Commit(epoch_, MakeCommit(4)), Answer::kApplied);
}

}  // namespace
}  // namespace tideline::journal
