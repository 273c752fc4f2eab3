// SPDX-License-Identifier: Apache-2.0
#include "tools/verify/verify.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"
#include "tideline/decision_ledger/v1/ledger.pb.h"
#include "tideline/type/v1/event.pb.h"
#include "tools/verify/line.h"
#include "tools/verify/merkle.h"
#include "tools/verify/note.h"

namespace tideline::verify {

namespace {

using Where = Finding::Where;

constexpr uint64_t kBlockEntries = 256;
constexpr char kNextKey[] = "tideline-next-key ";

// Number of the field of a service's Event that says what happened: the first one after the header.
int KindOf(const std::string& event) {
  using google::protobuf::internal::WireFormatLite;
  google::protobuf::io::CodedInputStream input(reinterpret_cast<const uint8_t*>(event.data()),
                                               static_cast<int>(event.size()));
  while (const uint32_t tag = input.ReadTag()) {
    if (WireFormatLite::GetTagFieldNumber(tag) != 1) return WireFormatLite::GetTagFieldNumber(tag);
    if (!WireFormatLite::SkipField(&input, tag)) break;
  }
  return 0;
}

// What the content of entries must show in one journal after the other.
class Journals {
 public:
  explicit Journals(const std::string& origin) {
    const size_t slash = origin.rfind('/');
    workspace_ = "workspaces/" + origin.substr(slash == std::string::npos ? 0 : slash + 1);
  }

  // What is wrong with the entry at `position`; empty: nothing.
  std::string Take(uint64_t position, const std::string& bytes,
                   std::map<std::string, uint64_t>& kinds) {
    if (!sealed_.ParseFromString(bytes)) return "is not a sealed event";
    if (sealed_.position() != position) {
      return "was sealed at position " + std::to_string(sealed_.position());
    }
    if (!any_.ParseFromString(sealed_.event())) return "holds an event that does not parse";
    const type::v1::EventHeader& header = any_.header();
    if (header.workspace() != workspace_) return "belongs to " + header.workspace();
    uint64_t& sequence = sequences_[sealed_.service()];
    if (sealed_.sequence() != sequence) {
      return "is event " + std::to_string(sealed_.sequence()) + " of " + sealed_.service() +
             ", and " + std::to_string(sequence) + " is due";
    }
    ++sequence;
    auto& last = last_[{sealed_.service(), sealed_.partition()}];
    const std::pair<uint64_t, uint64_t> here(header.revision().commit(),
                                             header.revision().index() + uint64_t{1});
    if (here <= last) return "stands before the one before it in its journal";
    last = here;
    ++kinds[sealed_.service() + "." + std::to_string(KindOf(sealed_.event()))];
    return "";
  }

 private:
  std::string workspace_;
  decision_ledger::v1::SealedEvent sealed_;
  type::v1::AnyEvent any_;
  std::map<std::string, uint64_t> sequences_;
  std::map<std::pair<std::string, uint32_t>, std::pair<uint64_t, uint64_t>> last_;
};

class Verifier {
 public:
  Verifier(std::istream& lines, const Trust& trust) : lines_(lines), trust_(trust) {}

  Report Run() {
    if (ReadTrust() && ReadHeader() && ReadCheckpoints() && CheckKept()) ReadEntries();
    return std::move(report_);
  }

 private:
  bool Bad(Where where, uint64_t index, std::string what) {
    report_.first_bad = {where, index, std::move(what)};
    return false;
  }

  bool ReadTrust() {
    if (!ParseKey(trust_.key, key_)) {
      return Bad(Where::kTrust, 0, "the key is not an Ed25519 verifier key");
    }
    if (trust_.checkpoint.empty()) return true;
    kept_.emplace();
    if (!ParseCheckpoint(trust_.checkpoint, *kept_)) {
      return Bad(Where::kTrust, 0, "the kept checkpoint is not one");
    }
    report_.kept_size = kept_->size;
    return true;
  }

