// SPDX-License-Identifier: Apache-2.0
#include "tools/tideline/doctor.h"

#include <sys/timex.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/status_macros.h"
#include "common/journal/redis_store.h"
#include "tideline/skill_registry/v1/skill_registry_service.pb.h"
#include "tools/tideline/table.h"

namespace tideline::cli {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using Level = Finding::Level;

// A probe that takes longer is as bad as none.
constexpr std::chrono::seconds kHttpTimeout(5);

// Zones of the three continents that the sample speaks of: without tzdata they all fail.
constexpr const char* kZones[] = {"Europe/Warsaw", "Asia/Kolkata", "America/New_York"};

struct Answer {
  int status = 0;
  std::string body;
};

absl::StatusOr<Answer> Get(const std::string& address, const std::string& path) {
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) {
    return absl::InvalidArgumentError(absl::StrCat("\"", address, "\" is not host:port"));
  }
  boost::asio::io_context io;
  boost::asio::ip::tcp::resolver resolver(io);
  beast::tcp_stream stream(io);
  stream.expires_after(kHttpTimeout);
  beast::error_code error;
  const auto unavailable = [&] {
    return absl::UnavailableError(absl::StrCat("http://", address, path, ": ", error.message()));
  };
  const auto endpoints =
      resolver.resolve(address.substr(0, colon), address.substr(colon + 1), error);
  if (error) return unavailable();
  stream.connect(endpoints, error);
  if (error) return unavailable();
  http::request<http::empty_body> request{http::verb::get, path, 11};
  request.set(http::field::host, address);
  http::write(stream, request, error);
  if (error) return unavailable();
  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(64 << 20);  // expositions of 16 partitions are far below
  http::read(stream, buffer, parser, error);
  if (error) return unavailable();
  return Answer{static_cast<int>(parser.get().result_int()), parser.get().body()};
}

Finding JudgeRpc(const Session& session) {
  Caller caller(session.caller);
  const auto* rpc = Services()[0]->FindMethodByName("ListWorkspaces");
  skill_registry::v1::ListWorkspacesRequest request;
  skill_registry::v1::ListWorkspacesResponse response;
  const auto start = std::chrono::steady_clock::now();
  const absl::Status status = caller.Call(*rpc, request, response);
  const auto took = absl::FromChrono(std::chrono::steady_clock::now() - start);
  // Whoever may not list workspaces has been answered all the same.
  if (status.ok() || status.code() == absl::StatusCode::kPermissionDenied) {
    return {"rpc answers", Level::kOk,
            absl::StrCat(session.caller.address, " in ",
                         absl::FormatDuration(absl::Trunc(took, absl::Microseconds(100)))),
            ""};
  }
  return {"rpc answers", Level::kFailure,
          absl::StrCat(session.caller.address, ": ", status.message()),
          "start a suite with `tideline dev`, or give --address"};
}

Finding JudgeReady(const absl::StatusOr<Answer>& ready) {
  if (!ready.ok()) {
    return {"ready", Level::kFailure, std::string(ready.status().message()),
            "give --http, if the suite's HTTP port is another"};
  }
  const std::string body(absl::StripAsciiWhitespace(ready->body));
  if (ready->status == 200) return {"ready", Level::kOk, body, ""};
  return {"ready", Level::kFailure, absl::StrCat(ready->status, ": ", body),
          "it says what it waits for"};
}

Finding JudgeZones() {
  for (const char* name : kZones) {
    absl::TimeZone zone;
    if (!absl::LoadTimeZone(name, &zone)) {
      return {"time zones", Level::kFailure, absl::StrCat(name, " does not load"),
              "install tzdata: without it every zone would silently be UTC"};
    }
  }
  return {"time zones", Level::kOk, "load", ""};
}

Finding LookAtClock() {
  ntptimeval clock{};
  const int state = ntp_gettime(&clock);
  return JudgeClock(state >= 0 && state != TIME_ERROR, absl::Microseconds(clock.maxerror));
}

absl::StatusOr<journal::StoreInfo> InspectStore(const std::string& url) {
  TL_ASSIGN_OR_RETURN(const auto store, journal::RedisStore::Create(url));
  return store->Inspect();
}

const char* Word(Level level) {
  switch (level) {
    case Level::kOk:
      return "ok";
    case Level::kWarning:
      return "WARNING";
    case Level::kFailure:
      return "FAILED";
    case Level::kSkipped:
      return "skipped";
  }
  return "";
}

void PrintTable(const std::vector<Finding>& findings, const Session& session) {
  std::vector<std::vector<std::string>> rows;
  for (const Finding& finding : findings) {
    rows.push_back({finding.check, Word(finding.level), finding.detail});
    if (!finding.remedy.empty()) rows.push_back({"", "", absl::StrCat("-> ", finding.remedy)});
  }
  *session.out << FormatTable({"CHECK", "RESULT", "DETAIL"}, rows);
}

}  // namespace

absl::Status RunDoctor(const DoctorOptions& options, const Session& session) {
  std::vector<Finding> findings = {JudgeRpc(session), JudgeReady(Get(options.http, "/readyz"))};
  const auto add = [&findings](const std::vector<Finding>& more) {
    findings.insert(findings.end(), more.begin(), more.end());
  };
  if (const auto metrics = Get(options.http, "/metrics"); metrics.ok()) {
    add(JudgeMetrics(ParseMetrics(metrics->body)));
  }
  if (const auto anomalies = Get(options.http, "/debug/anomalies");
      anomalies.ok() && anomalies->status == 200) {
    add(JudgeAnomalies(anomalies->body));
  }
  findings.push_back(JudgeZones());
  findings.push_back(LookAtClock());
  if (options.redis.empty()) {
    findings.push_back({"store", Level::kSkipped, "give --redis URL to look at it directly", ""});
  } else {
    add(JudgeStore(InspectStore(options.redis)));
  }
  PrintTable(findings, session);
  int failed = 0;
  for (const Finding& finding : findings) failed += finding.level == Level::kFailure ? 1 : 0;
  if (failed == 0) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(failed, " of ", findings.size(), " checks failed"));
}

}  // namespace tideline::cli
