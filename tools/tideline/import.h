// SPDX-License-Identifier: Apache-2.0
// `tideline import experts|skills FILE.csv`: reads the file, sends it in chunks under one import
// resource, and says for each refused row why. A rerun of the same file goes on where it stopped.
// Not thread-safe. Blocks.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "tools/tideline/run.h"

namespace tideline::cli {

// Rows per call: the service's own bound (ImportExpertsRequest.experts).
inline constexpr int kImportChunk = 200;

struct ImportOptions {
  std::string what;       // "experts" or "skills"
  std::string file;       // "-": standard input
  bool dry_run = false;   // only say what would be done
  std::string import_id;  // empty: from the file's content
};

// INVALID_ARGUMENT when the file does not parse (nothing is sent then), or rows were refused.
absl::Status RunImport(const ImportOptions& options, const Session& session);

// The id under which a file of this content is imported, so that a rerun is known as such.
std::string ImportIdOf(absl::string_view what, absl::string_view content);

// The contents of a file, or of standard input for "-". NOT_FOUND names the file.
absl::StatusOr<std::string> ReadAll(const std::string& path);

}  // namespace tideline::cli
