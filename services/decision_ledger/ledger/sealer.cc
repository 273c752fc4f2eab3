// SPDX-License-Identifier: Apache-2.0
#include "services/decision_ledger/ledger/sealer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/base/error.h"
#include "common/base/sha256.h"
#include "common/base/status_macros.h"
#include "common/journal/entry.pb.h"
#include "common/telemetry/log.h"

namespace tideline::decision_ledger {

namespace {

// Entries read in one round, over all journals, and the least of each: what one transaction seals.
// At some kilobyte an entry it holds a few megabytes and takes some 100 ms.
constexpr size_t kEntriesPerRound = 8192;
constexpr size_t kLeastEntries = 64;
// Growth hints may be lost, so journals are looked at without one, too. Rarely: there are as many
// as services times partitions, and the next commit brings its own hint.
constexpr absl::Duration kLook = absl::Seconds(5);
// After the disk was full or the store away.
constexpr absl::Duration kAgain = absl::Seconds(1);

absl::Status Lost(absl::string_view message) {
  return Refuse(Reason::REASON_DATA_LOSS, absl::StrCat("the ledger and ", message));
}

}  // namespace

struct Sealer::Source {
  JournalName name;
  std::unique_ptr<journal::Journal> journal;
  uint64_t read = 0;     // last entry taken in
  std::string digest;    // its digest
  uint64_t sealed = 0;   // last entry in the archive
  uint64_t marked = 0;   // the same, as the journal was told
  uint64_t known = 0;    // the journal's last entry
  bool verify = false;   // the sealed entry itself is read again first
  bool checked = false;  // archive and journal agree
  bool grown = true;     // there may be more to read
  bool reading = false;

