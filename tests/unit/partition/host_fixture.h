// SPDX-License-Identifier: Apache-2.0
// A host of ToyCores on a scripted journal, in simulated time.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/synchronization/notification.h"
#include "common/journal/memory_store.h"
#include "common/loop/loop.h"
#include "common/partition/host.h"
#include "gtest/gtest.h"
#include "tests/support/faulty_journal.h"
#include "tests/support/toy_core.h"

namespace tideline::testing {

class HostTest : public ::testing::Test {
 protected:
  HostTest() : clock_(absl::FromUnixSeconds(1'700'000'000)), loop_("test") {
    EXPECT_TRUE(store_.Open(1, absl::Seconds(1)).ok());
  }
  ~HostTest() override { Down(); }

  // Starts a host (again) on the store; `replica` names its process.
  partition::Host& Up(std::string replica = "one") {
    Down();
    host_ = Make(std::move(replica), journal_);
    return *host_;
  }

  // Not started: it takes calls in and answers none.
  std::unique_ptr<partition::Host> MakeAsleep(std::string replica,
                                              std::shared_ptr<FaultyJournal>& journal) {
    std::unique_ptr<partition::Host> host;
    loop_.Run([&] {
      journal = std::make_shared<FaultyJournal>(store_.OpenJournal("toy", 0, loop_), loop_);
      partition::HostOptions options;
      options.service = "toy";
      options.replica = std::move(replica);
      options.clock = &clock_;
      options.store = &store_;
      options.owed_sender = sender_;
      for (const std::string& upstream : upstreams_) {
        options.upstreams.push_back({upstream, store_.OpenJournal(upstream, 0, loop_)});
      }
      host = std::make_unique<partition::Host>(
          loop_, journal, [this] { return std::make_unique<ToyCore>(&takes_odd_); }, options);
    });
    return host;
  }
  std::unique_ptr<partition::Host> Make(std::string replica,
                                        std::shared_ptr<FaultyJournal>& journal) {
    std::unique_ptr<partition::Host> host = MakeAsleep(std::move(replica), journal);
    host->Start();
    Rest(*host);
    return host;
  }

  void Down() {
    loop_.Run([&] { host_.reset(); });
    loop_.Run([&] { journal_.reset(); });
  }

  // Waits until the host has nothing left to do.
  static void Rest(partition::Host& host) {
    absl::Notification rested;
    host.WhenAtRest([&] { rested.Notify(); });
    ASSERT_TRUE(rested.WaitForNotificationWithTimeout(absl::Seconds(20)));
  }

  // Lets the loop take in everything posted so far.
  void Turn() {
    for (int i = 0; i < 3; ++i) loop_.Run([] {});
  }

  std::string Digest(partition::Host& host) {
    std::string digest;
    loop_.Run([&] { digest = host.CoreDigest(); });
    return digest;
  }
  partition::HostState State(partition::Host& host) {
    partition::HostState state;
    loop_.Run([&] { state = host.state(); });
    return state;
  }

  absl::StatusOr<int64_t> Add(std::string name, ToyCall::Options options = {}) {
    return ToyCall(*host_, true, std::move(name), std::move(options)).Wait();
  }
  absl::StatusOr<int64_t> Get(std::string name, ToyCall::Options options = {}) {
    return ToyCall(*host_, false, std::move(name), std::move(options)).Wait();
  }

  SimulatedClock clock_;
  journal::MemoryStore store_;
  Loop loop_;
  std::atomic<bool> takes_odd_ = false;
  std::vector<std::string> upstreams_;
  partition::OwedSender* sender_ = nullptr;
  std::shared_ptr<FaultyJournal> journal_;
  std::unique_ptr<partition::Host> host_;
};

}  // namespace tideline::testing
