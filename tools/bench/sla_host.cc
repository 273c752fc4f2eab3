// SPDX-License-Identifier: Apache-2.0
#include "tools/bench/sla_host.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "common/base/sha256.h"
#include "common/journal/entry.pb.h"
#include "common/journal/memory_store.h"
#include "common/loop/loop.h"
#include "common/partition/host.h"
#include "common/time/clock.h"
#include "services/sla_monitor/core/core.h"
#include "tideline/sla_monitor/v1/events.pb.h"

namespace tideline::bench {
namespace {

constexpr int64_t kPerSecond = 1000;
constexpr int64_t kMostMeasured = 10'000;  // of each kind
constexpr size_t kEventsPerEntry = 500;
// Clocks that are followed in a second, at the least; so long before the first breach it starts.
constexpr int64_t kFollowedPerSecond = 10'000;

absl::Time TimeOf(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

// Writes entries as an upstream service's host would.
class Writer {
 public:
  Writer(journal::Store& store, const std::string& service, Loop& loop) : loop_(loop) {
    loop_.Run([&] { journal_ = store.OpenJournal(service, 0, loop_); });
    absl::Notification owned;
    loop_.Post([&] {
      journal_->Own("bench", 0, [&](absl::StatusOr<journal::Head> head) {
        epoch_ = head->epoch;
        owned.Notify();
      });
    });
    owned.WaitForNotification();
  }
  ~Writer() {
    Flush();
    loop_.Run([&] { journal_.reset(); });
  }

  void Add(std::string event) {
    events_.push_back(std::move(event));
    if (events_.size() == kEventsPerEntry) Flush();
  }

 private:
  void Flush() {
    if (events_.empty()) return;
    tideline::journal::v1::Entry entry;
    entry.set_format(journal::kFormat);
    entry.set_number(++number_);
    entry.set_previous_digest(digest_);
    for (std::string& event : events_) entry.add_events(std::move(event));
    events_.clear();
    auto commit = std::make_shared<journal::Commit>();
    commit->number = number_;
    commit->entry = entry.SerializeAsString();
    commit->digest = digest_ = Sha256(commit->entry);
    absl::Notification written;
    loop_.Post([&] {
      journal_->Commit(epoch_, commit, [&](journal::Answer answer, std::string) {
        if (answer != journal::Answer::kApplied) std::abort();
        written.Notify();
      });
    });
    written.WaitForNotification();
  }

  Loop& loop_;
  std::unique_ptr<journal::Journal> journal_;
  uint64_t epoch_ = 0, number_ = 0;
  std::string digest_;
  std::vector<std::string> events_;
};

// Reads sla_monitor's journal as it grows and notes each alert's ground and when it was seen.
class Reader {
 public:
  Reader(journal::Store& store, const Clock& clock) : clock_(clock), loop_("reader") {
    loop_.Run([&] {
      journal_ = store.OpenJournal("sla_monitor", 0, loop_);
      journal_->OnGrowth([this] { Read(); });
    });
  }
  ~Reader() {
    loop_.Run([&] { journal_.reset(); });
  }

  struct Seen {
    absl::Time ground;
    absl::Duration late;
  };
  std::vector<Seen> seen() const {
    absl::MutexLock lock(&mutex_);
    return seen_;
  }
  // Waits until `count` alerts with grounds from `from` on were seen, `patience` at most.
  void WaitFor(int64_t count, absl::Time from, absl::Duration patience) {
    absl::MutexLock lock(&mutex_);
    const auto there = [this, count, from]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return std::count_if(seen_.begin(), seen_.end(),
                           [from](const Seen& one) { return one.ground >= from; }) >= count;
    };
    mutex_.AwaitWithTimeout(absl::Condition(&there), patience);
  }

 private:
  void Read() {
    if (reading_) {
      again_ = true;
      return;
    }
    reading_ = true;
    again_ = false;
    journal_->Read(number_, journal::kMaxReadEntries, [this](absl::StatusOr<journal::Page> page) {
      reading_ = false;
      if (page.ok()) Take(*page);
      if (again_ || (page.ok() && !page->entries.empty())) Read();
    });
  }

  void Take(const journal::Page& page) {
    const absl::Time now = clock_.Now();
    for (const journal::StoredEntry& stored : page.entries) {
      number_ = stored.number;
      tideline::journal::v1::Entry entry;
      if (!entry.ParseFromString(stored.entry)) std::abort();
      for (const std::string& bytes : entry.events()) {
        sla_monitor::v1::Event event;
        if (!event.ParseFromString(bytes) || !event.has_alert_raised()) continue;
        const absl::Time ground = TimeOf(event.alert_raised().alert().ground_time());
        absl::MutexLock lock(&mutex_);
        seen_.push_back({ground, now - ground});
      }
    }
  }

  const Clock& clock_;
  Loop loop_;
  std::unique_ptr<journal::Journal> journal_;
  uint64_t number_ = 0;
  bool reading_ = false, again_ = false;
  mutable absl::Mutex mutex_;
  std::vector<Seen> seen_ ABSL_GUARDED_BY(mutex_);
};

// What breaches when: the first `steady` clocks one after another from `from` on, the next `burst`
// at one instant, the others long after.
struct Plan {
  int64_t steady = 0;
  int64_t burst = 0;
  absl::Time from, instant;

