// SPDX-License-Identifier: Apache-2.0
// Unions. As long as no member's zone changes its offset, the union of their weeks is a week again,
// on the clock of UTC. So a union is a calendar on that clock: its spans are the common spans of
// the members, with one line per combination of offsets, and its listed days are the days of UTC
// that a listed day of a member may touch, each computed from the members themselves.
#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "common/calendar/calendar.h"
#include "common/calendar/zone.h"

namespace tideline {

using calendar::kBegin;
using calendar::kDay;
using calendar::kEnd;
using calendar::kWeek;
using calendar::Piece;
using calendar::Pieces;

class UnionBuilder {
 public:
  explicit UnionBuilder(absl::Span<const std::shared_ptr<const Calendar>> members)
      : members_(members) {}

  std::shared_ptr<const Calendar> Build() {
    std::shared_ptr<Calendar> made(new Calendar);
    MakeSpans(*made);
    const std::set<int64_t> touched = Touched();
    std::map<int64_t, Pieces> open;
    for (int64_t day : touched) open[day] = OpenOn(day);

    // Each line lists the days of its own spans only, where they differ from its week.
    std::vector<std::map<int64_t, Pieces>> days(weeks_.size());
    for (size_t i = 0; i < made->spans_.size(); ++i) {
      const auto& span = made->spans_[i];
      const int64_t end = i + 1 < made->spans_.size() ? made->spans_[i + 1].from : kEnd;
      auto last = open.upper_bound((end - 1) / kDay);
      for (auto it = open.lower_bound(span.from / kDay); it != last; ++it) {
        const int64_t weekday = (it->first + 3) % 7;
        if (it->second == Cut(weeks_[span.line], weekday * kDay, (weekday + 1) * kDay)) continue;
        days[span.line][it->first] = it->second;
      }
    }
    for (size_t i = 0; i < weeks_.size(); ++i) made->lines_.emplace_back(weeks_[i], days[i]);
    made->Compile();
    return made;
  }

 private:
  // For each member the line that holds and its offset.
  using Combination = std::vector<std::pair<uint32_t, int64_t>>;

  void MakeSpans(Calendar& made) {
    std::set<int64_t> changes;
    for (const auto& member : members_) {
      for (const auto& span : member->spans_) changes.insert(span.from);
    }
    std::map<Combination, uint32_t> known;
    std::vector<size_t> at(members_.size(), 0);
    for (int64_t from : changes) {
      Combination combination;
      for (size_t m = 0; m < members_.size(); ++m) {
        const auto& spans = members_[m]->spans_;
        if (at[m] + 1 < spans.size() && spans[at[m] + 1].from == from) ++at[m];
        combination.push_back({spans[at[m]].line, spans[at[m]].offset});
      }
      auto [it, fresh] = known.emplace(combination, weeks_.size());
      if (fresh) weeks_.push_back(WeekOf(combination));
      if (!made.spans_.empty() && made.spans_.back().line == it->second) continue;
      made.spans_.push_back({.from = from, .offset = 0, .line = it->second});
    }
  }

  // The union of the members' weeks on the clock of UTC.
  Pieces WeekOf(const Combination& combination) const {
    Pieces all;
    for (size_t m = 0; m < members_.size(); ++m) {
      const auto& [line, offset] = combination[m];
      for (Piece piece : members_[m]->lines_[line].week()) {
        piece.start -= offset;
        piece.end -= offset;
        // Offsets are below a day, so the week is met at most once on either side.
        for (int64_t shift : {-kWeek, int64_t{0}, kWeek}) {
          all.push_back(
              {std::max<int64_t>(piece.start + shift, 0), std::min(piece.end + shift, kWeek)});
        }
      }
    }
    return Merge(std::move(all));
  }

  // The days of UTC that a listed day may touch: zones reach from 12 hours behind to 15 ahead.
  std::set<int64_t> Touched() const {
    std::set<int64_t> touched;
    for (const auto& member : members_) {
      for (const auto& line : member->lines_) {
        for (int64_t day : line.days()) touched.insert({day - 1, day, day + 1});
      }
    }
    touched.erase(touched.begin(), touched.lower_bound(kBegin / kDay));
    touched.erase(touched.lower_bound(kEnd / kDay), touched.end());
    return touched;
  }

  Pieces OpenOn(int64_t day) const {
    const int64_t start = day * kDay;
    Pieces all;
    for (const auto& member : members_) {
      for (int64_t at = start; at < start + kDay;) {
        const int64_t opens = member->Last(member->Worked(at));
        if (opens >= start + kDay) break;
        at = member->RunEnd(opens);
        all.push_back({opens - start, std::min(at - start, kDay)});
      }
    }
    return Merge(std::move(all));
  }

  absl::Span<const std::shared_ptr<const Calendar>> members_;
  std::vector<Pieces> weeks_;  // by line of the union
};

absl::StatusOr<std::shared_ptr<const Calendar>> Calendar::Union(
    absl::Span<const std::shared_ptr<const Calendar>> members, absl::string_view field) {
  if (members.empty()) {
    return InvalidField(field, "is empty", Reason::REASON_FIELD_REQUIRED);
  }
  if (members.size() > kMaxMembers) {
    return InvalidField(
        field, absl::StrFormat("has %d elements; the limit is %d", members.size(), kMaxMembers));
  }
  return UnionBuilder(members).Build();
}

}  // namespace tideline
