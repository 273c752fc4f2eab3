// SPDX-License-Identifier: Apache-2.0
#include "tools/tideline/caller.h"

#include <grpc/support/time.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/notification.h"
#include "common/rpc/identity.h"
#include "common/rpc/status.h"

namespace tideline::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;

// Answers are pages of at most 1 MiB and a little; this is the most we let a server send.
constexpr int kMaxAnswerBytes = 16 << 20;

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

Caller::Caller(CallerOptions options) : options_(std::move(options)) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxAnswerBytes);
  channel_ =
      grpc::CreateCustomChannel(options_.address, grpc::InsecureChannelCredentials(), arguments);
}

Caller::~Caller() = default;

std::unique_ptr<Message> Caller::New(const Descriptor& type) {
  return std::unique_ptr<Message>(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(&type)->New());
}

void Caller::Prepare(grpc::ClientContext& context) const {
  if (!options_.subject.empty()) context.AddMetadata(rpc::kSubjectKey, options_.subject);
  if (positions_.empty()) return;
  context.AddMetadata(rpc::kAfterKey,
                      absl::StrJoin(positions_, ",", [](std::string* out, const auto& p) {
                        absl::StrAppend(out, p.second);
                      }));
}

absl::Status Caller::Call(const MethodDescriptor& rpc, const Message& request, Message& response) {
  grpc::ClientContext context;
  Prepare(context);
  context.set_deadline(After(options_.timeout));
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
  const auto& trailing = context.GetServerTrailingMetadata();
  if (auto it = trailing.find(rpc::kPositionKey); it != trailing.end()) {
    const std::string position(it->second.data(), it->second.size());
    positions_[position.substr(0, position.find('='))] = position;
  }
  if (!status.ok()) return rpc::FromGrpc(status);
  return FromBuffer(received, response);
}

absl::Status Caller::Watch(const MethodDescriptor& rpc, const Message& request,
                           const std::function<bool(const Message&)>& each) {
  grpc::ClientContext context;
  Prepare(context);
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
