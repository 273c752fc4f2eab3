// SPDX-License-Identifier: Apache-2.0
// bench-seam: what the rpc seam adds to each call, part by part: finding the method, believing the
// caller, holding the request to its proto, counting. Prints a table, and JSON with --json FILE.
//
//   bench-seam [--json FILE]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "common/base/error.h"
#include "common/rpc/call_metrics.h"
#include "common/rpc/identity.h"
#include "common/rpc/methods.h"
#include "common/rpc/status.h"
#include "common/rpc/token.h"
#include "common/telemetry/log.h"
#include "grpcpp/server_context.h"
#include "grpcpp/test/server_context_test_spouse.h"
#include "tideline/work_routing/v1/work_routing_service.pb.h"
#include "tools/bench/seam_calls.h"

namespace tideline::bench {
namespace {

constexpr int kRounds = 5;                              // the median is told, and the spread
constexpr auto kRound = std::chrono::milliseconds(60);  // long against the clock's grain
constexpr int kOutstanding = 64;
constexpr absl::Duration kCallRound = absl::Seconds(1);

struct Figure {
  std::string name;
  double median = 0, least = 0, most = 0;
};

Figure Measure(std::string name, const std::function<bool()>& once) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> rounds;
  for (int round = 0; round < kRounds; ++round) {
    const auto start = Clock::now();
    int64_t count = 0;
    while (Clock::now() - start < kRound) {
      for (int i = 0; i < 100; ++i) {
        if (!once()) {
          std::fprintf(stderr, "%s: failed\n", name.c_str());
          std::exit(1);
        }
      }
      count += 100;
    }
    rounds.push_back(std::chrono::duration<double, std::nano>(Clock::now() - start).count() /
                     static_cast<double>(count));
  }
  std::sort(rounds.begin(), rounds.end());
  return {std::move(name), rounds[kRounds / 2], rounds.front(), rounds.back()};
}

work_routing::v1::SubmitWorkItemRequest Submission(int attributes) {
  work_routing::v1::SubmitWorkItemRequest request;
  request.set_parent("workspaces/bench");
  request.set_request_id("0f1ce2b4-5a0c-4b1e-9d5e-2f6f3c1b7a90");
  work_routing::v1::WorkItem& item = *request.mutable_work_item();
  item.set_queue("workspaces/bench/queues/offer");
  item.set_title("Compare the claims of two patents about valve timing");
  item.mutable_expected_effort()->set_seconds(1800);
  for (int i = 0; i < attributes; ++i) {
    (*item.mutable_attributes())[absl::StrCat("attribute-", i)] = "a value of thirty bytes or so..";
  }
  for (const char* skill : {"claims", "mechanics", "english"}) {
    work_routing::v1::Requirement& requirement = *item.add_requirements();
    requirement.set_skill(absl::StrCat("workspaces/bench/skills/", skill));
    requirement.set_min_level(type::v1::LEVEL_PROFICIENT);
  }
  return request;
}

void MeasureTheRest(const rpc::MethodTable& table, std::vector<Figure>& figures) {
  work_routing::v1::AcceptOfferRequest accept;
  accept.set_name("workspaces/bench/workItems/w1/offers/o1");
  const rpc::Method& method = *table.Find(accept.GetDescriptor());
  std::string scratch;
  figures.push_back(Measure("find the method and its workspace", [&] {
    const rpc::Method* found = table.Find(accept.GetDescriptor());
    return !rpc::WorkspaceOf(found->resource.Get(accept, scratch)).empty();
  }));
  const rpc::UnsecuredAuthenticator authenticator;
  grpc::ServerContext context;
  grpc::testing::ServerContextTestSpouse spouse(&context);
  for (const char* key : {":authority", "user-agent", "grpc-accept-encoding", "tideline-after"}) {
    spouse.AddClientMetadata(key, "value");
  }
  spouse.AddClientMetadata("tideline-subject", "system:bench");
  figures.push_back(Measure("authenticate by metadata, 5 keys",
                            [&] { return authenticator.Authenticate(context).ok(); }));
  telemetry::Metrics metrics;
  const rpc::CallMetrics counted(metrics, method);
  figures.push_back(Measure("count a call", [&] {
    counted.Started();
    counted.Handled(absl::StatusCode::kOk, absl::Microseconds(700));
    return !telemetry::LogEnabled(telemetry::Level::kDebug);
  }));
  figures.push_back(Measure("status and position of an answer", [] {
    return rpc::ToGrpc(rpc::Presentable(absl::OkStatus(), "/m")).ok() &&
           !rpc::FormatPosition({"work_routing", 123456}).empty();
  }));
  figures.push_back(Measure("status of a refusal", [] {
    return !rpc::ToGrpc(rpc::Presentable(Refuse(Reason::REASON_OFFER_EXPIRED, "offer o1 expired",
                                                {{"offer", "workspaces/bench/offers/o1"}}),
                                         "/m"))
                .ok();
  }));
  const rpc::TokenSealer sealer("key");
  const rpc::TokenScope scope{"/list", "ana", "workspaces/bench and a filter"};
  figures.push_back(Measure("seal and open a page token", [&] {
    return sealer.Open(scope, sealer.Seal(scope, "workspaces/bench/workItems/w1"), "t").ok();
  }));
}

std::vector<Figure> Run() {
  auto table = rpc::MethodTable::Create("tideline.work_routing.v1.WorkRoutingService");
  if (!table.ok()) {
    std::fprintf(stderr, "%s\n", table.status().ToString().c_str());
    std::exit(1);
  }
  std::vector<Figure> figures;
  auto validate = [&](std::string name, google::protobuf::Message& request) {
    const rpc::Method& method = *table->Find(request.GetDescriptor());
    figures.push_back(Measure(std::move(name), [&] {
      const absl::Status status = rpc::Validate(*method.plan, "workspaces/bench", request);
      if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
      return status.ok();
    }));
  };
  work_routing::v1::SubmitWorkItemRequest bare = Submission(0), ten = Submission(10);
  validate("validate SubmitWorkItem, 3 requirements", bare);
  validate("validate SubmitWorkItem, 10 attributes as well", ten);
  // A request comes off the wire once: its map has not been looked at by reflection before.
  const std::string bytes = ten.SerializeAsString();
  figures.push_back(Measure("parse the same", [&] {
    work_routing::v1::SubmitWorkItemRequest fresh;
    return fresh.ParseFromString(bytes);
  }));
  const rpc::Method& submit = *table->Find(ten.GetDescriptor());
  figures.push_back(Measure("parse and validate the same", [&] {
    work_routing::v1::SubmitWorkItemRequest fresh;
    return fresh.ParseFromString(bytes) &&
           rpc::Validate(*submit.plan, "workspaces/bench", fresh).ok();
  }));
  MeasureTheRest(*table, figures);
  return figures;
}

int Main(int argc, char** argv) {
  std::string json;
  for (int i = 1; i < argc; ++i) {
    if (std::string(argv[i]) == "--json" && i + 1 < argc) {
      json = argv[++i];
    } else {
      std::fprintf(stderr, "usage: bench-seam [--json FILE]\n");
      return 2;
    }
  }
  const std::vector<Figure> figures = Run();
  const absl::StatusOr<SeamCalls> calls = MeasureSeamCalls(kOutstanding, kRounds, kCallRound);
  if (!calls.ok()) {
    std::fprintf(stderr, "%s\n", calls.status().ToString().c_str());
    return 1;
  }
  std::printf("one thread; nanoseconds each: median of %d rounds, least, most\n\n", kRounds);
  for (const Figure& f : figures) {
    std::printf("%-52s %10.0f %10.0f %10.0f\n", f.name.c_str(), f.median, f.least, f.most);
  }
  std::printf("\n%d calls outstanding over a Unix socket, memory store; calls per second\n\n",
              kOutstanding);
  for (const auto& [name, spread] : {std::pair<const char*, Spread>{"bare echo", calls->bare},
                                     {"the same through seam and partition", calls->query}}) {
    std::printf("%-52s %10.0f %10.0f %10.0f\n", name, spread.median, spread.least, spread.most);
  }
  std::printf("%-52s %10.2f %10.2f %10.2f\n", "ratio", calls->ratio.median, calls->ratio.least,
              calls->ratio.most);
  if (json.empty()) return 0;
  std::vector<std::string> rows;
  for (const Figure& f : figures) {
    rows.push_back(
        absl::StrFormat("  {\"name\": \"%s\", \"ns\": %.1f, \"least\": %.1f, \"most\": %.1f}",
                        f.name, f.median, f.least, f.most));
  }
  std::ofstream out(json);
  out << "{\"bench\": \"seam\", \"bare_per_s\": " << calls->bare.median
      << ", \"query_per_s\": " << calls->query.median << ", \"ratio\": " << calls->ratio.median
      << ", \"figures\": [\n"
      << absl::StrJoin(rows, ",\n") << "\n]}\n";
  out.close();
  if (!out) {
    std::fprintf(stderr, "cannot write %s\n", json.c_str());
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace tideline::bench

int main(int argc, char** argv) { return tideline::bench::Main(argc, argv); }
