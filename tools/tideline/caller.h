// SPDX-License-Identifier: Apache-2.0
// Calls any rpc by its descriptor, with messages made by reflection, so that the command line needs
// no code per rpc. Each call sends on the positions of the calls before it, so that one service
// sees what another has just answered.
//
// Not thread-safe. Blocks.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/rpc/client.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace tideline::cli {

struct CallerOptions {
  std::string address = "127.0.0.1:7480";      // host:port or unix:/path
  std::string subject;                         // who calls; empty: nobody in particular
  absl::Duration timeout = absl::Seconds(10);  // of each unary call
};

class Caller {
 public:
  explicit Caller(CallerOptions options);
  ~Caller();

  // An empty message of this type.
  static std::unique_ptr<google::protobuf::Message> New(const google::protobuf::Descriptor& type);

  // Calls a unary rpc and fills `response`. Errors carry what the server attached
  // (common/base/error.h).
  absl::Status Call(const google::protobuf::MethodDescriptor& rpc,
                    const google::protobuf::Message& request, google::protobuf::Message& response);

  // Calls a server-streaming rpc and hands over each message until `each` returns false, which is
  // OK, or the stream ends, which is its status.
  absl::Status Watch(const google::protobuf::MethodDescriptor& rpc,
                     const google::protobuf::Message& request,
                     const std::function<bool(const google::protobuf::Message&)>& each);

  // Waits until the server can be reached, at most `timeout`.
  bool WaitConnected(absl::Duration timeout);

 private:
  // What every call brings along.
  rpc::CallOptions Options(absl::Duration timeout) const;

  const CallerOptions options_;
  std::shared_ptr<grpc::Channel> channel_;
  rpc::Cursors seen_;
};

}  // namespace tideline::cli
