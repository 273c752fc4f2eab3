// SPDX-License-Identifier: Apache-2.0
#include "common/sampling/plan.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/error.h"
#include "common/base/status_macros.h"

namespace tideline::sampling {
namespace {

constexpr std::array<absl::string_view, 26> kAqls = {
    "0.010", "0.015", "0.025", "0.040", "0.065", "0.10", "0.15", "0.25", "0.40",
    "0.65",  "1.0",   "1.5",   "2.5",   "4.0",   "6.5",  "10",   "15",   "25",
    "40",    "65",    "100",   "150",   "250",   "400",  "650",  "1000"};
// Clause 5: percent nonconforming does not exceed 10.
constexpr int kLastPercentage = 15;

// Table I: the rows are lots up to this size; the last has no end.
constexpr std::array<int64_t, 14> kLotsUpTo = {8,   15,   25,   50,    90,    150,    280,
                                               500, 1200, 3200, 10000, 35000, 150000, 500000};
// Its columns S-1 to III, in the order of Level; a letter per row.
constexpr std::array<absl::string_view, 7> kLettersOfLots = {
    "AAAABBBBCCCCDDD", "AAABBBCCCDDDEEE", "AABBCCDDEEFFGGH", "AABCCDEEFGGHJJK",
    "AABCCDEFGHJKLMN", "ABCDEFGHJKLMNPQ", "BCDEFGHJKLMNPQR"};

constexpr absl::string_view kLetters = "ABCDEFGHJKLMNPQRS";
// Sample sizes of the letters. Reduced inspection has 2 for A to C, then that of two letters
// before; S has none there, and is reached by no arrow.
constexpr std::array<int, 17> kSizes = {2,   3,   5,   8,   13,  20,   32,   50,  80,
                                        125, 200, 315, 500, 800, 1250, 2000, 3150};

// Tables II-A to II-C as they are printed: a row per letter, a column per AQL; Ac, or Ac/Re where
// Re is not Ac + 1; v and ^ say to use the first plan below or above.
using Table = std::array<absl::string_view, 17>;
// clang-format off
constexpr Table kNormal = {
    /* A */ "v v v v v v v v v v v v v v 0 v v 1 2 3 5 7 10 14 21 30",
    /* B */ "v v v v v v v v v v v v v 0 ^ v 1 2 3 5 7 10 14 21 30 44",
    /* C */ "v v v v v v v v v v v v 0 ^ v 1 2 3 5 7 10 14 21 30 44 ^",
    /* D */ "v v v v v v v v v v v 0 ^ v 1 2 3 5 7 10 14 21 30 44 ^ ^",
    /* E */ "v v v v v v v v v v 0 ^ v 1 2 3 5 7 10 14 21 30 44 ^ ^ ^",
    /* F */ "v v v v v v v v v 0 ^ v 1 2 3 5 7 10 14 21 ^ ^ ^ ^ ^ ^",
    /* G */ "v v v v v v v v 0 ^ v 1 2 3 5 7 10 14 21 ^ ^ ^ ^ ^ ^ ^",
    /* H */ "v v v v v v v 0 ^ v 1 2 3 5 7 10 14 21 ^ ^ ^ ^ ^ ^ ^ ^",
    /* J */ "v v v v v v 0 ^ v 1 2 3 5 7 10 14 21 ^ ^ ^ ^ ^ ^ ^ ^ ^",
    /* K */ "v v v v v 0 ^ v 1 2 3 5 7 10 14 21 ^ ^ ^ ^ ^ ^ ^ ^ ^ ^",
    /* L */ "v v v v 0 ^ v 1 2 3 5 7 10 14 21 ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^",
    /* M */ "v v v 0 ^ v 1 2 3 5 7 10 14 21 ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^",
    /* N */ "v v 0 ^ v 1 2 3 5 7 10 14 21 ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^",
    /* P */ "v 0 ^ v 1 2 3 5 7 10 14 21 ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^",
    /* Q */ "0 ^ v 1 2 3 5 7 10 14 21 ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^",
    /* R */ "^ ^ 1 2 3 5 7 10 14 21 ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^",
};
constexpr Table kTightened = {
    /* A */ "v v v v v v v v v v v v v v v v v v 1 2 3 5 8 12 18 27",
    /* B */ "v v v v v v v v v v v v v v 0 v v 1 2 3 5 8 12 18 27 41",
    /* C */ "v v v v v v v v v v v v v 0 v v 1 2 3 5 8 12 18 27 41 ^",
    /* D */ "v v v v v v v v v v v v 0 v v 1 2 3 5 8 12 18 27 41 ^ ^",
    /* E */ "v v v v v v v v v v v 0 v v 1 2 3 5 8 12 18 27 41 ^ ^ ^",
    /* F */ "v v v v v v v v v v 0 v v 1 2 3 5 8 12 18 ^ ^ ^ ^ ^ ^",
    /* G */ "v v v v v v v v v 0 v v 1 2 3 5 8 12 18 ^ ^ ^ ^ ^ ^ ^",
    /* H */ "v v v v v v v v 0 v v 1 2 3 5 8 12 18 ^ ^ ^ ^ ^ ^ ^ ^",
    /* J */ "v v v v v v v 0 v v 1 2 3 5 8 12 18 ^ ^ ^ ^ ^ ^ ^ ^ ^",
    /* K */ "v v v v v v 0 v v 1 2 3 5 8 12 18 ^ ^ ^ ^ ^ ^ ^ ^ ^ ^",
    /* L */ "v v v v v 0 v v 1 2 3 5 8 12 18 ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^",
    /* M */ "v v v v 0 v v 1 2 3 5 8 12 18 ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^",
    /* N */ "v v v 0 v v 1 2 3 5 8 12 18 ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^",
    /* P */ "v v 0 v v 1 2 3 5 8 12 18 ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^",
    /* Q */ "v 0 v v 1 2 3 5 8 12 18 ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^",
    /* R */ "0 ^ v 1 2 3 5 8 12 18 ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^",
    /* S */ "^ ^ 1 ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^",
};
constexpr Table kReduced = {
    /* A */ "v v v v v v v v v v v v v v 0 v v 1 2 3 5 7 10 14 21 30",
    /* B */ "v v v v v v v v v v v v v 0 ^ v 0/2 1/3 2/4 3/5 5 7 10 14 21 30",
    /* C */ "v v v v v v v v v v v v 0 ^ v 0/2 1/3 1/4 2/5 3/6 5/8 7/10 10/13 14/17 21/24 30",
    /* D */ "v v v v v v v v v v v 0 ^ v 0/2 1/3 1/4 2/5 3/6 5/8 7/10 10/13 14/17 21/24 ^ ^",
    /* E */ "v v v v v v v v v v 0 ^ v 0/2 1/3 1/4 2/5 3/6 5/8 7/10 10/13 14/17 21/24 ^ ^ ^",
    /* F */ "v v v v v v v v v 0 ^ v 0/2 1/3 1/4 2/5 3/6 5/8 7/10 10/13 ^ ^ ^ ^ ^ ^",
    /* G */ "v v v v v v v v 0 ^ v 0/2 1/3 1/4 2/5 3/6 5/8 7/10 10/13 ^ ^ ^ ^ ^ ^ ^",
    /* H */ "v v v v v v v 0 ^ v 0/2 1/3 1/4 2/5 3/6 5/8 7/10 10/13 ^ ^ ^ ^ ^ ^ ^ ^",
    /* J */ "v v v v v v 0 ^ v 0/2 1/3 1/4 2/5 3/6 5/8 7/10 10/13 ^ ^ ^ ^ ^ ^ ^ ^ ^",
    /* K */ "v v v v v 0 ^ v 0/2 1/3 1/4 2/5 3/6 5/8 7/10 10/13 ^ ^ ^ ^ ^ ^ ^ ^ ^ ^",
    /* L */ "v v v v 0 ^ v 0/2 1/3 1/4 2/5 3/6 5/8 7/10 10/13 ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^",
    /* M */ "v v v 0 ^ v 0/2 1/3 1/4 2/5 3/6 5/8 7/10 10/13 ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^",
    /* N */ "v v 0 ^ v 0/2 1/3 1/4 2/5 3/6 5/8 7/10 10/13 ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^",
    /* P */ "v 0 ^ v 0/2 1/3 1/4 2/5 3/6 5/8 7/10 10/13 ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^",
    /* Q */ "0 ^ v 0/2 1/3 1/4 2/5 3/6 5/8 7/10 10/13 ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^",
    /* R */ "^ ^ 0/2 1/3 1/4 2/5 3/6 5/8 7/10 10/13 ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^",
};
// clang-format on

const Table& TableOf(Severity severity) {
  switch (severity) {
    case Severity::kTightened:
      return kTightened;
    case Severity::kReduced:
      return kReduced;
    case Severity::kNormal:
      break;
  }
  return kNormal;
}

int SizeOf(size_t row, Severity severity) {
  if (severity != Severity::kReduced) return kSizes[row];
  return row < 2 ? kSizes[0] : kSizes[row - 2];
}

// A decimal number without sign as thousandths and without trailing zeros, so that equal numbers
// are equal texts; empty if it is none. (Floating point would have to be compared with a
// tolerance.)
std::string Canonical(absl::string_view text) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(text, absl::MaxSplits('.', 1));
  absl::string_view fraction = parts.second;
  while (!fraction.empty() && fraction.back() == '0') fraction.remove_suffix(1);
  constexpr size_t kMostDigits = 4;  // of 1000
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (parts.first.empty() || parts.first.size() > kMostDigits || fraction.size() > kMostDigits ||
      !std::all_of(parts.first.begin(), parts.first.end(), is_digit) ||
      !std::all_of(fraction.begin(), fraction.end(), is_digit)) {
    return "";
  }
  int whole = 0;
  if (!absl::SimpleAtoi(parts.first, &whole)) return "";
  return absl::StrCat(whole, ".", fraction);
}

}  // namespace

