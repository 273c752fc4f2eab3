// SPDX-License-Identifier: Apache-2.0
// Stands between services and their Redis, and strikes at one exact step: when a service's n-th
// commit from now is about to be made, or has just been made and its reply is not yet known. Every
// step of every service is a commit, so these are all the instants at which a crash can matter.
//
// Speaks as much of RESP as tells where a command and a reply end. A thread of its own.
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

namespace tideline::chaos {

// Where the command or reply that begins at `at` ends; npos: not all of it is there.
size_t RespEnd(absl::string_view bytes, size_t at);

// The service whose journal a whole command commits to; empty: it is no commit.
std::string CommitOf(absl::string_view command);

class CommitGate {
 public:
  enum class Side { kBefore, kAfter };
  struct Plan {
    std::string service;
    int number = 1;  // of the service's commits from Arm on
    Side side = Side::kBefore;
    bool cut = true;  // the connection goes with the strike: nothing more passes either way
    std::function<void()> strike;  // on the gate's thread
  };

  // Services connect to the Unix socket `listen`; the gate connects to `redis` for each of them.
  CommitGate(const std::string& listen, std::string redis);
  ~CommitGate();
  CommitGate(const CommitGate&) = delete;
  CommitGate& operator=(const CommitGate&) = delete;

  // The next strike; at most one is armed. Counts begin anew.
  void Arm(Plan plan);
  void Disarm();
  // Commits of each service since Arm or Disarm.
  std::map<std::string, int> counts() const;

 private:
  // One service's connection and ours to Redis.
  struct Link {
    int service = -1;
    int redis = -1;
    std::string asked, answered;  // bytes that are not whole yet
    uint64_t commands = 0, replies = 0;
    uint64_t strike_at_reply = 0;  // 0: none is awaited
    bool open() const { return service >= 0; }
  };

  void Run();
  void Accept();
  void FromService(Link& link);
  void FromRedis(Link& link);
  // Counts a command; whether it may pass.
  bool Pass(Link& link, absl::string_view command);
  void Strike();
  static void Close(Link& link);

  const std::string redis_path_;
  int listen_ = -1;
  int wake_[2];
  std::vector<std::unique_ptr<Link>> links_;  // of the thread
  mutable absl::Mutex mutex_;
  std::map<std::string, int> counts_ ABSL_GUARDED_BY(mutex_);
  Plan plan_ ABSL_GUARDED_BY(mutex_);
  bool armed_ ABSL_GUARDED_BY(mutex_) = false;
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace tideline::chaos
