// SPDX-License-Identifier: Apache-2.0
// bench-calendar: what a question to a calendar costs, near and far, beside the obvious way of
// answering it (walking day by day). Prints a table, and JSON with --json FILE.
//
//   bench-calendar [--json FILE]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/civil_time.h"
#include "common/calendar/calendar.h"

namespace tideline {
namespace {

constexpr int kRounds = 5;                              // the median is told, and the spread
constexpr auto kRound = std::chrono::milliseconds(60);  // long against the clock's grain

type::v1::CalendarRules Office(const std::string& zone, int listed_years) {
  type::v1::CalendarRules rules;
  rules.set_time_zone(zone);
  for (int day = 1; day <= 5; ++day) {
    auto& hours = *rules.add_weekly_hours();
    hours.set_day(static_cast<type::v1::DayOfWeek>(day));
    for (int start : {9 * 60, 13 * 60}) {
      auto& interval = *hours.add_intervals();
      interval.set_start_minute(start);
      interval.set_end_minute(start + 4 * 60);
    }
  }
  // Twelve holidays a year, as a country has.
  for (int i = 0; i < listed_years * 12; ++i) {
    auto& date = *rules.add_holidays()->mutable_date();
    date.set_year(2020 + i / 12);
    date.set_month(1 + i % 12);
    date.set_day(1 + i * 7 % 28);
  }
  return rules;
}

std::shared_ptr<const Calendar> Make(const type::v1::CalendarRules& rules) {
  auto made = Calendar::Create(rules);
  if (!made.ok()) {
    std::fprintf(stderr, "%s\n", made.status().ToString().c_str());
    std::exit(1);
  }
  return *made;
}

// The rival: walks day by day and takes each day's hours from the civil clock.
absl::Time WalkDays(const absl::TimeZone& zone, absl::Time from, absl::Duration working) {
  for (absl::CivilDay day(zone.At(from).cs);; ++day) {
    if (absl::GetWeekday(day) >= absl::Weekday::saturday) continue;
    for (int hour : {9, 13}) {
      const absl::Time opens =
          std::max(from, absl::FromCivil(absl::CivilSecond(day) + hour * 3600, zone));
      const absl::Time closes = absl::FromCivil(absl::CivilSecond(day) + (hour + 4) * 3600, zone);
      if (opens >= closes) continue;
      if (closes - opens >= working) return opens + working;
      working -= closes - opens;
    }
  }
}

struct Figure {
  std::string name;
  double median = 0, least = 0, most = 0;  // nanoseconds for one
};

// `work(i)` for many i; its results are added up, so it is not left out.
Figure Measure(std::string name, const std::function<int64_t(int64_t)>& work) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> rounds;
  volatile int64_t sink = 0;
  for (int round = 0; round < kRounds; ++round) {
    int64_t done = 0, sum = 0;
    const auto start = Clock::now();
    auto now = start;
    for (int64_t batch = 1; now - start < kRound; batch = std::min<int64_t>(batch * 2, 1024)) {
      for (int64_t i = 0; i < batch; ++i) sum += work(done + i);
      done += batch;
      now = Clock::now();
    }
    sink = sink + sum;
    rounds.push_back(std::chrono::duration<double, std::nano>(now - start).count() / done);
  }
  std::sort(rounds.begin(), rounds.end());
  return {std::move(name), rounds[kRounds / 2], rounds.front(), rounds.back()};
}

struct Distance {
  std::string name;
  absl::Duration working;
};
const Distance kDistances[] = {{"2 h", absl::Hours(2)},
                               {"200 h", absl::Hours(200)},
                               {"20,000 h", absl::Hours(20'000)},
                               {"100,000 h", absl::Hours(100'000)}};

// A thousand instants over a year, so that no one answer stays in the caches.
absl::Time From(int64_t i) {
  return absl::FromUnixSeconds(1'710'000'000 + i % 1000 * 31'557 % 31'536'000);
}

void Ask(const std::string& name, const Calendar& c, std::vector<Figure>& figures) {
  for (const auto& [far, working] : kDistances) {
    figures.push_back(Measure(absl::StrCat(name, ": Add ", far), [&, w = working](int64_t i) {
      return absl::ToUnixMicros(c.Add(From(i), w));
    }));
    std::vector<absl::Time> to;
    for (int i = 0; i < 1000; ++i) to.push_back(c.Add(From(i), working));
    figures.push_back(Measure(absl::StrCat(name, ": Measure ", far), [&](int64_t i) {
      return absl::ToInt64Microseconds(c.Measure(From(i), to[i % 1000]));
    }));
  }
  figures.push_back(Measure(absl::StrCat(name, ": Subtract 2 h"), [&](int64_t i) {
    return absl::ToUnixMicros(c.Subtract(From(i), absl::Hours(2)));
  }));
  figures.push_back(Measure(absl::StrCat(name, ": NextOpening"),
                            [&](int64_t i) { return absl::ToUnixMicros(c.NextOpening(From(i))); }));
  figures.push_back(Measure(absl::StrCat(name, ": NextClosing"),
                            [&](int64_t i) { return absl::ToUnixMicros(c.NextClosing(From(i))); }));
}

void AskRival(std::vector<Figure>& figures) {
  absl::TimeZone zone;
  absl::LoadTimeZone("Europe/Warsaw", &zone);
  for (const auto& [far, working] : kDistances) {
    figures.push_back(Measure(
        absl::StrCat("rival, day by day, no holidays: Add ", far),
        [&, w = working](int64_t i) { return absl::ToUnixMicros(WalkDays(zone, From(i), w)); }));
  }
}

// Close to the limits of both lists.
type::v1::CalendarRules Full() {
  auto full = Office("Europe/Warsaw", 83);
  for (const auto& holiday : full.holidays()) {
    auto& exception = *full.add_exceptions();
    *exception.mutable_date() = holiday.date();
    exception.mutable_date()->set_day(1 + (holiday.date().day() + 9) % 28);
    exception.set_kind(type::v1::DayException::KIND_REPLACED);
    *exception.add_intervals() = full.weekly_hours(0).intervals(0);
  }
  return full;
}

std::vector<Figure> Run() {
  const auto rules = Office("Europe/Warsaw", 20);
  const auto full = Full();
  const std::vector<std::shared_ptr<const Calendar>> members = {
      Make(rules), Make(Office("Asia/Kolkata", 20)), Make(Office("America/New_York", 20))};
  const auto join = [&members] { return *Calendar::Union(members); };

  std::vector<Figure> figures;
  Ask("always open", *Calendar::Always(), figures);
  Ask("office, Warsaw, 20 years of holidays", *members[0], figures);
  Ask("union of three zones", *join(), figures);
  AskRival(figures);
  const auto use = [](const Calendar& c) {
    return absl::ToUnixMicros(c.Add(From(0), absl::Hours(1)));
  };
  figures.push_back(Measure("Create, 240 holidays", [&](int64_t) { return use(*Make(rules)); }));
  figures.push_back(Measure("Create, 996 holidays and 996 exceptions",
                            [&](int64_t) { return use(*Make(full)); }));
  figures.push_back(Measure("Union of three, 720 holidays", [&](int64_t) { return use(*join()); }));
  return figures;
}

int Main(int argc, char** argv) {
  std::string json;
  for (int i = 1; i < argc; ++i) {
    if (std::string(argv[i]) == "--json" && i + 1 < argc) {
      json = argv[++i];
    } else {
      std::fprintf(stderr, "usage: bench-calendar [--json FILE]\n");
      return 2;
    }
  }
  const std::vector<Figure> figures = Run();
  std::printf("one thread; nanoseconds for one question: median of %d rounds, least, most\n\n",
              kRounds);
  for (const Figure& f : figures) {
    std::printf("%-52s %12.0f %12.0f %12.0f\n", f.name.c_str(), f.median, f.least, f.most);
  }
  if (json.empty()) return 0;
  std::vector<std::string> rows;
  for (const Figure& f : figures) {
    rows.push_back(
        absl::StrFormat("  {\"name\": \"%s\", \"ns\": %.1f, \"least\": %.1f, \"most\": %.1f}",
                        f.name, f.median, f.least, f.most));
  }
  std::ofstream out(json);
  out << "{\"bench\": \"calendar\", \"figures\": [\n" << absl::StrJoin(rows, ",\n") << "\n]}\n";
  out.close();
  if (!out) {
    std::fprintf(stderr, "cannot write %s\n", json.c_str());
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace tideline

int main(int argc, char** argv) { return tideline::Main(argc, argv); }
