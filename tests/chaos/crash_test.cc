// SPDX-License-Identifier: Apache-2.0
// Kills `tideline dev`, and separately its Redis, at random moments under load, and holds what the
// clients saw against the journal.
//
// TIDELINE_CHAOS_ROUNDS sets the number of kills (default 10; `tools/test --all` runs 200),
// TIDELINE_SEED the schedule. The seed is printed first.
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <random>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "common/journal/redis_store.h"
#include "common/rpc/router.h"
#include "tests/chaos/checker.h"
#include "tests/chaos/workload.h"
#include "tests/support/process.h"
#include "tests/support/redis_server.h"
#include "tests/support/temp_folder.h"
#include "tideline/work_routing/v1/work_routing_service.grpc.pb.h"

namespace tideline::chaos {
namespace {

namespace routing = work_routing::v1;
using testing::Process;

constexpr int kPartitions = 4;
// Long enough for a follower to take in what its upstream has committed: it is told of each commit.
constexpr absl::Duration kFollowPause = absl::Milliseconds(300);
// The promise is 250 ms and the load; the rest is for a machine that does other things as well.
constexpr absl::Duration kServesAgain = absl::Seconds(60);

int EnvInt(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  int value;
  return text != nullptr && absl::SimpleAtoi(text, &value) ? value : otherwise;
}

// `tideline dev` in a folder of its own, on one port through all its lives.
class DevSuite {
 public:
  DevSuite() : port_(20000 + ::getpid() % 5000) {}

