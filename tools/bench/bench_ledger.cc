// SPDX-License-Identifier: Apache-2.0
// bench-ledger: how many events a second are sealed, exported and verified, at three sizes, each
// ten times the one before. Prints a table, and JSON with --json FILE.
//
//   bench-ledger [--largest N] [--json FILE]
//
// Sealing: into SQLite, synced at every transaction of 4,096 events, against the same rows in a
// table without trees, proofs or indexes. Verifying: tideline-verify's own code on one thread,
// reading the export from a file, against hashing the same bytes and nothing else.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/sha256.h"
#include "services/decision_ledger/ledger/archive.h"
#include "services/decision_ledger/ledger/export.h"
#include "tideline/type/v1/event.pb.h"
#include "tools/verify/verify.h"

namespace tideline::decision_ledger {
namespace {

constexpr uint64_t kBatch = 4096;  // events of a transaction: some four full pages of journals
constexpr size_t kContent = 400;   // with its header an event has some 600 bytes, as submissions do

[[noreturn]] void Die(const absl::Status& status) {
  std::fprintf(stderr, "bench-ledger: %s\n", status.ToString().c_str());
  std::exit(1);
}

// One event as a service serializes it.
std::string MakeEvent(uint64_t number) {
  type::v1::AnyEvent event;
  type::v1::EventHeader& header = *event.mutable_header();
  header.mutable_time()->set_seconds(1'700'000'000 + static_cast<int64_t>(number));
  header.set_workspace("workspaces/acme");
  header.mutable_actor()->set_subject("someone");
  header.mutable_cause()->set_request_id(absl::StrFormat("%036d", number));
  header.set_subject(absl::StrCat("workspaces/acme/workItems/item-", number / 4));
  header.mutable_revision()->set_commit(number);
  std::string content(kContent, '\0');
  for (size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(number * 31 + i * 7);
  return absl::StrCat(event.SerializeAsString(), "\x12\x90\x03", content);  // field 2, 400 bytes
}

double Seconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

struct Rates {
  uint64_t entries = 0;
  double seal = 0, insert = 0, export_ = 0, verify = 0, hash = 0, proof_micros = 0;
  double bytes_per_entry = 0;
};

class Folder {
 public:
  Folder() {
    char path[] = "/tmp/tideline-bench-XXXXXX";
    if (::mkdtemp(path) == nullptr) Die(absl::UnknownError("no temporary folder"));
    path_ = path;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string operator/(const char* name) const { return absl::StrCat(path_, "/", name); }

 private:
  std::string path_;
};

// Hands `entries` events to `take` in transactions' worth, and returns the time spent in it alone.
double InBatches(uint64_t entries, const std::function<void(std::vector<SealableCommit>)>& take) {
  double seconds = 0;
  for (uint64_t number = 1; number <= entries;) {
    std::vector<SealableCommit> commits;
    for (; number <= entries && commits.size() < kBatch; ++number) {
      commits.push_back({{"work_routing", 0}, number, "", {MakeEvent(number)}});
    }
    seconds += Seconds([&] { take(std::move(commits)); });
  }
  return seconds;
}

double PlainInsert(const std::string& path, uint64_t entries) {
  absl::StatusOr<Database> database = Database::Open(path, Database::Mode::kWrite);
  if (!database.ok()) Die(database.status());
  database->Execute("CREATE TABLE event (id INTEGER PRIMARY KEY, event BLOB)").IgnoreError();
  Statement insert = database->Prepare("INSERT INTO event (event) VALUES (?)");
  return InBatches(entries, [&](std::vector<SealableCommit> commits) {
    database->Execute("BEGIN").IgnoreError();
    for (const SealableCommit& commit : commits) {
      if (absl::Status status = insert.Run(Blob{commit.events[0]}); !status.ok()) Die(status);
    }
    if (absl::Status status = database->Execute("COMMIT"); !status.ok()) Die(status);
  });
}

Rates Measure(uint64_t entries) {
  const Folder folder;
  Rates rates;
  rates.entries = entries;
  const double count = static_cast<double>(entries);
  rates.insert = count / PlainInsert(folder / "plain.sqlite", entries);
  absl::StatusOr<SigningKey> key = SigningKey::Create(folder / "key.pem");
  if (!key.ok()) Die(key.status());
  absl::StatusOr<std::unique_ptr<Archive>> archive =
      Archive::Open({folder / "archive.sqlite", "bench.example", 1, std::nullopt}, *key);
  if (!archive.ok()) Die(archive.status());
  rates.seal = count / InBatches(entries, [&](std::vector<SealableCommit> commits) {
                 absl::Status status =
                     (*archive)->Append(commits, absl::FromUnixSeconds(1'700'000'000));
                 if (!status.ok()) Die(status);
               });
  rates.bytes_per_entry =
      static_cast<double>(std::filesystem::file_size(folder / "archive.sqlite")) / count;

  absl::StatusOr<std::unique_ptr<ArchiveReader>> reader =
      ArchiveReader::Open(folder / "archive.sqlite");
  if (!reader.ok()) Die(reader.status());
  const TreeState tree = *(*reader)->TreeOf("workspaces/acme");
  const std::string path = folder / "export.jsonl";
  rates.export_ = count / Seconds([&] {
                    std::ofstream out(path, std::ios::binary);
                    absl::Status status =
                        ExportTree(**reader, tree.workspace, [&](absl::string_view text) {
                          out.write(text.data(), static_cast<std::streamsize>(text.size()));
                          return absl::OkStatus();
                        });
                    if (!status.ok()) Die(status);
                  });
  const verify::Trust trust{(*reader)->Keys(tree)->back(), ""};
  rates.verify = count / Seconds([&] {
                   std::ifstream in(path, std::ios::binary);
                   const verify::Report report = verify::Verify(in, trust);
                   if (!report.good()) Die(absl::DataLossError(Describe(report.first_bad)));
                 });
  std::vector<std::string> sealed;
  (*reader)
      ->Entries(tree, 0, std::min<uint64_t>(entries, 10'000),
                [&](const ArchiveReader::Entry& entry) {
                  sealed.push_back(entry.sealed);
                  return absl::OkStatus();
                })
      .IgnoreError();
  rates.hash = static_cast<double>(sealed.size()) / Seconds([&] {
                 for (const std::string& bytes : sealed) Sha256(bytes);
               });
  const NodeReader nodes = (*reader)->NodesOf(tree);
  constexpr int kProofs = 1000;
  rates.proof_micros = 1e6 / kProofs * Seconds([&] {
                         for (uint64_t i = 0; i < kProofs; ++i) {
                           if (!InclusionProof(nodes, i * 7919 % entries, entries).ok())
                             std::abort();
                         }
                       });
  return rates;
}

int Main(int argc, char** argv) {
  uint64_t largest = 1'000'000;
  std::string json;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--largest") == 0) {
      largest = std::strtoull(argv[i + 1], nullptr, 10);
    } else if (std::strcmp(argv[i], "--json") == 0) {
      json = argv[i + 1];
    }
  }
  if (argc % 2 == 0 || largest < 100) {
    std::fprintf(stderr, "bench-ledger [--largest N] [--json FILE]; N at least 100\n");
    return 2;
  }
  std::printf(
      "events of %zu bytes; SQLite with a write-ahead log, synced at every transaction of %lu "
      "events\n\n",
      MakeEvent(1).size(), static_cast<unsigned long>(kBatch));
  std::printf("%10s %10s %12s %10s %10s %12s %9s %8s\n", "entries", "sealed/s", "plain rows/s",
              "exported/s", "verified/s", "bare hash/s", "proof us", "bytes");
  std::string rows;
  for (const uint64_t entries : {largest / 100, largest / 10, largest}) {
    const Rates r = Measure(entries);
    std::printf("%10lu %10.0f %12.0f %10.0f %10.0f %12.0f %9.1f %8.0f\n",
                static_cast<unsigned long>(r.entries), r.seal, r.insert, r.export_, r.verify,
                r.hash, r.proof_micros, r.bytes_per_entry);
    std::fflush(stdout);
    absl::StrAppendFormat(&rows,
                          "%s{\"entries\":%d,\"sealed_per_second\":%.0f,\"plain_rows_per_second\":"
                          "%.0f,\"exported_per_second\":%.0f,\"verified_per_second\":%.0f,"
                          "\"bare_hash_per_second\":%.0f,\"proof_microseconds\":%.1f,"
                          "\"archive_bytes_per_entry\":%.0f}",
                          rows.empty() ? "" : ",", r.entries, r.seal, r.insert, r.export_, r.verify,
                          r.hash, r.proof_micros, r.bytes_per_entry);
  }
  if (!json.empty()) std::ofstream(json) << "[" << rows << "]\n";
  return 0;
}

}  // namespace
}  // namespace tideline::decision_ledger

int main(int argc, char** argv) { return tideline::decision_ledger::Main(argc, argv); }
