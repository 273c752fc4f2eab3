// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <filesystem>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/journal/memory_store.h"
#include "common/journal/redis_store.h"
#include "common/redis/private_server.h"
#include "common/time/clock.h"
#include "services/suite/suite.h"
#include "tools/replay/core_digest.h"
#include "tools/replay/rig.h"

namespace tideline::replay {
namespace {

// A log is one workspace, and so one partition; more of them would only have to be settled, too.
constexpr int kPartitions = 1;

// A folder that goes with its owner.
class TemporaryFolder {
 public:
  absl::Status Create() {
    const char* root = std::getenv("TMPDIR");
    std::string path = absl::StrCat(root == nullptr ? "/tmp" : root, "/tideline-replay-XXXXXX");
    if (::mkdtemp(path.data()) == nullptr) return absl::ErrnoToStatus(errno, path);
    path_ = path;
    return absl::OkStatus();
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class HostedRig : public Rig {
 public:
  HostedRig(StoreKind kind, absl::Time start, bool ledger)
      : kind_(kind), ledger_(ledger), clock_(start) {}
  ~HostedRig() override { StopSuite().IgnoreError(); }

  absl::Status Start() {
    if (kind_ == StoreKind::kRedis) {
      TL_RETURN_IF_ERROR(folder_.Create());
      redis::PrivateServerOptions options;
      options.data_folder = folder_.path();
      server_ = std::make_unique<redis::PrivateServer>(options);
    }
    TL_RETURN_IF_ERROR(OpenStore());
    if (ledger_) TL_RETURN_IF_ERROR(ledger_folder_.Create());
    return StartSuite();
  }

  absl::StatusOr<LedgerReport> CheckLedger() override {
    if (!ledger_) return Rig::CheckLedger();
    TL_RETURN_IF_ERROR(suite_->Settle());
    TL_RETURN_IF_ERROR(suite_->SealAll(absl::Minutes(2)));
    return replay::CheckLedger(*store_, kPartitions, suite_->services(), ledger_folder_.path());
  }

  std::shared_ptr<grpc::Channel> channel() override { return suite_->Channel(); }
  bool simulated() const override { return true; }
  std::string description() const override { return description_; }
  absl::Status Mark(Session&) override { return absl::OkStatus(); }

  absl::Status AdvanceTo(absl::Time time) override { return suite_->AdvanceTo(clock_, time); }

  absl::StatusOr<Folded> FoldAll(Session& session, const EventTaker& also) override {
    TL_RETURN_IF_ERROR(suite_->Settle());
    const std::map<std::string, std::string> lived = suite_->CoreDigests();
    TL_RETURN_IF_ERROR(StopSuite());
    TL_RETURN_IF_ERROR(OpenStore());
    TL_RETURN_IF_ERROR(store_->Open(kPartitions, absl::Seconds(60)));
    TL_ASSIGN_OR_RETURN(const auto restored, RestoredDigests(*store_, kPartitions));
    for (const auto& [core, digest] : lived) {
      const auto it = restored.find(core);
      if (it == restored.end()) {
        return absl::InternalError(absl::StrCat("core_digest.cc does not restore ", core));
      }
      if (it->second == digest) continue;
      return absl::DataLossError(absl::StrCat(core, " is another one after its restart"));
    }
    TL_RETURN_IF_ERROR(StartSuite());
    absl::StatusOr<Folded> folded = FoldJournals(*store_, kPartitions, session.workspace(), also);
    if (folded.ok()) folded->cores = static_cast<int64_t>(lived.size());
    return folded;
  }

 private:
  absl::Status OpenStore() {
    if (server_ != nullptr) {
      TL_RETURN_IF_ERROR(server_->Start());
      TL_ASSIGN_OR_RETURN(store_, journal::RedisStore::Create(server_->url()));
    } else if (store_ == nullptr) {
      store_ = std::make_unique<journal::MemoryStore>();
    }
    return absl::OkStatus();
  }

  absl::Status StartSuite() {
    suite::SuiteOptions options;
    options.store = store_.get();
    options.clock = &clock_;
    options.partitions = kPartitions;
    options.threads = 1;
    if (ledger_) options.ledger = ledger_folder_.path();
    TL_ASSIGN_OR_RETURN(suite_, suite::Suite::Start(options));
    TL_ASSIGN_OR_RETURN(const journal::StoreInfo info, store_->Inspect());
    description_ = absl::StrCat(info.description, info.durable ? ", appendfsync always" : "");
    return absl::OkStatus();
  }

  // With Redis everything goes, so that what is folded later was read back from its files.
  absl::Status StopSuite() {
    absl::Status status;
    if (suite_ != nullptr) status = suite_->Stop();
    suite_.reset();
    if (server_ != nullptr) {
      store_.reset();
      server_->Stop();
    }
    return status;
  }

  const StoreKind kind_;
  const bool ledger_;
  SimulatedClock clock_;
  TemporaryFolder folder_;
  TemporaryFolder ledger_folder_;
  std::unique_ptr<redis::PrivateServer> server_;
  std::unique_ptr<journal::Store> store_;
  std::unique_ptr<suite::Suite> suite_;
  std::string description_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Rig>> HostSuite(StoreKind store, absl::Time start, bool ledger) {
  auto rig = std::make_unique<HostedRig>(store, start, ledger);
  TL_RETURN_IF_ERROR(rig->Start());
  return rig;
}

}  // namespace tideline::replay
