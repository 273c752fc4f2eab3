// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/token.h"

#include "common/base/error.h"
#include "common/rpc/identity.h"
#include "common/rpc/router.h"
#include "common/rpc/watches.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tideline::rpc {
namespace {

const TokenScope kScope{"/toy/List", "ana", "filter"};

TEST(Token, OpensForTheSameScopeOnly) {
  const TokenSealer sealer("key");
  const std::string token = sealer.Seal(kScope, "things/17");
  EXPECT_EQ(sealer.Open(kScope, token, "page_token").value(), "things/17");
  // A replica of the same installation opens it as well.
  EXPECT_EQ(TokenSealer("key").Open(kScope, token, "page_token").value(), "things/17");

  const TokenScope others[] = {{"/toy/Other", "ana", "filter"},
                               {"/toy/List", "bob", "filter"},
                               {"/toy/List", "ana", "filter2"},
                               {"/toy/Lista", "na", "filter"}};
  for (const TokenScope& other : others) {
    const auto opened = sealer.Open(other, token, "page_token");
    EXPECT_EQ(opened.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(ReasonOf(opened.status()), Reason::REASON_PAGE_TOKEN_INVALID);
    EXPECT_EQ(BadRequestOf(opened.status()).field_violations(0).field(), "page_token");
  }
  EXPECT_FALSE(TokenSealer("other key").Open(kScope, token, "page_token").ok());
}

TEST(Token, RefusesWhatWasTamperedWith) {
  const TokenSealer sealer("key");
  const std::string token = sealer.Seal(kScope, "things/17");
  for (size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    const auto opened = sealer.Open(kScope, changed, "page_token");
    // The last character may hold bits that base64 ignores.
    EXPECT_TRUE(!opened.ok() || *opened == "things/17") << i;
    if (i + 1 < token.size()) {
      EXPECT_FALSE(opened.ok()) << i;
    }
    EXPECT_FALSE(sealer.Open(kScope, token.substr(0, i), "page_token").ok()) << i;
  }
  for (const char* text : {"x", "!!!", "AAAA", "things/17"}) {
    EXPECT_FALSE(sealer.Open(kScope, text, "page_token").ok()) << text;
  }
}

TEST(Token, IsFitForUrlsAndCarriesAnyBytes) {
  const TokenSealer sealer("key");
  const std::string cursor("\0\xff/+", 4);
  const std::string token = sealer.Seal(kScope, cursor);
  EXPECT_EQ(token.find_first_of("+/= \n"), std::string::npos);
  EXPECT_EQ(sealer.Open(kScope, token, "page_token").value(), cursor);
}

TEST(Positions, ParseAndFormat) {
  const auto positions = ParsePositions("skill_registry=12, work_routing=40");
  ASSERT_TRUE(positions.ok()) << positions.status();
  ASSERT_EQ(positions->size(), 2u);
  EXPECT_EQ((*positions)[0].service, "skill_registry");
  EXPECT_EQ((*positions)[1].commit, 40u);
  EXPECT_EQ(FormatPosition((*positions)[1]), "work_routing=40");
  EXPECT_TRUE(ParsePositions("")->empty());
}

TEST(Positions, RefuseWhatIsMalformedOrTooMuch) {
  for (const char* text : {"skill_registry", "=1", "a=b", "a=-1", "a=99999999999999999999"}) {
    const auto positions = ParsePositions(text);
    EXPECT_EQ(ReasonOf(positions.status()), Reason::REASON_INVALID_FIELD) << text;
    EXPECT_EQ(BadRequestOf(positions.status()).field_violations(0).field(), "tideline-after");
  }
  std::string many = "a=1";
  for (int i = 1; i < 16; ++i) many += ",a=1";
  EXPECT_TRUE(ParsePositions(many).ok());
  EXPECT_FALSE(ParsePositions(many + ",a=1").ok());
}

// The check value of CRC-16/XMODEM, and slots that Redis documents.
TEST(Router, UsesTheCrcOfRedisCluster) {
  EXPECT_EQ(Crc16("123456789"), 0x31C3);
  EXPECT_EQ(Crc16(""), 0);
  EXPECT_EQ(Crc16("foo") % 16384, 12182);
  EXPECT_EQ(Crc16("somekey") % 16384, 11058);
}

TEST(Router, PutsAWorkspaceIntoOnePartitionByItsId) {
  EXPECT_EQ(PartitionOf("workspaces/acme", 16), Crc16("acme") % 16);
  EXPECT_EQ(PartitionOf("", 16), 0);
  EXPECT_EQ(PartitionOf("workspaces/acme", 1), 0);
}

TEST(Watches, BoundsStreamsPerCaller) {
  auto watches = std::make_shared<Watches>();
  std::vector<std::shared_ptr<void>> tickets;
  for (int i = 0; i < kMaxWatchesPerCaller; ++i) {
    auto ticket = watches->Open("ana", [](absl::Status) {});
    ASSERT_TRUE(ticket.ok()) << i;
    tickets.push_back(*ticket);
  }
  const auto refused = watches->Open("ana", [](absl::Status) {});
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(refused.status()), Reason::REASON_QUOTA_EXCEEDED);
  EXPECT_GT(RetryAfterOf(refused.status()), absl::ZeroDuration());
  EXPECT_TRUE(watches->Open("bob", [](absl::Status) {}).ok());
  tickets.pop_back();
  EXPECT_TRUE(watches->Open("ana", [](absl::Status) {}).ok());
}

TEST(Watches, EndsAllWhenDraining) {
  auto watches = std::make_shared<Watches>();
  absl::Status ended;
  const auto ticket = watches->Open("ana", [&](absl::Status why) { ended = std::move(why); });
  ASSERT_TRUE(ticket.ok());
  watches->CloseAll();
  EXPECT_EQ(ReasonOf(ended), Reason::REASON_DRAINING);
  EXPECT_EQ(ReasonOf(watches->Open("ana", [](absl::Status) {}).status()), Reason::REASON_DRAINING);
}

}  // namespace
}  // namespace tideline::rpc
