// SPDX-License-Identifier: Apache-2.0
// `tideline handoff report TEAM`: what a team's next shift has to know, as Markdown: what comes in
// and waits to be read back, what goes out, what will be proposed when the shift ends, what is in
// hand, what happened in the last day, and how well handing over works. Written to be read at a
// stand-up, and to be kept.
//
// FormatShiftReport is pure; RunShiftReport calls the suite and prints. Not thread-safe.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "tideline/handoff/v1/handoff_service.pb.h"
#include "tideline/skill_registry/v1/resources.pb.h"
#include "tideline/work_routing/v1/resources.pb.h"

namespace tideline::cli {

struct Session;

// What has ended longer ago is not news.
inline constexpr absl::Duration kReportedBack = absl::Hours(24);

struct ShiftReport {
  std::string team;       // full name
  std::string time_zone;  // of its site; times are shown on its clock
  absl::Time now;
  // The end of the shift that runs, else of the next one; InfiniteFuture: works around the clock.
  absl::Time shift_end = absl::InfiniteFuture();
  std::vector<handoff::v1::Handoff> handoffs;     // that the team gives or is to receive, in order
  std::vector<work_routing::v1::WorkItem> items;  // open ones in the team's custody
  std::vector<handoff::v1::HandoffAlarm> alarms;
  handoff::v1::PreviewRelayResponse relay;
  handoff::v1::GetHandoffStatsResponse stats;
};

// Text of people goes in as they wrote it, but cannot break out of its line or cell.
std::string FormatShiftReport(const ShiftReport& report);

// NOT_FOUND when there is no such team; the suite's refusals as they are.
absl::Status RunShiftReport(const std::string& team, const Session& session);

}  // namespace tideline::cli
