// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/module.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "common/base/error.h"
#include "common/rpc/host_metrics.h"
#include "grpcpp/impl/service_type.h"

namespace tideline::rpc {

using partition::Host;
using partition::HostState;

// One service's hosts. Each lives and dies on its loop.
struct Bindings::Partitions {
  ~Partitions() {
    for (size_t p = 0; p < hosts.size(); ++p) {
      loops[p]->Run([this, p] { hosts[p].reset(); });
    }
  }

  HostState StateOf(size_t p) const {
    HostState state;
    loops[p]->Run([&] { state = hosts[p]->state(); });
    return state;
  }

  std::string service;
  std::vector<Loop*> loops;  // of each partition
  std::vector<std::unique_ptr<Host>> hosts;
  std::unique_ptr<Router> router;
  std::shared_ptr<void> metrics;
};

namespace {

// What keeps a host from serving, for people; OK when nothing does.
absl::Status Why(const std::string& service, size_t partition, const HostState& state) {
  if (state.phase == HostState::Phase::kServing) return absl::OkStatus();
  const absl::string_view phase = state.phase == HostState::Phase::kStarting ? "is starting"
                                  : state.phase == HostState::Phase::kDeposed
                                      ? "belongs to another replica"
                                      : "has stopped";
  return Refuse(Reason::REASON_STORE_UNAVAILABLE,
                absl::StrCat(service, " partition ", partition, " ", phase,
                             state.detail.empty() ? "" : ": ", state.detail));
}

// How often a waiting start looks again. It waits on nothing that could wake it: the states of all
// partitions are asked for on their loops.
constexpr absl::Duration kLookAgain = absl::Milliseconds(2);

// Anomalies on one page: more than a person reads.
constexpr size_t kMaxListedAnomalies = 200;

}  // namespace

Bindings::Bindings() = default;

Bindings::~Bindings() {
  services_.clear();
  partitions_.clear();
  kept_.clear();
}

const Router& Bindings::AddHosts(const Deps& deps, HostSpec spec) {
  auto made = std::make_unique<Partitions>();
  made->service = spec.service;
  made->hosts.resize(static_cast<size_t>(deps.partitions));
  for (int p = 0; p < deps.partitions; ++p) {
    Loop* loop = deps.loops[static_cast<size_t>(p) % deps.loops.size()];
    made->loops.push_back(loop);
    // Journals belong to the loop they are opened on.
    loop->Run([&] {
      partition::HostOptions options;
      options.service = spec.service;
      options.partition = p;
      options.replica = deps.replica;
      options.owed_sender = spec.owed_sender;
      options.clock = deps.clock;
      options.store = deps.store;
      options.accept_clock_behind = deps.accept_clock_behind;
      options.keep_load_digest = deps.keep_load_digest;
      for (const std::string& upstream : spec.follows) {
        options.upstreams.push_back({upstream, deps.store->OpenJournal(upstream, p, *loop)});
      }
      made->hosts[static_cast<size_t>(p)] =
          std::make_unique<Host>(*loop, deps.store->OpenJournal(spec.service, p, *loop),
                                 spec.make_core, std::move(options));
    });
  }
  std::vector<Host*> hosts;
  for (const auto& host : made->hosts) hosts.push_back(host.get());
  made->router = std::make_unique<Router>(spec.service, std::move(hosts));
  made->metrics = AddHostMetrics(*deps.metrics, *made->router, made->loops);
  partitions_.push_back(std::move(made));
  return *partitions_.back()->router;
}

void Bindings::AddService(std::unique_ptr<grpc::Service> service) {
  services_.push_back(std::move(service));
}

void Bindings::Keep(std::shared_ptr<void> object) { kept_.push_back(std::move(object)); }

std::vector<const Router*> Bindings::routers() const {
  std::vector<const Router*> routers;
  for (const auto& partitions : partitions_) routers.push_back(partitions->router.get());
  return routers;
}

void Bindings::Start() {
  for (const auto& partitions : partitions_) {
    for (const auto& host : partitions->hosts) host->Start();
  }
}

absl::Status Bindings::Ready() const {
  if (draining_) return Refuse(Reason::REASON_DRAINING, "this process is shutting down");
  for (const auto& partitions : partitions_) {
    for (size_t p = 0; p < partitions->hosts.size(); ++p) {
      absl::Status why = Why(partitions->service, p, partitions->StateOf(p));
      if (!why.ok()) return why;
    }
  }
  return absl::OkStatus();
}

std::string Bindings::ListAnomalies() const {
  std::string text;
  size_t left = kMaxListedAnomalies;
  for (const auto& partitions : partitions_) {
    for (size_t p = 0; p < partitions->hosts.size() && left > 0; ++p) {
      std::vector<partition::Anomaly> anomalies;
      partitions->loops[p]->Run([&] { anomalies = partitions->hosts[p]->Anomalies(left); });
      left -= anomalies.size();
      for (const partition::Anomaly& anomaly : anomalies) {
        absl::StrAppend(&text, partitions->service, "/", p, " ", anomaly.upstream, " ",
                        partition::FormatEtag(anomaly.position), " ", anomaly.subject, " tried ",
                        anomaly.attempts, " times, last at ",
                        absl::FormatTime(anomaly.time, absl::UTCTimeZone()), ": ", anomaly.reason,
                        "\n");
      }
    }
  }
  return text;
}

absl::Status Bindings::WaitServing(absl::Duration timeout) {
  absl::Notification never;
  const auto start = std::chrono::steady_clock::now();
  for (;;) {
    absl::Status why;
    for (const auto& partitions : partitions_) {
      for (size_t p = 0; p < partitions->hosts.size() && why.ok(); ++p) {
        const HostState state = partitions->StateOf(p);
        why = Why(partitions->service, p, state);
        // A partition that stopped, or that another replica took, does not come back by waiting.
        if (state.phase == HostState::Phase::kStopped ||
            state.phase == HostState::Phase::kDeposed) {
          return why;
        }
      }
    }
    if (why.ok()) return why;
    if (absl::FromChrono(std::chrono::steady_clock::now() - start) > timeout) {
      return Refuse(
          Reason::REASON_DEADLINE,
          absl::StrCat("not serving after ", absl::FormatDuration(timeout), ": ", why.message()));
    }
    never.WaitForNotificationWithTimeout(kLookAgain);
  }
}

void Bindings::StopOwed() {
  size_t hosts = 0;
  for (const auto& partitions : partitions_) hosts += partitions->hosts.size();
  absl::BlockingCounter left(static_cast<int>(hosts));
  for (const auto& partitions : partitions_) {
    for (const auto& host : partitions->hosts) {
      host->StopOwed([&left] { left.DecrementCount(); });
    }
  }
  left.Wait();
}

absl::Status Bindings::Drain(absl::Duration timeout) {
  draining_ = true;
  // Upstream first would leave followers without what they wait for, but nobody waits here: each
  // host ends what it has sent, and what is unread stays in the journals.
  struct Pending {
    absl::Mutex mutex;
    int left ABSL_GUARDED_BY(mutex) = 0;
  };
  auto pending = std::make_shared<Pending>();
  for (const auto& partitions : partitions_) {
    absl::MutexLock lock(&pending->mutex);
    pending->left += static_cast<int>(partitions->hosts.size());
  }
  for (const auto& partitions : partitions_) {
    for (const auto& host : partitions->hosts) {
      host->Drain([pending] {
        absl::MutexLock lock(&pending->mutex);
        --pending->left;
      });
    }
  }
  absl::MutexLock lock(&pending->mutex);
  const auto done = [&pending]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return pending->left == 0; };
  if (pending->mutex.AwaitWithTimeout(absl::Condition(&done), timeout)) return absl::OkStatus();
  return Refuse(Reason::REASON_DEADLINE,
                absl::StrCat(pending->left, " partitions have not drained after ",
                             absl::FormatDuration(timeout)));
}

}  // namespace tideline::rpc
