// SPDX-License-Identifier: Apache-2.0
#include "common/time/clock.h"

#include <time.h>

#include <algorithm>
#include <utility>

namespace tideline {
namespace {

// NTP daemons slew by at most this; nobody who measures durations notices 0.5 ms in a second.
constexpr int64_t kSlewDivisor = 2000;  // 500 ppm
// Smaller differences are drift and are slewed away; larger ones are steps.
constexpr absl::Duration kStep = absl::Seconds(1);
// Long enough for an NTP daemon or a hypervisor to take back a mistake.
constexpr absl::Duration kHold = absl::Minutes(10);
// More than this is no correction but a wrong clock (or a wrong zone): a person decides.
constexpr absl::Duration kNeedsConsent = absl::Hours(1);
// The slew is added up from this often only: over nanoseconds it would be rounded to nothing.
constexpr absl::Duration kRebase = absl::Milliseconds(100);

class Machine : public TimeSource {
 public:
  absl::Time Wall() const override { return absl::UnixEpoch() + Read(CLOCK_REALTIME); }
  absl::Duration Boot() const override { return Read(CLOCK_BOOTTIME); }

 private:
  static absl::Duration Read(clockid_t id) {
    timespec now{};
    clock_gettime(id, &now);
    return absl::DurationFromTimespec(now);
  }
};

}  // namespace

TimeSource& MachineTime() {
  static Machine* machine = new Machine;
  return *machine;
}

SystemClock::SystemClock(TimeSource& source) : source_(source) {
  absl::MutexLock lock(&mutex_);
  base_ = last_ = source_.Wall();
  base_boot_ = source_.Boot();
}

absl::Time SystemClock::Now() const {
  absl::MutexLock lock(&mutex_);
  Observe();
  return last_;
}

std::shared_ptr<void> SystemClock::OnAdvance(std::function<void()>) const {
  return nullptr;  // it runs by itself: timers need no telling
}

void SystemClock::Accept() {
  absl::MutexLock lock(&mutex_);
  Observe();
  accepted_ = absl::AbsDuration(step_) > kNeedsConsent;
  Observe();
}

int64_t SystemClock::steps() const {
  absl::MutexLock lock(&mutex_);
  Observe();
  return steps_;
}

absl::Duration SystemClock::standing_step() const {
  absl::MutexLock lock(&mutex_);
  Observe();
  return step_;
}

void SystemClock::Observe() const {
  const absl::Duration boot = source_.Boot();
  const absl::Time wall = source_.Wall();
  const absl::Duration passed = std::max(boot - base_boot_, absl::ZeroDuration());
  absl::Time now = base_ + passed;
  const absl::Duration off = wall - now;
  if (absl::AbsDuration(off) <= kStep) {
    step_ = absl::ZeroDuration();  // none, or the wall has taken it back
    accepted_ = false;
    const absl::Duration most = passed / kSlewDivisor;
    now += std::clamp(off, -most, most);
    if (passed >= kRebase) {
      base_ = now;
      base_boot_ = boot;
    }
  } else if (step_ == absl::ZeroDuration() || absl::AbsDuration(off - step_) > kStep) {
    // A new step, or the standing one has changed: what was waited or consented to was another.
    step_ = off;
    step_since_ = boot;
    accepted_ = false;
    ++steps_;
  } else if (boot - step_since_ >= kHold &&
             (absl::AbsDuration(step_) <= kNeedsConsent || accepted_)) {
    base_ = now = wall;
    base_boot_ = boot;
    step_ = absl::ZeroDuration();
    accepted_ = false;
  }
  // After a step back the clock stands until the wall has come level with the last answer, just as
  // a new owner of a partition starts at the later of wall and last commit.
  last_ = std::max(last_, now);
}

absl::Time SimulatedClock::Now() const {
  absl::MutexLock lock(&mutex_);
  return now_;
}

std::shared_ptr<void> SimulatedClock::OnAdvance(std::function<void()> work) const {
  auto listener = std::make_shared<std::function<void()>>(std::move(work));
  absl::MutexLock lock(&mutex_);
  listeners_.push_back(listener);
  return listener;
}

void SimulatedClock::AdvanceTo(absl::Time time) {
  std::vector<std::shared_ptr<std::function<void()>>> call;
  {
    absl::MutexLock lock(&mutex_);
    if (time <= now_) return;
    now_ = time;
    // Those that are gone are forgotten here, so the list does not grow.
    auto gone = std::remove_if(listeners_.begin(), listeners_.end(), [&](const auto& listener) {
      auto held = listener.lock();
      if (held == nullptr) return true;
      call.push_back(std::move(held));
      return false;
    });
    listeners_.erase(gone, listeners_.end());
  }
  // Outside the lock: a listener reads Now.
  for (const auto& work : call) (*work)();
}

}  // namespace tideline
