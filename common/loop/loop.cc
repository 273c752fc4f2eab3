// SPDX-License-Identifier: Apache-2.0
#include "common/loop/loop.h"

#include <pthread.h>
#include <uv.h>

#include <algorithm>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"

namespace tideline {

struct Loop::State {
  uv_loop_t loop;
  uv_async_t wake;
  std::thread thread;
  absl::Mutex mutex;
  std::vector<std::function<void()>> queue ABSL_GUARDED_BY(mutex);
  std::vector<std::function<void()>> running;  // the loop's thread only
  bool stop ABSL_GUARDED_BY(mutex) = false;

  // Runs what is queued, once: what that work posts comes in the next turn, after I/O had its say.
  void Drain() {
    bool stopping;
    {
      absl::MutexLock lock(&mutex);
      running.swap(queue);
      stopping = stop;
    }
    for (std::function<void()>& work : running) {
      work();
      work = nullptr;  // what it holds goes now, not with the next turn
    }
    running.clear();
    if (!stopping) return;
    absl::MutexLock lock(&mutex);
    if (queue.empty()) {
      uv_stop(&loop);
    } else {
      uv_async_send(&wake);
    }
  }
};

Loop::Loop(std::string name) : state_(std::make_unique<State>()) {
  State* state = state_.get();
  uv_loop_init(&state->loop);
  state->wake.data = state;
  uv_async_init(&state->loop, &state->wake,
                [](uv_async_t* handle) { static_cast<State*>(handle->data)->Drain(); });
  state->thread = std::thread([state] { uv_run(&state->loop, UV_RUN_DEFAULT); });
  // The kernel keeps 15 characters of a thread's name.
  pthread_setname_np(state->thread.native_handle(), name.substr(0, 15).c_str());
}

Loop::~Loop() {
  {
    absl::MutexLock lock(&state_->mutex);
    state_->stop = true;
    uv_async_send(&state_->wake);
  }
  state_->thread.join();
  // Whatever is still open (our async handle, timers of objects that were not destroyed) is closed
  // here, where no other thread is left.
  uv_walk(
      &state_->loop,
      [](uv_handle_t* handle, void*) {
        if (!uv_is_closing(handle)) uv_close(handle, nullptr);
      },
      nullptr);
  uv_run(&state_->loop, UV_RUN_DEFAULT);
  uv_loop_close(&state_->loop);
}

void Loop::Post(std::function<void()> work) {
  absl::MutexLock lock(&state_->mutex);
  const bool first = state_->queue.empty();
  state_->queue.push_back(std::move(work));
  if (first) uv_async_send(&state_->wake);
}

void Loop::Run(const std::function<void()>& work) {
  absl::Notification done;
  Post([&] {
    work();
    done.Notify();
  });
  done.WaitForNotification();
}

bool Loop::OnThread() const { return std::this_thread::get_id() == state_->thread.get_id(); }

uv_loop_s* Loop::raw() { return &state_->loop; }

struct Loop::Timer::State {
  uv_timer_t handle;
  std::function<void()> work;
};

Loop::Timer::Timer(Loop& loop) : state_(new State) {
  uv_timer_init(loop.raw(), &state_->handle);
  state_->handle.data = state_;
}

Loop::Timer::~Timer() {
  uv_timer_stop(&state_->handle);
  uv_close(reinterpret_cast<uv_handle_t*>(&state_->handle),
           [](uv_handle_t* handle) { delete static_cast<State*>(handle->data); });
}

void Loop::Timer::Set(absl::Duration delay, std::function<void()> work) {
  state_->work = std::move(work);
  uint64_t ms = 0;
  if (delay > absl::ZeroDuration()) {
    // libuv counts whole milliseconds from its own cached clock, rounded down: one more keeps the
    // promise that a timer is never early. A year bounds InfiniteDuration.
    delay = std::min(delay, absl::Hours(24 * 365));
    ms =
        static_cast<uint64_t>(absl::ToInt64Milliseconds(absl::Ceil(delay, absl::Milliseconds(1)))) +
        1;
  }
  uv_update_time(state_->handle.loop);
  uv_timer_start(
      &state_->handle,
      [](uv_timer_t* handle) {
        // The work may set the timer again, or destroy it.
        std::function<void()> work = std::move(static_cast<State*>(handle->data)->work);
        static_cast<State*>(handle->data)->work = nullptr;
        work();
      },
      ms, 0);
}

void Loop::Timer::Cancel() {
  uv_timer_stop(&state_->handle);
  state_->work = nullptr;
}

bool Loop::Timer::armed() const {
  return uv_is_active(reinterpret_cast<const uv_handle_t*>(&state_->handle)) != 0;
}

}  // namespace tideline
