// SPDX-License-Identifier: Apache-2.0
#include "tools/replay/core_digest.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/base/sha256.h"
#include "common/base/status_macros.h"
#include "common/loop/loop.h"
#include "common/partition/core.h"
#include "common/partition/host.h"
#include "services/decision_ledger/core/core.h"
#include "services/handoff/core/core.h"
#include "services/review/core/core.h"
#include "services/skill_registry/core.h"
#include "services/sla_monitor/core/core.h"
#include "services/work_routing/core/core.h"

namespace tideline::replay {
namespace {

std::string DigestOf(const partition::Core& core) {
  std::string dump;
  core.Dump(dump);
  return absl::BytesToHexString(Sha256(dump));
}

// Records of the host itself lie beside the Core's; their kinds begin with an underscore.
std::vector<std::string> AllKinds(const partition::Core& core) {
  std::vector<std::string> kinds = partition::HostKinds();
  for (std::string& kind : core.Kinds()) kinds.push_back(std::move(kind));
  return kinds;
}

absl::Status Load(journal::Store& store, Loop& loop, absl::string_view service, int partition,
                  partition::Core& core) {
  absl::Notification loaded;
  absl::Status status;
  std::unique_ptr<journal::Journal> journal;
  loop.Post([&] {
    journal = store.OpenJournal(service, partition, loop);
    journal->Load(
        AllKinds(core),
        [&core](absl::string_view kind, std::string id, std::string value) {
          return kind.front() == '_' ? absl::OkStatus() : core.Restore(kind, id, value);
        },
        [&](absl::Status done) {
          status = std::move(done);
          loaded.Notify();
        });
  });
  loaded.WaitForNotification();
  loop.Run([&] { journal.reset(); });
  TL_RETURN_IF_ERROR(status);
  return core.Restored();
}

template <class Core>
absl::Status AddDigest(journal::Store& store, Loop& loop, absl::string_view service, int partition,
                       std::map<std::string, std::string>& digests) {
  Core core;
  TL_RETURN_IF_ERROR(Load(store, loop, service, partition, core));
  digests[absl::StrCat(service, "/", partition)] = DigestOf(core);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::map<std::string, std::string>> RestoredDigests(journal::Store& store,
                                                                   int partitions) {
  Loop loop("restore");
  std::map<std::string, std::string> digests;
  for (int partition = 0; partition < partitions; ++partition) {
    TL_RETURN_IF_ERROR(
        AddDigest<skill_registry::Core>(store, loop, "skill_registry", partition, digests));
    TL_RETURN_IF_ERROR(
        AddDigest<work_routing::Core>(store, loop, "work_routing", partition, digests));
    TL_RETURN_IF_ERROR(AddDigest<handoff::Core>(store, loop, "handoff", partition, digests));
    TL_RETURN_IF_ERROR(AddDigest<review::Core>(store, loop, "review", partition, digests));
    TL_RETURN_IF_ERROR(
        AddDigest<sla_monitor::Core>(store, loop, "sla_monitor", partition, digests));
    TL_RETURN_IF_ERROR(
        AddDigest<decision_ledger::Core>(store, loop, "decision_ledger", partition, digests));
  }
  return digests;
}

}  // namespace tideline::replay
