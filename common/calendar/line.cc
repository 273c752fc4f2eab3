// SPDX-License-Identifier: Apache-2.0
#include "common/calendar/line.h"

#include <algorithm>

namespace tideline::calendar {
namespace {

// How much of the stretches [first, last) lies before `at`.
template <typename It>
int64_t Before(It first, It last, int64_t at) {
  It next = std::upper_bound(first, last, at,
                             [](int64_t value, const auto& s) { return value < s.start; });
  if (next == first) return 0;
  const auto& stretch = *(next - 1);
  return stretch.before + std::min(at, stretch.end) - stretch.start;
}

// Where among them `worked` (over zero, at most their total) is complete.
template <typename It>
int64_t Complete(It first, It last, int64_t worked) {
  It it = std::lower_bound(first, last, worked, [](const auto& s, int64_t value) {
    return s.before + (s.end - s.start) < value;
  });
  return it->start + (worked - it->before);
}

// Where among them work goes on after `worked` (below their total).
template <typename It>
int64_t GoesOn(It first, It last, int64_t worked) {
  It it = std::upper_bound(first, last, worked, [](int64_t value, const auto& s) {
    return value < s.before + (s.end - s.start);
  });
  return it->start + (worked - it->before);
}

}  // namespace

Pieces Merge(Pieces pieces) {
  std::sort(pieces.begin(), pieces.end(),
            [](const Piece& a, const Piece& b) { return a.start < b.start; });
  Pieces merged;
  for (const Piece& piece : pieces) {
    if (piece.start >= piece.end) continue;
    if (!merged.empty() && piece.start <= merged.back().end) {
      merged.back().end = std::max(merged.back().end, piece.end);
    } else {
      merged.push_back(piece);
    }
  }
  return merged;
}

Pieces Cut(const Pieces& pieces, int64_t from, int64_t to) {
  Pieces cut;
  for (const Piece& piece : pieces) {
    const Piece shared{std::max(piece.start, from) - from, std::min(piece.end, to) - from};
    if (shared.start < shared.end) cut.push_back(shared);
  }
  return cut;
}

Pieces Without(const Pieces& pieces, const Piece& hole) {
  Pieces rest;
  for (const Piece& piece : pieces) {
    const Piece left{piece.start, std::min(piece.end, hole.start)};
    const Piece right{std::max(piece.start, hole.end), piece.end};
    if (left.start < left.end) rest.push_back(left);
    if (right.start < right.end) rest.push_back(right);
  }
  return rest;
}

int64_t TotalOf(const Pieces& pieces) {
  int64_t total = 0;
  for (const Piece& piece : pieces) total += piece.end - piece.start;
  return total;
}

Line::Line(const Pieces& week, const std::map<int64_t, Pieces>& days) : week_pieces_(week) {
  week_.reserve(week.size());
  for (const Piece& piece : week) {
    week_.push_back({piece.start, piece.end, week_total_});
    week_total_ += piece.end - piece.start;
  }
  days_.reserve(days.size());
  int64_t delta = 0;
  for (const auto& [number, pieces] : days) {
    day_numbers_.push_back(number);
    Day day{.start = number * kDay,
            .first = static_cast<uint32_t>(stretches_.size()),
            .count = static_cast<uint32_t>(pieces.size())};
    int64_t total = 0;
    for (const Piece& piece : pieces) {
      stretches_.push_back({piece.start, piece.end, total});
      total += piece.end - piece.start;
    }
    day.worked_start = WeeklyWorked(day.start) + delta;
    day.worked_end = day.worked_start + total;
    day.delta_after = delta = day.worked_end - WeeklyWorked(day.start + kDay);
    days_.push_back(day);
  }
}

int64_t Line::WeeklyWorked(int64_t at) const {
  at -= kLineBegin;
  const int64_t weeks = at / kWeek;
  return weeks * week_total_ + Before(week_.begin(), week_.end(), at - weeks * kWeek);
}

int64_t Line::WeeklyFirst(int64_t worked) const {
  if (week_total_ == 0) return kNever;
  const int64_t weeks = (worked - 1) / week_total_;
  return kLineBegin + weeks * kWeek +
         Complete(week_.begin(), week_.end(), worked - weeks * week_total_);
}

int64_t Line::WeeklyLast(int64_t worked) const {
  if (week_total_ == 0) return kNever;
  const int64_t weeks = worked / week_total_;
  return kLineBegin + weeks * kWeek +
         GoesOn(week_.begin(), week_.end(), worked - weeks * week_total_);
}

int64_t Line::Worked(int64_t at) const {
  auto next = std::upper_bound(days_.begin(), days_.end(), at,
                               [](int64_t value, const Day& day) { return value < day.start; });
  if (next == days_.begin()) return WeeklyWorked(at);
  const Day& day = *(next - 1);
  if (at >= day.start + kDay) return WeeklyWorked(at) + day.delta_after;
  auto first = stretches_.begin() + day.first;
  return day.worked_start + Before(first, first + day.count, at - day.start);
}

int64_t Line::First(int64_t worked) const {
  // The first listed day by whose end the work is complete; it is complete either within it, or in
  // the ordinary time since the listed day before.
  auto it = std::lower_bound(days_.begin(), days_.end(), worked,
                             [](const Day& day, int64_t value) { return day.worked_end < value; });
  if (it != days_.end() && it->worked_start < worked) {
    auto first = stretches_.begin() + it->first;
    return it->start + Complete(first, first + it->count, worked - it->worked_start);
  }
  return WeeklyFirst(worked - (it == days_.begin() ? 0 : (it - 1)->delta_after));
}

int64_t Line::Last(int64_t worked) const {
  auto it = std::upper_bound(days_.begin(), days_.end(), worked,
                             [](int64_t value, const Day& day) { return value < day.worked_end; });
  if (it != days_.end() && it->worked_start <= worked) {
    auto first = stretches_.begin() + it->first;
    return it->start + GoesOn(first, first + it->count, worked - it->worked_start);
  }
  return WeeklyLast(worked - (it == days_.begin() ? 0 : (it - 1)->delta_after));
}

}  // namespace tideline::calendar
