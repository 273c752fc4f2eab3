// SPDX-License-Identifier: Apache-2.0
#include "tools/replay/ledger_check.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "common/base/status_macros.h"
#include "google/protobuf/descriptor.h"
#include "services/decision_ledger/ledger/export.h"
#include "services/decision_ledger/ledger/folder.h"
#include "tools/replay/journal_fold.h"
#include "tools/verify/verify.h"

namespace tideline::replay {
namespace {

using decision_ledger::ArchiveReader;
using decision_ledger::TreeState;
using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;

// Number of the field of the oneof that is set, by reflection over the service's own Event.
absl::StatusOr<int> KindOf(const std::string& service, const std::string& bytes,
                           google::protobuf::MessageFactory& factory) {
  const Descriptor* type = DescriptorPool::generated_pool()->FindMessageTypeByName(
      absl::StrCat("tideline.", service, ".v1.Event"));
  if (type == nullptr) return absl::NotFoundError(absl::StrCat(service, " has no events here"));
  const std::unique_ptr<google::protobuf::Message> event(factory.GetPrototype(type)->New());
  if (!event->ParseFromString(bytes)) {
    return absl::DataLossError(absl::StrCat("an event of ", service, " does not parse"));
  }
  const auto* set = event->GetReflection()->GetOneofFieldDescriptor(*event, type->oneof_decl(0));
  return set == nullptr ? 0 : set->number();
}

// "work_routing.2" in words.
std::string NameOf(const std::string& kind) {
  const std::vector<std::string> parts = absl::StrSplit(kind, '.');
  const Descriptor* type = DescriptorPool::generated_pool()->FindMessageTypeByName(
      absl::StrCat("tideline.", parts[0], ".v1.Event"));
  int number = 0;
  if (type == nullptr || !absl::SimpleAtoi(parts[1], &number)) return kind;
  const auto* field = type->FindFieldByNumber(number);
  return field == nullptr ? kind : absl::StrCat(parts[0], ".", field->name());
}

// Exports a tree to a file and has the verifier read it.
absl::StatusOr<verify::Report> VerifyTree(ArchiveReader& archive, const TreeState& tree,
                                          const std::string& path) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  const auto sink = [&out](absl::string_view text) {
    out.write(text.data(), static_cast<std::streamsize>(text.size()));
    return out ? absl::OkStatus() : absl::FailedPreconditionError("the export cannot be written");
  };
  TL_RETURN_IF_ERROR(decision_ledger::ExportTree(archive, tree.workspace, sink));
  out.close();
  TL_ASSIGN_OR_RETURN(const std::vector<std::string> keys, archive.Keys(tree));
  std::ifstream in(path, std::ios::binary);
  return verify::Verify(in, {keys.front(), ""});
}

}  // namespace

absl::StatusOr<LedgerReport> CheckLedger(journal::Store& store, int partitions,
                                         const std::vector<std::string>& services,
                                         const std::string& folder) {
  LedgerReport report;
  std::map<std::string, int64_t> in_journals;
  for (const std::string& service : services) {
    for (int partition = 0; partition < partitions; ++partition) {
      TL_RETURN_IF_ERROR(VisitJournal(
          store, service, partition,
          [&](const tideline::journal::v1::Entry& entry) -> absl::Status {
            for (const std::string& event : entry.events()) {
              TL_ASSIGN_OR_RETURN(
                  const int kind,
                  KindOf(service, event, *google::protobuf::MessageFactory::generated_factory()));
              ++in_journals[absl::StrCat(service, ".", kind)];
              ++report.events;
            }
            return absl::OkStatus();
          }));
    }
  }
  TL_ASSIGN_OR_RETURN(const std::unique_ptr<ArchiveReader> archive,
                      ArchiveReader::Open(decision_ledger::ArchivePath(folder)));
  TL_ASSIGN_OR_RETURN(const std::vector<TreeState> trees, archive->Trees());
  std::map<std::string, int64_t> sealed;
  for (const TreeState& tree : trees) {
    TL_ASSIGN_OR_RETURN(const verify::Report verified,
                        VerifyTree(*archive, tree, absl::StrCat(folder, "/export.jsonl")));
    ++report.trees;
    report.entries += static_cast<int64_t>(verified.size);
    if (!verified.good()) {
      report.trouble.push_back(
          absl::StrCat(tree.workspace, ": ", verify::Describe(verified.first_bad)));
    }
    for (const auto& [kind, count] : verified.kinds) sealed[kind] += static_cast<int64_t>(count);
  }
  for (const auto& [kind, count] : in_journals) {
    if (sealed[kind] == count) continue;
    report.trouble.push_back(absl::StrCat(NameOf(kind), ": ", count, " events in the journals, ",
                                          sealed[kind], " in the ledger"));
  }
  for (const auto& [kind, count] : sealed) report.kinds[NameOf(kind)] = count;
  return report;
}

void HoldAgainstLog(const Totals& log, LedgerReport& report) {
  const auto hold = [&report](const char* what, int64_t in_log, int64_t in_ledger) {
    if (in_log == in_ledger) return;
    report.trouble.push_back(
        absl::StrCat(what, ": ", in_log, " by the log, ", in_ledger, " in the ledger"));
  };
  std::map<std::string, int64_t>& kinds = report.kinds;
  hold("items submitted", log.items, kinds["work_routing.work_item_submitted"]);
  hold("custody moved by a handoff", log.handed, kinds["handoff.handoff_transferred"]);
  hold("results taken back", log.reopens + log.closed_elsewhere,
       kinds["work_routing.work_item_reopened"] + kinds["work_routing.work_item_returned"]);
  hold("items cancelled", log.cancelled, kinds["work_routing.work_item_cancelled"]);
}

std::string FormatLedger(const LedgerReport& report) {
  std::string text =
      absl::StrFormat("the ledger holds %d entries in %d trees, the journals %d events%s\n",
                      report.entries, report.trees, report.events,
                      report.ok() ? "; its exports verify, and it agrees kind by kind" : "");
  for (const std::string& trouble : report.trouble) absl::StrAppend(&text, "  ", trouble, "\n");
  return text;
}

}  // namespace tideline::replay