  bool NextLine() {
    has_line_ = static_cast<bool>(std::getline(lines_, line_));
    // A last line without its newline was cut.
    if (has_line_ && lines_.eof()) {
      has_line_ = false;
      cut_ = true;
    }
    return has_line_;
  }

  bool ReadHeader() {
    if (!NextLine() || !ReadLine(line_, header_)) {
      return Bad(Where::kHeader, 0, "is not an export's first line");
    }
    if (header_.origin != key_.name) {
      return Bad(Where::kHeader, 0, "is of " + header_.origin + ", and the key is of " + key_.name);
    }
    report_.origin = header_.origin;
    return true;
  }

  bool ReadCheckpoints() {
    std::vector<Proof> proofs;
    while (NextLine() && IsCheckpointLine(line_)) {
      CheckpointLine line;
      Checkpoint checkpoint;
      const uint64_t index = checkpoints_.size();
      if (!ReadLine(line_, line) || !ParseCheckpoint(line.note, checkpoint)) {
        return Bad(Where::kCheckpoint, index, "is not a checkpoint");
      }
      if (checkpoint.origin != header_.origin) {
        return Bad(Where::kCheckpoint, index, "is of " + checkpoint.origin);
      }
      checkpoints_.push_back(std::move(checkpoint));
      proofs.push_back(std::move(line.consistency));
    }
    if (!CheckSignatures()) return false;
    uint64_t size = 0;
    Hash root = RootOf({});
    for (size_t i = 0; i < checkpoints_.size(); ++i) {
      const Checkpoint& checkpoint = checkpoints_[i];
      if (!IsConsistent(size, root, checkpoint.size, checkpoint.root, proofs[i])) {
        return Bad(Where::kCheckpoint, i, "is not consistent with the one before it");
      }
      size = checkpoint.size;
      root = checkpoint.root;
    }
    if (checkpoints_.empty() || size != header_.size) {
      return Bad(Where::kCheckpoint, checkpoints_.size(),
                 "is missing: the last one covers " + std::to_string(size) + " of " +
                     std::to_string(header_.size));
    }
    if (header_.key != keys_.back().text) {
      return Bad(Where::kHeader, 0, "names another key than the one that signs");
    }
    return true;
  }

  // Follows the keys from the one that is trusted to the one that signs now.
  bool CheckSignatures() {
    size_t first = 0;  // checkpoints before the trusted key came are not its affair
    for (size_t i = 0; i < checkpoints_.size(); ++i) {
      for (const std::string& line : checkpoints_[i].extensions) {
        if (line == kNextKey + key_.text) first = i;
      }
    }
    report_.checkpoints_before_key = first;
    keys_.push_back(key_);
    for (size_t i = first; i < checkpoints_.size(); ++i) {
      const Checkpoint& checkpoint = checkpoints_[i];
      if (!IsSignedBy(checkpoint.note, keys_.back())) {
        return Bad(Where::kCheckpoint, i, "is not signed with the trusted key");
      }
      for (const std::string& line : checkpoint.extensions) {
        if (line.compare(0, sizeof(kNextKey) - 1, kNextKey) != 0) continue;
        Key next;
        if (!ParseKey(line.substr(sizeof(kNextKey) - 1), next) || next.name != key_.name ||
            !IsSignedBy(checkpoint.note, next)) {
          return Bad(Where::kCheckpoint, i, "hands over to a key that did not sign it");
        }
        if (next.text != keys_.back().text) keys_.push_back(next);
      }
    }
    return true;
  }

  bool CheckKept() {
    if (!kept_.has_value()) return true;
    bool is_signed = false;
    for (const Key& key : keys_) is_signed = is_signed || IsSignedBy(kept_->note, key);
    if (!is_signed || kept_->origin != header_.origin) {
      return Bad(Where::kTrust, 0, "the kept checkpoint is not signed with the trusted key");
    }
    if (kept_->size > header_.size) {
      return Bad(
          Where::kEntry, header_.size,
          "is missing: the kept checkpoint covers " + std::to_string(kept_->size) + " entries");
    }
    return true;
  }

