// SPDX-License-Identifier: Apache-2.0
#include "services/sla_monitor/core/timeline.h"

#include <algorithm>

namespace tideline::sla_monitor {
namespace {

using type::v1::SlaRules;

// Where the item stands on its way; segment by segment.
class Way {
 public:
  Way(const Terms& terms, const History& history)
      : from_acceptance_(terms.rules().start() == SlaRules::START_ACCEPTED),
        at_first_result_(terms.rules().stop() == SlaRules::STOP_FIRST_RESULT),
        start_(history.moved_start != kUnset ? history.moved_start
               : from_acceptance_            ? kNever
                                             : history.segments.front().start),
        moved_(history.moved_start != kUnset) {}

  void Enter(const Segment& segment) {
    const bool in_hand =
        segment.state == WorkItem::STATE_ASSIGNED || segment.state == WorkItem::STATE_ON_HOLD;
    if (drafted_ && segment.state != WorkItem::STATE_SUBMITTED) judged_ = true;
    if (in_hand) {
      if (!accepted_ && from_acceptance_ && !moved_) start_ = segment.start;
      accepted_ = true;
      handing_off_ = false;
    } else if (segment.transferred && accepted_) {
      handing_off_ = true;
      ++handoffs_;
    }
    if (segment.state == WorkItem::STATE_SUBMITTED) {
      drafted_ = true;
      handing_off_ = false;
    }
    closed_ =
        segment.state == WorkItem::STATE_COMPLETED || segment.state == WorkItem::STATE_CANCELLED;
    submitted_ = segment.state == WorkItem::STATE_SUBMITTED;
  }

  Micros start() const { return start_; }
  bool finished() const { return closed_ || (at_first_result_ && drafted_); }
  int handoffs() const { return handoffs_; }
  Leg leg() const {
    if (!accepted_) return type::v1::LEG_ACCEPT;
    if (handing_off_) return type::v1::LEG_HANDOFF;
    if (!drafted_) return type::v1::LEG_FIRST_DRAFT;
    return submitted_ && !judged_ ? type::v1::LEG_REVIEW : type::v1::LEG_RESOLVE;
  }

 private:
  const bool from_acceptance_;
  const bool at_first_result_;
  Micros start_;
  const bool moved_;
  bool accepted_ = false, drafted_ = false, judged_ = false;
  bool handing_off_ = false, closed_ = false, submitted_ = false;
  int handoffs_ = 0;
};

// Cuts one segment into pieces.
class Cutter {
 public:
  Cutter(const History& history, const Terms& terms, const Targets& targets,
         absl::FunctionRef<void(const Piece&)> visit)
      : pauses_(history.pauses),
        terms_(terms),
        budget_(targets.pause_budget),
        needs_agreement_(terms.rules().pause_needs_agreement()),
        visit_(visit) {}

  void Cut(const Segment& segment, const Way& way, Micros to) {
    Micros at = segment.start;
    Piece piece;
    piece.segment = &segment;
    if (way.finished()) {
      piece.why = v1::Interval::WHY_FINISHED;
      Give(piece, at, to);
      return;
    }
    if (at < way.start()) {
      piece.why = v1::Interval::WHY_BEFORE_START;
      at = Give(piece, at, std::min(to, way.start()));
    }
    piece.leg = way.leg();
    piece.handoff = piece.leg == type::v1::LEG_HANDOFF ? way.handoffs() : 0;
    if (segment.start == to && to >= way.start()) {  // over at once, but it was
      piece.running = true;
      piece.why = v1::Interval::WHY_OPEN;
      piece.from = piece.to = at;
      visit_(piece);
    }
    while (at < to) {
      while (next_pause_ < pauses_.size() && pauses_[next_pause_].end <= at) ++next_pause_;
      const PauseSpan* pause = next_pause_ < pauses_.size() ? &pauses_[next_pause_] : nullptr;
      const bool in_pause = pause != nullptr && pause->start <= at;
      Micros end = to;
      if (pause != nullptr) end = std::min(end, in_pause ? pause->end : pause->start);
      at = GivePart(piece, segment, in_pause ? pause : nullptr, at, end);
    }
  }

 private:
  // [at, end) is wholly within the segment, and within or without an agreed pause.
  Micros GivePart(Piece piece, const Segment& segment, const PauseSpan* pause, Micros at,
                  Micros end) {
    const bool held = segment.state == WorkItem::STATE_ON_HOLD;
    const bool agreed = held && (!needs_agreement_ || !segment.hold->agreed_by.empty());
    piece.running = true;
    piece.why = v1::Interval::WHY_OPEN;
    if (!agreed && pause == nullptr) {
      if (held) piece.why = v1::Interval::WHY_NOT_AGREED;
      return Give(piece, at, end);
    }
    if (!agreed) piece.pause = pause->index;
    // Stands still as long as the budget lasts. Closed hours cost nothing.
    const Micros lasts = budget_ <= 0 ? at : terms_.Add(at, budget_);
    const bool whole = budget_ > 0 && end != kNever && terms_.Measure(at, end) <= budget_;
    const Micros still = whole ? end : std::min(lasts, end);
    if (still > at) {
      piece.running = false;
      piece.budgeted = true;
      piece.why = agreed ? v1::Interval::WHY_ON_HOLD : v1::Interval::WHY_PAUSE;
      at = Give(piece, at, still);
    }
    if (at >= end) return at;
    piece.running = true;
    piece.budgeted = false;
    piece.why = v1::Interval::WHY_BUDGET_USED;
    return Give(piece, at, end);
  }

