// SPDX-License-Identifier: Apache-2.0
// bench-match: what it costs to find the right person for one item among 1,000, 10,000 and 100,000
// experts, with every constraint in force, the choice and the funnel; beside the obvious way, which
// asks everybody in turn. Prints a table, and JSON with --json FILE.
//
//   bench-match [--json FILE] [--crowd NAME]... [--experts N]... [--rounds N]
//
// Three crowds, from kind to cruel:
//   mixed    50 skills, each expert holds 5 of them, 3 asked: a handful qualify
//   branches 50 skills in 5 branches, experts hold most of one branch: thousands qualify
//   alike    all hold everything and score the same: all who are free qualify, ties decide
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "services/work_routing/core/matcher.h"
#include "services/work_routing/core/matcher_kernel.h"

namespace tideline::work_routing {
namespace {

using Clock = std::chrono::steady_clock;
using eligibility::Expert;
using eligibility::Load;
using eligibility::Presence;
using eligibility::ShiftSpan;

constexpr int kSkills = 50, kBranches = 5, kTeams = 40, kOrganizations = 10, kCountries = 12;
constexpr int kQueues = 20;        // each with its teams, contract and countries
constexpr int kCalendars = 24;     // a shift that begins at each hour
constexpr int kSignatures = 1000;  // kinds of items, all waiting when a person is freed
constexpr size_t kFewest = 1'000, kMost = 100'000;
constexpr int64_t kFirstSecond = 1'772'445'600;

enum class Crowd { kMixed, kBranches, kAlike };
constexpr const char* kCrowdNames[] = {"mixed", "branches", "alike"};

class Dice {
 public:
  explicit Dice(uint64_t seed) : random_(seed) {}
  int Roll(int sides) { return static_cast<int>(random_() % sides); }
  std::string Name(absl::string_view kind, int many) { return absl::StrCat(kind, Roll(many)); }

