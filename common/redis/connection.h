// SPDX-License-Identifier: Apache-2.0
// One hiredis connection, from connecting to its first error; it is never mended, only replaced
// (a context that once failed would hand out the previous call's reply). Client keeps one alive.
//
// Lives on one loop and is touched there only. Its events come from the loop, never from inside a
// call or a hiredis callback, and the owner may destroy the connection in any of them.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/loop/loop.h"
#include "common/redis/address.h"
#include "common/redis/reply.h"

struct redisAsyncContext;

namespace tideline::redis {

class Connection {
 public:
  struct Events {
    std::function<void()> up;               // connected; commands sent before are on their way
    std::function<void(Reply)> reply;       // one per command, in order
    std::function<void(std::string)> down;  // once, with the reason; no event follows
  };

  // Begins to connect. `address.host` must be an IP address. The login is not used here.
  Connection(Loop& loop, const Address& address, Events events);
  ~Connection();

  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Sends one command; without effect once the connection is lost (`down` tells).
  void Send(absl::Span<const absl::string_view> args);

 private:
  struct Poll;     // the libuv handle; outlives the connection by one turn of the loop
  struct Adapter;  // what hiredis calls

  void SetSocketOptions(const Address& address);
  bool SpokeUnasked() const;
  void Handle(int status, int events);
  void Deliver();
  void Lost(std::string why);

  Loop& loop_;
  Events events_;
  std::shared_ptr<int> alive_;
  redisAsyncContext* context_ = nullptr;  // null once lost; hiredis frees what fails by itself
  Poll* poll_ = nullptr;
  bool up_ = false;    // `up` is to be delivered
  bool down_ = false;  // `down` is to be delivered
  std::string why_;
  std::deque<Reply> replies_;
};

}  // namespace tideline::redis
