// SPDX-License-Identifier: Apache-2.0
// Which partition a workspace lives in, and where that partition is served.
//
// The partition count is one number per installation, so the partition of a workspace is the same
// in every service. Today every partition is in this process; a Router is the one place that learns
// otherwise when replicas share them out. Immutable, thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "common/partition/host.h"

namespace tideline::rpc {

// CRC16 as Redis Cluster computes it for slots (CCITT, XMODEM: polynomial 0x1021, start 0).
uint16_t Crc16(absl::string_view bytes);

// The partition of "workspaces/{id}"; 0 for the empty name.
int PartitionOf(absl::string_view workspace, int partitions);

class Router {
 public:
  Router() = default;
  // `hosts[p]` serves partition p of `service`; the hosts outlive the router.
  Router(std::string service, std::vector<partition::Host*> hosts)
      : service_(std::move(service)), hosts_(std::move(hosts)) {}

  const std::string& service() const { return service_; }
  int partitions() const { return static_cast<int>(hosts_.size()); }
  partition::Host& At(int partition) const { return *hosts_[partition]; }
  partition::Host& For(absl::string_view workspace) const {
    return At(PartitionOf(workspace, partitions()));
  }

 private:
  std::string service_;
  std::vector<partition::Host*> hosts_;
};

}  // namespace tideline::rpc
