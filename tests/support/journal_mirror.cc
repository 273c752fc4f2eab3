// SPDX-License-Identifier: Apache-2.0
#include "tests/support/journal_mirror.h"

#include <gtest/gtest.h>

#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"

namespace tideline::testing {

namespace {

// Starts something on the loop and waits until it calls back.
void Await(Loop& loop, const std::function<void(std::function<void()> done)>& start) {
  absl::Notification finished;
  loop.Run([&] { start([&finished] { finished.Notify(); }); });
  finished.WaitForNotification();
}

}  // namespace

JournalMirror::JournalMirror(journal::Store& store, const std::string& service) : loop_("mirror") {
  loop_.Run([&] { journal_ = store.OpenJournal(service, 0, loop_); });
  Await(loop_, [this](std::function<void()> done) {
    journal_->Own("mirror", 0, [this, done](absl::StatusOr<journal::Head> head) {
      EXPECT_TRUE(head.ok()) << head.status();
      if (head.ok()) epoch_ = head->epoch;
      done();
    });
  });
}

JournalMirror::~JournalMirror() {
  loop_.Run([this] { journal_.reset(); });
}

void JournalMirror::Commit(std::vector<journal::Write> writes) {
  auto commit = std::make_shared<journal::Commit>();
  commit->number = ++number_;
  commit->time = absl::FromUnixSeconds(static_cast<int64_t>(number_));
  commit->entry = absl::StrCat("step ", number_);
  commit->digest = std::string(32, 'd');
  commit->writes = std::move(writes);
  Await(loop_, [&](std::function<void()> done) {
    journal_->Commit(epoch_, commit, [done](journal::Answer answer, std::string detail) {
      EXPECT_EQ(answer, journal::Answer::kApplied) << detail;
      done();
    });
  });
}

void JournalMirror::Commit(const Records& records) {
  std::vector<journal::Write> writes;
  for (const auto& [kind, of_kind] : records) {
    for (const auto& [id, value] : of_kind) writes.push_back({kind, id, value});
  }
  if (!writes.empty()) Commit(std::move(writes));
}

JournalMirror::Records JournalMirror::Load(const std::vector<std::string>& kinds) {
  Records records;
  Await(loop_, [&](std::function<void()> done) {
    journal_->Load(
        kinds,
        [&records](absl::string_view kind, std::string id, std::string value) {
          records[std::string(kind)][std::move(id)] = std::move(value);
          return absl::OkStatus();
        },
        [done](absl::Status status) {
          EXPECT_TRUE(status.ok()) << status;
          done();
        });
  });
  return records;
}

}  // namespace tideline::testing
