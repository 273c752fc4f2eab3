// SPDX-License-Identifier: Apache-2.0
// What the sentences of a scenario do and expect. Every form stands in the README beside this file;
// a test holds the two together.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tests/scenarios/script.h"
#include "tests/scenarios/stage.h"

namespace tideline::scenarios {

using Words = std::vector<std::string>;

struct Sentence {
  const char* form;  // script.h
  // A refusal of the suite carries its reason; what is not as expected is a status without one.
  std::function<absl::Status(Stage&, const Words&)> play;
};

// Who is there, when it is, what becomes of items, of handoffs and relays, who judges results, what
// is decided, and what is expected.
std::vector<Sentence> WorldSentences();
std::vector<Sentence> WorkSentences();
std::vector<Sentence> HandoffSentences();
std::vector<Sentence> ReviewSentences();
std::vector<Sentence> DecisionSentences();
std::vector<Sentence> ExpectedSentences();

// All of them; a text matches one at most.
const std::vector<Sentence>& AllSentences();

// Plays one sentence. A text that is none is INVALID_ARGUMENT without a reason.
absl::Status Say(Stage& stage, const std::string& text);

// Plays a whole script and adds, for each line that did not go as it says, "line 12: text: what".
// Ends at the first. At the end the intervals of accountability of every item must tile its life.
std::vector<std::string> Play(const Script& script);

}  // namespace tideline::scenarios
