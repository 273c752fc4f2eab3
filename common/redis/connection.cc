// SPDX-License-Identifier: Apache-2.0
#include "common/redis/connection.h"

#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <uv.h>

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace tideline::redis {
namespace {

// A peer that is gone without a word is noticed after this long, written to (TCP_USER_TIMEOUT) or
// not (keepalive: idle + interval * probes). Below the client's own time-out by intent.
constexpr unsigned kTcpUserTimeoutMs = 4000;
constexpr int kKeepaliveIdleSeconds = 5;
constexpr int kKeepaliveIntervalSeconds = 2;
constexpr int kKeepaliveProbes = 3;

// A whole commit of a loaded partition leaves with one write, so that the store works on it while
// the loop executes the next. (Linux lets everybody ask for about this much, and doubles it.)
constexpr int kSendBuffer = 2 << 20;

Reply Copy(const redisReply& from) {
  Reply to;
  switch (from.type) {
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
      to.kind = Reply::Kind::kString;
      to.text.assign(from.str, from.len);
      break;
    case REDIS_REPLY_ERROR:
      to.kind = Reply::Kind::kError;
      to.text.assign(from.str, from.len);
      break;
    case REDIS_REPLY_INTEGER:
      to.kind = Reply::Kind::kInteger;
      to.integer = from.integer;
      break;
    case REDIS_REPLY_ARRAY:
      to.kind = Reply::Kind::kArray;
      to.elements.reserve(from.elements);
      for (size_t i = 0; i < from.elements; ++i) to.elements.push_back(Copy(*from.element[i]));
      break;
    default:
      break;
  }
  return to;
}

}  // namespace

// Why not the adapter that ships with hiredis: it ignores libuv's error events, so a connection
// that was reset would never be noticed.
struct Connection::Poll {
  uv_poll_t handle;
  Connection* owner;
  int events = 0;

  void Watch(int set, int clear) {
    events = (events | set) & ~clear;
    if (events == 0) {
      uv_poll_stop(&handle);
      return;
    }
    uv_poll_start(&handle, events, [](uv_poll_t* handle, int status, int events) {
      auto* poll = static_cast<Poll*>(handle->data);
      if (poll->owner != nullptr) poll->owner->Handle(status, events);
    });
  }
};

struct Connection::Adapter {
  static void AddRead(void* poll) { static_cast<Poll*>(poll)->Watch(UV_READABLE, 0); }
  static void DelRead(void* poll) { static_cast<Poll*>(poll)->Watch(0, UV_READABLE); }
  static void AddWrite(void* poll) { static_cast<Poll*>(poll)->Watch(UV_WRITABLE, 0); }
  static void DelWrite(void* poll) { static_cast<Poll*>(poll)->Watch(0, UV_WRITABLE); }
  static void Cleanup(void* data) {
    auto* poll = static_cast<Poll*>(data);
    poll->owner = nullptr;
    uv_close(reinterpret_cast<uv_handle_t*>(&poll->handle),
             [](uv_handle_t* handle) { delete static_cast<Poll*>(handle->data); });
  }

  // The three below only note what happened: hiredis calls them from its depths, where nothing may
  // be sent or freed. Deliver tells the owner later.
  static void OnConnect(const redisAsyncContext* context, int status) {
    auto* self = static_cast<Connection*>(context->data);
    if (status == REDIS_OK) {
      self->up_ = true;
    } else {
      self->Lost(absl::StrCat("cannot connect: ", context->errstr));
    }
  }
  static void OnDisconnect(const redisAsyncContext* context, int) {
    static_cast<Connection*>(context->data)
        ->Lost(context->err != 0 ? absl::StrCat("connection lost: ", context->errstr)
                                 : "connection closed");
  }
  static void OnReply(redisAsyncContext* context, void* reply, void*) {
    if (reply == nullptr) return;  // being torn down; OnDisconnect or the destructor says so
    static_cast<Connection*>(context->data)
        ->replies_.push_back(Copy(*static_cast<redisReply*>(reply)));
  }
};

Connection::Connection(Loop& loop, const Address& address, Events events)
    : loop_(loop), events_(std::move(events)), alive_(std::make_shared<int>(0)) {
  redisAsyncContext* context = address.unix_path.empty()
                                   ? redisAsyncConnect(address.host.c_str(), address.port)
                                   : redisAsyncConnectUnix(address.unix_path.c_str());
  if (context == nullptr || context->err != 0) {
    Lost(absl::StrCat("cannot connect: ", context == nullptr ? "out of memory" : context->errstr));
    if (context != nullptr) redisAsyncFree(context);
    loop_.Post([this, alive = std::weak_ptr<int>(alive_)] {
      if (!alive.expired()) Deliver();
    });
    return;
  }
  context_ = context;
  context_->data = this;
  SetSocketOptions(address);
  poll_ = new Poll{{}, this};
  uv_poll_init(loop_.raw(), &poll_->handle, context_->c.fd);
  poll_->handle.data = poll_;
  context_->ev = {
      poll_,           Adapter::AddRead, Adapter::DelRead, Adapter::AddWrite, Adapter::DelWrite,
      Adapter::Cleanup};
  redisAsyncSetDisconnectCallback(context_, Adapter::OnDisconnect);
  redisAsyncSetConnectCallback(context_, Adapter::OnConnect);
}

Connection::~Connection() {
  if (context_ == nullptr) return;
  redisAsyncFree(std::exchange(context_, nullptr));
}

void Connection::SetSocketOptions(const Address& address) {
  // Set before the connection stands. The kernel may grant less; it does no harm.
  setsockopt(context_->c.fd, SOL_SOCKET, SO_SNDBUF, &kSendBuffer, sizeof(int));
  if (!address.unix_path.empty()) return;
  const int fd = context_->c.fd, on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &kKeepaliveIdleSeconds, sizeof(int));
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &kKeepaliveIntervalSeconds, sizeof(int));
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &kKeepaliveProbes, sizeof(int));
  setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &kTcpUserTimeoutMs, sizeof(unsigned));
}

