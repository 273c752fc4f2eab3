// SPDX-License-Identifier: Apache-2.0
#include "tools/tideline/caller.h"

#include <grpc/support/time.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/generic_stub.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/rpc/status.h"

namespace tideline::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;

// A span from now: gRPC adds its own monotonic clock.
gpr_timespec After(absl::Duration timeout) {
  return gpr_time_from_millis(absl::ToInt64Milliseconds(timeout), GPR_TIMESPAN);
}

std::string PathOf(const MethodDescriptor& rpc) {
  return absl::StrCat("/", rpc.service()->full_name(), "/", rpc.name());
}

grpc::ByteBuffer ToBuffer(const Message& message) {
  grpc::Slice slice(message.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

absl::Status FromBuffer(const grpc::ByteBuffer& buffer, Message& message) {
  grpc::Slice slice;
  if (!buffer.DumpToSingleSlice(&slice).ok() ||
      !message.ParseFromArray(slice.begin(), static_cast<int>(slice.size()))) {
    return absl::InternalError(absl::StrCat("the answer is no ",
                                            message.GetDescriptor()->full_name(),
                                            "; are client and server of very different versions?"));
  }
  return absl::OkStatus();
}

}  // namespace

Caller::Caller(CallerOptions options)
    : options_(std::move(options)), channel_(rpc::MakeChannel(options_.address)) {}

Caller::~Caller() = default;

std::unique_ptr<Message> Caller::New(const Descriptor& type) {
  return std::unique_ptr<Message>(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(&type)->New());
}

rpc::CallOptions Caller::Options(absl::Duration timeout) const {
  rpc::CallOptions options;
  options.subject = options_.subject;
  options.timeout = timeout;
  options.after = &seen_;
  return options;
}

absl::Status Caller::Call(const MethodDescriptor& rpc, const Message& request, Message& response) {
  grpc::ClientContext context;
  rpc::Prepare(Options(options_.timeout), context);
  const grpc::ByteBuffer sent = ToBuffer(request);
  grpc::ByteBuffer received;
  grpc::Status status;
  absl::Notification done;
  grpc::GenericStub stub(channel_);
  stub.UnaryCall(&context, PathOf(rpc), grpc::StubOptions(), &sent, &received,
                 [&](grpc::Status result) {
                   status = std::move(result);
                   done.Notify();
                 });
  done.WaitForNotification();
  seen_.Note(context);
  if (!status.ok()) return rpc::FromGrpc(status);
  return FromBuffer(received, response);
}

absl::Status Caller::Watch(const MethodDescriptor& rpc, const Message& request,
                           const std::function<bool(const Message&)>& each) {
  grpc::ClientContext context;
  rpc::Prepare(Options(absl::InfiniteDuration()), context);
  grpc::CompletionQueue queue;
  const auto wait = [&queue] {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };
  grpc::GenericStub stub(channel_);
  auto stream = stub.PrepareCall(&context, PathOf(rpc), &queue);
  stream->StartCall(nullptr);
  bool open = wait();
  if (open) {
    stream->WriteLast(ToBuffer(request), grpc::WriteOptions(), nullptr);
    open = wait();
  }
  absl::Status broken;
  bool wanted = true;
  const std::unique_ptr<Message> message = New(*rpc.output_type());
  while (open && wanted && broken.ok()) {
    grpc::ByteBuffer received;
    stream->Read(&received, nullptr);
    if (!wait()) break;
    broken = FromBuffer(received, *message);
    if (broken.ok()) wanted = each(*message);
  }
  if (!wanted || !broken.ok()) context.TryCancel();
  grpc::Status status;
  stream->Finish(&status, nullptr);
  wait();
  queue.Shutdown();
  if (!broken.ok()) return broken;
  return wanted ? rpc::FromGrpc(status) : absl::OkStatus();
}

bool Caller::WaitConnected(absl::Duration timeout) {
  return channel_->WaitForConnected(After(timeout));
}

}  // namespace tideline::cli
