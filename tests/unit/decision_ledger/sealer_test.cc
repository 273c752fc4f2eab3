// SPDX-License-Identifier: Apache-2.0
// From journals into the archive: each event once, whatever is killed, and a start that refuses
// when the two disagree and says where.
#include "services/decision_ledger/ledger/sealer.h"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/base/error.h"
#include "common/journal/memory_store.h"
#include "common/time/clock.h"
#include "gtest/gtest.h"
#include "services/decision_ledger/ledger/export.h"
#include "services/decision_ledger/ledger/folder.h"
#include "tests/unit/decision_ledger/exported.h"
#include "tests/unit/decision_ledger/journals.h"
#include "tideline/decision_ledger/v1/ledger.pb.h"

namespace tideline::decision_ledger {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(60);

class SealerTest : public ::testing::Test {
 protected:
  SealerTest() : clock_(absl::FromUnixSeconds(1'700'000'000)) { NewStore(); }

  void NewStore() {
    journals_.reset();
    store_ = std::make_unique<journal::MemoryStore>();
    ASSERT_TRUE(store_->Open(2, kPatience).ok());
    journals_ = std::make_unique<Journals>(*store_);
  }

  absl::StatusOr<std::unique_ptr<Sealer>> Start(int partitions = 2) {
    FolderOptions options;
    options.folder = folder_.path() + "/ledger";
    options.sealer.store = store_.get();
    options.sealer.clock = &clock_;
    options.sealer.services = {"work_routing", "handoff"};
    options.sealer.partitions = partitions;
    options.sealer.every = absl::Milliseconds(5);
    options.sealer.patience = kPatience;
    return SealIntoFolder(options);
  }

  void Seal() {
    auto sealer = Start();
    ASSERT_TRUE(sealer.ok()) << sealer.status();
    const absl::Status sealed = (*sealer)->SealAll(kPatience);
    ASSERT_TRUE(sealed.ok()) << sealed;
    EXPECT_EQ((*sealer)->sealed(), journals_->events());
  }

  // Each event of each journal is in the archive once, in its journal's order, and the exports
  // verify.
  void ExpectAllSealedOnce() {
    auto reader = ArchiveReader::Open(ArchivePath(folder_.path() + "/ledger"));
    ASSERT_TRUE(reader.ok()) << reader.status();
    uint64_t entries = 0;
    std::set<std::string> events;
    const auto trees = (*reader)->Trees();
    ASSERT_TRUE(trees.ok());
    for (const TreeState& tree : *trees) {
      EXPECT_EQ(tree.size, journals_->events_of(tree.workspace)) << tree.workspace;
      EXPECT_TRUE((*reader)
                      ->Entries(tree, 0, tree.size,
                                [&](const ArchiveReader::Entry& entry) {
                                  v1::SealedEvent sealed;
                                  EXPECT_TRUE(sealed.ParseFromString(entry.sealed));
                                  EXPECT_TRUE(
                                      events
                                          .insert(absl::StrCat(sealed.service(), sealed.partition(),
                                                               sealed.event()))
                                          .second)
                                      << "sealed twice";
                                  ++entries;
                                  return absl::OkStatus();
                                })
                      .ok());
      std::string text;
      EXPECT_TRUE(ExportTree(**reader, tree.workspace, [&](absl::string_view part) {
                    absl::StrAppend(&text, part);
                    return absl::OkStatus();
                  }).ok());
      const verify::Report report = VerifyText(text, {(*reader)->Keys(tree)->back(), ""});
      EXPECT_TRUE(report.good()) << verify::Describe(report.first_bad);
    }
    EXPECT_EQ(entries, journals_->events());
  }

  testing::TempFolder folder_;
  SimulatedClock clock_;
  std::unique_ptr<journal::MemoryStore> store_;
  std::unique_ptr<Journals> journals_;
};

TEST_F(SealerTest, SealsWhatIsThereAndWhatComes) {
  journals_->CommitMany(50, 1);
  auto sealer = Start();
  ASSERT_TRUE(sealer.ok()) << sealer.status();
  journals_->CommitMany(50, 2);
  ASSERT_TRUE((*sealer)->SealAll(kPatience).ok());
  sealer->reset();
  ExpectAllSealedOnce();
}

TEST_F(SealerTest, GoesOnWhereItStopped) {
  for (uint64_t round = 1; round <= 5; ++round) {
    journals_->CommitMany(20, round);
    Seal();
  }
  ExpectAllSealedOnce();
}

TEST_F(SealerTest, NothingToSealIsNoTrouble) {
  Seal();
  Seal();
}

TEST_F(SealerTest, TellsTheJournalHowFarItSealed) {
  journals_->Commit("handoff", 1, {Written()});
  Seal();
  Loop loop("look");
  testing::BlockingJournal journal(*store_, "handoff", 1, loop);
  EXPECT_EQ(journal.ReadHead()->sealed, 1u);
}

TEST_F(SealerTest, AJournalThatWasRolledBackIsRefusedAndNamed) {
  journals_->CommitMany(40, 1);
  Seal();
  NewStore();
  journals_->Commit("work_routing", 0, {Written()});
  const absl::Status refused = Start().status();
  EXPECT_EQ(ReasonOf(refused), Reason::REASON_DATA_LOSS) << refused;
  EXPECT_NE(refused.message().find("the journal of "), std::string::npos) << refused;
}

TEST_F(SealerTest, AnotherStoreIsRefusedAndTheCommitIsNamed) {
  for (int i = 0; i < 5; ++i) journals_->Commit("handoff", 1, {Written()});
  Seal();
  NewStore();
  Written other;
  other.subject = "workspaces/acme/workItems/other";
  for (int i = 0; i < 9; ++i) journals_->Commit("handoff", 1, {other});
  const absl::Status refused = Start().status();
  EXPECT_EQ(ReasonOf(refused), Reason::REASON_DATA_LOSS) << refused;
  EXPECT_NE(refused.message().find("the journal of handoff 1 disagree: commit 5 is not the one"),
            std::string::npos)
      << refused;
}

TEST_F(SealerTest, AnArchiveThatWasRolledBackIsRefused) {
  const std::string ledger = folder_.path() + "/ledger";
  journals_->Commit("handoff", 1, {Written()});
  Seal();
  std::filesystem::copy(ledger, folder_.path() + "/copy");
  journals_->Commit("handoff", 1, {Written()});
  Seal();
  std::filesystem::remove_all(ledger);
  std::filesystem::rename(folder_.path() + "/copy", ledger);
  const absl::Status refused = Start().status();
  EXPECT_EQ(ReasonOf(refused), Reason::REASON_DATA_LOSS) << refused;
  EXPECT_NE(refused.message().find("handoff 1"), std::string::npos) << refused;
  EXPECT_NE(refused.message().find("older archive"), std::string::npos) << refused;
}

TEST_F(SealerTest, EntriesTrimmedBeforeTheyWereSealedAreAGap) {
  Loop loop("owner");
  for (int i = 0; i < 6; ++i) journals_->Commit("handoff", 1, {Written()});
  {
    testing::BlockingJournal journal(*store_, "handoff", 1, loop);
    ASSERT_TRUE(journal.Seal(4).ok());
    const auto head = journal.ReadHead();
    ASSERT_TRUE(journal.Trim(head->epoch, 5).ok());
  }
  const absl::Status refused = Start().status();
  EXPECT_EQ(ReasonOf(refused), Reason::REASON_DATA_LOSS) << refused;
  EXPECT_NE(refused.message().find("handoff 1"), std::string::npos) << refused;
}

TEST_F(SealerTest, WhatWasSealedMayBeTrimmed) {
  for (int i = 0; i < 6; ++i) journals_->Commit("handoff", 1, {Written()});
  Seal();
  Loop loop("owner");
  {
    testing::BlockingJournal journal(*store_, "handoff", 1, loop);
    const auto head = journal.ReadHead();
    const auto first = journal.Trim(head->epoch, 6);
    ASSERT_TRUE(first.ok());
    ASSERT_EQ(*first, 6u);
  }
  journals_->Commit("handoff", 1, {Written()});
  Seal();
  ExpectAllSealedOnce();
}

TEST_F(SealerTest, AServiceThatIsNotThereAnyMoreIsRefused) {
  journals_->Commit("handoff", 1, {Written()});
  Seal();
  FolderOptions options;
  options.folder = folder_.path() + "/ledger";
  options.sealer.store = store_.get();
  options.sealer.clock = &clock_;
  options.sealer.services = {"work_routing"};
  options.sealer.partitions = 2;
  const absl::Status refused = SealIntoFolder(options).status();
  EXPECT_EQ(ReasonOf(refused), Reason::REASON_DATA_LOSS) << refused;
  EXPECT_NE(refused.message().find("handoff 1"), std::string::npos) << refused;
}

TEST_F(SealerTest, ASecondReplicaIsRefused) {
  auto first = Start();
  ASSERT_TRUE(first.ok());
  const absl::Status refused = Start().status();
  EXPECT_TRUE(absl::IsFailedPrecondition(refused)) << refused;
  EXPECT_NE(refused.message().find("another replica"), std::string::npos);
  first->reset();
  EXPECT_TRUE(Start().ok());
}

TEST_F(SealerTest, AnArchiveWithoutItsKeyIsRefused) {
  Seal();
  std::filesystem::remove(folder_.path() + "/ledger/key.pem");
  const absl::Status refused = Start().status();
  EXPECT_TRUE(absl::IsFailedPrecondition(refused)) << refused;
  EXPECT_NE(refused.message().find("key.pem is missing"), std::string::npos) << refused;
}

TEST_F(SealerTest, AnEntryThatDoesNotVerifyStopsItAndSaysWhy) {
  auto sealer = Start();
  ASSERT_TRUE(sealer.ok());
  Loop loop("forger");
  {
    testing::BlockingJournal journal(*store_, "handoff", 0, loop);
    const auto owned = journal.Own("forger", 0);
    ASSERT_TRUE(owned.ok());
    journal::Commit commit;
    commit.number = 1;
    commit.entry = "\xff\xff";
    commit.digest = std::string(32, 'x');
    ASSERT_EQ(journal.Commit(owned->epoch, commit), journal::Answer::kApplied);
  }
  const absl::Status stopped = (*sealer)->SealAll(kPatience);
  EXPECT_EQ(ReasonOf(stopped), Reason::REASON_DATA_LOSS) << stopped;
  EXPECT_EQ((*sealer)->status(), stopped);
}

// The sealing process dies at a random instant, many times, each time with work under way. The
// journals live in this process's parent, so the child seals a copy of the same events.
TEST_F(SealerTest, EachEventIsSealedOnceHoweverOftenItIsKilled) {
  std::mt19937_64 chance(7);
  const std::string ledger = folder_.path() + "/ledger";
  int killed = 0;
  for (int life = 0; life < 12; ++life) {
    const int commits = 300 + life * 150;
    const useconds_t after = static_cast<useconds_t>(chance() % 120'000);
    const pid_t child = ::fork();
    if (child == 0) {
      // A process of its own: nothing of the parent's threads is here. It writes the journals'
      // history as far as this life knows it, and seals until it is killed.
      journal::MemoryStore store;
      if (!store.Open(2, kPatience).ok()) ::_exit(2);
      Journals journals(store);
      journals.CommitMany(commits, 99);
      FolderOptions options;
      options.folder = ledger;
      options.sealer.store = &store;
      options.sealer.clock = &clock_;
      options.sealer.services = {"work_routing", "handoff"};
      options.sealer.partitions = 2;
      options.sealer.every = absl::ZeroDuration();
      auto sealer = SealIntoFolder(options);
      if (!sealer.ok()) ::_exit(3);
      ::_exit((*sealer)->SealAll(kPatience).ok() ? 0 : 4);
    }
    ASSERT_GT(child, 0);
    absl::Notification never;
    never.WaitForNotificationWithTimeout(absl::Microseconds(after));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    if (WIFSIGNALED(status)) {
      ++killed;
    } else {
      ASSERT_EQ(WEXITSTATUS(status), 0);
    }
  }
  journals_->CommitMany(300 + 11 * 150, 99);
  Seal();
  ExpectAllSealedOnce();
  std::printf("%d of 12 lives ended by SIGKILL\n", killed);
}

}  // namespace
}  // namespace tideline::decision_ledger
