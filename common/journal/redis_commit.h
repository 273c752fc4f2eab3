// SPDX-License-Identifier: Apache-2.0
// A commit as the arguments of one FCALL. The hot path: values are sealed into one arena, names and
// ids are sent from where they lie in the commit. Pure; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/strings/string_view.h"
#include "common/journal/journal.h"

namespace tideline::journal {

struct CommitCommand {
  std::vector<absl::string_view> args;
  std::shared_ptr<const void> keep;  // what `args` point into, but for the keys given
};

// `prefix`, `meta_key` and `journal_key` must outlive the sending. The commit has passed
// CheckCommit.
CommitCommand MakeCommitCommand(uint64_t epoch, std::shared_ptr<const Commit> commit,
                                absl::string_view prefix, absl::string_view meta_key,
                                absl::string_view journal_key);

}  // namespace tideline::journal