  std::string Text() const { return absl::StrCat("the journal of ", name.first, " ", name.second); }
};

absl::StatusOr<std::unique_ptr<Sealer>> Sealer::Start(SealerOptions options,
                                                      std::unique_ptr<Archive> archive) {
  std::unique_ptr<Sealer> sealer(new Sealer(std::move(options), std::move(archive)));
  // The first look at every journal is the comparison. A backlog is sealed while the suite runs.
  const absl::Status compared = sealer->Wait(sealer->options_.patience,
                                             "the ledger could not read every journal of the store",
                                             [raw = sealer.get()](Done done) {
                                               raw->comparing_.push_back(std::move(done));
                                               raw->Open();
                                             });
  if (!compared.ok()) return compared;
  return sealer;
}

Sealer::Sealer(SealerOptions options, std::unique_ptr<Archive> archive)
    : options_(std::move(options)),
      loop_("ledger"),
      archive_(std::move(archive)),
      alive_(std::make_shared<bool>(true)) {
  if (options_.metrics != nullptr) {
    sealed_total_ = options_.metrics->GetCounter("tideline_decision_ledger_sealed_total",
                                                 "Events sealed by this process.");
    lag_ = options_.metrics->GetGauge("tideline_decision_ledger_unsealed_commits",
                                      "Commits of all journals that are not sealed yet.");
    stopped_ = options_.metrics->GetGauge(
        "tideline_decision_ledger_stopped",
        "1 when archive and journals disagree and nothing is sealed any more.");
  }
}

Sealer::~Sealer() {
  loop_.Run([this] {
    alive_.reset();
    round_.reset();
    look_.reset();
    sources_.clear();
    archive_.reset();
  });
}

void Sealer::Open() {
  round_ = std::make_unique<Loop::Timer>(loop_);
  look_ = std::make_unique<Loop::Timer>(loop_);
  for (const std::string& service : options_.services) {
    for (int p = 0; p < options_.partitions; ++p) {
      auto source = std::make_unique<Source>();
      source->name = {service, p};
      source->journal = options_.store->OpenJournal(service, p, loop_);
      auto cursor = archive_->cursors().find(source->name);
      if (cursor != archive_->cursors().end()) {
        source->read = source->sealed = cursor->second.commit;
        source->digest = cursor->second.digest;
        source->verify = true;
      }
      source->journal->OnGrowth([this, raw = source.get()] { Grown(*raw); });
      sources_.push_back(std::move(source));
    }
  }
  for (const auto& [name, cursor] : archive_->cursors()) {
    const bool read = std::any_of(sources_.begin(), sources_.end(),
                                  [&](const auto& source) { return source->name == name; });
    if (!read) {
      return Stop(
          Lost(absl::StrCat("this installation disagree: the archive has sealed the journal of ",
                            name.first, " ", name.second, ", which is not among its services")));
    }
  }
  look_->Set(kLook, [this] { Look(); });
  Publish();
  Round();
}

// Tells trimming how far it may go, and a later start how new the archive has to be.
void Sealer::Mark() {
  for (const auto& source : sources_) {
    if (source->marked == source->sealed) continue;
    source->marked = source->sealed;
    source->journal->Seal(source->sealed, [](const absl::Status&) {});
  }
}

void Sealer::Look() {
  for (const auto& source : sources_) source->grown = true;
  Mark();
  look_->Set(kLook, [this] { Look(); });
  if (reading_ == 0 && !round_->armed()) Round();
}

void Sealer::Grown(Source& source) {
  source.grown = true;
  if (reading_ == 0 && !round_->armed()) round_->Set(options_.every, [this] { Round(); });
}

void Sealer::Round() {
  if (!status().ok()) return;
  if (!pending_.empty()) return EndRound();  // the archive failed before
  // Which ones first, so that an answer at once does not end the round before it has begun.
  std::vector<Source*> chosen;
  for (const auto& source : sources_) {
    if (source->grown) chosen.push_back(source.get());
  }
  if (chosen.empty()) return EndRound();
  reading_ = chosen.size();
  const size_t limit =
      std::clamp(kEntriesPerRound / chosen.size(), kLeastEntries, journal::kMaxReadEntries);
  for (Source* source : chosen) Read(*source, limit);
}

void Sealer::Read(Source& source, size_t limit) {
  source.grown = false;
  const std::weak_ptr<bool> alive = alive_;
  const auto read = [this, alive, &source, limit] {
    const uint64_t after = source.verify ? source.read - 1 : source.read;
    source.journal->Read(after, limit, [this, alive, &source](absl::StatusOr<journal::Page> page) {
      if (!alive.expired()) OnPage(source, std::move(page));
    });
  };
  if (source.checked) return read();
  source.journal->ReadHead([this, alive, &source, read](absl::StatusOr<journal::Head> head) {
    if (alive.expired()) return;
    if (head.ok() && head->sealed > source.sealed) {
      return Stop(
          Lost(absl::StrCat(source.Text(), " disagree: it was sealed up to commit ", head->sealed,
                            ", but the archive only has commit ", source.sealed,
                            ": this is an older archive or another one; bring back the newest")));
    }
    read();
  });
}

void Sealer::OnPage(Source& source, absl::StatusOr<journal::Page> page) {
  if (!status().ok()) return;
  --reading_;
  const absl::StatusCode code = page.status().code();
  if (page.ok()) {
    const absl::Status taken = Take(source, *page);
    if (!taken.ok()) return Stop(taken);
  } else if (code == absl::StatusCode::kOutOfRange && source.verify) {
    source.verify = false;  // that entry was trimmed; the next one names its digest
    source.grown = true;
  } else if (code == absl::StatusCode::kDataLoss || code == absl::StatusCode::kOutOfRange) {
    return Stop(Lost(absl::StrCat(source.Text(), " disagree: sealed up to commit ", source.read,
                                  ", but ", page.status().message())));
  } else {
    source.grown = true;  // the store is away
    away_ = true;
  }
  if (reading_ == 0) EndRound();
}

absl::Status Sealer::Take(Source& source, const journal::Page& page) {
  source.known = page.last;
  const auto differ = [&](uint64_t number, absl::string_view how) {
    return Lost(absl::StrCat(source.Text(), " disagree: commit ", number, " ", how));
  };
  if (source.verify && page.entries.empty()) {
    return differ(source.read, absl::StrCat("was sealed, and the journal ends at ", page.last));
  }
  for (const journal::StoredEntry& stored : page.entries) {
    const std::string digest = Sha256(stored.entry);
    if (source.verify) {
      if (stored.number != source.read) return differ(source.read, "was sealed and is missing");
      if (digest != source.digest) return differ(stored.number, "is not the one that was sealed");
      source.verify = false;
      continue;
    }
    if (stored.number != source.read + 1) {
      return differ(source.read + 1, absl::StrCat("is missing: ", stored.number, " comes next"));
    }
    journal::v1::Entry entry;
    if (!entry.ParseFromString(stored.entry)) return differ(stored.number, "does not parse");
    if (entry.format() > journal::kFormat) return differ(stored.number, "has a newer format");
    if (source.read > 0 && entry.previous_digest() != source.digest) {
      return differ(stored.number, "does not continue the one that was sealed before it");
    }
    SealableCommit commit{source.name, stored.number, digest, {}};
    commit.events.assign(std::make_move_iterator(entry.mutable_events()->begin()),
                         std::make_move_iterator(entry.mutable_events()->end()));
    pending_.push_back(std::move(commit));
    source.read = stored.number;
    source.digest = digest;
  }
  source.checked = true;
  if (!page.entries.empty() && source.read < source.known) source.grown = true;
  return absl::OkStatus();
}

void Sealer::EndRound() {
  const bool failed = !SealPending() || std::exchange(away_, false);
  if (!status().ok()) return;
  Publish();
  const auto any = [this](const auto& is) {
    return std::any_of(sources_.begin(), sources_.end(), is);
  };
  if (!any([](const auto& source) { return !source->checked; })) {
    for (auto& done : std::exchange(comparing_, {})) done(absl::OkStatus());
  }
  const bool more = any([](const auto& source) { return source->grown; });
  if (failed) {
    round_->Set(kAgain, [this] { Round(); });
  } else if (more) {
    // Somebody who waits, and a backlog, are not kept waiting.
    const bool behind =
        any([](const auto& source) { return !source->checked || source->read < source->known; });
    round_->Set(behind || !waiting_.empty() ? absl::ZeroDuration() : options_.every,
                [this] { Round(); });
  } else {
    for (auto& done : std::exchange(waiting_, {})) done(absl::OkStatus());
  }
}

bool Sealer::SealPending() {
  if (pending_.empty()) return true;
  const uint64_t before = archive_->size();
  const absl::Status status = archive_->Append(pending_, options_.clock->Now());
  if (absl::IsUnavailable(status)) {
    telemetry::Log(telemetry::Level::kWarning, "ledger.retry", {{"error", status.message()}});
    return false;
  }
  if (!status.ok()) {
    Stop(Lost(status.message()));
    return false;
  }
  pending_.clear();
  for (const auto& source : sources_) source->sealed = source->read;
  sealed_total_.Add(static_cast<double>(archive_->size() - before));
  return true;
}

void Sealer::Publish() {
  uint64_t lag = 0;
  for (const auto& source : sources_)
    lag += source->known - std::min(source->known, source->sealed);
  lag_.Set(static_cast<double>(lag));
  absl::MutexLock lock(&mutex_);
  sealed_ = archive_->size();
}

void Sealer::Stop(absl::Status why) {
  {
    absl::MutexLock lock(&mutex_);
    if (!status_.ok()) return;
    status_ = why;
  }
  telemetry::Log(telemetry::Level::kError, "ledger.stopped", {{"error", why.message()}});
  stopped_.Set(1);
  round_->Cancel();
  look_->Cancel();
  for (auto& done : std::exchange(comparing_, {})) done(why);
  for (auto& done : std::exchange(waiting_, {})) done(why);
}

absl::Status Sealer::Wait(absl::Duration timeout, absl::string_view what,
                          const std::function<void(Done)>& begin) {
  struct Answer {
    absl::Notification given;
    absl::Status status;
  };
  auto answer = std::make_shared<Answer>();
  const Done done = [answer](absl::Status status) {
    answer->status = std::move(status);
    answer->given.Notify();
  };
  loop_.Run([&] { begin(done); });
  if (answer->given.WaitForNotificationWithTimeout(timeout)) return answer->status;
  return Refuse(Reason::REASON_DEADLINE,
                absl::StrCat(what, " within ", absl::FormatDuration(timeout)));
}

absl::Status Sealer::SealAll(absl::Duration timeout) {
  const absl::Status sealed =
      Wait(timeout, "the ledger could not seal everything", [this](Done done) {
        if (absl::Status why = status(); !why.ok()) return done(why);
        waiting_.push_back(std::move(done));
        // Each journal is read once more from now on, also one that is being read.
        for (const auto& source : sources_) source->grown = true;
        if (reading_ == 0) round_->Set(absl::ZeroDuration(), [this] { Round(); });
      });
  if (sealed.ok()) loop_.Run([this] { Mark(); });
  return sealed;
}

absl::Status Sealer::status() const {
  absl::MutexLock lock(&mutex_);
  return status_;
}

uint64_t Sealer::sealed() const {
  absl::MutexLock lock(&mutex_);
  return sealed_;
}

}  // namespace tideline::decision_ledger
