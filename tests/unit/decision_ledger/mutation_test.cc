// SPDX-License-Identifier: Apache-2.0
// An export of 10,000 entries, changed in every way a forger would try, at random: the verifier
// names the first thing that is wrong, every time, and never calls a clean export bad.
//
// TIDELINE_MUTATIONS says how many; ctest runs a short form, and the full 100,000 among the slow
// tests.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "services/decision_ledger/ledger/note.h"
#include "tests/unit/decision_ledger/exported.h"
#include "tideline/decision_ledger/v1/ledger.pb.h"

namespace tideline::decision_ledger {
namespace {

using Where = verify::Finding::Where;
using Lines = std::vector<std::string>;

constexpr uint64_t kEntries = 10'000;

enum Kind {
  kEditByte,
  kDeleteByte,
  kInsertByte,
  kDeleteLine,
  kInsertLine,
  kSwapLines,
  kTruncate,
  kSwapProofs,
  kReplaceEvent,
  kRenumber,
  kSignWithOtherKey,
  kOlderExport,
  kKinds
};
constexpr const char* kNames[] = {"edit a byte",   "delete a byte",         "insert a byte",
                                  "delete a line", "insert a line",         "swap lines",
                                  "truncate",      "swap proofs",           "replace a event",
                                  "renumber",      "sign with another key", "older export"};

Lines Split(const std::string& text) {
  Lines lines;
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    if (end == std::string::npos) {
      lines.push_back(text.substr(at));
      break;
    }
    lines.push_back(text.substr(at, end - at + 1));
    at = end + 1;
  }
  return lines;
}

std::string Join(const Lines& lines) {
  std::string text;
  for (const std::string& line : lines) text += line;
  return text;
}

// Number of the line, counting from the text's beginning, in which the first difference lies.
size_t FirstChangedLine(const std::string& before, const std::string& after) {
  const size_t common = std::min(before.size(), after.size());
  const size_t at = static_cast<size_t>(
      std::mismatch(before.begin(), before.begin() + static_cast<long>(common), after.begin())
          .first -
      before.begin());
  return static_cast<size_t>(
      std::count(before.begin(), before.begin() + static_cast<long>(at), '\n'));
}

// What a finding should say whose first changed line is this one.
struct Place {
  Where where = Where::kEntry;
  uint64_t index = 0;
};

class Forger {
 public:
  explicit Forger(uint64_t seed) : exported_(kEntries / 2), chance_(seed) {
    kept_ = exported_.checkpoint();
    exported_.Grow(kEntries / 4);
    older_ = exported_.Export();
    exported_.Grow(kEntries - kEntries / 2 - kEntries / 4);
    text_ = exported_.Export();
    lines_ = Split(text_);
    trust_ = {exported_.key(), kept_};
    for (const std::string& line : lines_) places_.push_back(PlaceOf(line));
    EXPECT_TRUE(SigningKey::Create(exported_.folder() + "/forger.pem").ok());
    forger_key_ =
        std::make_unique<SigningKey>(*SigningKey::Read(exported_.folder() + "/forger.pem"));
  }

  const std::string& text() const { return text_; }
  const std::string& older() const { return older_; }
  const verify::Trust& trust() const { return trust_; }
  size_t Below(size_t bound) { return static_cast<size_t>(chance_() % bound); }

  std::string Mutate(Kind kind) {
    switch (kind) {
      case kEditByte: {
        std::string text = text_;
        text[Below(text.size())] = static_cast<char>(Below(256));
        return text;
      }
      case kDeleteByte: {
        std::string text = text_;
        text.erase(Below(text.size()), 1);
        return text;
      }
      case kInsertByte: {
        std::string text = text_;
        text.insert(text.begin() + static_cast<long>(Below(text.size() + 1)),
                    static_cast<char>(Below(256)));
        return text;
      }
      case kTruncate:
        return text_.substr(0, Below(text_.size()));
      case kOlderExport:
        return older_;
      default:
        return MutateLines(kind);
    }
  }

