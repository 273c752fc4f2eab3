// SPDX-License-Identifier: Apache-2.0
#include "common/redis/private_server.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"

namespace tideline::redis {
namespace {

constexpr absl::Duration kPollInterval = absl::Milliseconds(5);
constexpr size_t kLogTailBytes = 2000;

// In the child, between fork and exec: only what is safe there while other threads hold locks.
[[noreturn]] void Become(const char* program, char* const* argv, int death_signal, int kept,
                         pid_t parent) {
  prctl(PR_SET_PDEATHSIG, death_signal);
  if (getppid() != parent) _exit(127);  // the parent went before the line above
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  // Its own process group: Ctrl-C at a terminal reaches us alone, and we stop it in order.
  setpgid(0, 0);
  const int null = open("/dev/null", O_RDWR);
  dup2(null, 0);
  dup2(null, 1);
  dup2(null, 2);
  if (kept >= 0 && kept != 3) dup2(kept, 3);
  if (kept >= 0) fcntl(3, F_SETFD, 0);  // dup2 of 3 to itself would leave it close-on-exec
  close_range(kept >= 0 ? 4 : 3, ~0U, 0);
  execv(program, argv);
  _exit(127);
}

}  // namespace

PrivateServer::PrivateServer(PrivateServerOptions options) : options_(std::move(options)) {
  if (options_.socket_path.empty()) options_.socket_path = options_.data_folder + "/redis.sock";
}

PrivateServer::~PrivateServer() { Stop(); }

absl::StatusOr<std::string> PrivateServer::FindProgram(const std::string& program) {
  if (absl::StrContains(program, "/")) {
    if (access(program.c_str(), X_OK) == 0) return program;
  } else if (const char* path = std::getenv("PATH")) {
    for (absl::string_view folder : absl::StrSplit(path, ':', absl::SkipEmpty())) {
      std::string full = absl::StrCat(folder, "/", program);
      if (access(full.c_str(), X_OK) == 0) return full;
    }
  }
  return absl::NotFoundError(
      absl::StrCat("no program \"", program,
                   "\": install Debian's package redis-server, or name a running "
                   "server by URL"));
}

std::vector<std::string> PrivateServer::Arguments(const std::string& program) const {
  std::vector<std::string> args = {
      program,
      "--port",
      "0",
      "--unixsocket",
      options_.socket_path,
      "--unixsocketperm",
      "700",
      "--dir",
      options_.data_folder,
      "--logfile",
      log_path(),
      "--daemonize",
      "no",
      "--supervised",
      "no",
      "--save",
      "",
      "--appendonly",
      "yes",
      "--appendfsync",
      options_.fsync_always ? "always" : "everysec",
      "--no-appendfsync-on-rewrite",
      "no",
      // A rewrite takes a core for seconds; from 64 MB on, the default, a loaded server would be at
      // it half the time. Without compression it takes half as long.
      "--auto-aof-rewrite-min-size",
      "512mb",
      "--rdbcompression",
      "no",
      "--maxmemory",
      absl::StrCat(options_.max_memory_bytes),
      "--maxmemory-policy",
      "noeviction",
  };
  args.insert(args.end(), options_.more.begin(), options_.more.end());
  return args;
}

absl::Status PrivateServer::Start(absl::Duration timeout) {
  if (running()) return absl::FailedPreconditionError("redis-server is running already");
  if (options_.socket_path.size() >= sizeof(sockaddr_un::sun_path)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the socket's path \"", options_.socket_path, "\" is too long; the limit is ",
                     sizeof(sockaddr_un::sun_path) - 1, " bytes: choose a shorter data folder"));
  }
  absl::StatusOr<std::string> program = FindProgram(options_.program);
  if (!program.ok()) return program.status();
  std::vector<std::string> args = Arguments(*program);
  std::vector<char*> argv;
  for (std::string& arg : args) argv.push_back(arg.data());
  argv.push_back(nullptr);
  unlink(options_.socket_path.c_str());  // left by one that was killed: PING must reach the new one

  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ == 0) {
    Become(program->c_str(), argv.data(), options_.death_signal, options_.kept_descriptor, parent);
  }
  if (pid_ < 0) {
    return absl::UnavailableError(absl::StrCat("cannot start redis-server: ", strerror(errno)));
  }
  for (absl::Duration waited; waited < timeout; waited += kPollInterval) {
    if (AnswersPing()) return absl::OkStatus();
    if (!running()) {
      return absl::UnavailableError(
          absl::StrCat("redis-server exited; the end of ", log_path(), ":\n", LogTail()));
    }
    absl::SleepFor(kPollInterval);
  }
  Stop();
  return absl::UnavailableError(absl::StrCat("redis-server was not ready after ",
                                             absl::FormatDuration(timeout), "; the end of ",
                                             log_path(), ":\n", LogTail()));
}

// A raw exchange: hiredis would block without a bound while the server loads.
bool PrivateServer::AnswersPing() const {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const timeval bound = {1, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof(bound));
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, options_.socket_path.c_str(), sizeof(address.sun_path) - 1);
  char answer[8] = {};
  const bool pong = connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0 &&
                    send(fd, "PING\r\n", 6, MSG_NOSIGNAL) == 6 &&
                    recv(fd, answer, 5, MSG_WAITALL) == 5 && std::strncmp(answer, "+PONG", 5) == 0;
  close(fd);
  return pong;
}

void PrivateServer::Stop(absl::Duration patience) {
  if (!running()) return;
  kill(pid_, SIGTERM);
  kill(pid_, SIGCONT);  // a stopped one would not hear it
  for (absl::Duration waited; waited < patience; waited += kPollInterval) {
    if (!running()) return;
    absl::SleepFor(kPollInterval);
  }
  Signal(SIGKILL);
  Reap();
}

void PrivateServer::Signal(int signal) {
  if (pid_ > 0) kill(pid_, signal);
}

void PrivateServer::Reap() {
  if (pid_ <= 0) return;
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

bool PrivateServer::running() {
  if (pid_ <= 0) return false;
  const pid_t ended = waitpid(pid_, nullptr, WNOHANG);
  if (ended == 0) return true;
  pid_ = -1;
  return false;
}

std::string PrivateServer::LogTail() const {
  std::ifstream file(log_path(), std::ios::binary);
  std::stringstream all;
  all << file.rdbuf();
  std::string text = all.str();
  if (text.size() > kLogTailBytes) text.erase(0, text.size() - kLogTailBytes);
  return text;
}

}  // namespace tideline::redis