void Connection::Send(absl::Span<const absl::string_view> args) {
  if (context_ == nullptr) return;
  std::vector<const char*> data(args.size());
  std::vector<size_t> sizes(args.size());
  for (size_t i = 0; i < args.size(); ++i) {
    data[i] = args[i].data();
    sizes[i] = args[i].size();
  }
  redisAsyncCommandArgv(context_, Adapter::OnReply, nullptr, static_cast<int>(args.size()),
                        data.data(), sizes.data());
  // Now, not when the loop comes round: the caller goes on to execute the next batch.
  if (context_ != nullptr && (context_->c.flags & REDIS_CONNECTED) != 0) {
    redisAsyncHandleWrite(context_);
  }
  if (down_) {
    loop_.Post([this, alive = std::weak_ptr<int>(alive_)] {
      if (!alive.expired()) Deliver();
    });
  }
}

// hiredis asserts that somebody waits for a reply (unless it is an error), so that a peer which
// greets, such as a mail server at a mistyped port, would end the process.
bool Connection::SpokeUnasked() const {
  char first;
  return context_->replies.head == nullptr &&
         recv(context_->c.fd, &first, 1, MSG_PEEK | MSG_DONTWAIT) == 1 && first != '-';
}

void Connection::Handle(int status, int events) {
  if (context_ != nullptr && (events & UV_READABLE) && SpokeUnasked()) {
    redisAsyncContext* context = std::exchange(context_, nullptr);
    Lost("this is no Redis server: it spoke unasked");
    redisAsyncFree(context);
    return Deliver();
  }
  // An error event carries no detail; reading finds out what it was.
  if (context_ != nullptr && (status < 0 || (events & UV_READABLE))) redisAsyncHandleRead(context_);
  if (context_ != nullptr && status >= 0 && (events & UV_WRITABLE)) redisAsyncHandleWrite(context_);
  if (context_ != nullptr && status < 0) {
    redisAsyncContext* context = std::exchange(context_, nullptr);
    Lost(absl::StrCat("connection lost: ", uv_strerror(status)));
    redisAsyncFree(context);
  }
  Deliver();
}

void Connection::Lost(std::string why) {
  context_ = nullptr;
  if (down_) return;
  down_ = true;
  why_ = std::move(why);
}

void Connection::Deliver() {
  const std::weak_ptr<int> alive = alive_;
  if (std::exchange(up_, false)) {
    events_.up();
    if (alive.expired()) return;
  }
  while (!replies_.empty()) {
    Reply reply = std::move(replies_.front());
    replies_.pop_front();
    events_.reply(std::move(reply));
    if (alive.expired()) return;
  }
  if (!down_) return;
  std::function<void(std::string)> down = std::move(events_.down);
  down(std::move(why_));
}

}  // namespace tideline::redis
