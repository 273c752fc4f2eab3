// SPDX-License-Identifier: Apache-2.0
#include "common/calendar/calendar.h"

#include <algorithm>
#include <map>
#include <utility>

#include "common/base/status_macros.h"
#include "common/calendar/rules.h"
#include "common/calendar/zone.h"

namespace tideline {
namespace {

using calendar::kBegin;
using calendar::kEnd;
using calendar::kNever;

int64_t Micros(absl::Time time) { return std::clamp(absl::ToUnixMicros(time), kBegin, kEnd); }

// No working time is longer; what is asked beyond it is never worked.
int64_t Micros(absl::Duration working) {
  return std::min(absl::ToInt64Microseconds(working), kEnd + 1);
}

absl::Time TimeOf(int64_t at) {
  return at == kNever ? absl::InfiniteFuture() : absl::FromUnixMicros(at);
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Calendar>> Calendar::Create(
    const type::v1::CalendarRules& rules, absl::string_view field) {
  TL_ASSIGN_OR_RETURN(calendar::Checked checked, calendar::Check(rules, field));
  std::shared_ptr<Calendar> made(new Calendar);
  made->lines_.emplace_back(checked.week, checked.days);
  for (const calendar::OffsetSpan& span : checked.zone->spans) {
    made->spans_.push_back({.from = span.from, .offset = span.offset, .line = 0});
  }
  made->Compile();
  if (made->total_ == 0) return calendar::NeverOpen(field);
  return made;
}

std::shared_ptr<const Calendar> Calendar::Always() {
  static const auto* always = [] {
    std::shared_ptr<Calendar> made(new Calendar);
    made->lines_.emplace_back(calendar::Pieces{{0, calendar::kWeek}},
                              std::map<int64_t, calendar::Pieces>());
    made->spans_.push_back({.from = kBegin, .offset = 0, .line = 0});
    made->Compile();
    return new std::shared_ptr<const Calendar>(std::move(made));
  }();
  return *always;
}

void Calendar::Compile() {
  int64_t worked = 0;
  for (size_t i = 0; i < spans_.size(); ++i) {
    Span& span = spans_[i];
    const int64_t end = i + 1 < spans_.size() ? spans_[i + 1].from : kEnd;
    const calendar::Line& line = LineOf(span);
    span.worked = worked;
    span.base = worked - line.Worked(span.from + span.offset);
    worked = span.base + line.Worked(end + span.offset);
  }
  total_ = worked;
  lines_.shrink_to_fit();
  spans_.shrink_to_fit();
}

int64_t Calendar::Worked(int64_t at) const {
  auto next = std::upper_bound(spans_.begin() + 1, spans_.end(), at,
                               [](int64_t value, const Span& span) { return value < span.from; });
  const Span& span = *(next - 1);
  return span.base + LineOf(span).Worked(at + span.offset);
}

int64_t Calendar::First(int64_t worked) const {
  if (worked > total_) return kNever;
  // The last span that begins before the work is complete.
  auto next = std::lower_bound(spans_.begin() + 1, spans_.end(), worked,
                               [](const Span& span, int64_t value) { return span.worked < value; });
  const Span& span = *(next - 1);
  return LineOf(span).First(worked - span.base) - span.offset;
}

int64_t Calendar::Last(int64_t worked) const {
  if (worked >= total_) return kNever;
  // The last span that begins with no more than that worked.
  auto next = std::upper_bound(spans_.begin() + 1, spans_.end(), worked,
                               [](int64_t value, const Span& span) { return value < span.worked; });
  const Span& span = *(next - 1);
  return LineOf(span).Last(worked - span.base) - span.offset;
}

absl::Time Calendar::Add(absl::Time from, absl::Duration working) const {
  if (working < absl::ZeroDuration()) return Subtract(from, -working);
  const int64_t micros = Micros(working);
  if (micros == 0) return from;
  return TimeOf(First(Worked(Micros(from)) + micros));
}

absl::Time Calendar::Subtract(absl::Time to, absl::Duration working) const {
  if (working < absl::ZeroDuration()) return Add(to, -working);
  const int64_t micros = Micros(working);
  if (micros == 0) return to;
  const int64_t worked = Worked(Micros(to)) - micros;
  return worked < 0 ? absl::InfinitePast() : TimeOf(Last(worked));
}

absl::Duration Calendar::Measure(absl::Time from, absl::Time to) const {
  return absl::Microseconds(Worked(Micros(to)) - Worked(Micros(from)));
}

bool Calendar::IsOpen(absl::Time at) const {
  const int64_t micros = absl::ToUnixMicros(at);
  if (micros < kBegin || micros >= kEnd) return false;
  return Worked(micros + 1) > Worked(micros);
}

absl::Time Calendar::NextOpening(absl::Time at) const {
  return IsOpen(at) ? at : TimeOf(Last(Worked(Micros(at))));
}

absl::Time Calendar::NextClosing(absl::Time at) const {
  if (!IsOpen(at)) return at;
  const int64_t end = RunEnd(Micros(at));
  return end >= kEnd ? absl::InfiniteFuture() : TimeOf(end);
}

absl::Time Calendar::LastOpening(absl::Time at) const {
  int64_t micros = Micros(at);
  if (!IsOpen(at)) {
    const int64_t worked = Worked(micros);
    if (worked == 0) return absl::InfinitePast();
    micros = First(worked);
  } else {
    ++micros;  // just after an instant that is open
  }
  return TimeOf(RunStart(micros));
}

absl::Time Calendar::LastClosing(absl::Time at) const {
  int64_t micros = Micros(at);
  if (IsOpen(at)) micros = RunStart(micros + 1);
  const int64_t worked = Worked(micros);
  return worked == 0 ? absl::InfinitePast() : TimeOf(First(worked));
}

// Everything between two instants is open exactly when the time worked is the time passed. So both
// ends of a run are found by doubling the distance and then halving it.
int64_t Calendar::RunEnd(int64_t at) const {
  const int64_t worked = Worked(at);
  int64_t low = 1;
  int64_t high = calendar::kMinute;
  while (at + high < kEnd && Worked(at + high) - worked == high) {
    low = high;
    high *= 2;
  }
  high = std::min(high, kEnd - at + 1);  // beyond the end nothing is open
  while (high - low > 1) {
    const int64_t middle = low + (high - low) / 2;
    (Worked(at + middle) - worked == middle ? low : high) = middle;
  }
  return at + low;
}

int64_t Calendar::RunStart(int64_t at) const {
  const int64_t worked = Worked(at);
  int64_t low = 1;
  int64_t high = calendar::kMinute;
  while (at - high >= kBegin && worked - Worked(at - high) == high) {
    low = high;
    high *= 2;
  }
  high = std::min(high, at - kBegin + 1);
  while (high - low > 1) {
    const int64_t middle = low + (high - low) / 2;
    (worked - Worked(at - middle) == middle ? low : high) = middle;
  }
  return at - low;
}

std::vector<TimeSpan> Calendar::Open(absl::Time from, absl::Time to, size_t most) const {
  std::vector<TimeSpan> spans;
  while (spans.size() < most) {
    from = NextOpening(from);
    if (from >= to) break;
    const absl::Time end = std::min(NextClosing(from), to);
    spans.push_back({from, end});
    from = end;
  }
  return spans;
}

std::vector<TimeSpan> Calendar::Closed(absl::Time from, absl::Time to, size_t most) const {
  std::vector<TimeSpan> spans;
  while (spans.size() < most) {
    from = NextClosing(from);
    if (from >= to) break;
    const absl::Time end = std::min(NextOpening(from), to);
    spans.push_back({from, end});
    from = end;
  }
  return spans;
}

std::vector<TimeSpan> CoverageHoles(const Calendar& wanted, const Calendar& cover, absl::Time from,
                                    absl::Time to, size_t most) {
  std::vector<TimeSpan> holes;
  while (holes.size() < most) {
    // Each step leaves behind an open stretch of one of the two.
    from = wanted.NextOpening(from);
    if (from >= to) break;
    if (cover.IsOpen(from)) {
      from = cover.NextClosing(from);
      if (from >= to) break;
      continue;
    }
    const absl::Time end = std::min({wanted.NextClosing(from), cover.NextOpening(from), to});
    holes.push_back({from, end});
    from = end;
  }
  return holes;
}

}  // namespace tideline
