// SPDX-License-Identifier: Apache-2.0
#include "tools/replay/driver.h"

#include <algorithm>
#include <queue>
#include <tuple>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/base/status_macros.h"
#include "tools/replay/parties.h"

namespace tideline::replay {
namespace {

// What is collected while courses run side by side.
class Tally {
 public:
  Tally(const std::vector<ItemPlan>& plans, const std::function<void(int64_t, int64_t)>& progress)
      : progress_(progress) {
    for (const ItemPlan& plan : plans) total_ += static_cast<int64_t>(plan.steps.size());
  }

  void Ran(int64_t steps, const absl::Status& status) {
    absl::MutexLock lock(&mutex_);
    done_ += steps;
    if (!status.ok()) refusals_.push_back(std::string(status.message()));
    progress_(done_, total_);
  }

  Driven Finish(const Floor& floor, int64_t instants) {
    absl::MutexLock lock(&mutex_);
    std::sort(refusals_.begin(), refusals_.end());
    return {floor.takes(), instants, done_, refusals_};
  }

 private:
  const std::function<void(int64_t, int64_t)>& progress_;
  int64_t total_ = 0;
  absl::Mutex mutex_;
  int64_t done_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::string> refusals_ ABSL_GUARDED_BY(mutex_);
};

// When a course is due next; in the order of the log among those of one instant.
using Due = std::tuple<absl::Time, size_t>;
using Agenda = std::priority_queue<Due, std::vector<Due>, std::greater<Due>>;

// Takes the courses of the earliest instant off the agenda.
std::vector<size_t> TakeInstant(Agenda& agenda, absl::Time* instant) {
  *instant = std::get<0>(agenda.top());
  std::vector<size_t> due;
  while (!agenda.empty() && std::get<0>(agenda.top()) == *instant) {
    due.push_back(std::get<1>(agenda.top()));
    agenda.pop();
  }
  return due;
}

}  // namespace

absl::StatusOr<Driven> Drive(Session& session, Rig& rig, Crew& crew, const Log& log,
                             const std::vector<ItemPlan>& plans,
                             const std::function<void(int64_t, int64_t)>& progress) {
  Floor floor(log.teams.size());
  Tally tally(plans, progress);
  std::vector<Course> courses;
  courses.reserve(plans.size());
  const std::vector<Index> desks = Desks(log);
  for (const ItemPlan& plan : plans) courses.emplace_back(session, floor, log, desks, plan);
  if (!rig.simulated()) {
    crew.Run(courses.size(), [&](size_t i) {
      const absl::Status status = courses[i].RunUntil(plans[i].steps.back().at);
      tally.Ran(courses[i].steps_done(), status);
    });
    return tally.Finish(floor, 0);
  }
  Agenda agenda;
  for (size_t i = 0; i < courses.size(); ++i) agenda.push({courses[i].next(), i});
  int64_t instants = 0;
  while (!agenda.empty()) {
    absl::Time instant;
    const std::vector<size_t> due = TakeInstant(agenda, &instant);
    TL_RETURN_IF_ERROR(rig.AdvanceTo(instant));
    ++instants;
    crew.Run(due.size(), [&](size_t k) {
      Course& course = courses[due[k]];
      const int64_t before = course.steps_done();
      const absl::Status status = course.RunUntil(instant);
      tally.Ran(course.steps_done() - before, status);
    });
    for (size_t i : due) {
      if (courses[i].next() < absl::InfiniteFuture()) agenda.push({courses[i].next(), i});
    }
  }
  return tally.Finish(floor, instants);
}

}  // namespace tideline::replay
