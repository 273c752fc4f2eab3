// SPDX-License-Identifier: Apache-2.0
#include "tests/chaos/commit_gate.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace tideline::chaos {
namespace {

sockaddr_un AddressOf(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  return address;
}

int Socket() { return ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0); }

// Whole, or false when the other side is gone.
bool SendAll(int to, absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

// The bulk string at `at`, which moves behind it.
absl::string_view Bulk(absl::string_view command, size_t& at) {
  const size_t line = command.find("\r\n", at);
  int64_t length = 0;
  if (line == absl::string_view::npos || command[at] != '$' ||
      !absl::SimpleAtoi(command.substr(at + 1, line - at - 1), &length)) {
    return {};
  }
  const absl::string_view text = command.substr(line + 2, static_cast<size_t>(length));
  at = line + 2 + static_cast<size_t>(length) + 2;
  return text;
}

}  // namespace

size_t RespEnd(absl::string_view bytes, size_t at) {
  constexpr size_t kNot = absl::string_view::npos;
  if (at >= bytes.size()) return kNot;
  const size_t line = bytes.find("\r\n", at);
  if (line == kNot) return kNot;
  int64_t number = 0;
  switch (bytes[at]) {
    case '$':
      if (!absl::SimpleAtoi(bytes.substr(at + 1, line - at - 1), &number)) std::abort();
      if (number < 0) return line + 2;
      return line + 2 + static_cast<size_t>(number) + 2 <= bytes.size()
                 ? line + 2 + static_cast<size_t>(number) + 2
                 : kNot;
    case '*': {
      if (!absl::SimpleAtoi(bytes.substr(at + 1, line - at - 1), &number)) std::abort();
      size_t end = line + 2;
      for (int64_t i = 0; i < number; ++i) {
        end = RespEnd(bytes, end);
        if (end == kNot) return kNot;
      }
      return end;
    }
    default:  // a line: + - :
      return line + 2;
  }
}

std::string CommitOf(absl::string_view command) {
  size_t at = command.find("\r\n");
  if (command.empty() || command[0] != '*' || at == absl::string_view::npos) return "";
  at += 2;
  if (Bulk(command, at) != "FCALL" || Bulk(command, at) != "tideline_commit_1") return "";
  Bulk(command, at);  // number of keys
  // tl:{handoff:0}:meta
  absl::string_view key = Bulk(command, at);
  if (!absl::ConsumePrefix(&key, "tl:{")) return "";
  return std::string(key.substr(0, key.find(':')));
}

CommitGate::CommitGate(const std::string& listen, std::string redis)
    : redis_path_(std::move(redis)), listen_(Socket()) {
  const sockaddr_un address = AddressOf(listen);
  if (::bind(listen_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      ::listen(listen_, 16) != 0 || ::pipe2(wake_, O_CLOEXEC) != 0) {
    std::abort();
  }
  thread_ = std::thread([this] { Run(); });
}

CommitGate::~CommitGate() {
  {
    absl::MutexLock lock(&mutex_);
    stop_ = true;
  }
  if (::write(wake_[1], "x", 1) != 1) std::abort();
  thread_.join();
  for (auto& link : links_) Close(*link);
  for (int fd : {listen_, wake_[0], wake_[1]}) ::close(fd);
}

void CommitGate::Arm(Plan plan) {
  absl::MutexLock lock(&mutex_);
  plan_ = std::move(plan);
  armed_ = true;
  counts_.clear();
}

void CommitGate::Disarm() {
  absl::MutexLock lock(&mutex_);
  armed_ = false;
  counts_.clear();
}

std::map<std::string, int> CommitGate::counts() const {
  absl::MutexLock lock(&mutex_);
  return counts_;
}

void CommitGate::Close(Link& link) {
  for (int* fd : {&link.service, &link.redis}) {
    if (*fd >= 0) ::close(*fd);
    *fd = -1;
  }
}

void CommitGate::Strike() {
  std::function<void()> strike;
  {
    absl::MutexLock lock(&mutex_);
    strike = plan_.strike;
  }
  strike();
}

bool CommitGate::Pass(Link& link, absl::string_view command) {
  ++link.commands;
  const std::string service = CommitOf(command);
  if (service.empty()) return true;
  bool cut = false;
  {
    absl::MutexLock lock(&mutex_);
    const int count = ++counts_[service];
    if (!armed_ || service != plan_.service || count != plan_.number) return true;
    armed_ = false;
    if (plan_.side == Side::kAfter) {
      link.strike_at_reply = link.commands;
      return true;
    }
    cut = plan_.cut;
  }
  Strike();
  return !cut;
}

void CommitGate::FromService(Link& link) {
  char piece[65536];
  const ssize_t got = ::recv(link.service, piece, sizeof(piece), 0);
  if (got <= 0) return Close(link);
  link.asked.append(piece, static_cast<size_t>(got));
  size_t at = 0;
  for (size_t end; link.open() && (end = RespEnd(link.asked, at)) != std::string::npos; at = end) {
    const absl::string_view command = absl::string_view(link.asked).substr(at, end - at);
    if (!Pass(link, command) || !SendAll(link.redis, command)) return Close(link);
  }
  link.asked.erase(0, at);
}

void CommitGate::FromRedis(Link& link) {
  char piece[65536];
  const ssize_t got = ::recv(link.redis, piece, sizeof(piece), 0);
  if (got <= 0) return Close(link);
  link.answered.append(piece, static_cast<size_t>(got));
  size_t at = 0;
  for (size_t end; (end = RespEnd(link.answered, at)) != std::string::npos; at = end) {
    if (++link.replies == link.strike_at_reply) {
      Strike();
      absl::MutexLock lock(&mutex_);
      if (plan_.cut) return Close(link);
    }
    if (!SendAll(link.service, absl::string_view(link.answered).substr(at, end - at))) {
      return Close(link);
    }
  }
  link.answered.erase(0, at);
}

void CommitGate::Accept() {
  auto link = std::make_unique<Link>();
  link->service = ::accept4(listen_, nullptr, nullptr, SOCK_CLOEXEC);
  if (link->service < 0) return;
  link->redis = Socket();
  const sockaddr_un address = AddressOf(redis_path_);
  if (::connect(link->redis, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return Close(*link);  // Redis is away
  }
  links_.push_back(std::move(link));
}

void CommitGate::Run() {
  for (;;) {
    {
      absl::MutexLock lock(&mutex_);
      if (stop_) return;
    }
    links_.erase(std::remove_if(links_.begin(), links_.end(),
                                [](const auto& link) { return !link->open(); }),
                 links_.end());
    std::vector<pollfd> fds = {{wake_[0], POLLIN, 0}, {listen_, POLLIN, 0}};
    for (const auto& link : links_) {
      fds.push_back({link->service, POLLIN, 0});
      fds.push_back({link->redis, POLLIN, 0});
    }
    if (::poll(fds.data(), fds.size(), -1) < 0) continue;
    for (size_t i = 0; i < links_.size(); ++i) {
      Link& link = *links_[i];
      if (fds[2 + 2 * i].revents != 0 && link.open()) FromService(link);
      if (fds[3 + 2 * i].revents != 0 && link.open()) FromRedis(link);
    }
    if (fds[1].revents != 0) Accept();
  }
}

}  // namespace tideline::chaos
