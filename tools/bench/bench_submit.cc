// SPDX-License-Identifier: Apache-2.0
// What a work item costs, beside a bare rpc: the same client, channels and message sizes, in one
// run, interleaved. Everything (load, services, Redis) on this machine; Redis syncs every commit.
//
//   bench-submit [--json FILE] [--seconds N] [--rounds N] [--store redis|memory]
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "CLI/CLI.hpp"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "common/base/status_macros.h"
#include "common/journal/memory_store.h"
#include "common/journal/redis_store.h"
#include "common/redis/private_server.h"
#include "services/suite/suite.h"
#include "tideline/work_routing/v1/work_routing_service.grpc.pb.h"
#include "tools/bench/echo.grpc.pb.h"
#include "tools/bench/life.h"
#include "tools/bench/load.h"
#include "tools/bench/scene.h"

namespace tideline::bench {
namespace {

namespace routing = work_routing::v1;

// Answers with a response as large as SubmitWorkItem's.
class EchoServer : public v1::EchoService::CallbackService {
 public:
  void Remember(const routing::SubmitWorkItemResponse& response) { response_ = response; }
  grpc::ServerUnaryReactor* Echo(grpc::CallbackServerContext* context,
                                 const routing::SubmitWorkItemRequest*,
                                 routing::SubmitWorkItemResponse* response) override {
    *response = response_;
    auto* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

 private:
  routing::SubmitWorkItemResponse response_;
};

struct Settings {
  std::string json;
  double seconds = 2;
  int rounds = 5;
  std::string store = "redis";
  int channels = 2;
  // Those that a submission passes through. The others follow, in processes of their own.
  std::vector<std::string> services = {"skill_registry", "work_routing"};
  std::string only;  // measure only modes whose name contains this
};

// One figure of the table, over the rounds.
struct Row {
  std::string mode;
  std::vector<double> rates, p50s, p99s;
  uint64_t bad = 0;
  std::string first_error;
};

class Bench {
 public:
  Bench(Settings settings, std::string address) : settings_(std::move(settings)) {
    for (int i = 0; i < settings_.channels; ++i) {
      grpc::ChannelArguments arguments;
      arguments.SetInt("tideline.bench.channel", i);  // no sharing of connections
      channels_.push_back(
          grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
      routing_.push_back(routing::WorkRoutingService::NewStub(channels_.back()));
      echo_.push_back(v1::EchoService::NewStub(channels_.back()));
    }
  }

  // `settle` returns when the suite has nothing left to do.
  absl::Status Run(EchoServer& echo, const std::function<absl::Status()>& settle);
  int Report() const;

 private:
  template <class Response>
  struct Call {
    grpc::ClientContext context;
    routing::SubmitWorkItemRequest request;
    Response response;
  };

  void Fill(routing::SubmitWorkItemRequest& request) {
    uint64_t n = ++items_;
    request.set_parent(kWorkspace);
    request.set_request_id(absl::StrCat("bench-", n));
    FillItem(n, scene_, kOfferQueue, *request.mutable_work_item());
  }

  void Unary(int slot, bool echo, std::function<void(std::string)> done);
  void Batch(int slot, std::function<void(std::string)> done);
  // Whether --only asks for a mode (of the unary ones, by their number outstanding).
  bool Wanted(absl::string_view mode) const {
    return absl::StrContains(absl::StrCat(mode, " "), settings_.only);
  }
  void Record(const std::string& mode, const Outcome& outcome, double per_call = 1);
  double Median(const std::string& mode) const;

  Settings settings_;
  SceneOptions scene_;
  std::vector<std::shared_ptr<grpc::Channel>> channels_;
  std::vector<std::unique_ptr<routing::WorkRoutingService::Stub>> routing_;
  std::vector<std::unique_ptr<v1::EchoService::Stub>> echo_;
  std::atomic<uint64_t> items_ = 0;
  std::atomic<uint64_t> submitted_ = 0, offered_ = 0;
  std::vector<Row> rows_;
};

constexpr int kBatchItems = 64;
// Enough to keep all commits in flight full while others wait: 1,024 items.
constexpr int kBatchesOutstanding = 16;

void Bench::Unary(int slot, bool echo, std::function<void(std::string)> done) {
  auto* call = new Call<routing::SubmitWorkItemResponse>();
  call->context.AddMetadata("tideline-subject", kSubject);
  Fill(call->request);
  auto finish = [this, call, echo, done = std::move(done)](const grpc::Status& status) {
    if (!echo && status.ok()) {
      submitted_.fetch_add(1, std::memory_order_relaxed);
      if (call->response.work_item().state() == routing::WorkItem::STATE_OFFERED) {
        offered_.fetch_add(1, std::memory_order_relaxed);
      }
    }
    std::string error = status.ok() ? "" : status.error_message();
    delete call;
    done(std::move(error));
  };
  size_t channel = slot % channels_.size();
  if (echo) {
    echo_[channel]->async()->Echo(&call->context, &call->request, &call->response, finish);
  } else {
    routing_[channel]->async()->SubmitWorkItem(&call->context, &call->request, &call->response,
                                               finish);
  }
}

void Bench::Batch(int slot, std::function<void(std::string)> done) {
  struct State {
    grpc::ClientContext context;
    routing::BatchSubmitWorkItemsRequest request;
    routing::BatchSubmitWorkItemsResponse response;
  };
  auto* call = new State();
  call->context.AddMetadata("tideline-subject", kSubject);
  call->request.set_parent(kWorkspace);
  call->request.set_request_id(absl::StrCat("batch-", items_.load(), "-", slot));
  for (int i = 0; i < kBatchItems; ++i) {
    FillItem(++items_, scene_, kOfferQueue, *call->request.add_items()->mutable_work_item());
  }
  routing_[slot % channels_.size()]->async()->BatchSubmitWorkItems(
      &call->context, &call->request, &call->response,
      [this, call, done = std::move(done)](const grpc::Status& status) {
        std::string error = status.ok() ? "" : status.error_message();
        for (const routing::SubmitOutcome& outcome : call->response.results()) {
          if (outcome.has_refusal()) error = outcome.refusal().DebugString();
          submitted_.fetch_add(1, std::memory_order_relaxed);
          if (outcome.state() == routing::WorkItem::STATE_OFFERED) {
            offered_.fetch_add(1, std::memory_order_relaxed);
          }
        }
        delete call;
        done(std::move(error));
      });
}

void Bench::Record(const std::string& mode, const Outcome& outcome, double per_call) {
  auto row = std::find_if(rows_.begin(), rows_.end(), [&](const Row& r) { return r.mode == mode; });
  if (row == rows_.end()) row = rows_.insert(rows_.end(), Row{mode, {}, {}, {}, 0, ""});
  row->rates.push_back(outcome.per_second * per_call);
  row->p50s.push_back(outcome.p50_ms);
  row->p99s.push_back(outcome.p99_ms);
  row->bad += outcome.bad;
  if (row->first_error.empty()) row->first_error = outcome.first_error;
}

double Bench::Median(const std::string& mode) const {
  for (const Row& row : rows_) {
    if (row.mode == mode) return SpreadOf(row.rates).median;
  }
  return 0;
}

absl::Status Bench::Run(EchoServer& echo, const std::function<absl::Status()>& settle) {
  std::fprintf(stderr, "building the scene: %d experts, %d skills, %d teams\n", scene_.experts,
               scene_.skills, scene_.teams);
  TL_RETURN_IF_ERROR(BuildScene(channels_[0], scene_));
  TL_RETURN_IF_ERROR(settle());  // work_routing knows everybody
  routing::SubmitWorkItemRequest request;
  Fill(request);
  grpc::ClientContext context;
  context.AddMetadata("tideline-subject", kSubject);
  routing::SubmitWorkItemResponse response;
  grpc::Status status = routing_[0]->SubmitWorkItem(&context, request, &response);
  if (!status.ok()) return absl::InternalError(status.error_message());
  if (response.work_item().state() != routing::WorkItem::STATE_OFFERED) {
    return absl::InternalError("the first item was not offered: " + response.DebugString());
  }
  echo.Remember(response);
  std::fprintf(stderr, "request %zu bytes, response %zu bytes\n", request.ByteSizeLong(),
               response.ByteSizeLong());

  absl::Duration each = absl::Seconds(settings_.seconds);
  auto unary = [this](int slot, std::function<void(std::string)> done) {
    Unary(slot, false, std::move(done));
  };
  auto bare = [this](int slot, std::function<void(std::string)> done) {
    Unary(slot, true, std::move(done));
  };
  auto batch = [this](int slot, std::function<void(std::string)> done) {
    Batch(slot, std::move(done));
  };
  RunLoad(64, each / 2, bare);  // warm up both
  RunLoad(64, each / 2, unary);
  for (int round = 0; round < settings_.rounds; ++round) {
    std::fprintf(stderr, "round %d of %d\n", round + 1, settings_.rounds);
    for (int outstanding : {1, 16, 64, 256}) {
      std::string suffix = absl::StrCat(" ", outstanding);
      if (!Wanted(suffix)) continue;
      Record("echo" + suffix, RunLoad(outstanding, each, bare));
      Record("unary" + suffix, RunLoad(outstanding, each, unary));
    }
    if (Wanted("batch")) Record("batch", RunLoad(kBatchesOutstanding, each, batch), kBatchItems);
    LifeOptions life{kWorkspace, kSubject, scene_, 64, each};
    if (Wanted("life unary")) {
      TL_ASSIGN_OR_RETURN(Outcome lives, RunUnaryLives(channels_, life));
      Record("life unary", lives);
    }
    if (Wanted("life streaming")) {
      TL_ASSIGN_OR_RETURN(Outcome lives, RunStreamedLives(channels_, life));
      Record("life streaming", lives);
    }
  }
  return absl::OkStatus();
}

int Bench::Report() const {
  std::printf("%-16s %12s %12s %12s %9s %9s %6s\n", "mode", "median /s", "least", "most", "p50 ms",
              "p99 ms", "bad");
  uint64_t bad = 0;
  std::string json = "{";
  for (const Row& row : rows_) {
    Spread rate = SpreadOf(row.rates);
    std::printf("%-16s %12.0f %12.0f %12.0f %9.3f %9.3f %6llu\n", row.mode.c_str(), rate.median,
                rate.least, rate.most, SpreadOf(row.p50s).median, SpreadOf(row.p99s).median,
                static_cast<unsigned long long>(row.bad));
    bad += row.bad;
    if (!row.first_error.empty()) std::printf("  first error: %s\n", row.first_error.c_str());
    std::string key = row.mode;
    std::replace(key.begin(), key.end(), ' ', '_');
    absl::StrAppendFormat(&json,
                          "\n  \"%s\": {\"per_second\": %.1f, \"least\": %.1f, \"most\": %.1f, "
                          "\"p50_ms\": %.4f, \"p99_ms\": %.4f, \"bad\": %d},",
                          key, rate.median, rate.least, rate.most, SpreadOf(row.p50s).median,
                          SpreadOf(row.p99s).median, row.bad);
  }
  double offered = submitted_ == 0 ? 0 : static_cast<double>(offered_) / submitted_;
  struct Ratio {
    const char* key;
    double value;
  };
  const Ratio ratios[] = {
      {"ratio_unary_1", Median("unary 1") / Median("echo 1")},
      {"ratio_unary_16", Median("unary 16") / Median("echo 16")},
      {"ratio_unary_64", Median("unary 64") / Median("echo 64")},
      {"ratio_unary_256", Median("unary 256") / Median("echo 256")},
      // A life is four calls: what a bare rpc could carry, divided by four.
      {"ratio_life_unary", Median("life unary") / (Median("echo 64") / 4)},
      {"batch_items_per_s", Median("batch")},
      {"life_streaming_per_s", Median("life streaming")},
      {"offered_share", offered},
  };
  for (const Ratio& ratio : ratios) {
    std::printf("%-22s %.3f\n", ratio.key, ratio.value);
    absl::StrAppendFormat(&json, "\n  \"%s\": %.4f,", ratio.key, ratio.value);
  }
  absl::StrAppendFormat(
      &json,
      "\n  \"settings\": {\"store\": \"%s\", \"appendfsync\": \"%s\", \"rounds\": %d, "
      "\"seconds\": %.2f, \"services\": \"%s\", \"experts\": %d, \"skills\": %d, \"teams\": %d, "
      "\"batch\": %d}\n}\n",
      settings_.store, settings_.store == "redis" ? "always" : "none", settings_.rounds,
      settings_.seconds,
      settings_.services.empty() ? "all" : absl::StrJoin(settings_.services, ","), scene_.experts,
      scene_.skills, scene_.teams, kBatchItems);
  if (!settings_.json.empty()) std::ofstream(settings_.json) << json;
  if (bad > 0) {
    std::fprintf(stderr, "%llu calls failed\n", static_cast<unsigned long long>(bad));
    return 1;
  }
  if (offered < 0.5) {
    std::fprintf(stderr, "only %.0f %% of the items were offered\n", offered * 100);
    return 1;
  }
  return 0;
}

int Main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  Settings settings;
  CLI::App app("Measures SubmitWorkItem beside a bare rpc.");
  app.add_option("--json", settings.json, "also write the figures here");
  app.add_option("--seconds", settings.seconds, "of each run");
  app.add_option("--rounds", settings.rounds, "runs of each mode; the median counts");
  app.add_option("--store", settings.store, "redis or memory");
  app.add_option("--services", settings.services, "that run, with commas; \"all\" for every one")
      ->delimiter(',')
      ->capture_default_str();
  app.add_option("--only", settings.only, "modes whose name contains this: \" 64\", batch, life");
  CLI11_PARSE(app, argc, argv);
  if (settings.services == std::vector<std::string>{"all"}) settings.services.clear();

