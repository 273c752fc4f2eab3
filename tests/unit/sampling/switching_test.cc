// SPDX-License-Identifier: Apache-2.0
// The switching rules as a table, by the clauses of ISO 2859-1:1999 (9.1 to 9.4) and of Z1.4.
#include "common/sampling/switching.h"

#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "common/base/error.h"
#include "gtest/gtest.h"

namespace tideline::sampling {
namespace {

// clause | AQL | lots, letter by letter | severity after each | rules in force then, and the score.
//
// All lots have 281 to 500 items, level II: letter H. Normal inspection has n 50 and Ac 1 at AQL
// 1.0, Ac 3 at 2.5; tightened Ac 1 and 2; reduced Ac 0, Re 2 and Ac 1, Re 4.
// A lot is a: nothing found; s: found as many as Ac; g: one more than Ac, which only reduced
// inspection accepts; r: found Re. i is no lot but irregular work, e is the end of a
// discontinuation, u is an accepted lot while work is not steady, w one while reduced inspection is
// not wanted. Severities: N normal, T tightened, R reduced, D discontinued.
constexpr absl::string_view kRules = R"(
9.1     | 1.0 | a                  | N                  | score 2
9.3.1   | 1.0 | rr                 | NT                 | 9.3.1
9.3.1   | 1.0 | rar                | NNT                | 9.3.1
9.3.1   | 1.0 | raar               | NNNT               | 9.3.1
9.3.1   | 1.0 | raaar              | NNNNT              | 9.3.1
9.3.1   | 1.0 | raaaar             | NNNNNN             | score 0
9.3.1   | 1.0 | raaaarr            | NNNNNNT            | 9.3.1
9.3.1   | 1.0 | raaaaraaar         | NNNNNNNNNT         | 9.3.1
9.3.2   | 1.0 | rraaaaa            | NTTTTTN            | 9.3.1; 9.3.2; score 0
9.3.2   | 1.0 | rraaaaraaaaa       | NTTTTTTTTTTN       | 9.3.1; 9.3.2; score 0
9.3.2   | 1.0 | rraaaaar           | NTTTTTNN           | 9.3.1; 9.3.2; score 0
9.3.3.1 | 1.0 | aaaaaaaaaaaaaa     | NNNNNNNNNNNNNN     | score 28
9.3.3.1 | 1.0 | aaaaaaaaaaaaaaa    | NNNNNNNNNNNNNNR    | 9.3.3
9.3.3.1 | 1.0 | aaaaaaaaaaaaaau    | NNNNNNNNNNNNNNN    | score 30
9.3.3.1 | 1.0 | aaaaaaaaaaaaaauua  | NNNNNNNNNNNNNNNNR  | 9.3.3
9.3.3.1 | 1.0 | aaaaaaaaaaaaaaw    | NNNNNNNNNNNNNNN    | score 30
9.3.3.2 | 1.0 | sss                | NNN                | score 6
9.3.3.2 | 1.0 | aaar               | NNNN               | score 0
9.3.3.2 | 1.0 | aaara              | NNNNN              | score 2
9.3.3.2 | 2.5 | aaa                | NNN                | score 9
9.3.3.2 | 2.5 | aas                | NNN                | score 0
9.3.3.2 | 2.5 | aasa               | NNNN               | score 3
9.3.3.2 | 2.5 | aaaaaaaaaa         | NNNNNNNNNR         | 9.3.3
9.3.3.2 | 2.5 | aaaaaaaaas         | NNNNNNNNNN         | score 0
9.3.4 a | 2.5 | aaaaaaaaaaar       | NNNNNNNNNRRN       | 9.3.3; 9.3.4 a; score 0
9.3.4 a | 2.5 | aaaaaaaaaarr       | NNNNNNNNNRNN       | 9.3.3; 9.3.4 a; score 0
9.3.4 b | 2.5 | aaaaaaaaaai        | NNNNNNNNNRN        | 9.3.3; 9.3.4 b and c; score 0
9.3.4 b | 2.5 | aai                | NNN                | score 6
10.1.4  | 2.5 | aaaaaaaaaas        | NNNNNNNNNRR        | 9.3.3
10.1.4  | 2.5 | aaaaaaaaaag        | NNNNNNNNNRN        | 9.3.3; Z1.4, 8.3.4 b and 10.1.4; score 0
9.4     | 1.0 | rrrrrrr            | NTTTTTD            | 9.3.1; 9.4
9.4     | 1.0 | rrrararararr       | NTTTTTTTTTDD       | 9.3.1; 9.4
9.4     | 1.0 | rrrrrraaaaarrrrrrr | NTTTTTTTTTNNTTTTTD | 9.3.1; 9.3.2; 9.3.1; 9.4
9.4     | 1.0 | rrrrrrraaaaaa      | NTTTTTDDDDDDD      | 9.3.1; 9.4
9.4     | 1.0 | rrrrrrreaaaaa      | NTTTTTDTTTTTN      | 9.3.1; 9.4; 9.4; 9.3.2; score 0
9.4     | 1.0 | rrrrrrrerrrrr      | NTTTTTDTTTTTD      | 9.3.1; 9.4; 9.4; 9.4
)";

char Letter(const Switching& state) {
  if (state.discontinued) return 'D';
  switch (state.severity) {
    case Severity::kTightened:
      return 'T';
    case Severity::kReduced:
      return 'R';
    case Severity::kNormal:
      break;
  }
  return 'N';
}

int Found(char lot, const Plan& plan) {
  switch (lot) {
    case 's':
      return plan.accept;
    case 'g':
      return plan.accept + 1;
    case 'r':
      return plan.reject;
    default:
      return 0;
  }
}

LotResult Lot(const Switching& state, const Aql& aql, char lot) {
  const Plan plan = FindPlan(300, Level::kII, aql, state.severity, "").value();
  return {state.severity, aql, plan, Found(lot, plan)};
}

Step Take(const Switching& state, const Aql& aql, char lot) {
  if (lot == 'i') return AfterIrregularity(state);
  if (lot == 'e') return Resume(state).value();
  return AfterLot(state, Lot(state, aql, lot), {.steady = lot != 'u', .desired = lot != 'w'});
}

// Without the names of the standards, which all rows would repeat.
std::string Clause(Rule rule) {
  return absl::StrReplaceAll(ClauseOf(rule), {{"ISO 2859-1:1999, ", ""}, {"ANSI/ASQ ", ""}});
}

TEST(SwitchingTest, FollowsTheClausesOfTheStandard) {
  int rows = 0;
  for (const absl::string_view line : absl::StrSplit(kRules, '\n', absl::SkipWhitespace())) {
    std::vector<std::string> cells = absl::StrSplit(line, '|');
    ASSERT_EQ(cells.size(), 5u) << line;
    for (std::string& cell : cells) absl::StripAsciiWhitespace(&cell);
    const Aql aql = Aql::Parse(cells[1], "aql").value();
    Switching state;
    std::string severities;
    std::vector<std::string> rules;
    for (const char lot : cells[2]) {
      const Step step = Take(state, aql, lot);
      if (step.rule != Rule::kNone) rules.push_back(Clause(step.rule));
      state = step.state;
      severities.push_back(Letter(state));
    }
    if (Letter(state) == 'N') rules.push_back(absl::StrCat("score ", state.score));
    EXPECT_EQ(severities, cells[3]) << line;
    EXPECT_EQ(absl::StrJoin(rules, "; "), cells[4]) << line;
    ++rows;
  }
  EXPECT_EQ(rows, 36);
}

TEST(SwitchingTest, JudgesALotByItsOwnPlan) {
  const Plan plan{.letter = 'H', .sample_size = 20, .accept = 1, .reject = 4};
  EXPECT_TRUE(Accepted(plan, 1));
  EXPECT_TRUE(Accepted(plan, 3));
  EXPECT_FALSE(Accepted(plan, 4));
}

TEST(SwitchingTest, ALotOpenedUnderAnotherSeverityChangesNothing) {
  const Aql aql = Aql::Parse("1.0", "").value();
  const Switching normal{.score = 4};
  const LotResult late = Lot({.severity = Severity::kReduced}, aql, 'r');
  const Step step = AfterLot(normal, late);
  EXPECT_FALSE(step.accepted);
  EXPECT_EQ(step.state, normal);
  EXPECT_EQ(step.rule, Rule::kNone);
}

TEST(SwitchingTest, OnlyWhatWasDiscontinuedIsResumed) {
  const absl::Status status = Resume({.severity = Severity::kTightened}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(status), Reason::REASON_STATE_FORBIDS);
}

TEST(SwitchingTest, EveryRuleSaysWhereItIsWrittenAndWhat) {
  EXPECT_EQ(ClauseOf(Rule::kNone), "");
  for (int rule = 1; rule <= static_cast<int>(Rule::kResumed); ++rule) {
    EXPECT_NE(ClauseOf(static_cast<Rule>(rule)), "") << rule;
    EXPECT_NE(WordsOf(static_cast<Rule>(rule)), "") << rule;
  }
}

}  // namespace
}  // namespace tideline::sampling
