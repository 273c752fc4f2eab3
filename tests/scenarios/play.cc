// SPDX-License-Identifier: Apache-2.0
#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "tests/scenarios/sentences.h"
#include "tests/support/accountability.h"

namespace tideline::scenarios {
namespace {

// Plays one line; empty: it went as it says.
std::string PlayLine(Stage& stage, const Line& line) {
  const absl::Status status = Say(stage, line.text);
  if (line.refused.empty()) return status.ok() ? "" : status.ToString();
  if (status.ok()) return absl::StrCat("was not refused, but should be: ", line.refused);
  stage.last_refusal = status;
  return ReasonName(ReasonOf(status)) == line.refused
             ? ""
             : absl::StrCat("refused otherwise: ", status.ToString());
}

}  // namespace

const std::vector<Sentence>& AllSentences() {
  static const auto* const all = [] {
    auto* sentences = new std::vector<Sentence>;
    for (auto part : {WorldSentences, WorkSentences, HandoffSentences, ReviewSentences,
                      DecisionSentences, ExpectedSentences}) {
      for (Sentence& sentence : part()) sentences->push_back(std::move(sentence));
    }
    return sentences;
  }();
  return *all;
}

absl::Status Say(Stage& stage, const std::string& text) {
  Words words;
  for (const Sentence& sentence : AllSentences()) {
    if (Matches(sentence.form, text, &words)) return sentence.play(stage, words);
  }
  return absl::InvalidArgumentError("there is no such sentence; see the README");
}

std::vector<std::string> Play(const Script& script) {
  Stage stage;
  if (const absl::Status status = stage.Open(); !status.ok()) return {status.ToString()};
  for (const Line& line : script.lines) {
    const std::string wrong = PlayLine(stage, line);
    if (!wrong.empty()) {
      return {absl::StrCat("line ", line.number, ": ", line.text, "\n    ", wrong)};
    }
  }
  std::vector<std::string> wrong;
  for (const std::string& id : stage.items) {
    const auto item = stage.Item(id);
    const std::string what =
        item.ok() ? testing::Untiled(*item, stage.now()) : item.status().ToString();
    if (!what.empty()) wrong.push_back(absl::StrCat(id, ": ", what));
  }
  return wrong;
}

}  // namespace tideline::scenarios
