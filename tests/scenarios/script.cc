// SPDX-License-Identifier: Apache-2.0
#include "tests/scenarios/script.h"

#include <map>
#include <regex>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace tideline::scenarios {
namespace {

const std::map<std::string, std::string>& Placeholders() {
  static const auto* const placeholders = [] {
    const std::string name = "([a-z][a-z0-9-]*)";
    return new std::map<std::string, std::string>{
        {"PERSON", name},
        {"TEAM", name},
        {"PARTY", name},
        {"ITEM", name},
        {"SKILL", name},
        {"QUEUE", name},
        {"TEXT", "\"([^\"]*)\""},
        {"DATE", "(\\d{4}-\\d{2}-\\d{2})"},
        {"CLOCK", "(\\d{2}:\\d{2})"},
        {"ZONE", "([A-Z][A-Za-z]+/[A-Za-z_]+|UTC)"},
        {"COUNTRY", "([A-Z]{2})"},
        {"HOURS", "([a-z]{3}[a-z0-9:; -]*)"},
        {"N", "(\\d+)"},
        {"UNIT", "(minutes?|hours?|days?)"},
        {"NAMES", "([a-z][a-z0-9-]*(?:, [a-z][a-z0-9-]*)*)"},
        {"WORD", "([a-z]+(?: [a-z]+)?)"},
    };
  }();
  return *placeholders;
}

std::regex Compile(absl::string_view form) {
  static const std::regex special(R"([.^$|()\[\]{}*+?\\])");
  std::string pattern;
  std::string word;
  const auto flush = [&] {
    const auto found = Placeholders().find(word);
    absl::StrAppend(&pattern, found != Placeholders().end()
                                  ? found->second
                                  : std::regex_replace(word, special, "\\$&"));
    word.clear();
  };
  for (char c : form) {
    if (absl::ascii_isalpha(static_cast<unsigned char>(c))) {
      word += c;
      continue;
    }
    flush();
    pattern += std::regex_replace(std::string(1, c), special, "\\$&");
  }
  flush();
  return std::regex(pattern);
}

}  // namespace

absl::StatusOr<Script> ParseScript(absl::string_view text) {
  static const std::regex refused(R"(^(.*?)\s*\(refused: ([A-Z_]+)\)$)");
  Script script;
  int number = 0;
  for (absl::string_view raw : absl::StrSplit(text, '\n')) {
    ++number;
    absl::string_view line = absl::StripAsciiWhitespace(raw);
    if (line.empty() || absl::StartsWith(line, "#")) continue;
    if (script.title.empty()) {
      script.title = std::string(line);
      continue;
    }
    if (!absl::ConsumeSuffix(&line, ".")) absl::ConsumeSuffix(&line, ":");
    Line made{number, std::string(line), ""};
    std::smatch parts;
    if (std::regex_match(made.text, parts, refused)) {
      made.refused = parts[2];
      made.text = std::string(parts[1]);
    }
    if (absl::EndsWith(made.text, ".")) made.text.pop_back();
    script.lines.push_back(std::move(made));
  }
  if (script.lines.empty()) return absl::InvalidArgumentError("says nothing");
  return script;
}

bool Matches(absl::string_view form, absl::string_view text, std::vector<std::string>* words) {
  static auto* const compiled = new std::map<std::string, std::regex>;  // one thread, tests only
  auto [at, fresh] = compiled->try_emplace(std::string(form));
  if (fresh) at->second = Compile(form);
  std::smatch parts;
  const std::string whole(text);
  if (!std::regex_match(whole, parts, at->second)) return false;
  words->assign(parts.begin() + 1, parts.end());
  return true;
}

}  // namespace tideline::scenarios
