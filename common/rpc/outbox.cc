// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/outbox.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "common/rpc/client.h"
#include "common/rpc/identity.h"
#include "common/rpc/status.h"

namespace tideline::rpc {
namespace {

// Longer than any answer takes, shorter than anybody's patience; then the host sends it again.
constexpr absl::Duration kOwedDeadline = absl::Seconds(20);

}  // namespace

// One call, until it is answered.
struct Outbox::Sent {
  explicit Sent(std::shared_ptr<grpc::Channel> channel) : stub(std::move(channel)) {}
  grpc::GenericStub stub;
  grpc::ClientContext context;
  grpc::ByteBuffer request;
  grpc::ByteBuffer response;
  Done done;
};

Outbox::Outbox(std::string service, const Deps& deps)
    : service_(std::move(service)), channel_(deps.channel) {}

Outbox::~Outbox() {
  absl::MutexLock lock(&mutex_);
  for (Sent* sent : under_way_) sent->context.TryCancel();
  auto none = [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return under_way_.empty(); };
  mutex_.Await(absl::Condition(&none));
}

std::shared_ptr<grpc::Channel> Outbox::ChannelTo(const std::string& service) {
  absl::MutexLock lock(&mutex_);
  std::shared_ptr<grpc::Channel>& channel = channels_[service];
  if (channel == nullptr && channel_ != nullptr) channel = channel_(service);
  return channel;
}

void Outbox::Send(const partition::OwedCall& call, std::vector<partition::Position> after,
                  Done done) {
  std::shared_ptr<grpc::Channel> channel = ChannelTo(call.service);
  if (channel == nullptr) {
    return done(Refuse(Reason::REASON_STORE_UNAVAILABLE,
                       absl::StrCat("no way to ", call.service, " is known: name it in --peers")),
                "");
  }
  auto* sent = new Sent(std::move(channel));
  sent->done = std::move(done);
  const grpc::Slice slice(call.request);
  sent->request = grpc::ByteBuffer(&slice, 1);
  CallOptions options;
  options.service = service_;
  options.timeout = kOwedDeadline;
  Cursors seen;
  for (const partition::Position& position : after) seen.Note(position);
  options.after = &seen;
  Prepare(options, sent->context);
  {
    absl::MutexLock lock(&mutex_);
    under_way_.insert(sent);
  }
  sent->stub.UnaryCall(
      &sent->context, call.method, grpc::StubOptions(), &sent->request, &sent->response,
      [this, sent](const grpc::Status& status) {
        grpc::Slice answer;
        const bool read = status.ok() && sent->response.DumpToSingleSlice(&answer).ok();
        sent->done(FromGrpc(status), read ? std::string(answer.begin(), answer.end()) : "");
        absl::MutexLock lock(&mutex_);
        under_way_.erase(sent);
        delete sent;
      });
}

}  // namespace tideline::rpc
