// SPDX-License-Identifier: Apache-2.0
#include "services/decision_ledger/ledger/folder.h"

#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace tideline::decision_ledger {

namespace {

absl::StatusOr<std::optional<SigningKey>> ReadIfThere(const std::string& path) {
  absl::StatusOr<SigningKey> key = SigningKey::Read(path);
  if (absl::IsNotFound(key.status())) return std::optional<SigningKey>();
  if (!key.ok()) return key.status();
  return std::optional<SigningKey>(*std::move(key));
}

}  // namespace

std::string ArchivePath(absl::string_view folder) {
  return absl::StrCat(folder, "/archive.sqlite");
}

absl::StatusOr<std::unique_ptr<Sealer>> SealIntoFolder(FolderOptions options) {
  const std::string& folder = options.folder;
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot make the ledger's folder ", folder, ": ", error.message()));
  }
  Archive::Options archive;
  archive.path = ArchivePath(folder);
  archive.name = options.name;
  archive.partitions = options.sealer.partitions;
  TL_ASSIGN_OR_RETURN(archive.previous_key, ReadIfThere(absl::StrCat(folder, "/previous-key.pem")));
  const std::string key_path = absl::StrCat(folder, "/key.pem");
  TL_ASSIGN_OR_RETURN(std::optional<SigningKey> key, ReadIfThere(key_path));
  if (!key.has_value()) {
    if (std::filesystem::exists(archive.path) && !archive.previous_key.has_value()) {
      return absl::FailedPreconditionError(absl::StrCat("the ledger's key ", key_path,
                                                        " is missing, and ", archive.path,
                                                        " was signed with it: bring it back"));
    }
    TL_ASSIGN_OR_RETURN(key, SigningKey::Create(key_path));
  }
  TL_ASSIGN_OR_RETURN(std::unique_ptr<Archive> opened,
                      Archive::Open(std::move(archive), *std::move(key)));
  return Sealer::Start(std::move(options.sealer), std::move(opened));
}

}  // namespace tideline::decision_ledger
