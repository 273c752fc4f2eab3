// SPDX-License-Identifier: Apache-2.0
#include "services/suite/suite.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/mutex.h"
#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "common/loop/loop.h"
#include "common/rpc/server.h"
#include "common/telemetry/http.h"
#include "common/telemetry/metrics.h"
#include "services/decision_ledger/ledger/folder.h"
#include "services/decision_ledger/module.h"
#include "services/handoff/module.h"
#include "services/review/module.h"
#include "services/skill_registry/module.h"
#include "services/sla_monitor/module.h"
#include "services/work_routing/module.h"

namespace tideline::suite {

namespace {

struct Module {
  absl::string_view service;
  absl::Status (*bind)(const rpc::Deps& deps, rpc::Bindings& bindings);
};

// Upstream first.
constexpr Module kModules[] = {
    {"skill_registry", skill_registry::Bind},
    {"work_routing", work_routing::Bind},
    {"handoff", handoff::Bind},
    {"review", review::Bind},
    {"sla_monitor", sla_monitor::Bind},
    {"decision_ledger", decision_ledger::Bind},
};

// `services`: which ones; empty: all.
absl::Status BindAll(const std::vector<std::string>& services, const rpc::Deps& deps,
                     rpc::Bindings& bindings) {
  size_t bound = 0;
  for (const Module& module : kModules) {
    if (!services.empty() && !absl::c_linear_search(services, module.service)) continue;
    TL_RETURN_IF_ERROR(module.bind(deps, bindings));
    ++bound;
  }
  if (services.empty() || bound == services.size()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("no such service in: ", absl::StrJoin(services, ", ")));
}

absl::Duration Monotonic() {
  return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace

// In order of birth; destroyed the other way round.
struct Suite::State {
  SuiteOptions options;
  std::unique_ptr<SystemClock> clock;
  telemetry::Metrics metrics;
  rpc::UnsecuredAuthenticator authenticator;
  std::vector<std::unique_ptr<Loop>> loops;
  rpc::Deps deps;
  std::unique_ptr<rpc::Bindings> bindings;
  std::unique_ptr<rpc::Server> server;
  std::shared_ptr<grpc::Channel> channel;  // to that server, for owed calls; before any host starts
  std::unique_ptr<telemetry::HttpServer> http;
  std::unique_ptr<decision_ledger::Sealer> ledger;  // reads the journals until the last commit

  ~State() {
    http.reset();
    if (bindings != nullptr) bindings->StopOwed();
    server.reset();
    bindings.reset();
    ledger.reset();
  }

  std::vector<std::string> Services() const {
    std::vector<std::string> services;
    for (const rpc::Router* router : bindings->routers()) services.push_back(router->service());
    return services;
  }

  absl::Status StartLedger(absl::Duration timeout) {
    decision_ledger::FolderOptions folder;
    folder.folder = options.ledger;
    folder.sealer.store = options.store;
    folder.sealer.clock = deps.clock;
    folder.sealer.metrics = &metrics;
    folder.sealer.partitions = options.partitions;
    folder.sealer.patience = timeout;
    folder.sealer.services = Services();
    TL_ASSIGN_OR_RETURN(ledger, decision_ledger::SealIntoFolder(std::move(folder)));
    return absl::OkStatus();
  }

  // Asks every host at once and waits for the answers.
  void EachHost(
      const std::function<void(partition::Host&, std::function<void()> done)>& ask) const {
    std::vector<partition::Host*> hosts;
    for (const rpc::Router* router : bindings->routers()) {
      for (int p = 0; p < router->partitions(); ++p) hosts.push_back(&router->At(p));
    }
    absl::BlockingCounter left(static_cast<int>(hosts.size()));
    for (partition::Host* host : hosts) ask(*host, [&left] { left.DecrementCount(); });
    left.Wait();
  }

  std::map<std::string, std::string> Digests(bool loaded) const {
    std::map<std::string, std::string> digests;
    for (const rpc::Router* router : bindings->routers()) {
      for (int p = 0; p < router->partitions(); ++p) {
        absl::BlockingCounter asked(1);
        partition::Host& host = router->At(p);
        host.Inspect([&](const partition::Core*) {
          digests[absl::StrCat(router->service(), "/", p)] =
              loaded ? host.LoadDigest() : host.CoreDigest();
          asked.DecrementCount();
        });
        asked.Wait();
      }
    }
    return digests;
  }
  // "work_routing/3 <hex>" per line: a clean stop's last page is the next start's first as loaded.
  telemetry::HttpResponse DigestPage(bool loaded) const {
    telemetry::HttpResponse page;
    for (const auto& [core, digest] : Digests(loaded))
      absl::StrAppend(&page.body, core, " ", digest, "\n");
    return page;
  }

  struct Pulse {
    uint64_t activity = 0;
    absl::Time next_wake = absl::InfiniteFuture();
  };
  Pulse TakePulse() const {
    absl::Mutex mutex;
    Pulse pulse;
    EachHost([&](partition::Host& host, std::function<void()> done) {
      host.Inspect([&, done = std::move(done)](const partition::Core*) {
        partition::HostState state = host.state();
        {
          absl::MutexLock lock(&mutex);
          pulse.activity += state.activity;
          pulse.next_wake = std::min(pulse.next_wake, state.next_wake);
        }
        done();
      });
    });
    return pulse;
  }
};

Suite::Suite(std::unique_ptr<State> state) : state_(std::move(state)) {}
Suite::~Suite() = default;

absl::StatusOr<std::unique_ptr<Suite>> Suite::Start(SuiteOptions options) {
  auto state = std::make_unique<State>();
  state->options = options;
  if (options.clock == nullptr) {
    state->clock = std::make_unique<SystemClock>();
    options.clock = state->clock.get();
  }
  TL_RETURN_IF_ERROR(options.store->Open(options.partitions, options.start_timeout));
  int threads = options.threads > 0
                    ? options.threads
                    : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  for (int i = 0; i < threads; ++i) {
    state->loops.push_back(std::make_unique<Loop>(absl::StrCat("partitions-", i)));
    state->deps.loops.push_back(state->loops.back().get());
  }
  state->deps.clock = options.clock;
  state->deps.store = options.store;
  state->deps.partitions = options.partitions;
  state->deps.replica = options.replica;
  state->deps.metrics = &state->metrics;
  state->deps.authenticator = &state->authenticator;
  state->deps.accept_clock_behind = options.accept_clock_behind;
  state->deps.keep_load_digest = options.check_digests;
  State* raw = state.get();
  state->deps.channel = [raw](absl::string_view) { return raw->channel; };
  state->bindings = std::make_unique<rpc::Bindings>();
  TL_RETURN_IF_ERROR(BindAll(options.services, state->deps, *state->bindings));
  if (!options.ledger.empty()) TL_RETURN_IF_ERROR(state->StartLedger(options.start_timeout));

  rpc::ServerOptions server;
  if (!options.listen.empty()) server.listen.push_back(options.listen);
  server.extra_services = options.extra_services;
  TL_ASSIGN_OR_RETURN(state->server, rpc::Server::Start(server, state->deps, *state->bindings));
  state->channel = state->server->InProcessChannel();
  if (!options.http.empty()) {
    auto routes = telemetry::StandardRoutes(
        state->metrics, [] { return absl::OkStatus(); }, [raw] { return raw->bindings->Ready(); },
        TIDELINE_VERSION, TIDELINE_REVISION);
    routes.emplace_back("/debug/anomalies", [raw] {
      return telemetry::HttpResponse{.body = raw->bindings->ListAnomalies()};
    });
    if (options.check_digests) {
      routes.emplace_back("/debug/digests", [raw] { return raw->DigestPage(false); });
      routes.emplace_back("/debug/digests/loaded", [raw] { return raw->DigestPage(true); });
    }
    TL_ASSIGN_OR_RETURN(state->http, telemetry::HttpServer::Start(options.http, std::move(routes)));
  }
  state->bindings->Start();
  TL_RETURN_IF_ERROR(state->bindings->WaitServing(options.start_timeout));
  state->server->SetServing(true);
  return std::unique_ptr<Suite>(new Suite(std::move(state)));
}

std::shared_ptr<grpc::Channel> Suite::Channel() const { return state_->server->InProcessChannel(); }

std::string Suite::address() const {
  const std::vector<std::string>& addresses = state_->server->addresses();
  return addresses.empty() ? "" : addresses.front();
}

std::string Suite::http_address() const {
  return state_->http == nullptr ? "" : state_->http->address();
}

absl::Status Suite::Settle(absl::Duration timeout) {
  absl::Duration give_up = Monotonic() + timeout;
  uint64_t before = ~uint64_t{0};
  for (;;) {
    // A host that comes to rest may have given another one work: at rest twice with nothing done in
    // between is at rest. A host that never rests would block EachHost, so the wait has its own
    // end.
    struct Resting {
      absl::Mutex mutex;
      int left ABSL_GUARDED_BY(mutex) = 0;
    };
    auto resting = std::make_shared<Resting>();
    for (const rpc::Router* router : state_->bindings->routers()) {
      absl::MutexLock lock(&resting->mutex);
      resting->left += router->partitions();
    }
    for (const rpc::Router* router : state_->bindings->routers()) {
      for (int p = 0; p < router->partitions(); ++p) {
        router->At(p).WhenAtRest([resting] {
          absl::MutexLock lock(&resting->mutex);
          --resting->left;
        });
      }
    }
    {
      absl::MutexLock lock(&resting->mutex);
      auto rested = [&resting]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return resting->left == 0; };
      if (!resting->mutex.AwaitWithTimeout(absl::Condition(&rested), give_up - Monotonic())) {
        return Refuse(Reason::REASON_DEADLINE,
                      absl::StrCat(resting->left, " partitions are not at rest after ",
                                   absl::FormatDuration(timeout)));
      }
    }
    uint64_t now = state_->TakePulse().activity;
    if (now == before) return absl::OkStatus();
    before = now;
  }
}

absl::Status Suite::AdvanceTo(SimulatedClock& clock, absl::Time time) {
  for (;;) {
    TL_RETURN_IF_ERROR(Settle());
    absl::Time wake = state_->TakePulse().next_wake;
    if (wake > time) break;
    clock.AdvanceTo(wake);
  }
  clock.AdvanceTo(time);
  return Settle();
}

std::map<std::string, std::string> Suite::CoreDigests(bool loaded) const {
  return state_->Digests(loaded);
}

std::vector<std::string> Suite::services() const { return state_->Services(); }

absl::Status Suite::SealAll(absl::Duration timeout) {
  if (state_->ledger == nullptr) return absl::FailedPreconditionError("the suite has no ledger");
  return state_->ledger->SealAll(timeout);
}

absl::Status Suite::Stop(absl::Duration timeout) {
  state_->server->SetServing(false);
  state_->bindings->StopOwed();
  state_->server->Drain(timeout);
  const absl::Status drained = state_->bindings->Drain(timeout);
  if (state_->ledger == nullptr) return drained;
  const absl::Status sealed = state_->ledger->SealAll(timeout);
  return drained.ok() ? sealed : drained;
}

}  // namespace tideline::suite
