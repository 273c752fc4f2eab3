// SPDX-License-Identifier: Apache-2.0
#include "tools/tideline/ledger.h"

#include <fstream>
#include <ostream>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/status_macros.h"
#include "common/sampling/draw.h"
#include "services/decision_ledger/ledger/archive.h"
#include "services/decision_ledger/ledger/export.h"
#include "services/decision_ledger/ledger/folder.h"

namespace tideline::cli {

namespace {

using decision_ledger::ArchiveReader;
using decision_ledger::TreeState;

absl::StatusOr<std::string> Workspace(const Session& session) {
  if (session.workspace.empty()) {
    return absl::InvalidArgumentError("--workspace: name the workspace whose tree is meant");
  }
  if (absl::StartsWith(session.workspace, "workspaces/")) return session.workspace;
  return absl::StrCat("workspaces/", session.workspace);
}

absl::Status List(ArchiveReader& archive, const Session& session) {
  const ArchiveReader::Snapshot snapshot(archive);
  TL_ASSIGN_OR_RETURN(const std::vector<TreeState> trees, archive.Trees());
  for (const TreeState& tree : trees) {
    TL_ASSIGN_OR_RETURN(const std::vector<std::string> keys, archive.Keys(tree));
    *session.out << tree.workspace << "\n  entries  " << tree.size << "\n  root     "
                 << absl::BytesToHexString(decision_ledger::ToBytes(tree.root)) << "\n  key      "
                 << keys.back() << "\n";
  }
  return absl::OkStatus();
}

absl::Status PrintCheckpoint(ArchiveReader& archive, const Session& session) {
  TL_ASSIGN_OR_RETURN(const std::string workspace, Workspace(session));
  const ArchiveReader::Snapshot snapshot(archive);
  TL_ASSIGN_OR_RETURN(const TreeState tree, archive.TreeOf(workspace));
  TL_ASSIGN_OR_RETURN(const auto checkpoints, archive.Checkpoints(tree));
  *session.out << checkpoints.back().note;
  return absl::OkStatus();
}

absl::StatusOr<absl::Time> Instant(const std::string& text, const char* flag, absl::Time open) {
  if (text.empty()) return open;
  absl::Time time;
  std::string error;
  if (absl::ParseTime(absl::RFC3339_full, text, &time, &error)) return time;
  return absl::InvalidArgumentError(absl::StrCat(flag, ": ", error));
}

// The population's positions are numbered from 1 for the draw, as its definition says.
absl::Status PrintPopulation(ArchiveReader& archive, const LedgerOptions& options,
                             const Session& session) {
  TL_ASSIGN_OR_RETURN(const std::string workspace, Workspace(session));
  TL_ASSIGN_OR_RETURN(const absl::Time start,
                      Instant(options.start, "--start", absl::InfinitePast()));
  TL_ASSIGN_OR_RETURN(const absl::Time end, Instant(options.end, "--end", absl::InfiniteFuture()));
  const ArchiveReader::Snapshot snapshot(archive);
  TL_ASSIGN_OR_RETURN(const TreeState tree, archive.TreeOf(workspace));
  TL_ASSIGN_OR_RETURN(const std::vector<uint64_t> positions,
                      archive.Population(tree, options.kind, start, end));
  *session.out << positions.size() << " events of kind " << options.kind << " among " << tree.size
               << " entries of " << tree.origin << "\nroot "
               << absl::BytesToHexString(decision_ledger::ToBytes(tree.root)) << "\n";
  if (options.sample <= 0) return absl::OkStatus();
  TL_ASSIGN_OR_RETURN(
      const std::vector<int64_t> drawn,
      sampling::DrawSample(options.seed, static_cast<int64_t>(positions.size()), options.sample));
  const decision_ledger::NodeReader nodes = archive.NodesOf(tree);
  for (const int64_t one : drawn) {
    const uint64_t position = positions[static_cast<size_t>(one - 1)];
    TL_ASSIGN_OR_RETURN(const decision_ledger::Proof proof,
                        decision_ledger::InclusionProof(nodes, position, tree.size));
    *session.out << "sample " << one << " entry " << position << " proof";
    for (const decision_ledger::Hash& hash : proof) {
      *session.out << " " << absl::BytesToHexString(decision_ledger::ToBytes(hash));
    }
    *session.out << "\n";
  }
  return absl::OkStatus();
}

absl::Status Export(ArchiveReader& archive, const LedgerOptions& options, const Session& session) {
  TL_ASSIGN_OR_RETURN(const std::string workspace, Workspace(session));
  std::ofstream file;
  std::ostream* out = session.out;
  if (!options.out.empty() && options.out != "-") {
    file.open(options.out, std::ios::binary | std::ios::trunc);
    out = &file;
  }
  const auto sink = [&](absl::string_view text) {
    out->write(text.data(), static_cast<std::streamsize>(text.size()));
    return *out ? absl::OkStatus()
                : absl::FailedPreconditionError(absl::StrCat("cannot write ", options.out));
  };
  TL_RETURN_IF_ERROR(decision_ledger::ExportTree(archive, workspace, sink));
  out->flush();
  return *out ? absl::OkStatus()
              : absl::FailedPreconditionError(absl::StrCat("cannot write ", options.out));
}

}  // namespace

absl::Status RunLedger(const LedgerOptions& options, const Session& session) {
  TL_ASSIGN_OR_RETURN(const std::unique_ptr<ArchiveReader> archive,
                      ArchiveReader::Open(decision_ledger::ArchivePath(options.folder)));
  switch (options.what) {
    case LedgerOptions::What::kList:
      return List(*archive, session);
    case LedgerOptions::What::kCheckpoint:
      return PrintCheckpoint(*archive, session);
    case LedgerOptions::What::kExport:
      return Export(*archive, options, session);
    case LedgerOptions::What::kPopulation:
      return PrintPopulation(*archive, options, session);
  }
  return absl::OkStatus();
}

}  // namespace tideline::cli