  void ReadEntries() {
    Journals journals(header_.origin);
    std::vector<EntryLine> entries;
    std::vector<Hash> leaves;
    std::string content;  // what is wrong with what an entry of this block says
    uint64_t content_at = 0;
    uint64_t position = 0;
    while (position < header_.size) {
      // The line is read already: reading checkpoints ended at it.
      EntryLine entry;
      if (!has_line_ || !ReadLine(line_, entry) || entry.entry != position) {
        const std::string what = has_line_ ? "is not this entry" : Missing();
        if (EarlierIsGood(entries, leaves)) Bad(Where::kEntry, position, what);
        return;
      }
      leaves.push_back(LeafHash(entry.sealed));
      if (content.empty()) {
        content = journals.Take(position, entry.sealed, report_.kinds);
        content_at = position;
      }
      entries.push_back(std::move(entry));
      ++position;
      NextLine();
      if (leaves.size() < kBlockEntries && position < header_.size) continue;
      if (!EndBlock(entries, leaves)) return;
      // Signed, and yet wrong: the sealer's fault, not a forger's.
      if (!content.empty()) {
        Bad(Where::kEntry, content_at, content);
        return;
      }
      entries.clear();
      leaves.clear();
      NextLine();
    }
    if (has_line_ || cut_) {
      Bad(Where::kEntry, header_.size, "is beyond the export's size");
      return;
    }
    CheckRoot();
  }

  std::string Missing() const { return cut_ ? "is cut" : "is missing"; }

  // The block's entries are read, its own line is at hand.
  bool EndBlock(const std::vector<EntryLine>& entries, const std::vector<Hash>& leaves) {
    const uint64_t number = blocks_.size();
    const uint64_t count = (header_.size + kBlockEntries - 1) / kBlockEntries;
    BlockLine line;
    if (!has_line_ || !ReadLine(line_, line) || line.block != number) {
      return Bad(Where::kBlock, number, has_line_ ? "is not this block's path" : Missing());
    }
    Block block(leaves);
    const Hash& signed_root = checkpoints_.back().root;
    Hash root;
    if (RootByInclusion(block.root(), number, count, line.proof, root) && root == signed_root) {
      for (size_t i = 0; i < entries.size(); ++i) {
        if (block.IsPath(i, entries[i].proof)) continue;
        return Bad(Where::kEntry, entries[i].entry, "has a path that is not its own");
      }
    } else if (!BlameEntry(entries, leaves, line, count)) {
      return false;
    }
    if (!CheckRootsWithin(number * kBlockEntries, leaves)) return false;
    blocks_.push_back(block.root());
    return true;
  }

  // A block does not lead to the signed root. An entry that does by its own path is good; the first
  // that does not is to blame. If none does, it may be the block's path: that shows at the end.
  bool BlameEntry(const std::vector<EntryLine>& entries, const std::vector<Hash>& leaves,
                  const BlockLine& line, uint64_t count) {
    bool any_good = false;
    const std::optional<uint64_t> bad = FirstBad(entries, leaves, line, count, any_good);
    if (any_good && bad.has_value()) {
      return Bad(Where::kEntry, *bad, "is not what was signed");
    }
    if (!suspect_.has_value()) suspect_ = line.block;
    return true;
  }

  // The first entry that its own path and the block's do not lead to the signed root.
  std::optional<uint64_t> FirstBad(const std::vector<EntryLine>& entries,
                                   const std::vector<Hash>& leaves, const BlockLine& line,
                                   uint64_t count, bool& any_good) const {
    const uint64_t size = std::min(kBlockEntries, header_.size - line.block * kBlockEntries);
    std::optional<uint64_t> bad;
    for (size_t i = 0; i < entries.size(); ++i) {
      Hash block_root;
      Hash root;
      const bool good = RootByInclusion(leaves[i], i, size, entries[i].proof, block_root) &&
                        RootByInclusion(block_root, line.block, count, line.proof, root) &&
                        root == checkpoints_.back().root;
      any_good = any_good || good;
      if (!good && !bad.has_value()) bad = entries[i].entry;
    }
    return bad;
  }