absl::string_view SeverityName(Severity severity) {
  switch (severity) {
    case Severity::kTightened:
      return "TIGHTENED";
    case Severity::kReduced:
      return "REDUCED";
    case Severity::kNormal:
      break;
  }
  return "NORMAL";
}

absl::StatusOr<Aql> Aql::Parse(absl::string_view text, absl::string_view field) {
  const std::string wanted = Canonical(text);
  for (size_t i = 0; i < kAqls.size() && !wanted.empty(); ++i) {
    if (Canonical(kAqls[i]) == wanted) return Aql(static_cast<int>(i));
  }
  return InvalidField(field, absl::StrCat("is not an AQL of the tables of Z1.4: they have ",
                                          absl::StrJoin(kAqls, ", ")));
}

absl::string_view Aql::text() const { return kAqls[static_cast<size_t>(column_)]; }

bool Aql::is_percentage() const { return column_ <= kLastPercentage; }

std::optional<Aql> Aql::Tighter() const {
  if (column_ == 0) return std::nullopt;
  return Aql(column_ - 1);
}

absl::StatusOr<char> CodeLetter(int64_t lot_size, Level level, absl::string_view field) {
  if (lot_size < kMinLotSize) {
    return InvalidField(
        field, absl::StrCat("is ", lot_size, "; the tables begin with lots of ", kMinLotSize));
  }
  const auto row = std::lower_bound(kLotsUpTo.begin(), kLotsUpTo.end(), lot_size);
  return kLettersOfLots[static_cast<size_t>(level)][static_cast<size_t>(row - kLotsUpTo.begin())];
}