  absl::Time BreachOf(int64_t i, int64_t clocks) const {
    if (i < steady) return from + absl::Seconds(1) / kPerSecond * i;
    if (i < steady + burst) return instant;
    const absl::Duration room = kSlaTarget - (instant - from) - absl::Hours(2);
    return instant + absl::Hours(1) + room / clocks * (i - steady - burst);
  }
};

}  // namespace

Lateness MeasureLateness(int64_t clocks) {
  journal::MemoryStore store;
  if (!store.Open(1, absl::Seconds(5)).ok()) std::abort();
  const SystemClock clock;
  Loop loop("host");
  Plan plan;
  plan.steady = plan.burst = std::min(kMostMeasured, clocks / 4);
  // Writing the journals takes as long again as following them. A whole second, so that no instant
  // of the plan is rounded on its way to an alert's ground.
  plan.from =
      absl::FromUnixSeconds(absl::ToUnixSeconds(clock.Now()) + 5 + clocks / kFollowedPerSecond);
  plan.instant = plan.from + absl::Seconds(1) / kPerSecond * plan.steady + absl::Seconds(2);
  {
    Writer registry(store, "skill_registry", loop);
    for (std::string& event : ContractEvents(false)) registry.Add(std::move(event));
    Writer routing(store, "work_routing", loop);
    for (int64_t i = 0; i < clocks; ++i) {
      for (std::string& event : LifeEvents(i, plan.BreachOf(i, clocks) - kSlaTarget, 2)) {
        routing.Add(std::move(event));
      }
    }
  }
  std::unique_ptr<partition::Host> host;
  loop.Run([&] {
    partition::HostOptions options;
    options.service = "sla_monitor";
    options.replica = "bench";
    options.clock = &clock;
    for (const char* upstream : {"skill_registry", "work_routing"}) {
      options.upstreams.push_back({upstream, store.OpenJournal(upstream, 0, loop)});
    }
    host = std::make_unique<partition::Host>(
        loop, store.OpenJournal("sla_monitor", 0, loop),
        [] { return std::make_unique<sla_monitor::Core>(); }, options);
  });
  Reader reader(store, clock);
  host->Start();
  absl::Notification followed;
  host->WhenAtRest([&] { followed.Notify(); });
  followed.WaitForNotification();
  const absl::Time ready = clock.Now();
  Lateness result;
  if (ready > plan.from) {
    std::fprintf(stderr, "bench-sla: the clocks were followed %s too late\n",
                 absl::FormatDuration(ready - plan.from).c_str());
  } else {
    reader.WaitFor(plan.steady + plan.burst, plan.from,
                   plan.instant - clock.Now() + absl::Seconds(20));
    std::vector<double> steady, burst;
    for (const auto& [ground, late] : reader.seen()) {
      if (ground < plan.from) continue;
      (ground < plan.instant ? steady : burst).push_back(absl::ToDoubleMilliseconds(late));
    }
    result.burst_alerts = static_cast<int64_t>(burst.size());
    result.alerts = static_cast<int64_t>(steady.size() + burst.size());
    result.steady = PercentilesOf(std::move(steady));
    result.burst = PercentilesOf(std::move(burst));
  }
  loop.Run([&] { host.reset(); });
  return result;
}

}  // namespace tideline::bench
