// SPDX-License-Identifier: Apache-2.0
#include "tools/replay/journal_fold.h"

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "common/base/sha256.h"
#include "common/base/status_macros.h"
#include "common/journal/entry.pb.h"
#include "common/loop/loop.h"
#include "tools/replay/fold.h"

namespace tideline::replay {
namespace {

constexpr absl::Duration kPatience = absl::Minutes(1);

// One page, waited for. The callback outlives a wait that ran out, so what it fills is shared.
absl::StatusOr<journal::Page> ReadPage(Loop& loop, journal::Journal& journal, uint64_t after) {
  struct Answer {
    absl::Notification arrived;
    absl::StatusOr<journal::Page> page = absl::UnknownError("no answer");
  };
  auto answer = std::make_shared<Answer>();
  loop.Post([&journal, after, answer] {
    journal.Read(after, journal::kMaxReadEntries, [answer](absl::StatusOr<journal::Page> page) {
      answer->page = std::move(page);
      answer->arrived.Notify();
    });
  });
  if (!answer->arrived.WaitForNotificationWithTimeout(kPatience)) {
    return absl::UnavailableError("the store does not answer");
  }
  return std::move(answer->page);
}

absl::Status TakeEntry(const journal::StoredEntry& stored, uint64_t number,
                       const std::string& digest_before, const EntryVisitor& visit) {
  tideline::journal::v1::Entry entry;
  if (!entry.ParseFromString(stored.entry)) return absl::DataLossError("does not parse");
  if (entry.number() != number) return absl::DataLossError("is missing");
  if (entry.previous_digest() != digest_before) {
    return absl::DataLossError("names another entry before it");
  }
  return visit(entry);
}

template <class Event, class Fold>
absl::Status FoldOne(journal::Store& store, const char* service, int partition, Fold& fold,
                     int64_t* entries) {
  Event event;
  return VisitJournal(store, service, partition,
                      [&](const tideline::journal::v1::Entry& entry) -> absl::Status {
                        ++*entries;
                        for (const std::string& bytes : entry.events()) {
                          if (!event.ParseFromString(bytes)) {
                            return absl::DataLossError("holds an event that does not parse");
                          }
                          TL_RETURN_IF_ERROR(fold.Take(event));
                        }
                        return absl::OkStatus();
                      });
}

// Hands each event to the fold and to whoever else wants it.
struct Both {
  absl::Status Take(const work_routing::v1::Event& event) {
    TL_RETURN_IF_ERROR(fold.Take(event));
    return also == nullptr ? absl::OkStatus() : also(event);
  }
  Fold& fold;
  const EventTaker& also;
};

}  // namespace

absl::Status VisitJournal(journal::Store& store, const std::string& service, int partition,
                          const EntryVisitor& visit) {
  Loop loop("fold");
  std::unique_ptr<journal::Journal> journal;
  loop.Run([&] { journal = store.OpenJournal(service, partition, loop); });
  uint64_t number = 0;
  std::string digest;
  absl::Status status;
  while (status.ok()) {
    absl::StatusOr<journal::Page> page = ReadPage(loop, *journal, number);
    if (!page.ok()) status = page.status();
    if (!page.ok() || page->entries.empty()) break;
    for (const journal::StoredEntry& stored : page->entries) {
      status = TakeEntry(stored, ++number, digest, visit);
      if (!status.ok()) {
        status =
            absl::Status(status.code(), absl::StrCat(service, ", partition ", partition, ", entry ",
                                                     number, ": ", status.message()));
        break;
      }
      digest = Sha256(stored.entry);
    }
  }
  loop.Run([&] { journal.reset(); });
  return status;
}

absl::StatusOr<Folded> FoldJournals(journal::Store& store, int partitions,
                                    const std::string& workspace, const EventTaker& also) {
  Fold fold(workspace);
  Both routing{fold, also};
  HandoffFold handoffs(workspace);
  Folded folded;
  for (int partition = 0; partition < partitions; ++partition) {
    TL_RETURN_IF_ERROR(FoldOne<work_routing::v1::Event>(store, "work_routing", partition, routing,
                                                        &folded.entries));
    TL_RETURN_IF_ERROR(
        FoldOne<handoff::v1::Event>(store, "handoff", partition, handoffs, &folded.entries));
  }
  folded.facts = fold.Facts();
  handoffs.AddTo(folded.facts);
  folded.handoffs = handoffs.counts();
  folded.events = fold.events() + handoffs.events();
  return folded;
}

}  // namespace tideline::replay
