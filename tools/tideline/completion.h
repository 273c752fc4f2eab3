// SPDX-License-Identifier: Apache-2.0
// Completion for bash and zsh: a short script per shell asks the program itself, so it always knows
// what this version knows. Pure; thread-safe.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace CLI {
class App;
}

namespace tideline::cli {

// The script for "bash" or "zsh"; INVALID_ARGUMENT for another shell.
absl::StatusOr<std::string> CompletionScript(absl::string_view shell);

// What may stand in place of the last of `words` (those behind the program's name): nouns, verbs,
// flags, or the values of an enum.
std::vector<std::string> Complete(const CLI::App& program, const std::vector<std::string>& words);

// What to say when `words` name a noun or verb that does not exist, with the nearest that do; empty
// when they all exist.
std::string Misspelt(const CLI::App& program, const std::vector<std::string>& words);

}  // namespace tideline::cli
