// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/decision_ledger/journals.h"

#include <random>

#include "absl/strings/str_cat.h"
#include "common/base/sha256.h"
#include "common/journal/entry.pb.h"
#include "gtest/gtest.h"
#include "tideline/type/v1/event.pb.h"

namespace tideline::decision_ledger {

std::string MakeEvent(const Written& written, uint64_t commit, uint32_t index) {
  type::v1::AnyEvent event;
  type::v1::EventHeader& header = *event.mutable_header();
  header.mutable_time()->set_seconds(1'700'000'000 + static_cast<int64_t>(commit));
  header.set_workspace(written.workspace);
  header.set_subject(written.subject);
  header.mutable_revision()->set_commit(commit);
  header.mutable_revision()->set_index(index);
  // Field 2, length-delimited: what a reader of the header alone does not know.
  return absl::StrCat(event.SerializeAsString(), "\x12",
                      std::string(1, static_cast<char>(written.content.size())), written.content);
}

Journals::Open& Journals::At(const std::string& service, int partition) {
  Open& open = open_[{service, partition}];
  if (open.journal != nullptr) return open;
  open.journal = std::make_unique<testing::BlockingJournal>(store_, service, partition, loop_);
  const auto head = open.journal->ReadHead();
  EXPECT_TRUE(head.ok()) << head.status();
  open.number = head->number;
  open.digest = head->digest;
  const auto owned = open.journal->Own("test", head->epoch);
  EXPECT_TRUE(owned.ok()) << owned.status();
  open.epoch = owned->epoch;
  return open;
}

void Journals::Commit(const std::string& service, int partition,
                      const std::vector<Written>& events) {
  Open& open = At(service, partition);
  journal::v1::Entry entry;
  entry.set_format(journal::kFormat);
  entry.set_number(open.number + 1);
  entry.set_previous_digest(open.digest);
  for (size_t i = 0; i < events.size(); ++i) {
    entry.add_events(MakeEvent(events[i], open.number + 1, static_cast<uint32_t>(i)));
    ++of_workspace_[events[i].workspace];
  }
  events_ += events.size();
  journal::Commit commit;
  commit.number = open.number + 1;
  commit.time = absl::FromUnixSeconds(1'700'000'000);
  commit.entry = entry.SerializeAsString();
  commit.digest = Sha256(commit.entry);
  ASSERT_EQ(open.journal->Commit(open.epoch, commit), journal::Answer::kApplied);
  open.number = commit.number;
  open.digest = commit.digest;
}

void Journals::CommitMany(int commits, uint64_t seed) {
  std::mt19937_64 chance(seed);
  for (int i = 0; i < commits; ++i) {
    std::vector<Written> events;
    for (int e = 0; e < 2; ++e) {
      Written written;
      written.workspace = chance() % 4 == 0 ? "workspaces/beta" : "workspaces/acme";
      written.subject = absl::StrCat(written.workspace, "/workItems/i", chance() % 100);
      written.content = std::string(chance() % 100, static_cast<char>('a' + chance() % 26));
      events.push_back(written);
    }
    Commit(chance() % 2 == 0 ? "work_routing" : "handoff", static_cast<int>(chance() % 2), events);
  }
}

}  // namespace tideline::decision_ledger
