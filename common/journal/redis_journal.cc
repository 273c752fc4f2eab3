// SPDX-License-Identifier: Apache-2.0
#include "common/journal/redis_journal.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "common/base/status_macros.h"
#include "common/journal/limits.h"
#include "common/journal/record.h"
#include "common/journal/redis_commit.h"

namespace tideline::journal {
namespace {

using redis::Reply;

// Records per HSCAN page: about a millisecond of Redis and of this loop.
constexpr size_t kScanPage = 1000;
// Entries removed by one call of the trim Function, so that it holds Redis a few milliseconds.
constexpr size_t kTrimEntries = 2000;

// Errors that a server gives instead of running a command, and that pass.
bool PassesByItself(absl::string_view code) {
  static constexpr absl::string_view kCodes[] = {"OOM",        "MISCONF",  "NOREPLICAS",
                                                 "LOADING",    "READONLY", "BUSY",
                                                 "MASTERDOWN", "TRYAGAIN", "CLUSTERDOWN"};
  return std::find(std::begin(kCodes), std::end(kCodes), code) != std::end(kCodes);
}

absl::string_view TextAt(const Reply& reply, size_t index) {
  return index < reply.elements.size() ? absl::string_view(reply.elements[index].text) : "";
}

bool NumberAt(const Reply& reply, size_t index, uint64_t& number) {
  return absl::SimpleAtoi(TextAt(reply, index), &number);
}

absl::Status Unexpected(const Reply& reply) {
  return absl::InternalError(absl::StrCat("unexpected reply from the store: \"", TextAt(reply, 0),
                                          "\" ", TextAt(reply, 1)));
}

std::string Fenced(absl::string_view epoch, absl::string_view owner) {
  return absl::StrCat("epoch is ", epoch, " (owner ", owner, ")");
}

absl::StatusOr<Head> HeadOf(const Reply& reply, size_t epoch, size_t number, size_t time,
                            size_t digest) {
  Head head;
  int64_t nanos = 0;
  const auto parse = [&](size_t index, auto& value) {
    return TextAt(reply, index).empty() || absl::SimpleAtoi(TextAt(reply, index), &value);
  };
  if (!parse(epoch, head.epoch) || !parse(number, head.number) || !parse(time, nanos)) {
    return absl::DataLossError("the head of the journal is not readable");
  }
  head.time = absl::FromUnixNanos(nanos);
  head.digest = std::string(TextAt(reply, digest));
  return head;
}

}  // namespace

std::pair<Answer, std::string> AnswerOf(const Reply& reply) {
  if (reply.is_lost()) return {Answer::kLost, reply.text};
  if (reply.is_error()) {
    return {PassesByItself(reply.code()) ? Answer::kRefused : Answer::kBroken, reply.text};
  }
  const absl::string_view word = TextAt(reply, 0);
  if (word == "APPLIED") return {Answer::kApplied, ""};
  if (word == "ALREADY") return {Answer::kAlready, ""};
  if (word == "FENCED") return {Answer::kFenced, Fenced(TextAt(reply, 2), TextAt(reply, 1))};
  if (word == "GAP") return {Answer::kGap, absl::StrCat("the last commit is ", TextAt(reply, 1))};
  if (word == "BROKEN") return {Answer::kBroken, std::string(TextAt(reply, 1))};
  return {Answer::kBroken, std::string(Unexpected(reply).message())};
}

absl::Status StatusOf(const Reply& reply) {
  if (reply.is_lost() || PassesByItself(reply.code())) return absl::UnavailableError(reply.text);
  if (reply.is_error()) return absl::InternalError(reply.text);
  return absl::OkStatus();
}

RedisJournal::RedisJournal(std::shared_ptr<Lane> lane, std::shared_ptr<Growth> growth,
                           absl::string_view service, int partition)
    : lane_(std::move(lane)),
      growth_(std::move(growth)),
      prefix_(absl::StrCat("tl:{", service, ":", partition, "}:")),
      meta_key_(absl::StrCat(prefix_, "meta")),
      journal_key_(absl::StrCat(prefix_, "journal")),
      followers_key_(absl::StrCat(prefix_, "followers")),
      alive_(std::make_shared<int>(0)) {}

redis::Client& RedisJournal::client() {
  if (!client_) client_ = lane_->Connect();
  return *client_;
}

redis::Client::Done RedisJournal::IfAlive(redis::Client::Done done) {
  return [alive = std::weak_ptr<int>(alive_), done = std::move(done)](Reply reply) {
    if (!alive.expired()) done(std::move(reply));
  };
}

void RedisJournal::Ask(std::vector<std::string> args, redis::Client::Done done) {
  client().Send(std::move(args), IfAlive(std::move(done)));
}

void RedisJournal::AnswerInPlace(redis::Client::Done done) {
  client().Answer({}, IfAlive(std::move(done)));
}

void RedisJournal::ReadHead(HeadDone done) {
  Ask({"HMGET", meta_key_, "epoch", "commit", "time", "digest", "owner", "format", "sealed"},
      [done = std::move(done)](Reply reply) {
        if (absl::Status status = StatusOf(reply); !status.ok()) return done(status);
        uint64_t format = 0;
        if (NumberAt(reply, 5, format) && format > kFormat) {
          return done(absl::FailedPreconditionError(absl::StrFormat(
              "the journal has format %d; this version knows up to %d", format, kFormat)));
        }
        absl::StatusOr<Head> head = HeadOf(reply, 0, 1, 2, 3);
        if (head.ok()) {
          head->owner = std::string(TextAt(reply, 4));
          (void)NumberAt(reply, 6, head->sealed);  // absent: nothing was
        }
        done(std::move(head));
      });
}

void RedisJournal::Own(std::string owner, uint64_t expected_epoch, HeadDone done) {
  if (owner.size() > kMaxOwnerBytes) {
    return AnswerInPlace([done = std::move(done), size = owner.size()](Reply) {
      done(absl::InvalidArgumentError(
          absl::StrFormat("an owner's name has %d bytes; the limit is %d", size, kMaxOwnerBytes)));
    });
  }
  Ask({"FCALL", "tideline_own_1", "1", meta_key_, owner, absl::StrCat(expected_epoch),
       absl::StrCat(kFormat)},
      [done = std::move(done), owner, expected_epoch](Reply reply) {
        if (absl::Status status = StatusOf(reply); !status.ok()) return done(status);
        const absl::string_view word = TextAt(reply, 0);
        if (word == "MOVED") {
          return done(absl::AbortedError(
              absl::StrCat(Fenced(TextAt(reply, 2), TextAt(reply, 1)), ", not ", expected_epoch)));
        }
        if (word == "BROKEN") return done(absl::FailedPreconditionError(TextAt(reply, 1)));
        if (word != "OK") return done(Unexpected(reply));
        absl::StatusOr<Head> head = HeadOf(reply, 1, 2, 3, 4);
        if (head.ok()) head->owner = owner;
        done(std::move(head));
      });
}

void RedisJournal::OnAnswer(const Reply& reply, CommitDone done) {
  std::pair<journal::Answer, std::string> answer = AnswerOf(reply);
  if (reply.code() == "READONLY" && lane_->endpoint_moves()) {
    client().Reconnect("the server is read-only");
  }
  done(answer.first, std::move(answer.second));
}

void RedisJournal::Commit(uint64_t epoch, std::shared_ptr<const journal::Commit> commit,
                          CommitDone done) {
  if (absl::Status status = CheckCommit(*commit); !status.ok()) {
    return AnswerInPlace([done = std::move(done), status](Reply) {
      done(Answer::kBroken, std::string(status.message()));
    });
  }
  CommitCommand command =
      MakeCommitCommand(epoch, std::move(commit), prefix_, meta_key_, journal_key_);
  client().Send(std::move(command.args), std::move(command.keep),
                IfAlive([this, done = std::move(done)](Reply reply) {
                  const absl::string_view word = TextAt(reply, 0);
                  if (word == "APPLIED" || word == "ALREADY") growth_->TellCommitted();
                  OnAnswer(reply, done);
                }));
}

void RedisJournal::Check(uint64_t epoch, uint64_t last_number, CommitDone done) {
  Ask({"FCALL", "tideline_check_1", "1", meta_key_, absl::StrCat(epoch), absl::StrCat(last_number)},
      [this, done = std::move(done)](Reply reply) { OnAnswer(reply, done); });
}

// ---- Load ----

struct RedisJournal::Loading {
  std::vector<std::string> kinds;
  RecordVisitor visit;
  StatusDone done;
  size_t kind = 0;                        // being loaded
  absl::flat_hash_set<std::string> seen;  // its ids: HSCAN may return one twice
  absl::Status status;                    // first error; pages under way are ignored then
};

void RedisJournal::Load(std::vector<std::string> kinds, RecordVisitor visit, StatusDone done) {
  auto loading = std::make_shared<Loading>();
  loading->kinds = std::move(kinds);
  loading->visit = std::move(visit);
  loading->done = std::move(done);
  Ask({"HKEYS", meta_key_}, [this, loading](Reply meta) {
    if (absl::Status status = StatusOf(meta); !status.ok()) return loading->done(status);
    FindUnknownKinds(loading, meta);
  });
}

// A kind that this version does not know must not be left behind silently. One whose records are
// all deleted does no harm.
void RedisJournal::FindUnknownKinds(std::shared_ptr<Loading> loading, const Reply& meta) {
  auto open = std::make_shared<size_t>(1);
  const auto settled = [this, loading, open] {
    if (--*open > 0) return;
    if (!loading->status.ok()) return loading->done(loading->status);
    LoadKind(loading);
  };
  for (const Reply& field : meta.elements) {
    absl::string_view kind = field.text;
    if (!absl::ConsumePrefix(&kind, "kind:")) continue;
    if (std::find(loading->kinds.begin(), loading->kinds.end(), kind) != loading->kinds.end()) {
      continue;
    }
    ++*open;
    Ask({"HLEN", absl::StrCat(prefix_, "r:", kind)},
        [loading, settled, kind = std::string(kind)](Reply count) {
          loading->status.Update(StatusOf(count));
          if (count.integer > 0) {
            loading->status.Update(absl::FailedPreconditionError(absl::StrFormat(
                "the store has records of kind \"%s\", unknown to this version", kind)));
          }
          settled();
        });
  }
  settled();
}

void RedisJournal::LoadKind(std::shared_ptr<Loading> loading) {
  if (loading->kind == loading->kinds.size()) return loading->done(absl::OkStatus());
  loading->seen.clear();
  LoadPage(loading, "0");
}

void RedisJournal::LoadPage(std::shared_ptr<Loading> loading, std::string cursor) {
  Ask({"HSCAN", absl::StrCat(prefix_, "r:", loading->kinds[loading->kind]), std::move(cursor),
       "COUNT", absl::StrCat(kScanPage)},
      [this, loading](Reply page) {
        if (!loading->status.ok()) return;
        if (absl::Status status = StatusOf(page); !status.ok()) return loading->done(status);
        if (page.elements.size() != 2) return loading->done(Unexpected(page));
        const std::string next = page.elements[0].text;
        // The next page is fetched while this one is visited.
        if (next != "0") LoadPage(loading, next);
        loading->status = VisitPage(*loading, page.elements[1]);
        if (!loading->status.ok()) return loading->done(loading->status);
        if (next != "0") return;
        ++loading->kind;
        LoadKind(loading);
      });
}

absl::Status RedisJournal::VisitPage(Loading& loading, Reply& page) {
  const std::string& kind = loading.kinds[loading.kind];
  for (size_t i = 0; i + 1 < page.elements.size(); i += 2) {
    std::string& id = page.elements[i].text;
    std::string& stored = page.elements[i + 1].text;
    if (!loading.seen.insert(id).second) continue;
    TL_RETURN_IF_ERROR(DecodeRecord(kind, id, stored).status());
    stored.erase(0, kRecordHeaderBytes);
    TL_RETURN_IF_ERROR(loading.visit(kind, std::move(id), std::move(stored)));
  }
  return absl::OkStatus();
}

// ---- The journal as a reader sees it ----

namespace {

// Entries of a page, verified; `after` is the position they must join on to.
absl::StatusOr<Page> PageOf(uint64_t after, Reply& reply) {
  Page page;
  if (!NumberAt(reply, 1, page.first) || !NumberAt(reply, 2, page.last)) return Unexpected(reply);
  const absl::string_view word = TextAt(reply, 0);
  if (word == "BEYOND") {
    return absl::DataLossError(
        absl::StrFormat("position %d lies beyond the journal's end %d", after, page.last));
  }
  if (word == "TRIMMED") {
    return absl::OutOfRangeError(
        absl::StrFormat("entries after %d are trimmed; the oldest kept is %d", after, page.first));
  }
  if (word != "OK") return Unexpected(reply);
  for (size_t i = 3; i + 2 < reply.elements.size(); i += 3) {
    const std::string number = absl::StrCat(after + page.entries.size() + 1);
    if (reply.elements[i].text != number + "-0") {
      return absl::DataLossError(absl::StrFormat("entry %s of the journal is missing; next is %s",
                                                 number, reply.elements[i].text));
    }
    std::string& entry = reply.elements[i + 1].text;
    std::string& memos = reply.elements[i + 2].text;
    TL_RETURN_IF_ERROR(DecodeRecord(kEntryKind, number, entry).status());
    TL_RETURN_IF_ERROR(DecodeRecord(kMemosKind, number, memos).status());
    entry.erase(0, kRecordHeaderBytes);
    memos.erase(0, kRecordHeaderBytes);
    page.entries.push_back({after + page.entries.size() + 1, std::move(entry), std::move(memos)});
  }
  return page;
}

}  // namespace

void RedisJournal::Read(uint64_t after, size_t limit, PageDone done) {
  limit = std::min(limit, kMaxReadEntries);
  Ask({"FCALL_RO", "tideline_read_1", "2", meta_key_, journal_key_, absl::StrCat(after),
       absl::StrCat(limit), absl::StrCat(kMaxReadBytes)},
      [after, limit, done = std::move(done)](Reply reply) {
        if (absl::Status status = StatusOf(reply); !status.ok()) return done(status);
        absl::StatusOr<Page> page = PageOf(after, reply);
        if (page.ok() && page->entries.empty() && limit > 0 && after < page->last) {
          page = absl::DataLossError(absl::StrFormat(
              "entry %d of the journal is missing; the last is %d", after + 1, page->last));
        }
        done(std::move(page));
      });
}

void RedisJournal::OnGrowth(std::function<void()> hint) {
  listening_.push_back(growth_->Listen(lane_->loop(), std::move(hint)));
  lane_->tail().Watch(meta_key_, journal_key_, growth_);
}

void RedisJournal::PublishCursor(std::string follower, uint64_t number, StatusDone done) {
  if (absl::Status status = CheckCursor(follower); !status.ok()) {
    return AnswerInPlace([done = std::move(done), status](Reply) { done(status); });
  }
  Ask({"FCALL", "tideline_cursor_1", "1", followers_key_, std::move(follower),
       absl::StrCat(number)},
      [done = std::move(done)](Reply reply) { done(StatusOf(reply)); });
}

void RedisJournal::Seal(uint64_t number, StatusDone done) {
  Ask({"FCALL", "tideline_seal_1", "1", meta_key_, absl::StrCat(number)},
      [number, done = std::move(done)](Reply reply) {
        if (TextAt(reply, 0) != "BEYOND") return done(StatusOf(reply));
        done(absl::OutOfRangeError(
            absl::StrCat("cannot seal ", number, ": the last commit is ", TextAt(reply, 1))));
      });
}

void RedisJournal::Trim(uint64_t epoch, uint64_t number,
                        std::function<void(absl::StatusOr<uint64_t>)> done) {
  Ask({"FCALL", "tideline_trim_1", "3", meta_key_, journal_key_, followers_key_,
       absl::StrCat(epoch), absl::StrCat(number), absl::StrCat(kTrimEntries)},
      [this, epoch, number, done = std::move(done)](Reply reply) {
        if (absl::Status status = StatusOf(reply); !status.ok()) return done(status);
        if (TextAt(reply, 0) == "FENCED") {
          return done(absl::AbortedError(Fenced(TextAt(reply, 2), TextAt(reply, 1))));
        }
        uint64_t first = 0;
        if (TextAt(reply, 0) != "OK" || !NumberAt(reply, 1, first)) return done(Unexpected(reply));
        if (TextAt(reply, 2) == "1") return Trim(epoch, number, done);
        done(first);
      });
}

}  // namespace tideline::journal