  Micros Give(Piece& piece, Micros from, Micros to) {
    if (from == to) return to;
    piece.from = from;
    piece.to = to;
    piece.working = to == kNever ? 0 : terms_.Measure(from, to);
    if (piece.budgeted) budget_ -= piece.working;
    visit_(piece);
    return to;
  }

  const std::vector<PauseSpan>& pauses_;
  const Terms& terms_;
  Micros budget_;
  const bool needs_agreement_;
  absl::FunctionRef<void(const Piece&)> visit_;
  size_t next_pause_ = 0;
};

// Finds the instants at which a sum of running time reaches its limits. The limit is used up at the
// instant at which the calendar has counted so much; something that ends exactly then is in time.
class Threshold {
 public:
  explicit Threshold(Micros limit = kNever) : limit_(limit) {}

  // `goes_on`: what is measured does not end with the piece before this one.
  void Before(bool goes_on) {
    if (edge_ != kNever && goes_on && crossed_ == kNever) crossed_ = edge_;
    edge_ = kNever;
  }
  void Run(const Terms& terms, const Piece& piece, Micros before) {
    if (crossed_ != kNever || limit_ == kNever) return;
    const Micros needed = limit_ - before;
    if (piece.to != kNever && piece.working < needed) return;
    const Micros at = needed <= 0 ? piece.from : terms.Add(piece.from, needed);
    (at < piece.to ? crossed_ : edge_) = at;
  }
  // After the last piece: an open one has no edge.
  Micros crossed() const { return crossed_; }
  Micros edge() const { return edge_; }

 private:
  Micros limit_;
  Micros crossed_ = kNever;
  Micros edge_ = kNever;  // reached just as a piece ended
};

struct LegSum {
  LegState state;
  Threshold threshold;
};

}  // namespace

void Walk(const History& history, const Terms& terms, const Targets& targets, Micros until,
          absl::FunctionRef<void(const Piece&)> visit) {
  Way way(terms, history);
  Cutter cutter(history, terms, targets, visit);
  for (size_t i = 0; i < history.segments.size(); ++i) {
    const Segment& segment = history.segments[i];
    if (segment.start >= until) return;
    way.Enter(segment);
    const Micros end = i + 1 < history.segments.size() ? history.segments[i + 1].start : kNever;
    cutter.Cut(segment, way, std::min(end, until));
  }
}

Crossings Cross(const History& history, const Terms& terms, const Targets& targets, Micros now) {
  Crossings out;
  Threshold client(targets.client);
  std::vector<Threshold> warnings;
  for (int percent : terms.rules().warn_percents()) {
    warnings.emplace_back(targets.client * percent / 100);
  }
  std::vector<LegSum> legs;
  bool finished = false;
  const auto sum_of = [&](const Piece& piece) -> LegSum& {
    for (LegSum& one : legs) {
      if (one.state.leg == piece.leg && one.state.handoff == piece.handoff) return one;
    }
    return legs.emplace_back(LegSum{{piece.leg, piece.handoff, 0, kNever},
                                    Threshold(targets.legs[static_cast<size_t>(piece.leg)])});
  };
  Walk(history, terms, targets, kNever, [&](const Piece& piece) {
    if (piece.from == piece.to) {
      sum_of(piece);
      if (out.started == kNever) out.started = piece.from;
      return;
    }
    finished = piece.why == v1::Interval::WHY_FINISHED;
    if (piece.from <= now) {
      out.paused = piece.budgeted;
      out.resumes = piece.budgeted ? piece.to : kNever;
      out.leg = piece.leg;
      out.handoff = piece.handoff;
    }
    client.Before(!finished);
    for (Threshold& warning : warnings) warning.Before(!finished);
    for (LegSum& one : legs) {
      one.threshold.Before(!finished && one.state.leg == piece.leg &&
                           one.state.handoff == piece.handoff);
    }
    if (finished) {
      if (out.stopped == kNever) out.stopped = piece.from;
      return;
    }
    out.stopped = kNever;
    if (piece.leg == type::v1::LEG_UNSPECIFIED) return;
    if (out.started == kNever) out.started = piece.from;
    LegSum& sum = sum_of(piece);
    if (piece.budgeted) out.budget_used += piece.working;
    if (!piece.running) return;
    client.Run(terms, piece, out.elapsed);
    for (Threshold& warning : warnings) warning.Run(terms, piece, out.elapsed);
    sum.threshold.Run(terms, piece, sum.state.elapsed);
    out.elapsed += piece.working;
    sum.state.elapsed += piece.working;
  });
  out.missed = client.crossed() != kNever && (!finished || client.crossed() < out.stopped);
  out.breach = client.crossed();
  out.due = out.breach;
  if (out.due == kNever) {
    // It would have been due so much later; what was reached just at the end was reached there.
    out.due = client.edge();
    if (out.due == kNever && finished && out.started != kNever) {
      out.due = terms.Add(out.stopped, targets.client - out.elapsed);
    }
  }
  for (const Threshold& warning : warnings) out.warnings.push_back(warning.crossed());
  for (LegSum& leg : legs) {
    leg.state.crossed = leg.threshold.crossed();
    out.legs.push_back(leg.state);
  }
  return out;
}

}  // namespace tideline::sla_monitor
