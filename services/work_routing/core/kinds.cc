// SPDX-License-Identifier: Apache-2.0
#include "services/work_routing/core/kinds.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"

namespace tideline::work_routing {
namespace {

constexpr Nanos kMinute = 60 * kNanosPerSecond;
constexpr Nanos kDay = 24 * 60 * kMinute;
// Five minutes: long enough to read a brief, short enough not to hold an item up.
constexpr Nanos kDefaultOfferTimeout = 5 * kMinute;
constexpr Nanos kDefaultWindow = 30 * kDay;
constexpr uint32_t kDefaultMaxOffers = 32;
constexpr uint32_t kDefaultMaxReturns = 16;
// Urgencies, so that all aged items stand before all that are due, and those before all others.
constexpr int64_t kAgedUrgency = std::numeric_limits<int64_t>::min() / 2;
constexpr int64_t kIdleUrgency = int64_t{1} << 62;
constexpr int kPriorityShift = 57;

}  // namespace

int64_t Queue::in_progress() const {
  return depth[v1::WorkItem::STATE_OFFERED] + depth[v1::WorkItem::STATE_ASSIGNED] +
         depth[v1::WorkItem::STATE_ON_HOLD];
}

bool Queue::full() const {
  return policy().max_items_in_progress() > 0 && in_progress() >= policy().max_items_in_progress();
}

void Queue::Compile() {
  const v1::QueuePolicy& p = policy();
  weights = Weights();
  if (p.has_weights()) {
    const auto& w = p.weights();
    weights = {w.fit(), w.affinity(), w.load(), w.cost(), w.idle(), w.learning()};
  }
  offer_timeout = p.has_offer_timeout() ? ToNanos(p.offer_timeout()) : kDefaultOfferTimeout;
  aging.fill(kNever);
  for (const auto& bound : p.aging_bounds()) {
    if (bound.impact_class() == type::v1::IMPACT_CLASS_UNSPECIFIED) {
      aging.fill(ToNanos(bound.age()));
    }
  }
  for (const auto& bound : p.aging_bounds()) {
    if (bound.impact_class() != type::v1::IMPACT_CLASS_UNSPECIFIED) {
      aging[bound.impact_class()] = ToNanos(bound.age());
    }
  }
  reopen_window = p.has_reopen_window() ? ToNanos(p.reopen_window()) : kDefaultWindow;
  retention = p.has_retention() ? ToNanos(p.retention()) : kDefaultWindow;
  pause_budget = p.has_pause_budget() ? ToNanos(p.pause_budget()) : kNever;
  progress_timeout = p.has_progress_timeout() ? ToNanos(p.progress_timeout()) : kNever;
  holding_return_after = ToNanos(p.holding_return_after());
  max_offers = p.max_offers() > 0 ? p.max_offers() : kDefaultMaxOffers;
  max_returns = p.max_returns() > 0 ? p.max_returns() : kDefaultMaxReturns;
  widening_drops_preferred = false;
  for (const auto& step : p.widening_steps()) widening_drops_preferred |= step.drop_preferred();
}

Item* Kind::Head() const {
  if (waiting.empty()) return nullptr;
  if (Item* oldest = *by_age.begin(); Aged(*oldest)) return oldest;
  return *waiting.begin();
}

Nanos Kind::NextAging() const {
  if (aging == kNever) return kNever;
  Item youngest_aged;
  youngest_aged.created = spec.queue->workspace->clock() - aging;
  youngest_aged.sequence = std::numeric_limits<uint64_t>::max();
  auto next = by_age.upper_bound(&youngest_aged);
  return next == by_age.end() ? kNever : (*next)->created + aging;
}

int64_t Kind::Urgency() const {
  const Item& head = *Head();
  if (Aged(head)) return kAgedUrgency + static_cast<int64_t>(head.sequence);
  if (head.latest_start != kNever) return std::min(head.latest_start, kIdleUrgency - 1);
  return kIdleUrgency + (int64_t{head.priority} << kPriorityShift) +
         static_cast<int64_t>(head.sequence);
}

bool GoesBefore(const Item& a, const Item& b) {
  const bool a_aged = a.kind->Aged(a);
  const bool b_aged = b.kind->Aged(b);
  if (a_aged != b_aged) return a_aged;
  if (a_aged) return a.sequence < b.sequence;
  return Sooner()(&a, &b);
}

LineCursor::LineCursor(const Kind& kind)
    : kind_(&kind), aged_(true), by_age_(kind.by_age.begin()), by_urgency_(kind.waiting.begin()) {
  Settle();
}

void LineCursor::Next() {
  if (aged_) {
    ++by_age_;
  } else {
    ++by_urgency_;
  }
  Settle();
}

void LineCursor::Settle() {
  if (aged_) {
    if (by_age_ != kind_->by_age.end() && kind_->Aged(**by_age_)) {
      item_ = *by_age_;
      return;
    }
    aged_ = false;
  }
  while (by_urgency_ != kind_->waiting.end() && kind_->Aged(**by_urgency_)) ++by_urgency_;
  item_ = by_urgency_ == kind_->waiting.end() ? nullptr : *by_urgency_;
}

KindSpec SpecOf(const Item& item, const v1::WorkItem& brief) {
  KindSpec spec;
  spec.queue = item.queue;
  spec.engagement = brief.engagement();
  spec.work_type = brief.work_type();
  spec.impact = brief.impact_class() == type::v1::IMPACT_CLASS_UNSPECIFIED
                    ? type::v1::IMPACT_CLASS_LOW
                    : brief.impact_class();
  spec.units = item.units;
  spec.steps = item.widening_step;
  spec.handoff_planned = brief.constraints().handoff_planned();
  const bool drop = (item.widened & kDroppedPreferred) != 0;
  const bool lower = (item.widened & kLoweredLevels) != 0;
  const bool demands = (item.widened & kDemandsPreferred) != 0;
  if (item.meant_for != nullptr && (item.widened & kAnyTeam) == 0) spec.meant_for = *item.meant_for;
  for (int i = 0; i < brief.requirements_size(); ++i) {
    const v1::Requirement& r = brief.requirements(i);
    const bool dropped = (item.dropped >> i & 1) != 0;
    const int level = std::max<int>(1, r.min_level());
    if (r.kind() == v1::Requirement::KIND_PREFERRED) {
      if ((r.has_droppable_after() || demands) && !dropped && !drop) {
        spec.required.push_back({r.skill(), level});
      }
      spec.preferred.push_back({r.skill(), level});
    } else {
      const bool low = r.lowest_level() > 0 && (dropped || lower);
      spec.required.push_back({r.skill(), low ? std::min<int>(level, r.lowest_level()) : level});
    }
  }
  const v1::Constraints& c = brief.constraints();
  spec.viewing_countries.assign(c.viewing_countries().begin(), c.viewing_countries().end());
  spec.clearances.assign(c.clearances().begin(), c.clearances().end());
  spec.excluded_teams.assign(c.excluded_teams().begin(), c.excluded_teams().end());
  spec.excluded_organizations.assign(c.excluded_organizations().begin(),
                                     c.excluded_organizations().end());
  return spec;
}

std::string KeyOf(const KindSpec& spec) {
  std::string key;
  key.reserve(256);
  const auto add = [&key](absl::string_view text) {
    key.append(text.data(), text.size());
    key.push_back('\n');
  };
  const auto list = [&](const std::vector<std::string>& texts) {
    for (const std::string& text : texts) add(text);
    key.push_back('\t');
  };
  add(spec.queue->name());
  add(spec.engagement);
  add(spec.work_type);
  absl::StrAppend(&key, static_cast<int>(spec.impact), " ", spec.units, " ", spec.steps, " ",
                  spec.handoff_planned ? 1 : 0, "\n");
  add(spec.meant_for);
  for (const auto* skills : {&spec.required, &spec.preferred}) {
    for (const eligibility::SkillNeed& need : *skills) {
      key.push_back(static_cast<char>('0' + need.level));
      add(need.skill);
    }
    key.push_back('\t');
  }
  list(spec.viewing_countries);
  list(spec.clearances);
  list(spec.excluded_teams);
  list(spec.excluded_organizations);
  return key;
}

}  // namespace tideline::work_routing