  // Whether the finding names what was changed first.
  bool IsRight(const std::string& after, const verify::Finding& finding) const {
    const size_t line = FirstChangedLine(text_, after);
    if (line >= places_.size()) {
      return finding.where == Where::kEntry && finding.index == kEntries;
    }
    const Place& place = places_[line];
    // The header's size is checked against the checkpoints: either may be to blame.
    if (place.where == Where::kHeader) {
      return finding.where == Where::kHeader || finding.where == Where::kCheckpoint;
    }
    return finding.where == place.where && finding.index == place.index;
  }

 private:
  Place PlaceOf(const std::string& line) {
    if (absl::StartsWith(line, "{\"export\"")) return {Where::kHeader, 0};
    if (absl::StartsWith(line, "{\"checkpoint\"")) return {Where::kCheckpoint, checkpoints_++};
    if (absl::StartsWith(line, "{\"block\"")) return {Where::kBlock, blocks_++};
    return {Where::kEntry, entries_++};
  }

  size_t AnyLine(Where where) {
    size_t line;
    do {
      line = Below(lines_.size());
    } while (places_[line].where != where);
    return line;
  }

  std::string MutateLines(Kind kind) {
    Lines lines = lines_;
    const size_t at = Below(lines.size());
    switch (kind) {
      case kDeleteLine:
        lines.erase(lines.begin() + static_cast<long>(at));
        break;
      case kInsertLine:
        lines.insert(lines.begin() + static_cast<long>(at), lines_[Below(lines_.size())]);
        break;
      case kSwapLines:
        std::swap(lines[at], lines[Below(lines.size())]);
        break;
      case kSwapProofs: {
        const Where where = Below(8) == 0 ? Where::kBlock : Where::kEntry;
        const size_t a = AnyLine(where);
        const size_t b = AnyLine(where);
        const size_t a_at = lines[a].find("\"proof\"");
        const size_t b_at = lines[b].find("\"proof\"");
        const std::string a_proof = lines[a].substr(a_at);
        lines[a].replace(a_at, std::string::npos, lines[b].substr(b_at));
        lines[b].replace(b_at, std::string::npos, a_proof);
        break;
      }
      case kReplaceEvent:
        ReplaceEvent(lines[AnyLine(Where::kEntry)]);
        break;
      case kRenumber:
        Renumber(lines);
        break;
      case kSignWithOtherKey:
        SignAgain(lines[AnyLine(Where::kCheckpoint)]);
        break;
      default:
        break;
    }
    return Join(lines);
  }

  // The entry in full form, with something else in it: what an insider would write.
  void ReplaceEvent(std::string& line) {
    const std::string begin = "\"sealed\":\"";
    const size_t at = line.find(begin) + begin.size();
    const size_t end = line.find('"', at);
    std::string bytes;
    ASSERT_TRUE(absl::Base64Unescape(line.substr(at, end - at), &bytes));
    v1::SealedEvent sealed;
    ASSERT_TRUE(sealed.ParseFromString(bytes));
    switch (Below(4)) {
      case 0:
        sealed.mutable_seal_time()->set_seconds(sealed.seal_time().seconds() + 1);
        break;
      case 1:
        sealed.set_service(sealed.service() + "x");
        break;
      case 2:
        sealed.set_sequence(sealed.sequence() + 1);
        break;
      default:
        sealed.mutable_event()->back() ^= 1;
    }
    line.replace(at, end - at, absl::Base64Escape(sealed.SerializeAsString()));
  }

  // An entry is left out, and those after it in its block take its number and the next ones'.
  void Renumber(Lines& lines) {
    const size_t at = AnyLine(Where::kEntry);
    lines.erase(lines.begin() + static_cast<long>(at));
    for (size_t i = at; i < lines.size() && absl::StartsWith(lines[i], "{\"entry\""); ++i) {
      const size_t comma = lines[i].find(',');
      lines[i].replace(0, comma, absl::StrCat("{\"entry\":", places_[at].index + i - at));
    }
  }

