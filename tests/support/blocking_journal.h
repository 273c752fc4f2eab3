// SPDX-License-Identifier: Apache-2.0
// A Journal as a test wants it: every call waits for its answer. Use it from the test's thread, not
// from the loop.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "common/journal/journal.h"
#include "common/loop/loop.h"

namespace tideline::testing {

// "kind/id" -> value.
using Records = std::map<std::string, std::string>;

class BlockingJournal {
 public:
  BlockingJournal(journal::Store& store, absl::string_view service, int partition, Loop& loop)
      : loop_(loop), journal_(store.OpenJournal(service, partition, loop)) {}
  ~BlockingJournal() {
    loop_.Run([this] { journal_.reset(); });
  }

  absl::StatusOr<journal::Head> ReadHead() {
    return Wait<absl::StatusOr<journal::Head>>(absl::UnknownError(""),
                                               [&](auto done) { journal_->ReadHead(done); });
  }
  absl::StatusOr<journal::Head> Own(std::string owner, uint64_t expected_epoch) {
    return Wait<absl::StatusOr<journal::Head>>(
        absl::UnknownError(""), [&](auto done) { journal_->Own(owner, expected_epoch, done); });
  }
  // All records, or the first error.
  absl::StatusOr<Records> Load(std::vector<std::string> kinds) {
    Records records;
    absl::Status status = Wait<absl::Status>(absl::UnknownError(""), [&](auto done) {
      journal_->Load(
          kinds,
          [&](absl::string_view kind, std::string id, std::string value) {
            const std::string name = std::string(kind) + "/" + id;
            if (!records.emplace(name, std::move(value)).second) {
              return absl::InternalError("visited twice: " + name);
            }
            return absl::OkStatus();
          },
          done);
    });
    if (!status.ok()) return status;
    return records;
  }
  journal::Answer Commit(uint64_t epoch, journal::Commit commit, std::string* detail = nullptr) {
    auto shared = std::make_shared<const journal::Commit>(std::move(commit));
    return WaitAnswer(detail, [&](auto done) { journal_->Commit(epoch, shared, done); });
  }
  journal::Answer Check(uint64_t epoch, uint64_t last, std::string* detail = nullptr) {
    return WaitAnswer(detail, [&](auto done) { journal_->Check(epoch, last, done); });
  }
  absl::StatusOr<journal::Page> Read(uint64_t after, size_t limit = journal::kMaxReadEntries) {
    return Wait<absl::StatusOr<journal::Page>>(
        absl::UnknownError(""), [&](auto done) { journal_->Read(after, limit, done); });
  }
  absl::Status PublishCursor(std::string follower, uint64_t number) {
    return Wait<absl::Status>(absl::UnknownError(""),
                              [&](auto done) { journal_->PublishCursor(follower, number, done); });
  }
  absl::Status Seal(uint64_t number) {
    return Wait<absl::Status>(absl::UnknownError(""),
                              [&](auto done) { journal_->Seal(number, done); });
  }
  absl::StatusOr<uint64_t> Trim(uint64_t epoch, uint64_t number) {
    return Wait<absl::StatusOr<uint64_t>>(absl::UnknownError(""),
                                          [&](auto done) { journal_->Trim(epoch, number, done); });
  }

  journal::Journal& raw() { return *journal_; }  // on the loop only
  Loop& loop() { return loop_; }

 private:
  // A test that waits longer than this hangs: end it where the stack still shows why.
  static constexpr absl::Duration kPatience = absl::Seconds(60);

  template <class Result, class Start>
  Result Wait(Result result, Start start) {
    absl::Notification ready;
    loop_.Post([&] {
      start([&](Result got) {
        result = std::move(got);
        ready.Notify();
      });
    });
    if (!ready.WaitForNotificationWithTimeout(kPatience)) {
      std::fprintf(stderr, "the journal did not answer\n");
      std::abort();
    }
    return result;
  }

  template <class Start>
  journal::Answer WaitAnswer(std::string* detail, Start start) {
    using Both = std::pair<journal::Answer, std::string>;
    Both both = Wait<Both>({}, [&](auto done) {
      start([done](journal::Answer answer, std::string detail) {
        done(Both(answer, std::move(detail)));
      });
    });
    if (detail != nullptr) *detail = both.second;
    return both.first;
  }

  Loop& loop_;
  std::unique_ptr<journal::Journal> journal_;
};

}  // namespace tideline::testing