 private:
  std::mt19937_64 random_;
};

struct Figures {
  double p50 = 0, p99 = 0, most = 0, mean = 0;  // microseconds
};

Figures Summarize(std::vector<double>& micros) {
  std::sort(micros.begin(), micros.end());
  Figures figures{micros[micros.size() / 2], micros[micros.size() * 99 / 100], micros.back(), 0};
  for (double m : micros) figures.mean += m / static_cast<double>(micros.size());
  return figures;
}

template <typename Work>
double Time(const Work& work) {
  auto start = Clock::now();
  work();
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

class Scene {
 public:
  Scene(Crowd crowd, size_t experts) : crowd_(crowd), dice_(42) {
    for (int i = 0; i < kCalendars; ++i) {
      // Sixteen hours on, eight off, so that two thirds are on shift at any hour.
      matcher_.SetCalendar(absl::StrCat("calendar", i), [i](absl::Time at) {
        absl::Duration past = (at - absl::UnixEpoch() - absl::Hours(i)) % absl::Hours(24);
        if (past < absl::Hours(16)) {
          return ShiftSpan{true, true, at + (absl::Hours(16) - past), absl::ZeroDuration()};
        }
        return ShiftSpan{false, false, at + (absl::Hours(24) - past), absl::ZeroDuration()};
      });
    }
    for (size_t i = 0; i < experts; ++i) AddExpert(i);
    for (int i = 0; i < kQueues; ++i) queues_.push_back(MakeQueue());
    for (int i = 0; i < kSignatures; ++i) signatures_.push_back(matcher_.Acquire(MakeNeeds()));
  }

  // One item: the choice, then the load it puts on whoever got it. Returns microseconds of each.
  void Assign(std::vector<double>& choosing, std::vector<double>& loading, uint64_t& qualified,
              uint64_t& found) {
    Ask ask = MakeAsk();
    SignatureId signature = signatures_[dice_.Roll(kSignatures)];
    Choice choice;
    choosing.push_back(Time([&] { choice = matcher_.Choose(signature, ask, Weights()); }));
    qualified += choice.funnel.left.back();
    if (!choice.found()) return;
    ++found;
    Slot slot = choice.best().slot;
    Load load = matcher_.LoadOf(slot);
    ++load.used;
    ++load.open_items;
    load.open_minutes += 60;
    load.idle_since = now_;
    load.idle_order = ++order_;
    loading.push_back(Time([&] { matcher_.SetLoad(slot, load); }));
    held_.push_back(slot);
    // As many finish as begin, so that the crowd stays as it is.
    if (held_.size() > 200) Finish(held_[dice_.Roll(static_cast<int>(held_.size()))]);
  }

  // Somebody becomes free and looks at a thousand kinds of waiting items.
  void Look(std::vector<double>& looking) {
    for (int i = 0; i < kSignatures; ++i) matcher_.SetWaiting(signatures_[i], dice_.Roll(1 << 20));
    for (int i = 0; i < 20'000; ++i) {
      Slot slot = slots_[dice_.Roll(static_cast<int>(slots_.size()))];
      looking.push_back(Time([&] { sink_ += matcher_.WaitingFor(slot, now_, 1).size(); }));
    }
  }

  // The rival: the same table, asked of everybody in turn (without a score).
  double Scan() {
    std::vector<eligibility::Candidate> people;
    for (Slot slot : slots_) people.push_back(matcher_.CandidateOf(slot, now_));
    Ask ask = MakeAsk();
    const Needs& needs = matcher_.NeedsOf(signatures_[0]);
    std::vector<double> times;
    for (int i = 0; i < 5; ++i) {
      times.push_back(Time([&] {
        for (const auto& person : people) {
          sink_ += eligibility::Evaluate(needs, ask, person) == Constraint::kCount;
        }
      }));
    }
    return Summarize(times).p50;
  }

 private:
  void AddExpert(size_t i) {
    Expert expert;
    expert.id = absl::StrCat("expert", i);
    expert.person = absl::StrCat("person", i);
    expert.team = dice_.Name("team", kTeams);
    expert.organization = dice_.Name("organization", kOrganizations);
    expert.calendar = crowd_ == Crowd::kAlike ? "" : dice_.Name("calendar", kCalendars);
    expert.country = dice_.Name("country", kCountries);
    expert.shore = 1 + dice_.Roll(3);
    expert.grade = dice_.Roll(6);
    expert.capacity = 5;
    expert.cost_per_hour = crowd_ == Crowd::kAlike ? 5000 : 2000 + dice_.Roll(8000);
    AddSkills(expert);
    for (int c = 0; c < 3; ++c) {
      if (dice_.Roll(10) < 8) expert.clearances.push_back({absl::StrCat("client", c)});
    }
    Slot slot = matcher_.Upsert(expert);
    slots_.push_back(slot);
    matcher_.SetPresence(slot, dice_.Roll(10) < 8 ? Presence::kAvailable : Presence::kOffline);
    Load load;
    load.idle_order = ++order_;
    load.idle_since = now_ - absl::Minutes(crowd_ == Crowd::kAlike ? 60 : dice_.Roll(480));
    if (crowd_ != Crowd::kAlike) {
      load.used = dice_.Roll(6);
      load.open_items = load.used;
      load.open_minutes = load.used * (30 + dice_.Roll(90));
    }
    matcher_.SetLoad(slot, load);
  }

  void AddSkills(Expert& expert) {
    int branch = dice_.Roll(kBranches);
    std::vector<int> held;
    for (int s = 0; s < kSkills; ++s) {
      bool has = crowd_ == Crowd::kAlike || (crowd_ == Crowd::kMixed && dice_.Roll(kSkills) < 5) ||
                 (crowd_ == Crowd::kBranches && s % kBranches == branch && dice_.Roll(10) < 8);
      if (has) held.push_back(s);
    }
    for (int s : held) {
      expert.skills.push_back({absl::StrFormat("skill%02d", s),
                               crowd_ == Crowd::kAlike ? 5 : 1 + dice_.Roll(5),
                               absl::InfiniteFuture(), dice_.Roll(10) == 0});
    }
  }

  // What the items of one queue share. Every constraint is in force; most let most people pass, as
  // in a programme that is staffed.
  Needs MakeQueue() {
    Needs needs;
    needs.serving.limited = true;
    for (int t = dice_.Roll(4); t < kTeams; t += dice_.Roll(2) + 1) {
      needs.serving.teams.push_back(absl::StrCat("team", t));
    }
    needs.engagement_to = absl::FromUnixSeconds(kFirstSecond) + absl::Hours(24 * 365);
    needs.engagement.limited = true;
    for (int o = 0; o < kOrganizations - 1; ++o) {
      needs.engagement.organizations.push_back(absl::StrCat("organization", o));
    }
    needs.any_country = false;
    for (int c = dice_.Roll(3); c < kCountries; ++c) {
      needs.countries.push_back(absl::StrCat("country", c));
    }
    needs.clearances = {dice_.Name("client", 3)};
    needs.conflicting_organizations = {dice_.Name("organization", kOrganizations)};
    needs.restricted_teams = {dice_.Name("team", kTeams)};
    needs.open_limit = 5;
    return needs;
  }

  Needs MakeNeeds() {
    Needs needs = queues_[dice_.Roll(kQueues)];
    int branch = dice_.Roll(kBranches);
    while (needs.required.size() < 3) {
      int skill = crowd_ == Crowd::kBranches ? branch + kBranches * dice_.Roll(kSkills / kBranches)
                                             : dice_.Roll(kSkills);
      std::string name = absl::StrFormat("skill%02d", skill);
      bool doubled = std::any_of(needs.required.begin(), needs.required.end(),
                                 [&](const auto& need) { return need.skill == name; });
      if (!doubled) needs.required.push_back({name, 1 + dice_.Roll(3)});
    }
    needs.grade = 1 + dice_.Roll(2);
    needs.excluded_teams = {dice_.Name("team", kTeams)};
    return needs;
  }

  Ask MakeAsk() {
    now_ += absl::Milliseconds(1);
    Ask ask;
    ask.now = now_;
    ask.effort = absl::Hours(1 + dice_.Roll(3));
    for (int i = 0; i < 3; ++i) {
      ask.excluded_people.push_back(dice_.Name("person", static_cast<int>(slots_.size())));
      ask.declined_experts.push_back(dice_.Name("expert", static_cast<int>(slots_.size())));
    }
    ask.affinity_experts = {dice_.Name("expert", static_cast<int>(slots_.size()))};
    return ask;
  }

  void Finish(Slot slot) {
    held_.erase(std::find(held_.begin(), held_.end(), slot));
    Load load = matcher_.LoadOf(slot);
    --load.used;
    --load.open_items;
    load.open_minutes -= 60;
    matcher_.SetLoad(slot, load);
  }

  Crowd crowd_;
  Dice dice_;
  Matcher matcher_;
  absl::Time now_ = absl::FromUnixSeconds(kFirstSecond);
  uint64_t order_ = 0;
  std::vector<Slot> slots_;
  std::vector<Slot> held_;
  std::vector<Needs> queues_;
  std::vector<SignatureId> signatures_;
  uint64_t sink_ = 0;
};

struct Row {
  std::string crowd;
  size_t experts = 0;
  double qualified = 0;  // on average
  double found = 0;      // share of items that found somebody
  Figures choose, load, look;
  double scan = 0;
};

Row Run(Crowd crowd, size_t experts, int rounds) {
  Scene scene(crowd, experts);
  std::vector<double> choosing, loading, looking;
  uint64_t qualified = 0, found = 0;
  for (int i = 0; i < 200; ++i) scene.Assign(choosing, loading, qualified, found);  // warm
  choosing.clear();
  loading.clear();
  qualified = found = 0;
  for (int i = 0; i < rounds; ++i) scene.Assign(choosing, loading, qualified, found);
  scene.Look(looking);
  Row row{kCrowdNames[static_cast<int>(crowd)], experts, double(qualified) / rounds,
          double(found) / rounds};
  row.choose = Summarize(choosing);
  if (!loading.empty()) row.load = Summarize(loading);
  row.look = Summarize(looking);
  row.scan = scene.Scan();
  return row;
}

std::string Json(const Figures& f) {
  return absl::StrFormat(R"({"p50_us": %.3f, "p99_us": %.3f, "max_us": %.3f, "mean_us": %.3f})",
                         f.p50, f.p99, f.most, f.mean);
}

std::string Json(const std::vector<Row>& rows, int rounds) {
  std::vector<std::string> lines;
  for (const Row& row : rows) {
    lines.push_back(absl::StrFormat(
        R"(    {"crowd": "%s", "experts": %d, "qualified": %.1f, "found": %.3f, "choose": %s, )"
        R"("set_load": %s, "waiting_for": %s, "scan_p50_us": %.1f})",
        row.crowd, row.experts, row.qualified, row.found, Json(row.choose), Json(row.load),
        Json(row.look), row.scan));
  }
  return absl::StrFormat(
      "{\n  \"benchmark\": \"bench-match\",\n  \"chain\": \"%s\",\n  \"rounds\": %d,\n"
      "  \"skills\": %d,\n  \"required\": 3,\n  \"signatures\": %d,\n  \"rows\": [\n%s\n  ]\n}\n",
      ChainBuild(), rounds, kSkills, kSignatures, absl::StrJoin(lines, ",\n"));
}

void Print(const std::vector<Row>& rows, int rounds) {
  std::printf(
      "bench-match: one item among N experts; 50 skills, 3 required with levels, every "
      "constraint,\nthe exact choice with runners-up and funnel. Chain: %s, %d rounds. "
      "Microseconds.\n\n",
      ChainBuild(), rounds);
  std::printf("%-9s %8s %10s %6s | %7s %7s %8s | %7s %7s | %7s %7s | %9s\n", "crowd", "experts",
              "qualified", "found", "choose", "p99", "max", "load", "p99", "waiting", "p99",
              "scan");
  for (const Row& r : rows) {
    std::printf(
        "%-9s %8zu %10.1f %5.0f%% | %7.2f %7.2f %8.1f | %7.2f %7.2f | %7.2f %7.2f | %9.1f\n",
        r.crowd.c_str(), r.experts, r.qualified, r.found * 100, r.choose.p50, r.choose.p99,
        r.choose.most, r.load.p50, r.load.p99, r.look.p50, r.look.p99, r.scan);
  }
  std::printf(
      "\nload: SetLoad after a choice. waiting: the soonest of %d kinds of waiting items "
      "for a freed person.\nscan: the constraints alone, asked of everybody in turn.\n",
      kSignatures);
}

bool FindCrowd(const char* name, std::vector<Crowd>& crowds) {
  for (Crowd crowd : {Crowd::kMixed, Crowd::kBranches, Crowd::kAlike}) {
    if (std::strcmp(name, kCrowdNames[static_cast<int>(crowd)]) != 0) continue;
    crowds.push_back(crowd);
    return true;
  }
  return false;
}

int Main(int argc, char** argv) {
  std::string json;
  int rounds = 20'000;
  std::vector<size_t> sizes;
  std::vector<Crowd> crowds;
  for (int i = 1; i < argc; ++i) {
    bool has_value = i + 1 < argc;
    int experts = 0;
    if (has_value && std::strcmp(argv[i], "--json") == 0) {
      json = argv[++i];
    } else if (has_value && std::strcmp(argv[i], "--rounds") == 0 &&
               absl::SimpleAtoi(argv[i + 1], &rounds) && rounds > 0) {
      ++i;
    } else if (has_value && std::strcmp(argv[i], "--experts") == 0 &&
               absl::SimpleAtoi(argv[i + 1], &experts) && experts > 0) {
      sizes.push_back(static_cast<size_t>(experts));
      ++i;
    } else if (has_value && std::strcmp(argv[i], "--crowd") == 0 &&
               FindCrowd(argv[i + 1], crowds)) {
      ++i;
    } else {
      std::fprintf(stderr,
                   "usage: bench-match [--json FILE] [--crowd mixed|branches|alike]... "
                   "[--experts N]... [--rounds N]\n");
      return 2;
    }
  }
  if (sizes.empty()) {
    for (size_t n = kFewest; n <= kMost; n *= 10) sizes.push_back(n);
  }
  std::vector<Row> rows;
  if (crowds.empty()) crowds = {Crowd::kMixed, Crowd::kBranches, Crowd::kAlike};
  for (Crowd crowd : crowds) {
    for (size_t n : sizes) rows.push_back(Run(crowd, n, rounds));
  }
  Print(rows, rounds);
  if (json.empty()) return 0;
  std::ofstream file(json);
  file << Json(rows, rounds);
  if (!file.flush()) {
    std::fprintf(stderr, "cannot write %s\n", json.c_str());
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace tideline::work_routing

int main(int argc, char** argv) { return tideline::work_routing::Main(argc, argv); }