  void Start() {
    ::unlink((folder_.path() + "/data/address").c_str());
    process_ = std::make_unique<Process>(
        "tideline",
        std::vector<std::string>{"dev", "--data", folder_.path() + "/data", "--port",
                                 absl::StrCat(port_), "--http-port", "0", "--partitions",
                                 absl::StrCat(kPartitions), "--quiet", "--check-digests"},
        folder_.path() + "/log");
    std::string line = testing::WaitForLine(folder_.path() + "/data/address", *process_);
    ASSERT_FALSE(line.empty()) << Log();
  }
  void KillSuite() {
    process_->Signal(SIGKILL);
    process_->Wait();
  }
  // The private Redis, by the pid in its own file of the folder.
  void KillRedis() {
    pid_t pid = RedisPid();
    if (pid > 0) ::kill(pid, SIGKILL);
  }
  int StopCleanly() {
    process_->Signal(SIGTERM);
    return process_->Wait(absl::Seconds(30));
  }
  // Of every Core, as it is or as it was loaded.
  std::string Digests(bool loaded) {
    std::ifstream in(folder_.path() + "/data/http_address");
    std::string address;
    std::getline(in, address);
    return testing::HttpGet(address, loaded ? "/debug/digests/loaded" : "/debug/digests");
  }
  std::string Log() const {
    std::ifstream in(folder_.path() + "/log");
    std::string all((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    return all.size() > 4000 ? all.substr(all.size() - 4000) : all;
  }
  std::string address() const { return absl::StrCat("127.0.0.1:", port_); }
  std::string redis_url() const {
    return absl::StrCat("unix://", folder_.path(), "/data/redis/redis.sock");
  }

 private:
  // The child of our process whose program is redis-server.
  pid_t RedisPid() {
    std::ifstream in(
        absl::StrCat("/proc/", process_->pid(), "/task/", process_->pid(), "/children"));
    pid_t pid = 0;
    return in >> pid ? pid : -1;
  }
  testing::TempFolder folder_;
  int port_;
  std::unique_ptr<Process> process_;
};

std::vector<journal::StoredEntry> ReadJournal(const std::string& url) {
  std::vector<journal::StoredEntry> all;
  auto store = journal::RedisStore::Create(url);
  EXPECT_TRUE(store.ok());
  EXPECT_TRUE((*store)->Open(kPartitions, absl::Seconds(10)).ok());
  Loop loop("reader");
  std::unique_ptr<journal::Journal> journal;
  loop.Run([&] {
    journal = (*store)->OpenJournal("work_routing",
                                    rpc::PartitionOf(bench::kWorkspace, kPartitions), loop);
  });
  for (;;) {
    absl::Notification read;
    size_t before = all.size();
    loop.Run([&] {
      journal->Read(all.empty() ? 0 : all.back().number, 500,
                    [&](absl::StatusOr<journal::Page> page) {
                      EXPECT_TRUE(page.ok()) << page.status();
                      if (page.ok()) {
                        for (auto& entry : page->entries) all.push_back(std::move(entry));
                      }
                      read.Notify();
                    });
    });
    read.WaitForNotification();
    if (all.size() == before) break;
  }
  loop.Run([&] { journal.reset(); });
  return all;
}

std::map<std::string, routing::WorkItem> ReadItems(const std::string& address) {
  std::map<std::string, routing::WorkItem> items;
  auto stub = routing::WorkRoutingService::NewStub(QuickChannel(address));
  routing::ListWorkItemsRequest request;
  request.set_parent(bench::kWorkspace);
  request.set_page_size(500);
  do {
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    routing::ListWorkItemsResponse response;
    grpc::Status status = stub->ListWorkItems(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    if (!status.ok()) break;
    for (const routing::WorkItem& item : response.work_items()) items[item.name()] = item;
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  return items;
}

TEST(Crash, NothingAcknowledgedIsLostAndNothingIsDoubled) {
  if (!redis::PrivateServer::FindProgram().ok()) GTEST_SKIP() << testing::RedisServer::kMissing;
  const int rounds = EnvInt("TIDELINE_CHAOS_ROUNDS", 10);
  const int seed = EnvInt("TIDELINE_SEED", static_cast<int>(::getpid()));
  std::printf("seed %d, %d rounds\n", seed, rounds);
  std::mt19937_64 random(static_cast<uint64_t>(seed));
  DevSuite dev;
  ASSERT_NO_FATAL_FAILURE(dev.Start());

  WorkloadOptions options;
  options.address = dev.address();
  options.seed = static_cast<uint64_t>(seed);
  options.scene = {
      .teams = 2, .skills = 6, .experts = 12, .skills_per_expert = 6, .capacity_units = 1'000'000};
  absl::Status scene = bench::BuildScene(QuickChannel(dev.address()), options.scene);
  ASSERT_TRUE(scene.ok()) << scene;

  History history;
  int suite_kills = 0, redis_kills = 0, clean_stops = 0;
  {
    Workload workload(options, history);
    // Bounds every wait, so that a suite that serves no more says so by itself.
    const auto acknowledges = [&workload](uint64_t goal) {
      const absl::Time patience = absl::Now() + kServesAgain;
      while (workload.acknowledged() < goal) {
        if (absl::Now() > patience) return false;
        absl::SleepFor(absl::Milliseconds(1));
      }
      return true;
    };
    workload.Resume();
    for (int round = 1; round <= rounds; ++round) {
      // A random moment, counted in work done and in time, so that every phase is met.
      ASSERT_TRUE(acknowledges(workload.acknowledged() + random() % 60))
          << "does not serve before round " << round << "\n"
          << dev.Log();
      absl::SleepFor(absl::Microseconds(random() % 20000));
      if (random() % 2 == 0) {
        dev.KillSuite();
        ASSERT_NO_FATAL_FAILURE(dev.Start());
        ++suite_kills;
      } else {
        dev.KillRedis();
        ++redis_kills;
      }
      // It serves again by itself.
      ASSERT_TRUE(acknowledges(workload.acknowledged() + 9))
          << "not serving after round " << round << "\n"
          << dev.Log();
      if (round % 20 == 0 || round == rounds) {
        workload.Pause();
        // Those who follow may be a moment behind: at rest when nothing changes any more.
        std::string digests;
        for (const absl::Time patience = absl::Now() + kServesAgain; absl::Now() < patience;) {
          const std::string before = std::exchange(digests, dev.Digests(false));
          if (!digests.empty() && digests == before) break;
          absl::SleepFor(kFollowPause);
        }
        EXPECT_FALSE(digests.empty());
        EXPECT_EQ(dev.StopCleanly(), 0) << dev.Log();
        ASSERT_NO_FATAL_FAILURE(dev.Start());
        EXPECT_EQ(dev.Digests(true), digests) << "round " << round;
        ++clean_stops;
        if (round < rounds) workload.Resume();
      }
    }
  }

  Evidence evidence;
  evidence.operations = history.Take();
  evidence.items = ReadItems(dev.address());
  evidence.entries = ReadJournal(dev.redis_url());
  Verdict verdict = Check(evidence);
  std::printf(
      "%d kills of the suite, %d of Redis, %d clean stops; %zu operations (%zu acknowledged, %zu "
      "refused, %zu unknown), %zu items, %zu transitions, %zu commits\n",
      suite_kills, redis_kills, clean_stops, verdict.operations, verdict.acknowledged,
      verdict.refused, verdict.unknown, verdict.items, verdict.transitions,
      evidence.entries.size());
  for (const Violation& violation : verdict.violations) {
    ADD_FAILURE() << "invariant " << violation.invariant << ": " << violation.what;
  }
  EXPECT_GT(verdict.acknowledged, static_cast<size_t>(rounds) * 8);
  EXPECT_EQ(dev.StopCleanly(), 0);
}

}  // namespace
}  // namespace tideline::chaos
