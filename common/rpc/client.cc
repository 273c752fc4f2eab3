// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/client.h"

#include <grpc/support/time.h>
#include <openssl/rand.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/rpc/server.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"

namespace tideline::rpc {

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address,
                                           const std::string& service_config) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxResponseBytes);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS,
                   static_cast<int>(absl::ToInt64Milliseconds(absl::Seconds(60))));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                   static_cast<int>(absl::ToInt64Milliseconds(kKeepaliveTimeout)));
  // A peer that was restarted is back within a second or two: gRPC's own two minutes would keep
  // owed calls waiting for nothing.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2000);
  // The server's answers to a name are our own: nothing is looked up in TXT records.
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  if (!service_config.empty()) arguments.SetServiceConfigJSON(service_config);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

std::string MakeRequestId() {
  unsigned char b[16] = {};
  RAND_bytes(b, sizeof(b));
  b[6] = static_cast<unsigned char>((b[6] & 0x0F) | 0x40);
  b[8] = static_cast<unsigned char>((b[8] & 0x3F) | 0x80);
  return absl::StrFormat("%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
                         b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11],
                         b[12], b[13], b[14], b[15]);
}

std::string Cursors::Format() const {
  absl::MutexLock lock(&mutex_);
  std::string text;
  for (const auto& [service, commit] : commits_) {
    absl::StrAppend(&text, text.empty() ? "" : ",", service, "=", commit);
  }
  return text;
}

void Cursors::Note(const partition::Position& position) {
  absl::MutexLock lock(&mutex_);
  uint64_t& commit = commits_[position.service];
  commit = std::max(commit, position.commit);
}

void Cursors::Note(const grpc::ClientContext& context) {
  const auto& metadata = context.GetServerTrailingMetadata();
  const auto it = metadata.find(kPositionKey);
  if (it == metadata.end()) return;
  const auto positions = ParsePositions(absl::string_view(it->second.data(), it->second.size()));
  if (!positions.ok()) return;  // not a server of ours
  for (const partition::Position& position : *positions) Note(position);
}

void Prepare(const CallOptions& options, grpc::ClientContext& context) {
  if (!options.subject.empty()) context.AddMetadata(kSubjectKey, options.subject);
  if (!options.service.empty()) context.AddMetadata(kServiceKey, options.service);
  if (options.after != nullptr) {
    if (std::string after = options.after->Format(); !after.empty()) {
      context.AddMetadata(kAfterKey, after);
    }
  }
  if (options.timeout == absl::InfiniteDuration()) return;
  context.set_deadline(
      gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                   gpr_time_from_millis(absl::ToInt64Milliseconds(options.timeout), GPR_TIMESPAN)));
}

}  // namespace tideline::rpc
