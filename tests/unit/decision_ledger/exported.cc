// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/decision_ledger/exported.h"

#include <algorithm>
#include <istream>
#include <streambuf>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "services/decision_ledger/ledger/export.h"
#include "tests/unit/decision_ledger/journals.h"

namespace tideline::decision_ledger {

namespace {

class MemoryBuffer : public std::streambuf {
 public:
  explicit MemoryBuffer(const std::string& text) {
    char* const begin = const_cast<char*>(text.data());
    setg(begin, begin, begin + text.size());
  }
};

}  // namespace

Exported::Exported(uint64_t entries, uint64_t seed) : chance_(seed) {
  ChangeKey();
  // Eight batches, so that an export has several checkpoints.
  for (uint64_t left = entries, parts = 8; parts > 0; --parts) {
    const uint64_t part = left / parts;
    if (part > 0) Grow(part);
    left -= part;
  }
}

absl::Status Exported::Open() {
  Archive::Options options;
  options.path = folder_.path() + "/archive.sqlite";
  options.name = "tideline.example";
  options.partitions = 1;
  if (!previous_key_path_.empty()) {
    auto previous = SigningKey::Read(previous_key_path_);
    EXPECT_TRUE(previous.ok()) << previous.status();
    options.previous_key = *previous;
  }
  auto key = SigningKey::Read(key_path_);
  EXPECT_TRUE(key.ok()) << key.status();
  auto archive = Archive::Open(options, *key);
  if (!archive.ok()) return archive.status();
  archive_ = *std::move(archive);
  auto reader = ArchiveReader::Open(options.path);
  if (!reader.ok()) return reader.status();
  reader_ = *std::move(reader);
  return absl::OkStatus();
}

void Exported::ChangeKey() {
  Close();
  previous_key_path_ = key_path_;
  key_path_ = absl::StrCat(folder_.path(), "/key", ++keys_, ".pem");
  ASSERT_TRUE(SigningKey::Create(key_path_).ok());
  const absl::Status opened = Open();
  ASSERT_TRUE(opened.ok()) << opened;
}

void Exported::Grow(uint64_t entries) {
  std::vector<SealableCommit> commits;
  for (uint64_t i = 0; i < entries; ++i) {
    SealableCommit commit;
    commit.journal = {"work_routing", 0};
    commit.number = ++commit_;
    chance_ = chance_ * 6364136223846793005u + 1442695040888963407u;
    Written written;
    written.subject = absl::StrCat("workspaces/acme/workItems/i", chance_ >> 54);
    written.content = absl::StrCat("content ", commit_);
    commit.events.push_back(MakeEvent(written, commit_, 0));
    if (commit_ % 64 == 0) {
      written.workspace = "workspaces/beta";
      commit.events.push_back(MakeEvent(written, commit_, 1));
    }
    commits.push_back(std::move(commit));
  }
  now_ += absl::Hours(2);
  const absl::Status status = archive_->Append(commits, now_);
  ASSERT_TRUE(status.ok()) << status;
}

std::string Exported::Export(const std::string& workspace) {
  std::string text;
  const absl::Status status = ExportTree(*reader_, workspace, [&](absl::string_view part) {
    absl::StrAppend(&text, part);
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
  return text;
}

std::string Exported::key() { return reader_->Keys(*reader_->TreeOf("workspaces/acme"))->back(); }

std::string Exported::checkpoint() {
  return reader_->Checkpoints(*reader_->TreeOf("workspaces/acme"))->back().note;
}

verify::Report VerifyText(const std::string& text, const verify::Trust& trust) {
  MemoryBuffer buffer(text);
  std::istream in(&buffer);
  return verify::Verify(in, trust);
}

}  // namespace tideline::decision_ledger
