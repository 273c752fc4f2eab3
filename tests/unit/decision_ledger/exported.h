// SPDX-License-Identifier: Apache-2.0
// An archive with entries in it, and its export, for tests of export and verifier. One thread's.
#pragma once

#include <memory>
#include <string>

#include "services/decision_ledger/ledger/archive.h"
#include "tests/support/temp_folder.h"
#include "tools/verify/verify.h"

namespace tideline::decision_ledger {

class Exported {
 public:
  // An archive of `entries` events of acme and a few of another workspace, sealed in batches hours
  // apart, so that checkpoints lie between.
  explicit Exported(uint64_t entries, uint64_t seed = 1);

  // Seals so many more.
  void Grow(uint64_t entries);
  // Lets another key sign from now on.
  void ChangeKey();

  std::string Export(const std::string& workspace = "workspaces/acme");
  // The verifier key that signs now.
  std::string key();
  // The newest checkpoint of acme.
  std::string checkpoint();
  verify::Trust trust() { return {key(), ""}; }

  ArchiveReader& reader() { return *reader_; }
  Archive& archive() { return *archive_; }
  const std::string& folder() const { return folder_.path(); }
  void Close() { archive_.reset(); }
  absl::Status Open();

 private:
  testing::TempFolder folder_;
  std::string key_path_;
  std::string previous_key_path_;
  int keys_ = 0;
  uint64_t commit_ = 0;
  uint64_t chance_;
  absl::Time now_ = absl::FromUnixSeconds(1'700'000'000);
  std::unique_ptr<Archive> archive_;
  std::unique_ptr<ArchiveReader> reader_;
};

// Reads text without copying it.
verify::Report VerifyText(const std::string& text, const verify::Trust& trust);

}  // namespace tideline::decision_ledger