  void SignAgain(std::string& line) {
    const size_t dash = line.find("\\n\\n\u2014");
    const size_t end = line.find("\",\"consistency\"");
    const std::string begin = "{\"checkpoint\":\"";
    const std::string text = absl::StrReplaceAll(
        line.substr(begin.size(), dash - begin.size()) + "\\n", {{"\\n", "\n"}});
    const std::string signature = absl::StrReplaceAll(
        SignatureLine("tideline.example/acme", *forger_key_, text), {{"\n", "\\n"}});
    line.replace(dash + 4, end - dash - 4, signature);
  }

  Exported exported_;
  std::mt19937_64 chance_;
  std::string kept_;
  std::string older_;
  std::string text_;
  Lines lines_;
  std::vector<Place> places_;
  uint64_t entries_ = 0;
  uint64_t blocks_ = 0;
  uint64_t checkpoints_ = 0;
  verify::Trust trust_;
  std::unique_ptr<SigningKey> forger_key_;
};

struct Tally {
  std::array<std::atomic<uint64_t>, kKinds> found{};
  std::array<std::atomic<uint64_t>, kKinds> unchanged{};
  std::atomic<uint64_t> older{0};
};

void Forge(uint64_t mutations, uint64_t seed, Tally& tally) {
  Forger forger(seed);
  ASSERT_TRUE(VerifyText(forger.text(), forger.trust()).good());
  for (uint64_t i = 0; i < mutations; ++i) {
    const Kind kind = static_cast<Kind>(forger.Below(kKinds));
    const std::string after = forger.Mutate(kind);
    const verify::Report report = VerifyText(after, forger.trust());
    if (after == forger.text()) {
      ++tally.unchanged[kind];
      ASSERT_TRUE(report.good()) << "seed " << seed << ": " << Describe(report.first_bad);
    } else if (after == forger.older()) {
      ++tally.older;  // genuine, and newer than what the client has kept
      ASSERT_TRUE(report.good()) << "seed " << seed << ": " << Describe(report.first_bad);
    } else {
      ASSERT_FALSE(report.good()) << "seed " << seed << ", mutation " << i << ": " << kNames[kind];
      ASSERT_TRUE(forger.IsRight(after, report.first_bad))
          << "seed " << seed << ", mutation " << i << ": " << kNames[kind] << " in line "
          << FirstChangedLine(forger.text(), after) << ", but: " << Describe(report.first_bad);
      ++tally.found[kind];
    }
  }
}

TEST(Mutation, EveryOneIsFoundWhereItIs) {
  const char* const wanted = std::getenv("TIDELINE_MUTATIONS");
  uint64_t mutations = 1000;
  ASSERT_TRUE(wanted == nullptr || absl::SimpleAtoi(wanted, &mutations));
  const uint64_t threads = std::max(1u, std::thread::hardware_concurrency());
  Tally tally;
  std::vector<std::thread> running;
  for (uint64_t t = 0; t < threads; ++t) {
    running.emplace_back([&, t] { Forge(mutations / threads, 20 + t, tally); });
  }
  for (std::thread& thread : running) thread.join();
  uint64_t found = 0;
  for (int kind = 0; kind < kKinds; ++kind) {
    std::printf("%-22s %7lu found, %lu left it as it was\n", kNames[kind],
                static_cast<unsigned long>(tally.found[static_cast<size_t>(kind)]),
                static_cast<unsigned long>(tally.unchanged[static_cast<size_t>(kind)]));
    found += tally.found[static_cast<size_t>(kind)];
    EXPECT_TRUE(kind == kOlderExport || tally.found[static_cast<size_t>(kind)] > 0) << kNames[kind];
  }
  std::printf("%lu found at the right place; %lu genuine older exports; 0 false alarms\n",
              static_cast<unsigned long>(found), static_cast<unsigned long>(tally.older));
}

}  // namespace
}  // namespace tideline::decision_ledger
