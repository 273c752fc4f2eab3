// SPDX-License-Identifier: Apache-2.0
// The smallest Core that exercises every part of the host: named counters.
//
//   Add(name)        counts up by one; owes "echo" a call when told to; refuses the name "bad"
//   Get(name)        reads
//   a timer per counter named "timer-<seconds>": counts itself up when due
//   Follow           counts the upstream's subjects; refuses subjects that contain "odd"; the
//                    subject "timer-<seconds>" ends that timer
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "common/partition/host.h"
#include "google/protobuf/wrappers.pb.h"

namespace tideline::testing {

using google::protobuf::Int64Value;
using google::protobuf::StringValue;

class ToyCore : public partition::Core {
 public:
  // `takes_odd`: whether Follow takes odd subjects, too, as a newer program might; null: it does
  // not.
  explicit ToyCore(const std::atomic<bool>* takes_odd = nullptr) : takes_odd_(takes_odd) {}

  // Stands for a service's Event message: field 1 is the header, as everywhere.
  using Event = type::v1::AnyEvent;

  std::vector<std::string> Kinds() const override { return {"counter", "timer", "owed"}; }

  absl::Status Restore(absl::string_view kind, absl::string_view id,
                       absl::string_view bytes) override {
    Int64Value value;
    if (!value.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
      return Refuse(Reason::REASON_DATA_LOSS, absl::StrCat("counter ", id));
    }
    if (kind == "counter") counters_[std::string(id)] = value.value();
    if (kind == "timer") timers_[std::string(id)] = absl::FromUnixMillis(value.value());
    if (kind == "owed") owed_[std::string(id)] = absl::FromUnixMillis(value.value());
    return absl::OkStatus();
  }
  absl::Status Restored() override { return absl::OkStatus(); }

  absl::StatusOr<Int64Value> Add(const partition::Call& call, const StringValue& request,
                                 partition::Changes& changes) {
    const std::string& name = request.value();
    if (name == "bad") return Refuse(Reason::REASON_STATE_FORBIDS, "bad counts for nothing");
    double seconds;
    if (absl::StartsWith(name, "timer-") && absl::SimpleAtod(name.substr(6), &seconds)) {
      timers_[name] = call.now + absl::Seconds(seconds);
      Int64Value due;
      due.set_value(absl::ToUnixMillis(timers_[name]));
      changes.Put("timer", name, due);
    }
    if (absl::StartsWith(name, "owe-")) {
      owed_[name] = call.now;
      Int64Value since;
      since.set_value(absl::ToUnixMillis(call.now));
      changes.Put("owed", name, since);
    }
    return Count(call, name, changes);
  }

  absl::StatusOr<Int64Value> Get(const partition::Call&, const StringValue& request) const {
    Int64Value value;
    auto it = counters_.find(request.value());
    if (it == counters_.end()) return NotFound(request.value());
    value.set_value(it->second);
    return value;
  }

  absl::Time NextWake() const override {
    absl::Time next = absl::InfiniteFuture();
    for (const auto& [name, due] : timers_) next = std::min(next, due);
    return next;
  }
  void Wake(const partition::Call& call, partition::Changes& changes) override {
    for (auto it = timers_.begin(); it != timers_.end();) {
      if (it->second > call.now) {
        ++it;
        continue;
      }
      Count(call, it->first, changes);
      changes.Erase("timer", it->first);
      it = timers_.erase(it);
    }
  }

  absl::Status Follow(const partition::Call& call, const partition::UpstreamEvent& event,
                      partition::Changes& changes) override {
    Event any;
    if (!any.ParseFromArray(event.bytes.data(), static_cast<int>(event.bytes.size()))) {
      return absl::DataLossError("event");
    }
    if (absl::StrContains(any.header().subject(), "odd") &&
        (takes_odd_ == nullptr || !*takes_odd_)) {
      return absl::InvalidArgumentError("odd subject");
    }
    Count(call, absl::StrCat("followed ", any.header().subject()), changes);
    if (timers_.erase(any.header().subject()) > 0) changes.Erase("timer", any.header().subject());
    return absl::OkStatus();
  }

  partition::Grant GrantOf(absl::string_view, absl::string_view subject) const override {
    partition::Grant grant;
    if (subject == "ana") grant.roles.Add(type::v1::ROLE_EXPERT);
    return grant;
  }

  std::vector<partition::OwedCall> Owed(size_t most) const override {
    std::vector<partition::OwedCall> calls;
    for (const auto& [id, since] : owed_) {
      if (calls.size() == most) break;
      calls.push_back({id, "echo", "/toy/Echo", absl::StrCat("thing/", id), "hello", since});
    }
    return calls;
  }
  void Settle(const partition::Call& call, absl::string_view id, const absl::Status& status,
              absl::string_view response, partition::Changes& changes) override {
    owed_.erase(std::string(id));
    changes.Erase("owed", id);
    Count(call, status.ok() ? absl::StrCat("settled ", response) : absl::StrCat("refused ", id),
          changes);
  }

