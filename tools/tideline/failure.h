// SPDX-License-Identifier: Apache-2.0
// What the program says and returns when something goes wrong: exit codes that scripts may branch
// on, and for people the reason, the field and what to do about it. Pure; thread-safe.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace tideline::cli {

// Part of the contract: documented in --help and the README.
enum ExitCode {
  kOk = 0,
  kError = 1,        // anything else
  kUsage = 2,        // the command line, or a field of the request, is wrong
  kNotFound = 3,     // the resource does not exist
  kConflict = 4,     // the state forbids it, it exists already, or it has changed meanwhile
  kPermission = 5,   // not allowed, or not known
  kUnavailable = 6,  // not reachable, timed out or overloaded: trying again may help
};

ExitCode ExitCodeOf(const absl::Status& status);

// Several lines for people: message, reason, fields, metadata, remedy.
std::string Explain(const absl::Status& status);

// The exit codes as a table, for help.
std::string ExitCodeHelp();

}  // namespace tideline::cli