absl::StatusOr<Plan> PlanForLetter(char letter, Aql aql, Severity severity) {
  const Table& table = TableOf(severity);
  size_t row = kLetters.find(letter);
  // S is where the arrows of tightened inspection end; no lot begins there.
  if (row == absl::string_view::npos || row + 1 == kLetters.size()) {
    return InvalidField("letter", "is not a code letter: they are A to R without I and O");
  }
  while (true) {
    const std::vector<absl::string_view> cells = absl::StrSplit(table[row], ' ');
    const absl::string_view cell = cells[static_cast<size_t>(aql.column())];
    if (cell == "v") {
      ++row;
    } else if (cell == "^") {
      --row;
    } else {
      const std::pair<absl::string_view, absl::string_view> numbers = absl::StrSplit(cell, '/');
      Plan plan{.letter = kLetters[row], .sample_size = SizeOf(row, severity)};
      (void)absl::SimpleAtoi(numbers.first, &plan.accept);  // the table is ours
      plan.reject = plan.accept + 1;
      if (!numbers.second.empty()) (void)absl::SimpleAtoi(numbers.second, &plan.reject);
      return plan;
    }
  }
}

absl::StatusOr<Plan> FindPlan(int64_t lot_size, Level level, Aql aql, Severity severity,
                              absl::string_view lot_size_field) {
  TL_ASSIGN_OR_RETURN(const char letter, CodeLetter(lot_size, level, lot_size_field));
  return PlanForLetter(letter, aql, severity);
}

int64_t Inspected(const Plan& plan, int64_t lot_size) {
  return std::min<int64_t>(plan.sample_size, lot_size);
}

}  // namespace tideline::sampling
