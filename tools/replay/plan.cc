// SPDX-License-Identifier: Apache-2.0
#include "tools/replay/plan.h"

#include <algorithm>
#include <utility>

#include "tools/replay/parties.h"

namespace tideline::replay {
namespace {

// Where an item stands while its plan is written.
enum class Stand { kQueued, kHeld, kOnHold, kSubmitted, kCompleted, kCancelled };

class Planner {
 public:
  Planner(const std::vector<Index>& desks, Index incident) : desks_(desks) {
    plan_.incident = incident;
  }

  void Add(const Observation& seen) {
    at_ = seen.at;
    if (team_ == kNone) {
      Say(Verb::kSubmit, seen.team);
      team_ = seen.team;
    }
    switch (seen.phase) {
      case Phase::kQueued:
        Queue(seen);
        break;
      case Phase::kWorking:
        Hold(seen);
        if (stand_ == Stand::kOnHold) Turn(Verb::kResume, Stand::kHeld);
        break;
      case Phase::kWaiting:
        Hold(seen);
        if (stand_ == Stand::kHeld) Turn(Verb::kHold, Stand::kOnHold);
        break;
      case Phase::kResolved:
        Resolve(seen);
        break;
      case Phase::kClosed:
        Resolve(seen);
        if (stand_ == Stand::kSubmitted) Turn(Verb::kApprove, Stand::kCompleted);
        break;
      case Phase::kCancelled:
        // A result cannot be cancelled, and an item that has one is not open.
        if (Done()) break;
        Move(seen.team);
        Turn(Verb::kCancel, Stand::kCancelled);
        break;
    }
  }

  ItemPlan Take() { return std::move(plan_); }

 private:
  bool Done() const {
    return stand_ == Stand::kSubmitted || stand_ == Stand::kCompleted ||
           stand_ == Stand::kCancelled;
  }

  void Say(Verb verb, Index team = kNone, Index expert = kNone) {
    plan_.steps.push_back({at_, verb, team, expert});
  }

  void Turn(Verb verb, Stand stand) {
    Say(verb);
    stand_ = stand;
  }

  void ToQueue(Verb verb) {
    Turn(verb, Stand::kQueued);
    holder_ = kNone;
  }

  void Move(Index team) {
    if (team == team_) return;
    Say(Verb::kMove, team);
    team_ = team;
    stand_ = Stand::kQueued;
    holder_ = kNone;
  }

  void Queue(const Observation& seen) {
    if (Done()) ToQueue(Verb::kReopen);
    if (seen.team != team_) {
      Move(seen.team);
    } else if (stand_ != Stand::kQueued) {
      ToQueue(Verb::kRelease);
    }
  }

  // Somebody of the team has it afterwards: the one named, else whoever has it, else the desk.
  void Hold(const Observation& seen) {
    if (Done()) ToQueue(Verb::kReopen);
    Move(seen.team);
    const Index expert = seen.expert != kNone ? seen.expert
                         : holder_ != kNone   ? holder_
                                              : desks_[team_];
    if (expert == holder_) return;
    Say(Verb::kTake, kNone, expert);
    holder_ = expert;
    stand_ = Stand::kHeld;
  }

  void Resolve(const Observation& seen) {
    if (Done()) {
      if (seen.team == team_) return;
      ToQueue(Verb::kTakeBack);
    }
    Hold(seen);
    if (stand_ == Stand::kOnHold) Turn(Verb::kResume, Stand::kHeld);
    Turn(Verb::kSubmitResult, Stand::kSubmitted);
  }

  const std::vector<Index>& desks_;
  ItemPlan plan_;
  absl::Time at_;
  Stand stand_ = Stand::kQueued;
  Index team_ = kNone;
  Index holder_ = kNone;
};

type::v1::Level LowestLevel(const Log& log, const ItemPlan& plan) {
  type::v1::Level lowest = type::v1::LEVEL_AUTHORITY;
  for (const Step& step : plan.steps) {
    if (step.team != kNone) lowest = std::min(lowest, log.teams[step.team].level);
  }
  return lowest;
}

}  // namespace

std::vector<ItemPlan> MakePlan(const Log& log) {
  const std::vector<Index> desks = Desks(log);
  std::vector<ItemPlan> plans;
  plans.reserve(log.incidents.size());
  for (size_t i = 0; i < log.incidents.size(); ++i) {
    Planner planner(desks, static_cast<Index>(i));
    for (const Observation& seen : log.incidents[i].observations) planner.Add(seen);
    plans.push_back(planner.Take());
    plans.back().level = LowestLevel(log, plans.back());
  }
  return plans;
}

std::vector<std::vector<Index>> SkillsNeeded(const Log& log, const std::vector<ItemPlan>& plans) {
  std::vector<std::vector<Index>> needed(log.experts.size());
  const std::vector<Index> desks = Desks(log);
  for (const ItemPlan& plan : plans) {
    const Index skill = log.incidents[plan.incident].skill;
    for (const Step& step : plan.steps) {
      if (step.expert != kNone) needed[step.expert].push_back(skill);
      if (step.team != kNone) needed[desks[step.team]].push_back(skill);
    }
  }
  for (auto& skills : needed) {
    std::sort(skills.begin(), skills.end());
    skills.erase(std::unique(skills.begin(), skills.end()), skills.end());
  }
  return needed;
}

}  // namespace tideline::replay
