// SPDX-License-Identifier: Apache-2.0
// The text of a scenario, and the forms of its sentences. A form is written as it is read,
//
//   PERSON hands ITEM to PARTY: TEXT
//
// with words in capitals where a sentence has a name, a text, a time. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tideline::scenarios {

// One line that says something.
struct Line {
  int number = 0;       // in the file, from 1
  std::string text;     // without indent, full stop or colon at the end, and without the next
  std::string refused;  // the reason of "(refused: REASON)" at the end; empty: must succeed
};

struct Script {
  std::string title;  // the first line
  std::vector<Line> lines;
};

// Empty lines and those that begin with # say nothing. INVALID_ARGUMENT: there is nothing in it.
absl::StatusOr<Script> ParseScript(absl::string_view text);

// What stands where the form has its capitals, in order; nothing if the text is no such sentence.
// The form's words are PERSON, TEAM, PARTY, ITEM, SKILL, QUEUE (a name), TEXT (in quotes), DATE,
// CLOCK (hh:mm), ZONE, COUNTRY, HOURS, N, UNIT (minutes, hours, days), NAMES (with commas), WORD.
bool Matches(absl::string_view form, absl::string_view text, std::vector<std::string>* words);

}  // namespace tideline::scenarios
