// SPDX-License-Identifier: Apache-2.0
// A whole service in one file, as the tests of the seam need it: things in workspaces, listed,
// watched, and refused or broken on demand by their title:
//
//   "refuse"  STATE_FORBIDS       "bug"  INTERNAL with a secret in its message
//
// "ana" is an expert in every workspace and "root" an operator; nobody else has a role.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "common/partition/core.h"
#include "common/partition/watch_start.h"
#include "common/rpc/face.h"
#include "common/rpc/module.h"
#include "tests/unit/rpc/toy.grpc.pb.h"
#include "tests/unit/rpc/toy.pb.h"

namespace tideline::toy {

class Core final : public partition::Core {
 public:
  std::vector<std::string> Kinds() const override { return {"thing"}; }
  absl::Status Restore(absl::string_view, absl::string_view id, absl::string_view bytes) override {
    if (!things_[std::string(id)].ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
      return Refuse(Reason::REASON_DATA_LOSS, id);
    }
    return absl::OkStatus();
  }
  absl::Status Restored() override { return absl::OkStatus(); }
  partition::Grant GrantOf(absl::string_view, absl::string_view subject) const override {
    partition::Grant grant;
    if (subject == "ana") grant.roles.Add(type::v1::ROLE_EXPERT);
    if (subject == "root") grant.roles.Add(type::v1::ROLE_OPERATOR);
    return grant;
  }
  void Dump(std::string& out) const override {
    for (const auto& [name, thing] : things_) absl::StrAppend(&out, name, " ", thing.title(), "\n");
  }

  absl::StatusOr<v1::PutThingResponse> PutThing(const partition::Call& call,
                                                const v1::PutThingRequest& request,
                                                partition::Changes& changes) {
    if (request.thing().title() == "refuse") {
      return Refuse(Reason::REASON_STATE_FORBIDS, "the thing must not be put");
    }
    if (request.thing().title() == "bug") return absl::InternalError("secret of the inside");
    v1::Thing thing = request.thing();
    if (thing.name().empty()) {
      thing.set_name(absl::StrCat(request.parent(), "/things/", partition::MakeId(call.entropy)));
    }
    return Keep<v1::PutThingResponse>(call, std::move(thing), changes);
  }

  absl::StatusOr<v1::UpdateThingResponse> UpdateThing(const partition::Call& call,
                                                      const v1::UpdateThingRequest& request,
                                                      partition::Changes& changes) {
    if (!things_.contains(request.thing().name())) return NotFound(request.thing().name());
    return Keep<v1::UpdateThingResponse>(call, request.thing(), changes);
  }

  absl::StatusOr<v1::GetThingResponse> GetThing(const partition::Call&,
                                                const v1::GetThingRequest& request) const {
    const auto it = things_.find(request.name());
    if (it == things_.end()) return NotFound(request.name());
    v1::GetThingResponse response;
    *response.mutable_thing() = it->second;
    return response;
  }

  absl::StatusOr<v1::ListThingsResponse> ListThings(const partition::Call& call,
                                                    const v1::ListThingsRequest& request) const {
    return List<v1::ListThingsResponse>(call.workspace + "/", request.page_token(),
                                        request.page_size(), request.title());
  }
  absl::StatusOr<v1::ListAllThingsResponse> ListAllThings(
      const partition::Call&, const v1::ListAllThingsRequest& request) const {
    return List<v1::ListAllThingsResponse>("", request.page_token(), request.page_size(), "");
  }

  absl::StatusOr<partition::WatchStart<v1::WatchThingsResponse>> WatchThings(
      const partition::Call& call, const v1::WatchThingsRequest& request) const {
    partition::WatchStart<v1::WatchThingsResponse> start;
    for (const auto& [name, thing] : things_) {
      if (!absl::StartsWith(name, call.workspace + "/")) continue;
      if (!request.title().empty() && thing.title() != request.title()) continue;
      *start.snapshot.emplace_back().mutable_thing() = thing;
    }
    start.show = [title = request.title()](
                     absl::string_view, const partition::Revision&,
                     absl::string_view bytes) -> std::optional<v1::WatchThingsResponse> {
      v1::Event event;
      if (!event.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return std::nullopt;
      if (!title.empty() && event.put().title() != title) return std::nullopt;
      v1::WatchThingsResponse response;
      response.mutable_thing()->Swap(event.mutable_put());
      return response;
    };
    return start;
  }

 private:
  template <class Response>
  Response Keep(const partition::Call& call, v1::Thing thing, partition::Changes& changes) {
    things_[thing.name()] = thing;
    changes.Put("thing", thing.name(), thing);
    v1::Event event;
    *event.mutable_put() = thing;
    changes.Raise(call, thing.name(), event);
    Response response;
    *response.mutable_thing() = std::move(thing);
    return response;
  }

  template <class Response>
  Response List(const std::string& prefix, const std::string& after, int size,
                const std::string& title) const {
    Response response;
    for (auto it = after.empty() ? things_.lower_bound(prefix) : things_.upper_bound(after);
         it != things_.end() && absl::StartsWith(it->first, prefix); ++it) {
      if (!title.empty() && it->second.title() != title) continue;
      if (response.things_size() == size) {
        response.set_next_page_token(response.things(size - 1).name());
        break;
      }
      *response.add_things() = it->second;
    }
    return response;
  }

  std::map<std::string, v1::Thing> things_;
};

class Service final : public v1::ToyService::CallbackService {
 public:
  explicit Service(std::unique_ptr<rpc::Seam> seam) : face_(std::move(seam)) {}

  grpc::ServerUnaryReactor* PutThing(grpc::CallbackServerContext* context,
                                     const v1::PutThingRequest* request,
                                     v1::PutThingResponse* response) override {
    return face_.Mutate(context, request, response, &Core::PutThing);
  }
  grpc::ServerUnaryReactor* UpdateThing(grpc::CallbackServerContext* context,
                                        const v1::UpdateThingRequest* request,
                                        v1::UpdateThingResponse* response) override {
    return face_.Mutate(context, request, response, &Core::UpdateThing);
  }
  grpc::ServerUnaryReactor* GetThing(grpc::CallbackServerContext* context,
                                     const v1::GetThingRequest* request,
                                     v1::GetThingResponse* response) override {
    return face_.Query(context, request, response, &Core::GetThing);
  }
  grpc::ServerUnaryReactor* ListThings(grpc::CallbackServerContext* context,
                                       const v1::ListThingsRequest* request,
                                       v1::ListThingsResponse* response) override {
    return face_.Query(context, request, response, &Core::ListThings);
  }
  grpc::ServerUnaryReactor* ListAllThings(grpc::CallbackServerContext* context,
                                          const v1::ListAllThingsRequest* request,
                                          v1::ListAllThingsResponse* response) override {
    return face_.QueryAll(context, request, response, &Core::ListAllThings);
  }
  grpc::ServerWriteReactor<v1::WatchThingsResponse>* WatchThings(
      grpc::CallbackServerContext* context, const v1::WatchThingsRequest* request) override {
    return face_.Watch(context, request, &Core::WatchThings);
  }

 private:
  rpc::Face<Core> face_;
};

inline absl::Status Bind(const rpc::Deps& deps, rpc::Bindings& bindings) {
  const rpc::Router& router = bindings.AddHosts(
      deps, {.service = "toy", .make_core = [] { return std::make_unique<Core>(); }});
  TL_ASSIGN_OR_RETURN(auto seam, rpc::Seam::Create<v1::ToyService>(deps, router));
  bindings.AddService(std::make_unique<Service>(std::move(seam)));
  return absl::OkStatus();
}

}  // namespace tideline::toy
