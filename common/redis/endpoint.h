// SPDX-License-Identifier: Apache-2.0
// The one question "where does the data live?", asked before each connection. Today the answer is a
// fixed address; asking Sentinel who is master, or a Cluster whose slot it is, are further answers
// behind the same question.
//
// Thread-safe; shared by clients on several loops.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/loop/loop.h"
#include "common/redis/address.h"

namespace tideline::redis {

class Endpoint {
 public:
  virtual ~Endpoint() = default;

  using Found = std::function<void(absl::StatusOr<Address>)>;

  // Answers with an address whose host is an IP address or a Unix path, so that connecting blocks
  // nobody. Called on `loop`'s thread; `found` comes there exactly once, later. UNAVAILABLE when
  // there is no answer now.
  virtual void Find(Loop& loop, Found found) = 0;

  // Whether the answer can change, so that it is worth asking again when a server says it is
  // read-only.
  virtual bool moves() const = 0;

  // For logs and messages; without secrets.
  virtual std::string description() const = 0;
};

// Always `address`; a DNS name is resolved anew at each Find, on libuv's worker threads.
std::shared_ptr<Endpoint> FixedEndpoint(Address address);

}  // namespace tideline::redis
