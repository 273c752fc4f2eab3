// SPDX-License-Identifier: Apache-2.0
#include "tools/replay/journal_fold.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/sha.h>

#include <memory>

#include "absl/synchronization/notification.h"
#include "common/journal/entry.pb.h"
#include "common/journal/memory_store.h"
#include "common/loop/loop.h"
#include "tests/unit/replay/events.h"

namespace tideline::replay {
namespace {

using Event = work_routing::v1::Event;

// Writes entries into partition 1 of 2 as a host would.
class JournalFoldTest : public testing::Test {
 protected:
  JournalFoldTest() {
    EXPECT_TRUE(store_.Open(2, absl::Seconds(1)).ok());
    loop_.Run([this] { journal_ = store_.OpenJournal("work_routing", 1, loop_); });
    absl::Notification owned;
    loop_.Post([&] {
      journal_->Own("test", 0, [&](absl::StatusOr<journal::Head> head) {
        epoch_ = head->epoch;
        owned.Notify();
      });
    });
    owned.WaitForNotification();
  }
  ~JournalFoldTest() override {
    loop_.Run([this] { journal_.reset(); });
  }

  void Append(const std::vector<Event>& events, const std::string& previous_digest) {
    tideline::journal::v1::Entry entry;
    entry.set_format(journal::kFormat);
    entry.set_number(++number_);
    entry.set_previous_digest(previous_digest);
    for (const Event& event : events) entry.add_events(event.SerializeAsString());
    auto commit = std::make_shared<journal::Commit>();
    commit->number = number_;
    commit->entry = entry.SerializeAsString();
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256(reinterpret_cast<const unsigned char*>(commit->entry.data()), commit->entry.size(),
           digest);
    digest_.assign(reinterpret_cast<const char*>(digest), sizeof(digest));
    commit->digest = digest_;
    absl::Notification written;
    loop_.Post([&, commit] {
      journal_->Commit(epoch_, commit, [&](journal::Answer answer, std::string) {
        EXPECT_EQ(answer, journal::Answer::kApplied);
        written.Notify();
      });
    });
    written.WaitForNotification();
  }
  void Append(const std::vector<Event>& events) { Append(events, digest_); }

  journal::MemoryStore store_;
  Loop loop_{"test"};
  std::unique_ptr<journal::Journal> journal_;
  uint64_t epoch_ = 0;
  uint64_t number_ = 0;
  std::string digest_;
};

TEST_F(JournalFoldTest, FoldsAllPartitionsPageByPage) {
  ItemEvents i("i");
  Append({i.Submitted("a")});
  for (int round = 0; round < 1500; ++round) {  // more than one page of entries
    Append({i.Transferred("b"), i.Transferred("a")});
  }
  absl::StatusOr<Folded> folded = FoldJournals(store_, 2, kWorkspace);
  ASSERT_TRUE(folded.ok()) << folded.status();
  EXPECT_EQ(folded->entries, 1501);
  EXPECT_EQ(folded->events, 3001);
  EXPECT_EQ(folded->facts.at("i").moves(), 3000);
}

TEST_F(JournalFoldTest, NamesTheEntryThatDoesNotFollowFromTheOneBefore) {
  ItemEvents i("i");
  Append({i.Submitted("a")});
  Append({i.Transferred("b")}, "another digest");
  const absl::Status status = FoldJournals(store_, 2, kWorkspace).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr("partition 1, entry 2"));
}

}  // namespace
}  // namespace tideline::replay
