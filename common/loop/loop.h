// SPDX-License-Identifier: Apache-2.0
// A thread with an event loop (libuv). Partitions, Redis connections and timers live on loops; what
// belongs to a loop is touched on its thread only, so it needs no locks.
//
// Thread-safety: Post from any thread; everything else on the loop's own thread, or before Start.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/time/time.h"

struct uv_loop_s;

namespace tideline {

class Loop {
 public:
  // A named thread that runs until the object is destroyed.
  explicit Loop(std::string name);
  // Runs what was posted before, closes timers and joins the thread.
  ~Loop();

  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Runs `work` on the loop's thread, in the order posted. Any thread.
  void Post(std::function<void()> work);

  // Runs `work` on the loop's thread and waits for it. Not from the loop's own thread.
  void Run(const std::function<void()>& work);

  // Whether the caller is on the loop's thread.
  bool OnThread() const;

  // Calls back once after `delay` of monotonic time. On the loop's thread only.
  // Destroying the Timer cancels it; a Timer must not outlive its loop.
  class Timer {
   public:
    explicit Timer(Loop& loop);
    ~Timer();
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;
    // Replaces what was set before. Millisecond resolution, rounded up.
    void Set(absl::Duration delay, std::function<void()> work);
    void Cancel();
    bool armed() const;

   private:
    struct State;
    State* state_;  // freed by the loop once closed
  };

  // For adapters that need the raw loop (hiredis).
  uv_loop_s* raw();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tideline
