// SPDX-License-Identifier: Apache-2.0
// Services as processes of their own over one Redis behind a CommitGate, in a workspace with one
// organization and site, and clients that repeat each call under one request id until its outcome
// is known. What a test makes of it stands in handoff_town.h and review_town.h.
//
// The thread that makes it starts, kills and revives; calls may be made by others.
#pragma once

#include <grpcpp/grpcpp.h>
#include <sys/types.h>

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/rpc/client.h"
#include "common/rpc/status.h"
#include "tests/chaos/commit_gate.h"
#include "tests/support/process.h"
#include "tests/support/redis_server.h"
#include "tests/support/temp_folder.h"
#include "tideline/skill_registry/v1/skill_registry_service.grpc.pb.h"

namespace tideline::chaos {

class Town {
 public:
  static constexpr char kWorkspace[] = "workspaces/acme";
  static constexpr char kRedis[] = "redis";
  // How long a call, or what completes by itself, may take over crashes.
  static constexpr absl::Duration kPatience = absl::Seconds(60);

  // `services` upstream first; they find each other.
  Town(testing::RedisServer& redis, std::vector<std::string> services);
  Town(const Town&) = delete;
  Town& operator=(const Town&) = delete;

  CommitGate& gate() { return gate_; }
  // SIGKILL at once to a service or kRedis; any thread.
  void Kill(const std::string& victim);
  // Reaps and starts again; the thread that made this alone.
  void Revive(const std::string& victim);
  // The last lines of the services' logs.
  std::string Logs() const;

  static std::string Name(absl::string_view collection, absl::string_view id) {
    return absl::StrCat(kWorkspace, "/", collection, "/", id);
  }

 protected:
  using Registry = skill_registry::v1::SkillRegistryService::Stub;

  void StartAll();
  std::shared_ptr<grpc::Channel> ChannelTo(const std::string& service) const;
  // Workspace, organization, site and teams.
  absl::Status MakeTeams(const std::vector<std::string>& teams);
  absl::Status MakePerson(const std::string& id, const std::string& team, bool available);

  // Until the outcome is known, or patience ends.
  template <class Stub, class Request, class Response>
  absl::StatusOr<Response> Call(Stub& stub,
                                grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                                const Request& request) {
    const absl::Duration give_up = Monotonic() + kPatience;
    for (;;) {
      grpc::ClientContext context;
      rpc::Prepare({.timeout = kAttempt, .after = &seen_}, context);
      context.set_wait_for_ready(true);  // a call that waits also drives the connection
      Response response;
      const absl::Status status = rpc::FromGrpc((stub.*method)(&context, request, &response));
      if (status.ok()) {
        seen_.Note(context);
        return response;
      }
      if (rpc::IsDefinite(status) || Monotonic() > give_up) return status;
      Pause(kBetweenAttempts);
    }
  }
  // With a request id of its own.
  template <class Stub, class Request, class Response>
  absl::StatusOr<Response> Do(Stub& stub,
                              grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                           Response*),
                              Request request) {
    request.set_request_id(absl::StrCat("town-", ++last_id_));
    return Call(stub, method, request);
  }

  static absl::Duration Monotonic();
  static void Pause(absl::Duration time);

 private:
  static constexpr absl::Duration kAttempt = absl::Milliseconds(1500);
  static constexpr absl::Duration kBetweenAttempts = absl::Milliseconds(15);

  void Start(const std::string& service);
  std::string AddressOf(const std::string& service) const {
    return absl::StrCat("unix:", folder_.path(), "/", service);
  }

  testing::RedisServer& redis_;
  testing::TempFolder folder_;
  CommitGate gate_;
  const std::vector<std::string> services_;
  std::map<std::string, std::unique_ptr<testing::Process>> processes_;
  std::map<std::string, std::atomic<pid_t>> pids_;
  std::unique_ptr<Registry> registry_;
  rpc::Cursors seen_;
  std::atomic<int> last_id_{0};
};

}  // namespace tideline::chaos
