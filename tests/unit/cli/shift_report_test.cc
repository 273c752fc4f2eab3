// SPDX-License-Identifier: Apache-2.0
#include "tools/tideline/shift_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace tideline::cli {
namespace {

using handoff::v1::Handoff;
using ::testing::HasSubstr;
using ::testing::Not;

absl::Time At(int hour, int minute) {  // of 28 March 2027, UTC
  return absl::FromCivil(absl::CivilMinute(2027, 3, 28, hour, minute), absl::UTCTimeZone());
}

std::string Name(absl::string_view rest) { return absl::StrCat("workspaces/w/", rest); }

Handoff Proposed(const std::string& item, const std::string& from, const std::string& to) {
  Handoff handoff;
  handoff.set_name(Name("handoffs/h"));
  handoff.set_work_item(Name(absl::StrCat("workItems/", item)));
  handoff.set_state(Handoff::STATE_PROPOSED);
  handoff.set_reason(Handoff::REASON_SHIFT_END);
  handoff.mutable_from()->set_team(Name(absl::StrCat("teams/", from)));
  handoff.mutable_from()->set_expert(Name("experts/bala"));
  handoff.mutable_receiver()->set_team(Name(absl::StrCat("teams/", to)));
  handoff.mutable_packet()->set_severity(handoff::v1::Packet::SEVERITY_WATCH);
  handoff.mutable_packet()->set_summary("H04 is half done");
  handoff.set_completeness_percent(40);
  handoff.mutable_acknowledge_due_time()->set_seconds(absl::ToUnixSeconds(At(8, 30)));
  return handoff;
}

ShiftReport Krakow() {
  ShiftReport report;
  report.team = Name("teams/krakow");
  report.time_zone = "Europe/Warsaw";
  report.now = At(7, 30);
  report.shift_end = At(15, 0);
  return report;
}

TEST(ShiftReportTest, SaysWhatComesInWithItsWholePacketOnTheTeamsClock) {
  ShiftReport report = Krakow();
  Handoff handoff = Proposed("beta", "bangalore", "krakow");
  auto& packet = *handoff.mutable_packet();
  packet.add_done("G06F");
  auto& action = *packet.add_actions();
  action.set_description("call Lisbon");
  action.set_owner("anna");
  auto& contingency = *packet.add_contingencies();
  contingency.set_condition("the client calls");
  contingency.set_action("say Tuesday");
  handoff.add_questions()->set_text("Does H include H04?");
  report.handoffs.push_back(handoff);
  const std::string text = FormatShiftReport(report);
  // Krakow's clock has gone forward that night: 07:30 UTC is 09:30.
  EXPECT_THAT(text, HasSubstr("# Shift report: krakow\n\nSunday, 28 March 2027, 09:30 "
                              "(Europe/Warsaw). Shift until 17:00.\n"));
  EXPECT_THAT(text, HasSubstr("## Coming in: read back, please (1)\n\n"
                              "### beta from bala (bangalore)\n\n"
                              "- WATCH, shift end, packet 40 % complete\n"
                              "- Asked: krakow, until 10:30\n"
                              "- Summary: H04 is half done\n"
                              "- Done: G06F\n"
                              "- Left to do: call Lisbon — anna\n"
                              "- If: the client calls, then say Tuesday\n"
                              "- Asked: Does H include H04? (not answered yet)\n"));
  EXPECT_THAT(text, HasSubstr("## Going out: still ours until it is read back (0)\n\nNone.\n"));
}

TEST(ShiftReportTest, TellsGivenFromReceivedAndOpenFromEnded) {
  ShiftReport report = Krakow();
  report.handoffs.push_back(Proposed("gamma", "krakow", "chicago"));
  Handoff declined = Proposed("delta", "krakow", "chicago");
  declined.set_state(Handoff::STATE_DECLINED);
  declined.mutable_close_time()->set_seconds(absl::ToUnixSeconds(At(1, 30)));
  declined.add_declines()->set_reason(handoff::v1::DECLINE_REASON_OVERLOADED);
  report.handoffs.push_back(declined);
  Handoff old = declined;
  old.set_work_item(Name("workItems/older"));
  old.mutable_close_time()->set_seconds(absl::ToUnixSeconds(At(7, 29) - absl::Hours(24)));
  report.handoffs.push_back(old);
  const std::string text = FormatShiftReport(report);
  EXPECT_THAT(text, HasSubstr("| gamma | bala (krakow) | chicago | 10:30 | 40 % |\n"));
  EXPECT_THAT(text, HasSubstr("## Handoffs of the last day (1)\n"));
  EXPECT_THAT(text,
              HasSubstr("| 03:30 | delta | bala (krakow) | chicago | declined: overloaded |"));
  EXPECT_THAT(text, Not(HasSubstr("older")));
}

TEST(ShiftReportTest, TextOfPeopleCannotBreakOutOfItsCell) {
  ShiftReport report = Krakow();
  work_routing::v1::WorkItem item;
  item.set_name(Name("workItems/alpha"));
  item.set_title("a | b\n# Heading");
  item.set_state(work_routing::v1::WorkItem::STATE_ON_HOLD);
  report.items.push_back(item);
  EXPECT_THAT(FormatShiftReport(report),
              HasSubstr("| alpha | a \\| b # Heading | on hold | nobody | 0 % |  |\n"));
}

TEST(ShiftReportTest, ShowsTheRelayAndTheFigures) {
  ShiftReport report = Krakow();
  report.shift_end = absl::InfiniteFuture();
  auto& step = *report.relay.add_steps();
  step.set_work_item(Name("workItems/beta"));
  step.mutable_from()->set_team(report.team);
  step.mutable_to()->set_team(Name("teams/chicago"));
  step.set_progress_percent(20);
  report.relay.set_kept_count(3);
  auto& pair = *report.stats.add_pairs();
  pair.set_from_team(report.team);
  pair.set_to_team(Name("teams/chicago"));
  pair.set_proposed(8);
  pair.set_transferred(6);
  pair.set_acknowledged_percent(75);
  pair.mutable_acknowledge_p50()->set_seconds(300);
  pair.mutable_acknowledge_p90()->set_seconds(2400);
  pair.set_completeness_percent(60);
  pair.set_bounced(1);
  pair.set_rated(2);
  pair.set_usefulness_hundredths(450);
  const std::string text = FormatShiftReport(report);
  EXPECT_THAT(text, HasSubstr("Works around the clock.\n"));
  EXPECT_THAT(text, HasSubstr("| beta | krakow | chicago | 20 % | not known |\n\n"
                              "3 items will be finished in time and stay.\n"));
  EXPECT_THAT(text, HasSubstr("| krakow | chicago | 8 | 6 | 75 % | 5m / 40m | 60 % | 1 | "
                              "4.5 of 5 |\n"));
}

}  // namespace
}  // namespace tideline::cli
