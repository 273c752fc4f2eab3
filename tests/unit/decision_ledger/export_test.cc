// SPDX-License-Identifier: Apache-2.0
// What is exported verifies, with nothing but the key; what the archive refuses.
#include "services/decision_ledger/ledger/export.h"

#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "sqlite3.h"
#include "tests/unit/decision_ledger/exported.h"
#include "tests/unit/decision_ledger/journals.h"
#include "tideline/work_routing/v1/events.pb.h"

namespace tideline::decision_ledger {
namespace {

using Where = verify::Finding::Where;

TEST(Export, VerifiesAtEverySizeAroundABlock) {
  for (const uint64_t size : {1, 2, 3, 255, 256, 257, 300, 511, 512, 513, 1025}) {
    Exported exported(size);
    const verify::Report report = VerifyText(exported.Export(), exported.trust());
    EXPECT_TRUE(report.good()) << size << ": " << verify::Describe(report.first_bad);
    EXPECT_EQ(report.size, size);
    EXPECT_EQ(report.origin, "tideline.example/acme");
    EXPECT_EQ(report.kinds.at("work_routing.2"), size);
  }
}

TEST(Export, WorkspacesAreTreesOfTheirOwn) {
  Exported exported(640);
  const auto tree = exported.reader().TreeOf("workspaces/beta");
  ASSERT_TRUE(tree.ok());
  EXPECT_EQ(tree->size, 10u);
  const verify::Report report =
      VerifyText(exported.Export("workspaces/beta"), {exported.reader().Keys(*tree)->back(), ""});
  EXPECT_TRUE(report.good()) << verify::Describe(report.first_bad);
  // One workspace's export is not another's.
  EXPECT_EQ(VerifyText(exported.Export("workspaces/beta"), exported.trust()).first_bad.where,
            Where::kHeader);
  EXPECT_TRUE(absl::IsNotFound(ExportTree(exported.reader(), "workspaces/none",
                                          [](absl::string_view) { return absl::OkStatus(); })));
}

TEST(Export, ContinuesACheckpointThatWasKept) {
  Exported exported(300);
  const std::string kept = exported.checkpoint();
  const std::string early = exported.Export();
  exported.Grow(400);
  const verify::Report later = VerifyText(exported.Export(), {exported.key(), kept});
  EXPECT_TRUE(later.good()) << verify::Describe(later.first_bad);
  EXPECT_EQ(later.kept_size, 300u);
  // The early export is genuine, and too short for who has seen more.
  EXPECT_TRUE(VerifyText(early, {exported.key(), kept}).good());
  const verify::Report cut = VerifyText(early, {exported.key(), exported.checkpoint()});
  EXPECT_EQ(cut.first_bad.where, Where::kEntry);
  EXPECT_EQ(cut.first_bad.index, 300u);
}

// A ledger with the same key and another history, as after an archive was brought back: every
// signature is good, and yet it is not what the client was shown.
TEST(Export, AnotherHistoryUnderTheSameKeyIsFound) {
  Exported exported(300);
  exported.Grow(10);
  const std::string kept = exported.checkpoint();
  exported.Close();
  // The archive of an hour ago, grown another way.
  Exported other(300, 2);
  other.Grow(400);
  std::string text = other.Export();
  EXPECT_TRUE(VerifyText(text, other.trust()).good());
  const verify::Report foreign = VerifyText(text, {other.key(), kept});
  EXPECT_EQ(foreign.first_bad.where, Where::kTrust) << "a checkpoint of another key";
}

TEST(Export, AnUnderminedCheckpointOfTheSameKeyIsFound) {
  Exported exported(300);
  const std::string folder = exported.folder();
  const std::string old_archive = folder + "/old.sqlite";
  exported.Close();
  // An SQLite file that nobody has open is one file, once its log is in it.
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open((folder + "/archive.sqlite").c_str(), &database), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(database, "PRAGMA wal_checkpoint(TRUNCATE)", nullptr, nullptr, nullptr),
            SQLITE_OK);
  sqlite3_close(database);
  std::ofstream(old_archive, std::ios::binary)
      << std::ifstream(folder + "/archive.sqlite", std::ios::binary).rdbuf();
  ASSERT_TRUE(exported.Open().ok());
  exported.Grow(5);
  const std::string kept = exported.checkpoint();
  exported.Close();
  // Another history with the same key from the old archive on: the same commits in another order
  // would do it; here other content.
  Archive::Options options;
  options.path = old_archive;
  options.name = "tideline.example";
  options.partitions = 1;
  auto archive = Archive::Open(options, *SigningKey::Read(folder + "/key1.pem"));
  ASSERT_TRUE(archive.ok()) << archive.status();
  const uint64_t next = (*archive)->cursors().at({"work_routing", 0}).commit + 1;
  std::vector<SealableCommit> commits;
  for (uint64_t number = next; number < next + 20; ++number) {
    Written written;
    written.content = "another history";
    commits.push_back({{"work_routing", 0}, number, "", {MakeEvent(written, number, 0)}});
  }
  ASSERT_TRUE((*archive)->Append(commits, absl::FromUnixSeconds(1'800'000'000)).ok());
  auto reader = ArchiveReader::Open(old_archive);
  std::string text;
  ASSERT_TRUE(ExportTree(**reader, "workspaces/acme", [&](absl::string_view part) {
                absl::StrAppend(&text, part);
                return absl::OkStatus();
              }).ok());
  const std::string key = (*reader)->Keys(*(*reader)->TreeOf("workspaces/acme"))->back();
  EXPECT_TRUE(VerifyText(text, {key, ""}).good()) << "by itself it is a good export";
  EXPECT_EQ(VerifyText(text, {key, kept}).first_bad.where, Where::kKept);
}

TEST(Export, AChangeOfKeyHandsOver) {
  Exported exported(300);
  const std::string first_key = exported.key();
  const std::string kept = exported.checkpoint();
  exported.ChangeKey();
  exported.Grow(300);
  const std::string second_key = exported.key();
  ASSERT_NE(first_key, second_key);
  const std::string text = exported.Export();
  // Who has the first key is led to the second one; who has the second begins with it.
  const verify::Report by_first = VerifyText(text, {first_key, kept});
  EXPECT_TRUE(by_first.good()) << verify::Describe(by_first.first_bad);
  EXPECT_EQ(by_first.checkpoints_before_key, 0u);
  const verify::Report by_second = VerifyText(text, {second_key, ""});
  EXPECT_TRUE(by_second.good()) << verify::Describe(by_second.first_bad);
  EXPECT_GT(by_second.checkpoints_before_key, 0u);
  // Two changes without an event between them are both there.
  exported.ChangeKey();
  exported.ChangeKey();
  const verify::Report by_four = VerifyText(exported.Export(), {first_key, kept});
  EXPECT_TRUE(by_four.good()) << verify::Describe(by_four.first_bad);
  // Without the hand-over the new key is a stranger's.
  std::string without;
  size_t dropped = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at) + 1;
    const std::string line = text.substr(at, end - at);
    if (line.find("tideline-next-key") == std::string::npos) {
      without += line;
    } else {
      ++dropped;
    }
    at = end;
  }
  ASSERT_EQ(dropped, 1u);
  EXPECT_EQ(VerifyText(without, {first_key, ""}).first_bad.where, Where::kCheckpoint);
}

TEST(Archive, RefusesAKeyThatWasNotHandedOverTo) {
  Exported exported(10);
  exported.Close();
  ASSERT_TRUE(SigningKey::Create(exported.folder() + "/other.pem").ok());
  Archive::Options options;
  options.path = exported.folder() + "/archive.sqlite";
  options.name = "tideline.example";
  options.partitions = 1;
  const auto key = SigningKey::Read(exported.folder() + "/other.pem");
  const absl::Status refused = Archive::Open(options, *key).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(refused)) << refused;
  EXPECT_NE(refused.message().find("another key"), std::string::npos) << refused;
  options.previous_key = *key;
  EXPECT_TRUE(absl::IsFailedPrecondition(Archive::Open(options, *key).status()));
}

TEST(Archive, APopulationIsEveryEventOfAKindInAPeriod) {
  ASSERT_NE(work_routing::v1::Event::descriptor(), nullptr);  // linked, so that kinds have names
  Exported exported(640);
  const TreeState tree = *exported.reader().TreeOf("workspaces/acme");
  const auto count = [&](const std::string& kind, absl::Time start, absl::Time end) {
    const auto positions = exported.reader().Population(tree, kind, start, end);
    EXPECT_TRUE(positions.ok()) << positions.status();
    return positions.ok() ? positions->size() : 0;
  };
  EXPECT_EQ(count("work_routing.2", absl::InfinitePast(), absl::InfiniteFuture()), 0u)
      << "this program knows the field";
  const std::string kind = "work_routing.work_item_submitted";
  EXPECT_EQ(count(kind, absl::InfinitePast(), absl::InfiniteFuture()), 640u);
  // Event n happened n seconds after the first instant.
  const absl::Time start = absl::FromUnixSeconds(1'700'000'000);
  EXPECT_EQ(count(kind, start + absl::Seconds(11), start + absl::Seconds(21)), 10u);
  EXPECT_EQ(count("work_routing.nothing", absl::InfinitePast(), absl::InfiniteFuture()), 0u);
}

TEST(Archive, ASecondWriterIsRefused) {
  Exported exported(10);
  Archive::Options options;
  options.path = exported.folder() + "/archive.sqlite";
  options.name = "tideline.example";
  options.partitions = 1;
  const absl::Status refused =
      Archive::Open(options, *SigningKey::Read(exported.folder() + "/key1.pem")).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(refused));
  EXPECT_NE(refused.message().find("another replica"), std::string::npos) << refused;
}

TEST(Archive, IsOfOneNameAndPartitionCount) {
  Exported exported(10);
  exported.Close();
  Archive::Options options;
  options.path = exported.folder() + "/archive.sqlite";
  options.name = "other.example";
  options.partitions = 1;
  const SigningKey key = *SigningKey::Read(exported.folder() + "/key1.pem");
  EXPECT_NE(Archive::Open(options, key).status().message().find("name tideline.example"),
            std::string::npos);
  options.name = "tideline.example";
  options.partitions = 2;
  EXPECT_NE(Archive::Open(options, key).status().message().find("partitions 1"), std::string::npos);
}

TEST(Archive, ACommitThatIsNotTheNextIsRefusedAndChangesNothing) {
  Exported exported(10);
  const uint64_t size = exported.archive().size();
  std::vector<SealableCommit> commits;
  commits.push_back({{"work_routing", 0}, 11, "", {MakeEvent(Written(), 11, 0)}});
  commits.push_back({{"work_routing", 0}, 13, "", {MakeEvent(Written(), 13, 0)}});
  const absl::Status refused =
      exported.archive().Append(commits, absl::FromUnixSeconds(1'800'000'000));
  EXPECT_TRUE(absl::IsFailedPrecondition(refused)) << refused;
  EXPECT_EQ(exported.archive().size(), size);
  commits.pop_back();
  EXPECT_TRUE(exported.archive().Append(commits, absl::FromUnixSeconds(1'800'000'000)).ok());
  EXPECT_EQ(exported.archive().size(), size + 1);
  EXPECT_TRUE(VerifyText(exported.Export(), exported.trust()).good());
}

TEST(Archive, AnEventThatSaysAnotherPlaceIsRefused) {
  Exported exported(10);
  const absl::Status refused =
      exported.archive().Append({{{"work_routing", 0}, 11, "", {MakeEvent(Written(), 12, 0)}}},
                                absl::FromUnixSeconds(1'800'000'000));
  EXPECT_TRUE(absl::IsDataLoss(refused)) << refused;
  EXPECT_NE(refused.message().find("commit 11, event 0"), std::string::npos) << refused;
}

TEST(Archive, ATamperedFileIsRefusedAtStartOrByTheVerifier) {
  Exported exported(300);
  const std::string path = exported.folder() + "/archive.sqlite";
  exported.Close();
  const auto change = [&](const char* sql) {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(path.c_str(), &database), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(database, sql, nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(database);
    sqlite3_close(database);
  };
  // An entry's bytes: only hashing all of them shows it, which is the verifier's work.
  change("UPDATE entry SET sealed = zeroblob(40) WHERE id % 1000 = 7 AND id < (2 << 40)");
  ASSERT_TRUE(exported.Open().ok());
  const verify::Report report = VerifyText(exported.Export(), exported.trust());
  EXPECT_EQ(report.first_bad.where, Where::kEntry);
  EXPECT_FALSE(report.good());
  exported.Close();
  change("DELETE FROM entry WHERE id = (SELECT max(id) FROM entry WHERE id < (2 << 40))");
  EXPECT_TRUE(absl::IsDataLoss(exported.Open()));
  change("UPDATE tree SET size = size - 1");
  EXPECT_TRUE(absl::IsDataLoss(exported.Open()));
}

}  // namespace
}  // namespace tideline::decision_ledger
