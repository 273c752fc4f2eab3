// SPDX-License-Identifier: Apache-2.0
#include "services/decision_ledger/ledger/export.h"

#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace tideline::decision_ledger {

namespace {

void AppendProof(const Proof& proof, std::string& out) {
  out += '[';
  for (size_t i = 0; i < proof.size(); ++i) {
    absl::StrAppend(&out, i == 0 ? "\"" : ",\"", absl::Base64Escape(ToBytes(proof[i])), "\"");
  }
  out += ']';
}

// Notes are text in UTF-8 without control characters but the newline.
std::string Quoted(absl::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
  return out;
}

// The hashes of one block, kept by level: levels[0] the leaves, then what is perfect above them.
class Block {
 public:
  void Add(const Hash& leaf) {
    frontier_.Append(leaf, [this](int level, uint64_t, const Hash& hash) {
      if (levels_.size() <= static_cast<size_t>(level)) levels_.emplace_back();
      levels_[static_cast<size_t>(level)].push_back(hash);
    });
  }
  uint64_t size() const { return frontier_.size(); }
  Hash Root() const { return frontier_.Root(); }
  absl::StatusOr<Proof> ProofOf(uint64_t index) const {
    const NodeReader reader = [this](int level, uint64_t number) -> absl::StatusOr<Hash> {
      return levels_[static_cast<size_t>(level)][number];
    };
    return InclusionProof(reader, index, size());
  }

 private:
  Frontier frontier_;
  std::vector<std::vector<Hash>> levels_;
};

class Exporter {
 public:
  Exporter(ArchiveReader& archive, TreeState tree, const ExportSink& sink)
      : archive_(archive),
        tree_(std::move(tree)),
        nodes_(archive.NodesOf(tree_)),
        blocks_((tree_.size + kBlockLeaves - 1) / kBlockLeaves),
        sink_(sink) {}

  absl::Status Run() {
    TL_RETURN_IF_ERROR(WriteHead());
    TL_RETURN_IF_ERROR(FindLastBlock());
    std::vector<ArchiveReader::Entry> entries;
    for (uint64_t block = 0; block < blocks_; ++block) TL_RETURN_IF_ERROR(WriteBlock(block));
    return absl::OkStatus();
  }

 private:
  absl::Status WriteHead() {
    TL_ASSIGN_OR_RETURN(const std::vector<std::string> keys, archive_.Keys(tree_));
    TL_ASSIGN_OR_RETURN(const auto checkpoints, archive_.Checkpoints(tree_));
    if (keys.empty() || checkpoints.empty() || checkpoints.back().size != tree_.size) {
      return absl::DataLossError(
          absl::StrCat("the tree of ", tree_.workspace, " has no checkpoint of its size"));
    }
    TL_RETURN_IF_ERROR(
        sink_(absl::StrCat("{\"export\":1,\"origin\":", Quoted(tree_.origin),
                           ",\"key\":", Quoted(keys.back()), ",\"size\":", tree_.size, "}\n")));
    uint64_t before = 0;
    for (const ArchiveReader::StoredCheckpoint& checkpoint : checkpoints) {
      TL_ASSIGN_OR_RETURN(const Proof proof, ConsistencyProof(nodes_, before, checkpoint.size));
      std::string line =
          absl::StrCat("{\"checkpoint\":", Quoted(checkpoint.note), ",\"consistency\":");
      AppendProof(proof, line);
      TL_RETURN_IF_ERROR(sink_(line + "}\n"));
      before = checkpoint.size;
    }
    return absl::OkStatus();
  }

  // The last block may be short, and then no node holds its root.
  absl::Status FindLastBlock() {
    const uint64_t first = (blocks_ - 1) * kBlockLeaves;
    return archive_.Entries(tree_, first, kBlockLeaves, [this](const ArchiveReader::Entry& entry) {
      last_.Add(entry.leaf);
      return absl::OkStatus();
    });
  }

  // Nodes of the tree over blocks.
  absl::StatusOr<Hash> BlockNode(int level, uint64_t index) const {
    const bool holds_last = ((index + 1) << level) == blocks_;
    if (!holds_last || tree_.size % kBlockLeaves == 0) return nodes_(level + kKeptLevel, index);
    if (level == 0) return last_.Root();
    TL_ASSIGN_OR_RETURN(const Hash left, BlockNode(level - 1, index * 2));
    TL_ASSIGN_OR_RETURN(const Hash right, BlockNode(level - 1, index * 2 + 1));
    return HashNode(left, right);
  }

  absl::Status WriteBlock(uint64_t number) {
    Block block;
    std::vector<ArchiveReader::Entry> entries;
    TL_RETURN_IF_ERROR(archive_.Entries(tree_, number * kBlockLeaves, kBlockLeaves,
                                        [&](const ArchiveReader::Entry& entry) {
                                          block.Add(entry.leaf);
                                          entries.push_back(entry);
                                          return absl::OkStatus();
                                        }));
    std::string text;
    for (uint64_t i = 0; i < entries.size(); ++i) {
      TL_ASSIGN_OR_RETURN(const Proof proof, block.ProofOf(i));
      absl::StrAppend(&text, "{\"entry\":", entries[i].position, ",\"sealed\":\"",
                      absl::Base64Escape(entries[i].sealed), "\",\"proof\":");
      AppendProof(proof, text);
      text += "}\n";
    }
    const NodeReader block_nodes = [this](int level, uint64_t index) {
      return BlockNode(level, index);
    };
    TL_ASSIGN_OR_RETURN(const Proof proof, InclusionProof(block_nodes, number, blocks_));
    absl::StrAppend(&text, "{\"block\":", number, ",\"proof\":");
    AppendProof(proof, text);
    return sink_(text + "}\n");
  }

  ArchiveReader& archive_;
  const TreeState tree_;
  const NodeReader nodes_;
  const uint64_t blocks_;
  const ExportSink& sink_;
  Block last_;
};

}  // namespace

absl::Status ExportTree(ArchiveReader& archive, absl::string_view workspace,
                        const ExportSink& sink) {
  const ArchiveReader::Snapshot snapshot(archive);
  TL_ASSIGN_OR_RETURN(TreeState tree, archive.TreeOf(workspace));
  return Exporter(archive, std::move(tree), sink).Run();
}

}  // namespace tideline::decision_ledger
