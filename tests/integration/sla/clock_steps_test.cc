// SPDX-License-Identifier: Apache-2.0
// The machine's clock steps forward and back, and the suite is away for a day: no alert comes
// early, none is lost, none comes twice. The suite runs on the system's clock, whose machine is
// played.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/journal/entry.pb.h"
#include "common/journal/memory_store.h"
#include "common/loop/loop.h"
#include "common/time/clock.h"
#include "services/suite/suite.h"
#include "tideline/sla_monitor/v1/events.pb.h"
#include "tools/replay/crew.h"
#include "tools/replay/session.h"
#include "tools/replay/setup.h"

namespace tideline::testing {
namespace {

namespace monitor = sla_monitor::v1;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// The system's clock over a machine that the test moves; tells the suite's timers of each move.
class PlayedClock : public Clock {
 public:
  absl::Time Now() const override { return clock_->Now(); }
  bool runs() const override { return false; }
  std::shared_ptr<void> OnAdvance(std::function<void()> work) const override {
    auto kept = std::make_shared<std::function<void()>>(std::move(work));
    listeners_.push_back(kept);
    return kept;
  }

  // Time passes.
  void Pass(absl::Duration by) {
    machine_.boot += by;
    machine_.wall += by;
    for (const auto& listener : std::vector(listeners_)) {
      if (const auto work = listener.lock()) (*work)();
    }
  }
  // A new process looks at the machine's clock afresh.
  void Restart() { clock_.emplace(machine_); }
  // Somebody sets the wall clock.
  void Step(absl::Duration by) { machine_.wall += by; }

 private:
  struct Machine : TimeSource {
    absl::Time Wall() const override { return wall; }
    absl::Duration Boot() const override { return boot; }
    absl::Time wall = absl::FromUnixSeconds(1'772'442'000);
    absl::Duration boot = absl::Hours(1);
  };

  Machine machine_;
  std::optional<SystemClock> clock_{std::in_place, machine_};
  mutable std::vector<std::weak_ptr<std::function<void()>>> listeners_;
};

// Eight hours around the clock, warnings at a half and three quarters.
replay::v1::PolicyFile Policies() {
  replay::v1::PolicyFile file;
  auto& policy = *file.add_policies();
  policy.set_id("eight-hours");
  policy.mutable_calendar()->set_time_zone("UTC");
  policy.mutable_calendar()->set_always_open(true);
  auto& targets = *policy.mutable_rules()->add_classes();
  targets.set_impact_class(type::v1::IMPACT_CLASS_LOW);
  targets.mutable_client_target()->set_seconds(8 * 3600);
  policy.mutable_rules()->add_warn_percents(50);
  policy.mutable_rules()->add_warn_percents(75);
  return file;
}

replay::Log OneTeam() {
  replay::Log log;
  log.source = "test";
  log.organizations.push_back({"o1"});
  log.sites.push_back({"s1", "PL", "Europe/Warsaw"});
  log.teams.push_back({"t1", 0, 0, type::v1::LEVEL_PRACTITIONER});
  return log;
}

class ClockStepsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Start();
    replay::Crew crew(1);
    const auto policies = Policies();
    auto after = replay::SetUp(*session_, crew, OneTeam(), {}, &policies);
    ASSERT_TRUE(after.ok()) << after.status();
    work_routing::v1::SubmitWorkItemRequest request;
    request.set_parent(session_->workspace());
    request.set_work_item_id("a");
    request.set_request_id(session_->NextRequestId());
    auto& item = *request.mutable_work_item();
    item.set_queue(session_->Name("queues", replay::kQueueId));
    item.set_engagement(session_->Name("engagements", replay::kEngagementId));
    item.set_title("a");
    const auto submitted = session_->Call(&replay::Routing::SubmitWorkItem, request, *after);
    ASSERT_TRUE(submitted.ok()) << submitted.status();
    ASSERT_TRUE(suite_->Settle().ok());
    start_ = clock_.Now();
  }

  void Start() {
    suite::SuiteOptions options;
    options.store = &store_;
    options.clock = &clock_;
    options.partitions = 1;
    options.threads = 1;
    auto suite = suite::Suite::Start(options);
    ASSERT_TRUE(suite.ok()) << suite.status();
    suite_ = *std::move(suite);
    session_ =
        std::make_unique<replay::Session>(suite_->Channel(), "w", absl::StrCat("run", ++runs_));
    ASSERT_TRUE(suite_->Settle().ok());
  }

  // Time passes, minute by minute, with everything that is due done in each.
  void Pass(absl::Duration by) {
    for (; by > absl::ZeroDuration(); by -= absl::Minutes(1)) {
      clock_.Pass(absl::Minutes(1));
      ASSERT_TRUE(suite_->Settle().ok());
    }
  }

  // As if the power had gone.
  void Away(absl::Duration by) {
    session_.reset();
    suite_.reset();
    clock_.Pass(by);
    clock_.Restart();
    Start();
  }

  // Alerts of the journal, warnings and breaches: "warning-50 at 4h"; each must have been raised at
  // or after its ground.
  std::vector<std::string> Alerts() {
    Loop loop("alerts");
    std::unique_ptr<journal::Journal> journal;
    loop.Run([&] { journal = store_.OpenJournal("sla_monitor", 0, loop); });
    std::vector<std::string> alerts;
    for (uint64_t number = 0;;) {
      absl::Notification arrived;
      absl::StatusOr<journal::Page> page = absl::UnknownError("");
      loop.Post([&] {
        journal->Read(number, journal::kMaxReadEntries, [&](absl::StatusOr<journal::Page> read) {
          page = std::move(read);
          arrived.Notify();
        });
      });
      arrived.WaitForNotification();
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok() || page->entries.empty()) break;
      for (const auto& stored : page->entries) Note(stored, alerts);
      number = page->entries.back().number;
    }
    loop.Run([&] { journal.reset(); });
    return alerts;
  }

