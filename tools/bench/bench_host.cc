// SPDX-License-Identifier: Apache-2.0
// The partition host and its journal alone: calls of a trivial Core, no gRPC. What is left between
// this and bench-submit is the rpc seam and the service's own work.
//
//   bench-host [--store redis|memory] [--seconds N]
#include <csignal>
#include <cstdio>
#include <filesystem>

#include "CLI/CLI.hpp"
#include "common/journal/memory_store.h"
#include "common/journal/redis_store.h"
#include "common/partition/host.h"
#include "common/redis/private_server.h"
#include "google/protobuf/wrappers.pb.h"
#include "tools/bench/load.h"

namespace tideline::bench {
namespace {

using google::protobuf::StringValue;

// Writes one record of the request's size and raises one event per call.
class WriteCore : public partition::Core {
 public:
  std::vector<std::string> Kinds() const override { return {"value"}; }
  absl::Status Restore(absl::string_view, absl::string_view, absl::string_view) override {
    return absl::OkStatus();
  }
  absl::Status Restored() override { return absl::OkStatus(); }
  partition::Grant GrantOf(absl::string_view, absl::string_view) const override { return {}; }
  void Dump(std::string&) const override {}

  absl::Status Write(const partition::Call& call, const StringValue& request,
                     partition::Changes& changes) {
    std::string id = partition::MakeId(call.entropy);
    changes.Put("value", id, request);
    type::v1::AnyEvent event;
    changes.Raise(call, "workspaces/w/values/" + id, event);
    return absl::OkStatus();
  }
};

// A write of `value` by a trusted caller; `policy` and `value` outlive it.
std::unique_ptr<partition::Request> MakeRequest(const type::v1::MethodPolicy& policy,
                                                const StringValue& value, std::string id,
                                                StringValue& response,
                                                std::function<void(std::string)> done) {
  auto request = std::make_unique<partition::Request>();
  request->method = "/bench/Write";
  request->policy = &policy;
  request->workspace = "workspaces/w";
  request->identity.trusted = true;
  request->identity.roles = partition::Roles::All();
  request->identity.actor.set_subject("bench");
  request->request_id = std::move(id);
  request->message = &value;
  request->response = &response;
  request->deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  request->run = [&value](partition::Core& core, const partition::Call& call,
                          partition::Changes* changes) {
    return static_cast<WriteCore&>(core).Write(call, value, *changes);
  };
  request->done = [done = std::move(done)](absl::Status status, partition::Position) {
    done(std::string(status.message()));
  };
  return request;
}

int Main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  std::string kind = "redis";
  double seconds = 2;
  CLI::App app("Measures the partition host and its journal.");
  app.add_option("--store", kind, "redis or memory");
  app.add_option("--seconds", seconds, "of each run");
  CLI11_PARSE(app, argc, argv);

  std::string pattern = (std::filesystem::temp_directory_path() / "tideline-bench-XXXXXX").string();
  std::string folder = ::mkdtemp(pattern.data());
  redis::PrivateServer server(redis::PrivateServerOptions{.data_folder = folder});
  std::unique_ptr<journal::Store> store = std::make_unique<journal::MemoryStore>();
  if (kind == "redis") {
    if (!server.Start().ok()) return 1;
    store = *journal::RedisStore::Create(server.url());
  }
  if (!store->Open(1, absl::Seconds(5)).ok()) return 1;
  SystemClock clock;
  Loop loop("host");
  std::unique_ptr<partition::Host> host;
  loop.Run([&] {
    partition::HostOptions options;
    options.service = "bench";
    options.replica = "bench";
    options.clock = &clock;
    host = std::make_unique<partition::Host>(
        loop, store->OpenJournal("bench", 0, loop), [] { return std::make_unique<WriteCore>(); },
        options);
  });
  host->Start();
  type::v1::MethodPolicy policy;
  policy.set_kind(type::v1::KIND_MUTATE);
  policy.add_roles(type::v1::ROLE_SERVICE);
  StringValue value;
  value.set_value(std::string(600, 'v'));
  std::atomic<uint64_t> ids = 0;
  std::printf("%12s %12s %9s %9s\n", "outstanding", "calls/s", "p50 ms", "p99 ms");
  for (int outstanding : {1, 16, 64, 256, 1024}) {
    std::vector<StringValue> responses(static_cast<size_t>(outstanding));
    Outcome outcome = RunLoad(outstanding, absl::Seconds(seconds), [&](int slot, auto done) {
      host->Execute(MakeRequest(policy, value, std::to_string(++ids),
                                responses[static_cast<size_t>(slot)], std::move(done)));
    });
    std::printf("%12d %12.0f %9.3f %9.3f%s\n", outstanding, outcome.per_second, outcome.p50_ms,
                outcome.p99_ms, outcome.bad > 0 ? outcome.first_error.c_str() : "");
  }
  loop.Run([&] { host.reset(); });
  store.reset();
  server.Stop();
  std::filesystem::remove_all(folder);
  return 0;
}

}  // namespace
}  // namespace tideline::bench

int main(int argc, char** argv) { return tideline::bench::Main(argc, argv); }
