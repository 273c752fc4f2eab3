// SPDX-License-Identifier: Apache-2.0
// A ledger as it lies in a folder:
//
//   archive.sqlite     what was sealed
//   key.pem            the key that signs checkpoints; made when absent
//   previous-key.pem   the key that signed before: to change keys, move key.pem here and start
//
// A key that signs for others to trust belongs in a place of its own, readable by this process
// only; the folder may hold links.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/decision_ledger/ledger/sealer.h"

namespace tideline::decision_ledger {

// What origins begin with unless somebody says otherwise.
inline constexpr char kDefaultName[] = "tideline.localhost";

std::string ArchivePath(absl::string_view folder);

struct FolderOptions {
  std::string folder;               // made when absent
  std::string name = kDefaultName;  // what origins begin with; settled by the first start
  SealerOptions sealer;
};

// Opens the folder and seals from then on. Errors of Archive::Open and Sealer::Start, and
// FAILED_PRECONDITION when there is an archive and no key.
absl::StatusOr<std::unique_ptr<Sealer>> SealIntoFolder(FolderOptions options);

}  // namespace tideline::decision_ledger
