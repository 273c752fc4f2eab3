// SPDX-License-Identifier: Apache-2.0
#include "tools/tideline/completion.h"

#include <algorithm>

#include "CLI/CLI.hpp"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace tideline::cli {
namespace {

constexpr char kBash[] = R"(# bash completion for tideline: source <(tideline completion bash)
_tideline() {
  local IFS=$'\n'
  COMPREPLY=($(tideline __complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _tideline tideline
)";

constexpr char kZsh[] = R"(#compdef tideline
# zsh completion for tideline: source <(tideline completion zsh)
_tideline() {
  local -a candidates
  candidates=("${(@f)$(tideline __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "${candidates[*]}" ]]; then compadd -a candidates; else _files; fi
}
compdef _tideline tideline
)";

// Choices are written into an option's type name as "a|b|c" (values.h: TypeHint).
std::vector<std::string> Choices(const CLI::Option& option) {
  const std::string hint = option.get_type_name();
  if (!absl::StrContains(hint, '|')) return {};
  return absl::StrSplit(hint, '|');
}

const CLI::Option* FindOption(const CLI::App& app, const std::string& word) {
  for (const CLI::App* at = &app; at != nullptr; at = at->get_parent()) {
    for (const CLI::Option* option : at->get_options()) {
      if (absl::StartsWith(word, "-") && option->check_name(word)) return option;
    }
  }
  return nullptr;
}

std::vector<std::string> Subcommands(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (!sub->get_name().empty()) names.push_back(sub->get_name());
  }
  return names;
}

// Edits (a letter more, less or other) that turn one word into the other.
size_t Distance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

void AddFlags(const CLI::App& app, std::vector<std::string>& all) {
  for (const CLI::App* at = &app; at != nullptr; at = at->get_parent()) {
    for (const CLI::Option* option : at->get_options()) {
      for (const std::string& name : option->get_lnames()) all.push_back(absl::StrCat("--", name));
    }
  }
}

}  // namespace

absl::StatusOr<std::string> CompletionScript(absl::string_view shell) {
  if (shell == "bash") return std::string(kBash);
  if (shell == "zsh") return std::string(kZsh);
  return absl::InvalidArgumentError(absl::StrCat("no completion for ", shell, "; bash or zsh"));
}

std::vector<std::string> Complete(const CLI::App& program, const std::vector<std::string>& words) {
  const std::string last = words.empty() ? "" : words.back();
  const CLI::App* at = &program;
  size_t place = 0;                      // among the positional arguments of `at`
  const CLI::Option* waiting = nullptr;  // a flag whose value comes next
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    if (waiting != nullptr) {
      waiting = nullptr;
      continue;
    }
    if (absl::StartsWith(words[i], "-")) {
      const CLI::Option* option = FindOption(*at, words[i]);
      if (option != nullptr && option->get_items_expected_max() > 0) waiting = option;
      continue;
    }
    const auto subcommands =
        at->get_subcommands([&](const CLI::App* app) { return app->check_name(words[i]); });
    if (subcommands.empty()) {
      ++place;
    } else {
      at = subcommands.front();
      place = 0;
    }
  }
  std::vector<std::string> all;
  if (waiting != nullptr) {
    all = Choices(*waiting);
  } else if (absl::StartsWith(last, "-")) {
    AddFlags(*at, all);
  } else {
    for (const CLI::App* app : at->get_subcommands([](const CLI::App*) { return true; })) {
      if (!app->get_name().empty() && !app->get_group().empty()) all.push_back(app->get_name());
    }
    const auto positionals =
        at->get_options([](const CLI::Option* option) { return option->get_positional(); });
    if (place < positionals.size()) {
      const auto choices = Choices(*positionals[place]);
      all.insert(all.end(), choices.begin(), choices.end());
    }
  }
  std::vector<std::string> fitting;
  for (const std::string& candidate : all) {
    if (absl::StartsWith(candidate, last)) fitting.push_back(candidate);
  }
  std::sort(fitting.begin(), fitting.end());
  fitting.erase(std::unique(fitting.begin(), fitting.end()), fitting.end());
  return fitting;
}

std::string Misspelt(const CLI::App& program, const std::vector<std::string>& words) {
  const CLI::App* at = &program;
  const CLI::Option* waiting = nullptr;  // a flag whose value comes next
  for (const std::string& word : words) {
    if (waiting != nullptr) {
      waiting = nullptr;
      continue;
    }
    if (absl::StartsWith(word, "-")) {
      const CLI::Option* option = FindOption(*at, word);
      if (option != nullptr && option->get_items_expected_max() > 0) waiting = option;
      continue;
    }
    const std::vector<std::string> known = Subcommands(*at);
    if (known.empty()) return "";  // a verb: what follows are values
    if (std::find(known.begin(), known.end(), word) != known.end()) {
      at = at->get_subcommand(word);
      continue;
    }
    const std::string nearest = *std::min_element(
        known.begin(), known.end(),
        [&](const auto& a, const auto& b) { return Distance(word, a) < Distance(word, b); });
    // More than a third of the letters wrong is another word, not a slip.
    const bool near = 3 * Distance(word, nearest) <= word.size() + 2;
    return absl::StrCat("there is no \"", word, "\" in ", at->get_name(),
                        near ? absl::StrCat("; did you mean ", nearest, "?") : "", "\nIt knows ",
                        absl::StrJoin(known, ", "), ".");
  }
  return "";
}

}  // namespace tideline::cli
