// SPDX-License-Identifier: Apache-2.0
// What happened upstream: skill_registry's contracts become terms, work_routing's items become
// clocks. An item's clock is told everything its standing says, of whatever kind the event is, so a
// new kind of event, and another service's legs, need nothing here.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "services/sla_monitor/core/step.h"
#include "tideline/skill_registry/v1/events.pb.h"
#include "tideline/sla_monitor/v1/events.pb.h"

namespace tideline::sla_monitor {

namespace registry = skill_registry::v1;
namespace routing = work_routing::v1;

namespace {

// How fast moving averages follow, and up to how many they are plain averages.
constexpr int64_t kPaceShare = 8;

// The standing that an event about an item carries; null: it carries none.
const routing::WorkItemStanding* StandingOf(const routing::Event& event) {
  const auto* reflection = event.GetReflection();
  const auto* kind =
      reflection->GetOneofFieldDescriptor(event, event.GetDescriptor()->oneof_decl(0));
  if (kind == nullptr) return nullptr;
  const auto* field = kind->message_type()->FindFieldByName("standing");
  if (field == nullptr) return nullptr;
  const google::protobuf::Message& what = reflection->GetMessage(event, kind);
  return static_cast<const routing::WorkItemStanding*>(
      &what.GetReflection()->GetMessage(what, field));
}

bool InHand(State state) {
  return state == WorkItem::STATE_ASSIGNED || state == WorkItem::STATE_ON_HOLD;
}
bool Waits(State state) {
  return state == WorkItem::STATE_QUEUED || state == WorkItem::STATE_OFFERED ||
         state == WorkItem::STATE_PARKED;
}

void Blend(Micros sample, int64_t average, uint32_t seen, const auto& set, const auto& set_seen) {
  const int64_t count = std::min<int64_t>(seen + 1, kPaceShare);
  set(average + (sample - average) / count);
  set_seen(static_cast<uint32_t>(count));
}

// Two neighbours that no clock tells apart, so that what a long life costs is bounded.
void JoinOldest(Clock& clock) {
  auto& segments = clock.segments;
  if (segments.size() <= kMaxSegments) return;
  for (size_t i = 1; i + 1 < segments.size(); ++i) {
    const State a = segments[i - 1].state, b = segments[i].state;
    const bool alike = (a == b && a != WorkItem::STATE_ON_HOLD) || (Waits(a) && Waits(b));
    if (!alike || segments[i].transferred) continue;
    segments.erase(segments.begin() + static_cast<ptrdiff_t>(i));
    ++clock.joined;
    return;
  }
}

}  // namespace

absl::Status Core::Follow(const Call& call, const partition::UpstreamEvent& event,
                          Changes& changes) {
  if (event.service == "skill_registry") return FollowRegistry(call, event.bytes, changes);
  if (event.service == "work_routing") return FollowRouting(call, event, changes);
  return absl::UnimplementedError(absl::StrCat("events of ", event.service));
}

absl::Status Core::FollowRegistry(const Call& call, absl::string_view bytes, Changes& changes) {
  registry::Event event;
  if (!event.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::DataLossError("an event of skill_registry does not parse");
  }
  TL_ASSIGN_OR_RETURN(const roster::Change change, roster_.Apply(event));
  if (!change) return absl::OkStatus();
  change.Keep(changes);
  Step step(*this, call, changes);
  Workspace& workspace = WorkspaceAt(WorkspaceOf(change.name));
  const Micros since = ToMicros(event.header().time());
  if (change.kind == roster::Case::kSlaPolicy) {
    NewTerms(step, workspace, change.name, since);
  } else if (change.kind == roster::Case::kCalendar && change.record != nullptr) {
    for (const auto* policy : roster_.All<registry::SlaPolicy>(workspace.name)) {
      if (policy->calendar() == change.name) NewTerms(step, workspace, policy->name(), since);
    }
  }
  return absl::OkStatus();
}

void Core::NewTerms(Step& step, Workspace& workspace, const std::string& name, Micros since) {
  const auto* policy = roster_.Find<registry::SlaPolicy>(name);
  if (policy == nullptr) return;  // deleted: what it promised stands
  core::v1::StoredTerms record;
  record.set_policy(name);
  record.set_version(policy->version());
  record.set_since(since);
  *record.mutable_rules() = policy->rules();
  record.set_calendar(policy->calendar());
  const auto* calendar = roster_.Find<registry::Calendar>(policy->calendar());
  if (calendar != nullptr) *record.mutable_calendar_rules() = calendar->rules();
  Policy& known = workspace.policies[name];
  if (!known.terms.empty()) {
    core::v1::StoredTerms before = known.Newest()->record;
    before.set_revision(0);
    before.set_since(since);
    if (before.SerializeAsString() == record.SerializeAsString()) return;
  }
  record.set_revision(known.terms.empty() ? 1 : known.Newest()->record.revision() + 1);
  absl::StatusOr<std::unique_ptr<Terms>> terms = Terms::Create(std::move(record));
  if (!terms.ok()) {  // skill_registry checked it; a zone that only this machine lacks
    if (known.terms.empty()) workspace.policies.erase(name);
    return;
  }
  const Terms& made = **terms;
  step.changes.Put("terms", absl::StrFormat("%s@%08d", name, made.record.revision()), made.record);
  known.terms.push_back(*std::move(terms));
  if (made.pinned() || known.terms.size() == 1) return;
  core::v1::StoredRecount& recount = workspace.recounts[name];
  if (recount.policy().empty()) ++recounts_;
  recount.set_policy(name);
  recount.clear_after();
  step.changes.Put("recount", name, recount);
}

absl::Status Core::FollowRouting(const Call& call, const partition::UpstreamEvent& upstream,
                                 Changes& changes) {
  routing::Event event;
  if (!event.ParseFromArray(upstream.bytes.data(), static_cast<int>(upstream.bytes.size()))) {
    return absl::DataLossError("an event of work_routing does not parse");
  }
  const Micros at = ToMicros(event.header().time());
  if (event.has_work_item_submitted()) {
    Step step(*this, call, changes);
    WorkItem item = event.work_item_submitted().work_item();
    item.set_name(event.header().subject());
    TakeIn(step, item, at);
    return absl::OkStatus();
  }
  Clock* clock = FindClock(ClockName(event.header().subject()));
  if (clock == nullptr) return absl::OkStatus();  // nothing was promised about it
  Step step(*this, call, changes);
  if (event.has_work_item_retired()) {
    Retire(step, *clock);
  } else {
    Happen(step, *clock, event, at);
  }
  return absl::OkStatus();
}

void Core::TakeIn(Step& step, const WorkItem& item, Micros created) {
  const auto* engagement = roster_.Find<registry::Engagement>(item.engagement());
  if (engagement == nullptr || engagement->sla_policy().empty()) return;
  Workspace& workspace = WorkspaceAt(WorkspaceOf(item.name()));
  auto policy = workspace.policies.find(engagement->sla_policy());
  if (policy == workspace.policies.end() ||
      roster_.Find<registry::SlaPolicy>(engagement->sla_policy()) == nullptr) {
    return;
  }
  const Terms* terms = policy->second.Newest();
  if (terms->pinned()) terms = policy->second.At(created);
  if (!terms->Covers(item.work_type(), item.depth()) ||
      terms->For(item.impact_class()) == nullptr) {
    return;
  }
  auto owned = std::make_unique<Clock>();
  Clock& clock = *owned;
  clock.name = ClockName(item.name());
  if (workspace.clocks.contains(clock.name)) return;
  clock.workspace = &workspace;
  clock.terms = terms;
  clock.engagement = workspace.Share(item.engagement());
  clock.work_type = workspace.Share(item.work_type());
  clock.queue = workspace.Share(item.queue());
  clock.impact_class = item.impact_class() == type::v1::IMPACT_CLASS_UNSPECIFIED
                           ? type::v1::IMPACT_CLASS_LOW
                           : item.impact_class();
  clock.depth = static_cast<uint8_t>(item.depth());
  clock.effort = ToMicros(item.expected_effort());
  Segment& first = clock.segments.emplace_back();
  first.start = created;
  first.state = item.state();
  first.team = workspace.Share(item.custody().team());
  first.epoch = static_cast<uint32_t>(item.custody().epoch());
  workspace.clocks.emplace(clock.name, std::move(owned));
  Index(clock);
  LookAt(step, clock, {created, step.now, false, false, ""});
}

void Core::Happen(Step& step, Clock& clock, const routing::Event& event, Micros at) {
  const routing::WorkItemStanding* standing = StandingOf(event);
  if (standing == nullptr) return;
  Workspace& workspace = *clock.workspace;
  at = std::max(at, clock.last().start);
  if (event.has_progress_reported()) {
    clock.progress_time = at;
  }
  clock.progress = static_cast<uint8_t>(std::clamp(standing->progress_percent(), 0, 100));
  if (event.has_work_item_changed() && event.work_item_changed().has_expected_effort()) {
    clock.effort = ToMicros(event.work_item_changed().expected_effort());
  }
  if (*clock.queue != standing->queue()) clock.queue = workspace.Share(standing->queue());
  const Segment& last = clock.last();
  const std::string& holder = standing->custody().holder();
  const auto epoch = static_cast<uint32_t>(standing->custody().epoch());
  const bool same_holder = last.holder == nullptr ? holder.empty() : *last.holder == holder;
  const bool transferred = event.has_work_item_transferred();
  if (last.state != standing->state() || *last.team != standing->custody().team() || !same_holder ||
      last.epoch != epoch || transferred) {
    LearnPace(step, clock, at, standing->state());
    Segment& next = clock.segments.emplace_back();
    next.start = at;
    next.state = standing->state();
    next.team = workspace.Share(standing->custody().team());
    next.holder = holder.empty() ? nullptr : workspace.Share(holder);
    next.epoch = epoch;
    next.transferred = transferred;
    if (next.state == WorkItem::STATE_ON_HOLD) {
      const routing::Hold& hold = standing->hold();
      next.hold =
          std::make_unique<HoldNote>(HoldNote{hold.reason(), hold.asked_by(), hold.agreed_by()});
    }
    JoinOldest(clock);
  }
  LookAt(step, clock,
         {at, std::max(step.now, at), false, false, "what had happened became known later"});
}

void Core::LearnPace(Step& step, const Clock& clock, Micros at, State next) {
  const Segment& last = clock.last();
  const bool waited = Waits(last.state) && InHand(next);
  const bool worked = InHand(last.state) && next == WorkItem::STATE_SUBMITTED;
  const bool judged = last.state == WorkItem::STATE_SUBMITTED;
  if (!waited && !worked && !judged) return;
  const Calendar& calendar = CalendarOfTeam(*last.team);
  Micros taken = 0;
  Micros end = at;
  for (size_t i = clock.segments.size(); i-- > 0;) {
    const Segment& segment = clock.segments[i];
    const bool counts = waited   ? Waits(segment.state)
                        : worked ? InHand(segment.state)
                                 : segment.state == WorkItem::STATE_SUBMITTED;
    if (!counts) break;
    if (segment.state != WorkItem::STATE_ON_HOLD) {
      taken +=
          absl::ToInt64Microseconds(calendar.Measure(FromMicros(segment.start), FromMicros(end)));
    }
    end = segment.start;
  }
  core::v1::StoredPace& pace = clock.workspace->paces[*clock.queue];
  if (waited) {
    Blend(
        taken, pace.wait(), pace.waits(), [&](int64_t v) { pace.set_wait(v); },
        [&](uint32_t v) { pace.set_waits(v); });
  } else if (worked) {
    Blend(
        taken, pace.work(), pace.works(), [&](int64_t v) { pace.set_work(v); },
        [&](uint32_t v) { pace.set_works(v); });
  } else {
    Blend(
        taken, pace.review(), pace.reviews(), [&](int64_t v) { pace.set_review(v); },
        [&](uint32_t v) { pace.set_reviews(v); });
  }
  step.changes.Put("pace", *clock.queue, pace);
}

void Core::Retire(Step& step, Clock& clock) {
  Workspace& workspace = *clock.workspace;
  Unindex(clock);
  for (const v1::Alert& alert : clock.alerts) {
    workspace.breaches.erase({ToMicros(alert.ground_time()), alert.name()});
  }
  v1::Event event;
  event.mutable_clock_retired();
  step.changes.Raise(step.call, clock.name, event);
  const std::string name = clock.name;  // goes with the clock
  step.changes.Erase("clock", name);
  workspace.clocks.erase(name);
}

}  // namespace tideline::sla_monitor
