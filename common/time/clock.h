// SPDX-License-Identifier: Apache-2.0
// Where `now` comes from. The only place that reads the machine's clocks. Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace tideline {

class Clock {
 public:
  virtual ~Clock() = default;
  // Never goes back within a process.
  virtual absl::Time Now() const = 0;
  // Whether Now moves by itself; if not, timers wait for OnAdvance.
  virtual bool runs() const = 0;
  // Calls `work` after each jump of a clock that does not run by itself, on the thread that moves
  // it. The returned token keeps the registration; a call under way may outlast it. Null if the
  // clock runs.
  virtual std::shared_ptr<void> OnAdvance(std::function<void()> work) const = 0;
};

// What the machine says, for SystemClock and for tests of it.
class TimeSource {
 public:
  virtual ~TimeSource() = default;
  virtual absl::Time Wall() const = 0;      // CLOCK_REALTIME
  virtual absl::Duration Boot() const = 0;  // CLOCK_BOOTTIME: runs on through suspend
};
TimeSource& MachineTime();

// Wall clock at start plus boot time, slewed towards the wall clock by at most 500 ppm. A step of
// the wall over 1 s is not followed until it has held for 10 minutes; over an hour it is followed
// only after Accept. Steps are counted. A step forward is followed by a jump; after a step back Now
// stands still until the wall has come level with it. The wall is looked at when somebody asks.
class SystemClock : public Clock {
 public:
  explicit SystemClock(TimeSource& source = MachineTime());
  absl::Time Now() const override;
  bool runs() const override { return true; }
  std::shared_ptr<void> OnAdvance(std::function<void()> work) const override;

  // Operator's consent to follow the standing step if it is over an hour, once it has held. A step
  // that changes needs consent again.
  void Accept();
  // Wall-clock steps seen since start, and the one now standing (zero: none).
  int64_t steps() const;
  absl::Duration standing_step() const;

 private:
  void Observe() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  TimeSource& source_;
  mutable absl::Mutex mutex_;
  mutable absl::Time base_ ABSL_GUARDED_BY(mutex_);  // our time at base_boot_
  mutable absl::Duration base_boot_ ABSL_GUARDED_BY(mutex_);
  mutable absl::Time last_ ABSL_GUARDED_BY(mutex_);            // last answer
  mutable absl::Duration step_ ABSL_GUARDED_BY(mutex_);        // wall minus ours, when over 1 s
  mutable absl::Duration step_since_ ABSL_GUARDED_BY(mutex_);  // boot time at which it appeared
  mutable int64_t steps_ ABSL_GUARDED_BY(mutex_) = 0;
  mutable bool accepted_ ABSL_GUARDED_BY(mutex_) = false;
};

// Stands still until told.
class SimulatedClock : public Clock {
 public:
  explicit SimulatedClock(absl::Time start) : now_(start) {}
  absl::Time Now() const override;
  bool runs() const override { return false; }
  std::shared_ptr<void> OnAdvance(std::function<void()> work) const override;

  // Moves on to `time` and calls the listeners in the order registered; standing still or going
  // back is ignored.
  void AdvanceTo(absl::Time time);
  void Advance(absl::Duration by) { AdvanceTo(Now() + by); }

 private:
  mutable absl::Mutex mutex_;
  absl::Time now_ ABSL_GUARDED_BY(mutex_);
  mutable std::vector<std::weak_ptr<std::function<void()>>> listeners_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tideline