  void Dump(std::string& out) const override {
    for (const auto& [name, value] : counters_) absl::StrAppend(&out, name, "=", value, "\n");
    for (const auto& [name, due] : timers_) {
      absl::StrAppend(&out, name, "@", absl::ToUnixMillis(due), "\n");
    }
    for (const auto& [name, since] : owed_) {
      absl::StrAppend(&out, name, "?", absl::ToUnixMillis(since), "\n");
    }
  }

 private:
  Int64Value Count(const partition::Call& call, const std::string& name,
                   partition::Changes& changes) {
    Int64Value value;
    value.set_value(++counters_[name]);
    changes.Put("counter", name, value);
    Event event;
    changes.Raise(call, absl::StrCat("workspaces/w/counters/", name), event, "workspaces/w/e/ana");
    return value;
  }

  const std::atomic<bool>* takes_odd_;
  std::map<std::string, int64_t> counters_;
  std::map<std::string, absl::Time> timers_;
  std::map<std::string, absl::Time> owed_;
};

// A policy with the given kind that everybody with ROLE_EXPERT may use.
inline const type::v1::MethodPolicy& ToyPolicy(
    type::v1::Kind kind, type::v1::Pressure pressure = type::v1::PRESSURE_UNSPECIFIED) {
  static auto& policies = *new std::map<std::pair<int, int>, type::v1::MethodPolicy>();
  type::v1::MethodPolicy& policy = policies[{kind, pressure}];
  policy.set_kind(kind);
  policy.set_pressure(pressure);
  if (policy.roles_size() == 0) policy.add_roles(type::v1::ROLE_EXPERT);
  return policy;
}

struct ToyOptions {
  std::string request_id = {};
  std::string subject = "ana";
  absl::Duration deadline = absl::Seconds(20);
  std::vector<partition::Position> after = {};
  type::v1::Pressure pressure = type::v1::PRESSURE_UNSPECIFIED;
  std::string calling_service = {};  // calls as a service, about the resource "thing"
};

// One call under way: holds what the host needs to outlive it, and waits for the answer.
class ToyCall {
 public:
  using Options = ToyOptions;

  ToyCall(partition::Host& host, bool mutate, std::string name, Options options = {})
      : state_(std::make_shared<State>()) {
    state_->request.set_value(std::move(name));
    auto request = std::make_unique<partition::Request>();
    request->method = mutate ? "/toy/Add" : "/toy/Get";
    request->policy =
        &ToyPolicy(mutate ? type::v1::KIND_MUTATE : type::v1::KIND_QUERY, options.pressure);
    request->workspace = "workspaces/w";
    request->identity.actor.set_kind(type::v1::Actor::KIND_PERSON);
    request->identity.actor.set_subject(options.subject);
    if (!options.calling_service.empty()) {
      request->identity.actor.set_kind(type::v1::Actor::KIND_SERVICE);
      request->identity.actor.set_subject(options.calling_service);
      request->identity.trusted = true;
      request->identity.roles = partition::Roles::All();
      request->resource = "thing";
    }
    request->request_id = options.request_id;
    request->message = &state_->request;
    request->response = &state_->response;
    request->deadline =
        std::chrono::steady_clock::now() + absl::ToChronoMilliseconds(options.deadline);
    request->after = options.after;
    State* raw = state_.get();
    request->run = [raw, mutate](partition::Core& core, const partition::Call& call,
                                 partition::Changes* changes) -> absl::Status {
      auto& toy = static_cast<ToyCore&>(core);
      absl::StatusOr<Int64Value> answer =
          mutate ? toy.Add(call, raw->request, *changes) : toy.Get(call, raw->request);
      if (answer.ok()) raw->response = *answer;
      return answer.status();
    };
    request->done = [state = state_](absl::Status status, partition::Position position) {
      std::lock_guard<std::mutex> lock(state->mutex);
      state->status = std::move(status);
      state->position = std::move(position);
      state->done = true;
      state->changed.notify_all();
    };
    host.Execute(std::move(request));
  }

  bool done() const {
    std::lock_guard<std::mutex> lock(state_->mutex);
    return state_->done;
  }
  // Waits for the answer.
  absl::StatusOr<int64_t> Wait() {
    std::unique_lock<std::mutex> lock(state_->mutex);
    state_->changed.wait(lock, [this] { return state_->done; });
    if (!state_->status.ok()) return state_->status;
    return state_->response.value();
  }
  uint64_t commit() const { return state_->position.commit; }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    bool done = false;
    StringValue request;
    Int64Value response;
    absl::Status status;
    partition::Position position;
  };
  std::shared_ptr<State> state_;
};

}  // namespace tideline::testing
