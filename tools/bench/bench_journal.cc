// SPDX-License-Identifier: Apache-2.0
// bench-journal: what the journal alone carries, on a private redis-server with appendfsync always.
//
// Commits of 1, 64 and 256 items (each four records of 300 bytes, one event and one memo), with 1
// and 4 under way, then loading and reading back what was written.
//
//   bench-journal [--seconds N] [--folder DIR] [--json FILE]
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/notification.h"
#include "common/base/status_macros.h"
#include "common/journal/redis_store.h"
#include "common/redis/private_server.h"

ABSL_FLAG(double, seconds, 2, "time per case");
ABSL_FLAG(std::string, folder, "", "where the server keeps its data; default: a temporary folder");
ABSL_FLAG(std::string, json, "", "write the figures here as JSON");

namespace tideline {
namespace {

using journal::Answer;
using MonotonicClock = std::chrono::steady_clock;

constexpr int kRecordsPerItem = 4;
constexpr size_t kRecordBytes = 300;

struct Result {
  double commits = 0, records = 0, p50_ms = 0, p99_ms = 0;  // per second, and latency
};

std::shared_ptr<const journal::Commit> MakeCommit(uint64_t number, int items) {
  auto commit = std::make_shared<journal::Commit>();
  commit->number = number;
  commit->time = absl::FromUnixMicros(1'700'000'000'000'000 + number);
  commit->entry = std::string(kRecordBytes * items, 'e');
  commit->memos = std::string(kRecordBytes * items, 'm');
  commit->digest = std::string(32, 'd');
  for (int i = 0; i < items * kRecordsPerItem; ++i) {
    // New items and changed ones, as in a queue that is worked off: 100,000 records in all.
    const uint64_t id = (number * items * kRecordsPerItem + i) % 100'000;
    commit->writes.push_back({absl::StrCat("kind", i % kRecordsPerItem),
                              absl::StrFormat("workspaces/w/workItems/item-%012d", id),
                              std::string(kRecordBytes, 'v')});
  }
  return commit;
}

// Keeps `in_flight` commits under way for the time given.
class Runner {
 public:
  Runner(journal::Journal& journal, uint64_t epoch, uint64_t& number, int items, int in_flight)
      : journal_(journal), epoch_(epoch), number_(number), items_(items), in_flight_(in_flight) {}

  void Pump() {
    while (open_ < in_flight_ && MonotonicClock::now() < end_) {
      ++open_;
      auto commit = MakeCommit(++number_, items_);
      const auto sent = MonotonicClock::now();
      journal_.Commit(epoch_, commit, [this, sent](Answer answer, std::string detail) {
        if (answer != Answer::kApplied) {
          std::fprintf(stderr, "%s %s\n", std::string(AnswerName(answer)).c_str(), detail.c_str());
          std::abort();
        }
        latencies_.push_back(
            std::chrono::duration<double, std::milli>(MonotonicClock::now() - sent).count());
        --open_;
        Pump();
      });
    }
    if (open_ == 0) done_.Notify();
  }

  Result Run(Loop& loop, double seconds) {
    const auto begin = MonotonicClock::now();
    end_ = begin + std::chrono::duration_cast<MonotonicClock::duration>(
                       std::chrono::duration<double>(seconds));
    loop.Post([this] { Pump(); });
    done_.WaitForNotification();
    const double took = std::chrono::duration<double>(MonotonicClock::now() - begin).count();
    std::sort(latencies_.begin(), latencies_.end());
    Result result;
    result.commits = latencies_.size() / took;
    result.records = result.commits * items_ * kRecordsPerItem;
    result.p50_ms = latencies_[latencies_.size() / 2];
    result.p99_ms = latencies_[latencies_.size() * 99 / 100];
    return result;
  }

 private:
  journal::Journal& journal_;
  const uint64_t epoch_;
  uint64_t& number_;
  const int items_;
  const int in_flight_;
  int open_ = 0;
  MonotonicClock::time_point end_;
  std::vector<double> latencies_;
  absl::Notification done_;
};

double MeasureLoad(journal::Journal& journal, Loop& loop) {
  size_t records = 0;
  absl::Notification done;
  const auto begin = MonotonicClock::now();
  loop.Post([&] {
    journal.Load(
        {"kind0", "kind1", "kind2", "kind3"},
        [&](absl::string_view, std::string, std::string) {
          ++records;
          return absl::OkStatus();
        },
        [&](absl::Status status) {
          if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
          done.Notify();
        });
  });
  done.WaitForNotification();
  return records / std::chrono::duration<double>(MonotonicClock::now() - begin).count();
}

// Entries per second of a follower that reads all there is.
double MeasureRead(journal::Journal& journal, Loop& loop) {
  uint64_t after = 0;
  absl::Notification done;
  std::function<void()> next = [&] {
    journal.Read(after, journal::kMaxReadEntries, [&](absl::StatusOr<journal::Page> page) {
      if (!page.ok() || page->entries.empty()) return done.Notify();
      after = page->entries.back().number;
      next();
    });
  };
  const auto begin = MonotonicClock::now();
  loop.Post(next);
  done.WaitForNotification();
  return after / std::chrono::duration<double>(MonotonicClock::now() - begin).count();
}

uint64_t Own(journal::Journal& journal, Loop& loop) {
  uint64_t epoch = 0;
  absl::Notification owned;
  loop.Post([&] {
    journal.Own("bench", 0, [&](absl::StatusOr<journal::Head> head) {
      if (!head.ok()) std::fprintf(stderr, "%s\n", head.status().ToString().c_str());
      epoch = head.ok() ? head->epoch : 0;
      owned.Notify();
    });
  });
  owned.WaitForNotification();
  return epoch;
}

// Prints the table and returns it as the members of a JSON object.
std::vector<std::string> Measure(journal::Journal& journal, Loop& loop) {
  const uint64_t epoch = Own(journal, loop);
  uint64_t number = 0;
  std::vector<std::string> json;
  std::printf("%8s %10s %12s %12s %9s %9s\n", "items", "in flight", "commits/s", "records/s",
              "p50 ms", "p99 ms");
  for (int items : {1, 64, 256}) {
    for (int in_flight : {1, 4}) {
      Runner runner(journal, epoch, number, items, in_flight);
      const Result r = runner.Run(loop, absl::GetFlag(FLAGS_seconds));
      std::printf("%8d %10d %12.0f %12.0f %9.3f %9.3f\n", items, in_flight, r.commits, r.records,
                  r.p50_ms, r.p99_ms);
      json.push_back(
          absl::StrFormat("  \"commits_%d_%d\": {\"commits_per_s\": %.0f, \"records_per_s\": %.0f, "
                          "\"p50_ms\": %.3f, \"p99_ms\": %.3f}",
                          items, in_flight, r.commits, r.records, r.p50_ms, r.p99_ms));
    }
  }
  const double loaded = MeasureLoad(journal, loop), read = MeasureRead(journal, loop);
  std::printf("load %.0f records/s, read %.0f entries/s\n", loaded, read);
  json.push_back(absl::StrFormat("  \"load_records_per_s\": %.0f", loaded));
  json.push_back(absl::StrFormat("  \"read_entries_per_s\": %.0f", read));
  return json;
}

absl::Status Main() {
  signal(SIGPIPE, SIG_IGN);
  std::string folder = absl::GetFlag(FLAGS_folder);
  char made[] = "/tmp/tl-bench-XXXXXX";
  if (folder.empty() && mkdtemp(made) != nullptr) folder = made;
  {
    redis::PrivateServer server({.data_folder = folder});
    TL_RETURN_IF_ERROR(server.Start());
    TL_ASSIGN_OR_RETURN(auto store, journal::RedisStore::Create(server.url()));
    TL_RETURN_IF_ERROR(store->Open(16, absl::Seconds(10)));
    Loop loop("bench");
    std::unique_ptr<journal::Journal> journal = store->OpenJournal("bench", 0, loop);
    const std::vector<std::string> json = Measure(*journal, loop);
    loop.Run([&] { journal.reset(); });
    if (!absl::GetFlag(FLAGS_json).empty()) {
      std::ofstream(absl::GetFlag(FLAGS_json)) << "{\n" << absl::StrJoin(json, ",\n") << "\n}\n";
    }
  }
  if (absl::GetFlag(FLAGS_folder).empty()) std::filesystem::remove_all(folder);
  return absl::OkStatus();
}

}  // namespace
}  // namespace tideline

int main(int argc, char** argv) {
  absl::ParseCommandLine(argc, argv);
  const absl::Status status = tideline::Main();
  if (!status.ok()) std::fprintf(stderr, "bench-journal: %s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