  void Note(const journal::StoredEntry& stored, std::vector<std::string>& alerts) {
    tideline::journal::v1::Entry entry;
    ASSERT_TRUE(entry.ParseFromString(stored.entry));
    for (const std::string& bytes : entry.events()) {
      monitor::Event event;
      ASSERT_TRUE(event.ParseFromString(bytes));
      EXPECT_FALSE(event.has_alert_retracted());
      if (!event.has_alert_raised()) continue;
      const monitor::Alert& alert = event.alert_raised().alert();
      if (alert.kind() == monitor::Alert::KIND_AT_RISK) continue;  // a forecast, no instant
      const auto time = [](const google::protobuf::Timestamp& at) {
        return absl::FromUnixSeconds(at.seconds()) + absl::Nanoseconds(at.nanos());
      };
      EXPECT_GE(time(alert.raise_time()), time(alert.ground_time())) << alert.name();
      const std::string id = alert.name().substr(alert.name().rfind('/') + 1);
      alerts.push_back(
          absl::StrCat(id, " at ", absl::FormatDuration(time(alert.ground_time()) - start_)));
    }
  }

  journal::MemoryStore store_;
  PlayedClock clock_;
  std::unique_ptr<suite::Suite> suite_;
  std::unique_ptr<replay::Session> session_;
  absl::Time start_;
  int runs_ = 0;
};

constexpr char kWarning50[] = "warning-50-r1 at 4h";
constexpr char kWarning75[] = "warning-75-r1 at 6h";
constexpr char kBreach[] = "breach-r1 at 8h";

TEST_F(ClockStepsTest, WithoutStepsEachComesOnceAtItsInstant) {
  Pass(absl::Hours(4) - absl::Minutes(1));
  EXPECT_THAT(Alerts(), IsEmpty());
  Pass(absl::Minutes(1));
  EXPECT_THAT(Alerts(), ElementsAre(kWarning50));
  Pass(absl::Hours(6));
  EXPECT_THAT(Alerts(), ElementsAre(kWarning50, kWarning75, kBreach));
}

TEST_F(ClockStepsTest, AStepForwardThatIsTakenBackBringsNothingEarly) {
  Pass(absl::Hours(4) - absl::Minutes(10));
  clock_.Step(absl::Minutes(30));
  Pass(absl::Minutes(5));
  EXPECT_THAT(Alerts(), IsEmpty());
  clock_.Step(-absl::Minutes(30));
  Pass(absl::Minutes(4));
  EXPECT_THAT(Alerts(), IsEmpty());
  Pass(absl::Minutes(1));
  EXPECT_THAT(Alerts(), ElementsAre(kWarning50));
  Pass(absl::Hours(5));
  EXPECT_THAT(Alerts(), ElementsAre(kWarning50, kWarning75, kBreach));
}

TEST_F(ClockStepsTest, AStepForwardThatHoldsIsFollowedAndLosesAndDoublesNothing) {
  Pass(absl::Hours(4) - absl::Minutes(20));
  clock_.Step(absl::Minutes(50));
  Pass(absl::Minutes(9));
  EXPECT_THAT(Alerts(), IsEmpty());  // not believed yet
  Pass(absl::Minutes(2));
  EXPECT_GE(clock_.Now(), start_ + absl::Hours(4) + absl::Minutes(30));
  EXPECT_THAT(Alerts(), ElementsAre(kWarning50));
  Pass(absl::Hours(6));
  EXPECT_THAT(Alerts(), ElementsAre(kWarning50, kWarning75, kBreach));
}

TEST_F(ClockStepsTest, AStepBackLetsTimeStandAndBringsNothingTwice) {
  Pass(absl::Hours(4) + absl::Minutes(1));
  EXPECT_THAT(Alerts(), ElementsAre(kWarning50));
  clock_.Step(-absl::Minutes(30));
  Pass(absl::Minutes(40));
  EXPECT_THAT(Alerts(), ElementsAre(kWarning50));
  EXPECT_LT(clock_.Now(), start_ + absl::Hours(4) + absl::Minutes(15));  // it stood
  Pass(absl::Hours(2));
  EXPECT_THAT(Alerts(), ElementsAre(kWarning50, kWarning75));
  Pass(absl::Hours(3));
  EXPECT_THAT(Alerts(), ElementsAre(kWarning50, kWarning75, kBreach));
}

TEST_F(ClockStepsTest, ADaysDowntimeLosesNothingAndASecondOneDoublesNothing) {
  Pass(absl::Hours(5));
  EXPECT_THAT(Alerts(), ElementsAre(kWarning50));
  Away(absl::Hours(24));
  EXPECT_THAT(Alerts(), ElementsAre(kWarning50, kWarning75, kBreach));
  Away(absl::Hours(24));
  Pass(absl::Minutes(30));
  EXPECT_THAT(Alerts(), ElementsAre(kWarning50, kWarning75, kBreach));
}

TEST_F(ClockStepsTest, AClockThatIsBehindAfterARestartWaitsUntilItIsLevel) {
  Pass(absl::Hours(6) - absl::Minutes(5));
  clock_.Step(-absl::Minutes(20));
  Away(absl::Minutes(1));
  EXPECT_THAT(Alerts(), ElementsAre(kWarning50));
  Pass(absl::Minutes(20));
  EXPECT_THAT(Alerts(), ElementsAre(kWarning50));
  Pass(absl::Hours(3));
  EXPECT_THAT(Alerts(), ElementsAre(kWarning50, kWarning75, kBreach));
}

}  // namespace
}  // namespace tideline::testing
