// SPDX-License-Identifier: Apache-2.0
#include "common/journal/redis_store.h"

#include <algorithm>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "common/base/crc32c.h"
#include "common/base/status_macros.h"
#include "common/journal/functions.h"
#include "common/journal/limits.h"
#include "common/journal/redis_journal.h"
#include "common/redis/address.h"

namespace tideline::journal {
namespace {

using redis::Reply;

constexpr char kStoreKey[] = "tl:store";
constexpr absl::Duration kRefreshInterval = absl::Seconds(1);
constexpr absl::Duration kInspectTimeout = absl::Seconds(5);
// Between attempts while a server loads its data.
constexpr absl::Duration kNotReadyPause = absl::Milliseconds(50);

std::string FunctionsDigest() {
  Crc32c crc;
  crc.Add(kFunctions);
  return absl::StrFormat("%08x", crc.value());
}

// One "name:value" line of INFO.
absl::string_view InfoField(absl::string_view info, absl::string_view name) {
  const std::string start = absl::StrCat(name, ":");
  for (absl::string_view line : absl::StrSplit(info, absl::ByAnyChar("\r\n"))) {
    if (absl::StartsWith(line, start)) return line.substr(start.size());
  }
  return "";
}

uint64_t InfoNumber(absl::string_view info, absl::string_view name) {
  uint64_t value = 0;
  if (!absl::SimpleAtoi(InfoField(info, name), &value)) value = 0;
  return value;
}

// What CONFIG GET said of one setting.
absl::string_view ConfigField(const Reply& config, absl::string_view name) {
  for (size_t i = 0; i + 1 < config.elements.size(); i += 2) {
    if (config.elements[i].text == name) return config.elements[i + 1].text;
  }
  return "";
}

void AddWarnings(const Reply& config, StoreInfo& info) {
  if (!config.is_array()) {
    info.warnings.push_back(
        absl::StrCat("the server's settings cannot be read (", config.text,
                     "); grant +config|get, or make sure of appendonly yes, appendfsync always and "
                     "maxmemory-policy noeviction"));
    return;
  }
  if (ConfigField(config, "appendonly") != "yes") {
    info.warnings.push_back("appendonly is off: a restart loses everything; set appendonly yes");
  } else if (ConfigField(config, "appendfsync") != "always") {
    info.warnings.push_back(
        absl::StrCat("appendfsync is ", ConfigField(config, "appendfsync"),
                     ": a power cut loses acknowledged work; set appendfsync always"));
  } else if (ConfigField(config, "no-appendfsync-on-rewrite") == "yes") {
    info.warnings.push_back(
        "no-appendfsync-on-rewrite is on: acknowledged work is not durable during a rewrite; set "
        "it "
        "to no");
  }
  if (info.evicts) {
    info.warnings.push_back(absl::StrCat("maxmemory-policy is ",
                                         ConfigField(config, "maxmemory-policy"),
                                         ": a full server drops records; set noeviction"));
  }
  if (info.max_bytes == 0) {
    info.warnings.push_back(
        "maxmemory is not set: a full machine kills the server; set it to at most three quarters "
        "of "
        "the memory");
  }
}

}  // namespace

RedisStore::RedisStore(RedisStoreOptions options)
    : options_(std::move(options)), loop_("tl-store") {
  loop_.Run([this] {
    client_ = std::make_unique<redis::Client>(loop_, options_.endpoint, options_.client);
    refresh_ = std::make_unique<Loop::Timer>(loop_);
    RefreshFullness();
  });
}

absl::StatusOr<std::unique_ptr<RedisStore>> RedisStore::Create(absl::string_view url) {
  absl::StatusOr<redis::Address> address = redis::ParseAddress(url);
  if (!address.ok()) return address.status();
  RedisStoreOptions options;
  options.endpoint = redis::FixedEndpoint(*std::move(address));
  return std::make_unique<RedisStore>(std::move(options));
}

RedisStore::~RedisStore() {
  loop_.Run([this] {
    refresh_.reset();
    client_.reset();
  });
}

// One command, and the wait for its reply. `trouble` of the client says more than "no reply".
absl::StatusOr<Reply> RedisStore::Ask(std::vector<std::string> args, absl::Duration timeout) {
  struct Call {
    absl::Notification done;
    Reply reply;
  };
  auto call = std::make_shared<Call>();
  loop_.Post([this, call, args = std::move(args)]() mutable {
    client_->Send(std::move(args), [call](Reply reply) {
      call->reply = std::move(reply);
      call->done.Notify();
    });
  });
  if (call->done.WaitForNotificationWithTimeout(timeout)) {
    if (call->reply.is_lost()) return absl::UnavailableError(call->reply.text);
    return std::move(call->reply);
  }
  std::string trouble;
  loop_.Run([&] { trouble = client_->trouble(); });
  if (trouble.empty()) {
    trouble = absl::StrCat(options_.endpoint->description(), ": no reply within ",
                           absl::FormatDuration(timeout));
  }
  return absl::UnavailableError(trouble);
}

absl::Status RedisStore::InstallFunctions(absl::Duration timeout) {
  absl::StatusOr<Reply> there = absl::UnavailableError("");
  for (absl::Duration waited; waited < timeout; waited += kNotReadyPause) {
    there = Ask({"FCALL_RO", "tideline_version", "0"}, timeout - waited);
    if (!there.ok()) return there.status();
    if (there->code() != "LOADING" && there->code() != "BUSY") break;
    absl::SleepFor(kNotReadyPause);
  }
  if (there->is_array() && there->elements.size() == 2) {
    int version = 0;
    if (!absl::SimpleAtoi(there->elements[0].text, &version)) version = 0;
    // A newer library keeps the functions of older ones: leave it, its process needs it.
    if (version > kFunctionsVersion) return absl::OkStatus();
    if (version == kFunctionsVersion && there->elements[1].text == FunctionsDigest()) {
      return absl::OkStatus();
    }
  } else if (absl::StrContains(there->text, "unknown command")) {
    return absl::FailedPreconditionError(
        absl::StrCat(options_.endpoint->description(), " is older than Redis 7, which is needed"));
  } else if (there->code() == "NOAUTH") {
    return absl::FailedPreconditionError(absl::StrCat(
        options_.endpoint->description(),
        " asks for a password: give redis://[user:password@]host, or redis://:password@host"));
  } else if (!absl::StrContains(there->text, "Function not found")) {
    TL_RETURN_IF_ERROR(StatusOf(*there));
  }
  const std::string source = absl::StrReplaceAll(kFunctions, {{"%DIGEST%", FunctionsDigest()}});
  TL_ASSIGN_OR_RETURN(const Reply loaded, Ask({"FUNCTION", "LOAD", "REPLACE", source}, timeout));
  if (loaded.code() == "NOPERM") {
    return absl::PermissionDeniedError(absl::StrCat(
        "Tideline's Functions are not in the store and this user may not load them: ", loaded.text,
        "; grant +function|load, or load them with another user"));
  }
  return StatusOf(loaded);
}

absl::Status RedisStore::Open(int partitions, absl::Duration timeout) {
  if (partitions < 1 || partitions > static_cast<int>(kMaxPartitions)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d partitions; 1 to %d are allowed", partitions, kMaxPartitions));
  }
  TL_RETURN_IF_ERROR(InstallFunctions(timeout));
  TL_ASSIGN_OR_RETURN(
      const Reply settled,
      Ask({"FCALL", "tideline_settle_1", "1", kStoreKey, absl::StrCat(partitions)}, timeout));
  TL_RETURN_IF_ERROR(StatusOf(settled));
  if (settled.elements.size() == 2 && settled.elements[1].text == absl::StrCat(partitions)) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(absl::StrFormat(
      "the store was set up with %s partitions; this process was started with %d",
      settled.elements.size() == 2 ? settled.elements[1].text : "unreadable", partitions));
}

std::unique_ptr<Journal> RedisStore::OpenJournal(absl::string_view service, int partition,
                                                 Loop& loop) {
  absl::MutexLock lock(&mutex_);
  // A lane lives as long as its journals; one of a loop that is gone has expired with them.
  std::weak_ptr<Lane>& weak_lane = lanes_[&loop];
  std::shared_ptr<Lane> lane = weak_lane.lock();
  if (!lane) {
    lane = std::make_shared<Lane>(loop, options_.endpoint, options_.client);
    weak_lane = lane;
  }
  std::weak_ptr<Growth>& weak_growth = growth_[{std::string(service), partition}];
  std::shared_ptr<Growth> growth = weak_growth.lock();
  if (!growth) {
    growth = std::make_shared<Growth>();
    weak_growth = growth;
  }
  return std::make_unique<RedisJournal>(std::move(lane), std::move(growth), service, partition);
}

absl::StatusOr<StoreInfo> RedisStore::Inspect() {
  TL_ASSIGN_OR_RETURN(const Reply told, Ask({"INFO"}, kInspectTimeout));
  TL_RETURN_IF_ERROR(StatusOf(told));
  TL_ASSIGN_OR_RETURN(const Reply config, Ask({"CONFIG", "GET", "appendonly", "appendfsync",
                                               "maxmemory-policy", "no-appendfsync-on-rewrite"},
                                              kInspectTimeout));
  StoreInfo info;
  info.description = absl::StrCat("Redis ", InfoField(told.text, "redis_version"), " at ",
                                  options_.endpoint->description());
  info.used_bytes = InfoNumber(told.text, "used_memory");
  info.max_bytes = InfoNumber(told.text, "maxmemory");
  info.durable =
      ConfigField(config, "appendonly") == "yes" && ConfigField(config, "appendfsync") == "always";
  const absl::string_view policy = InfoField(told.text, "maxmemory_policy");
  info.evicts = !policy.empty() && policy != "noeviction";
  AddWarnings(config, info);
  if (InfoField(told.text, "aof_last_write_status") == "err") {
    info.warnings.push_back("the last write of the append-only file failed; look at the disk");
  }
  if (InfoField(told.text, "role") == "slave") {
    info.warnings.push_back("the server is a replica and refuses writes; name the master");
  }
  return info;
}

void RedisStore::RefreshFullness() {
  client_->Send({"INFO", "memory"}, [this](Reply reply) {
    if (reply.is_string()) {
      const uint64_t used = InfoNumber(reply.text, "used_memory");
      const uint64_t most = InfoNumber(reply.text, "maxmemory");
      fullness_.store(most == 0 ? 0 : std::min(1.0, static_cast<double>(used) / most),
                      std::memory_order_relaxed);
    }
    refresh_->Set(kRefreshInterval, [this] { RefreshFullness(); });
  });
}

}  // namespace tideline::journal