  std::unique_ptr<redis::PrivateServer> server;
  std::unique_ptr<journal::Store> store;
  std::filesystem::path folder;
  if (settings.store == "redis") {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "tideline-bench-XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
    server = std::make_unique<redis::PrivateServer>(
        redis::PrivateServerOptions{.data_folder = folder.string()});
    if (absl::Status started = server->Start(); !started.ok()) {
      std::fprintf(stderr, "bench-submit: %s\n", std::string(started.message()).c_str());
      return 1;
    }
    auto opened = journal::RedisStore::Create(server->url());
    if (!opened.ok()) {
      std::fprintf(stderr, "bench-submit: %s\n", std::string(opened.status().message()).c_str());
      return 1;
    }
    store = *std::move(opened);
  } else {
    store = std::make_unique<journal::MemoryStore>();
  }
  EchoServer echo;
  int code = 1;
  {
    suite::SuiteOptions options;
    options.store = store.get();
    options.services = settings.services;
    options.listen = "127.0.0.1:0";
    options.extra_services = {&echo};
    auto suite = suite::Suite::Start(options);
    if (!suite.ok()) {
      std::fprintf(stderr, "bench-submit: %s\n", suite.status().ToString().c_str());
    } else {
      Bench bench(settings, (*suite)->address());
      absl::Status status = bench.Run(echo, [&] { return (*suite)->Settle(); });
      if (!status.ok()) std::fprintf(stderr, "bench-submit: %s\n", status.ToString().c_str());
      code = status.ok() ? bench.Report() : 1;
    }
  }
  store.reset();
  server.reset();
  if (!folder.empty()) std::filesystem::remove_all(folder);
  return code;
}

}  // namespace
}  // namespace tideline::bench

int main(int argc, char** argv) { return tideline::bench::Main(argc, argv); }