  // A line is wrong: were those before it in the block right? An entry that was left out shows
  // where the numbers end only, if those after it were given new ones.
  bool EarlierIsGood(const std::vector<EntryLine>& entries, const std::vector<Hash>& leaves) {
    BlockLine line;
    const uint64_t number = blocks_.size();
    for (uint64_t looked = 0; looked < 2 * kBlockEntries && has_line_; ++looked) {
      if (ReadLine(line_, line) && line.block == number) {
        bool any_good = false;
        const uint64_t count = (header_.size + kBlockEntries - 1) / kBlockEntries;
        const std::optional<uint64_t> bad = FirstBad(entries, leaves, line, count, any_good);
        return !bad.has_value() || Bad(Where::kEntry, *bad, "is not what was signed");
      }
      NextLine();
    }
    return true;
  }

  // Roots of other checkpoints whose size lies within the block that begins at `first`.
  bool CheckRootsWithin(uint64_t first, const std::vector<Hash>& leaves) {
    if (suspect_.has_value()) return true;  // something worse is to be told
    const auto root_at = [&](uint64_t size) {
      std::vector<Hash> roots = blocks_;
      roots.push_back(RootOf(
          std::vector<Hash>(leaves.begin(), leaves.begin() + static_cast<long>(size - first))));
      return RootOf(roots);
    };
    for (size_t i = 0; i + 1 < checkpoints_.size(); ++i) {
      const Checkpoint& checkpoint = checkpoints_[i];
      if (checkpoint.size <= first || checkpoint.size > first + leaves.size()) continue;
      if (root_at(checkpoint.size) != checkpoint.root) {
        return Bad(Where::kCheckpoint, i, "is not of these entries");
      }
    }
    if (kept_.has_value() && kept_->size > first && kept_->size <= first + leaves.size() &&
        root_at(kept_->size) != kept_->root) {
      return Bad(Where::kKept, kept_->size, "these entries are not those of the kept checkpoint");
    }
    return true;
  }

  void CheckRoot() {
    const Hash root = RootOf(blocks_);
    if (root != checkpoints_.back().root) {
      Bad(Where::kEntry, suspect_.value_or(0) * kBlockEntries, "is not what was signed");
      return;
    }
    if (suspect_.has_value()) {
      Bad(Where::kBlock, *suspect_, "has a path that is not its own");
      return;
    }
    static constexpr char kDigits[] = "0123456789abcdef";
    for (const uint8_t byte : root) {
      report_.root += kDigits[byte >> 4];
      report_.root += kDigits[byte & 15];
    }
    report_.size = header_.size;
  }

  std::istream& lines_;
  const Trust& trust_;
  Report report_;
  Key key_;
  std::vector<Key> keys_;
  std::optional<Checkpoint> kept_;
  HeaderLine header_;
  std::vector<Checkpoint> checkpoints_;
  std::string line_;
  bool has_line_ = false;
  bool cut_ = false;
  std::vector<Hash> blocks_;         // roots, of what the entries say
  std::optional<uint64_t> suspect_;  // first block no entry of which leads to the signed root
};

}  // namespace

Report Verify(std::istream& lines, const Trust& trust) { return Verifier(lines, trust).Run(); }

std::string Describe(const Finding& finding) {
  const std::string index = std::to_string(finding.index);
  switch (finding.where) {
    case Where::kNothing:
      return "";
    case Where::kTrust:
    case Where::kKept:
      return finding.what;
    case Where::kHeader:
      return "the first line " + finding.what;
    case Where::kCheckpoint:
      return "checkpoint " + index + " " + finding.what;
    case Where::kEntry:
      return "entry " + index + " " + finding.what;
    case Where::kBlock:
      return "block " + index + " " + finding.what;
  }
  return finding.what;
}

}  // namespace tideline::verify
