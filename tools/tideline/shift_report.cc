// SPDX-License-Identifier: Apache-2.0
#include "tools/tideline/shift_report.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "google/protobuf/util/time_util.h"
#include "tools/tideline/names.h"

namespace tideline::cli {
namespace {

using google::protobuf::util::TimeUtil;
using handoff::v1::Handoff;
using handoff::v1::PairStats;
using handoff::v1::Party;
using work_routing::v1::WorkItem;

constexpr int kMostPairs = 10;

absl::Time ToTime(const google::protobuf::Timestamp& time) {
  return absl::FromUnixNanos(TimeUtil::TimestampToNanoseconds(time));
}

// One line, and no cell or heading of its own.
std::string Line(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"\r", ""}, {"\n", " "}, {"|", "\\|"}, {"`", "'"}});
}

// "shift end" of REASON_SHIFT_END.
std::string Words(const std::string& name, size_t prefix) {
  return absl::AsciiStrToLower(absl::StrReplaceAll(name.substr(prefix), {{"_", " "}}));
}
std::string StateOf(const Handoff& handoff) {
  return Words(Handoff::State_Name(handoff.state()), sizeof("STATE_") - 1);
}
std::string ReasonOf(const Handoff& handoff) {
  return Words(Handoff::Reason_Name(handoff.reason()), sizeof("REASON_") - 1);
}

// "anna (krakow)", or the team alone.
std::string Show(const Party& party) {
  const std::string team = ShortName(party.team());
  if (party.expert().empty()) return team.empty() ? "whom routing finds" : team;
  return absl::StrCat(ShortName(party.expert()), " (", team, ")");
}

class Writer {
 public:
  explicit Writer(const ShiftReport& report) : report_(report) {
    if (!absl::LoadTimeZone(report.time_zone, &zone_)) zone_ = absl::UTCTimeZone();
  }

  std::string Write() {
    absl::StrAppend(&text_, "# Shift report: ", ShortName(report_.team), "\n\n",
                    absl::FormatTime("%A, %d %B %Y, %H:%M", report_.now, zone_), " (", zone_.name(),
                    "). ",
                    report_.shift_end == absl::InfiniteFuture()
                        ? "Works around the clock.\n"
                        : absl::StrCat("Shift until ", At(report_.shift_end), ".\n"));
    WriteAlarms();
    WriteIncoming();
    WriteOutgoing();
    WriteRelay();
    WriteItems();
    WriteClosed();
    WriteStats();
    return std::move(text_);
  }

 private:
  // "17:00" today, "Mon 29 March, 05:00" on another day.
  std::string At(absl::Time time) const {
    const bool today = absl::ToCivilDay(time, zone_) == absl::ToCivilDay(report_.now, zone_);
    return absl::FormatTime(today ? "%H:%M" : "%a %d %B, %H:%M", time, zone_);
  }

  void Heading(absl::string_view title, size_t count) {
    absl::StrAppend(&text_, "\n## ", title, " (", count, ")\n\n");
    if (count == 0) absl::StrAppend(&text_, "None.\n");
  }

  bool Ours(const Party& party) const { return party.team() == report_.team; }
  static bool IsOpen(const Handoff& handoff) {
    return handoff.state() == Handoff::STATE_PROPOSED ||
           handoff.state() == Handoff::STATE_ACKNOWLEDGED;
  }

  template <class Wanted>
  std::vector<const Handoff*> Where(const Wanted& wanted) const {
    std::vector<const Handoff*> found;
    for (const Handoff& handoff : report_.handoffs) {
      if (wanted(handoff)) found.push_back(&handoff);
    }
    return found;
  }

  void WriteAlarms() {
    if (report_.alarms.empty()) return;
    Heading("Needs a lead", report_.alarms.size());
    for (const auto& alarm : report_.alarms) {
      absl::StrAppend(&text_, "- ", At(ToTime(alarm.raise_time())), " ",
                      ShortName(alarm.work_item()), ": ", Line(alarm.message()), "\n");
    }
  }

  // The whole packet: this is what the receiver reads back.
  void WritePacket(const Handoff& handoff) {
    const auto& packet = handoff.packet();
    const auto bullet = [this](absl::string_view what, absl::string_view said) {
      if (!said.empty()) absl::StrAppend(&text_, "- ", what, ": ", Line(said), "\n");
    };
    bullet("Summary", packet.summary());
    for (const std::string& done : packet.done()) bullet("Done", done);
    for (const auto& action : packet.actions()) {
      bullet("Left to do",
             absl::StrCat(
                 action.description(), action.owner().empty() ? "" : " — ", action.owner(),
                 action.has_due_time() ? absl::StrCat(" by ", At(ToTime(action.due_time()))) : ""));
    }
    for (const auto& contingency : packet.contingencies()) {
      bullet("If", absl::StrCat(contingency.condition(), ", then ", contingency.action()));
    }
    for (const std::string& question : packet.open_questions()) bullet("Not known yet", question);
    for (const auto& link : packet.links()) bullet("See", link.uri());
    for (const auto& question : handoff.questions()) {
      bullet("Asked", absl::StrCat(question.text(), question.answer().empty()
                                                        ? " (not answered yet)"
                                                        : absl::StrCat(" — ", question.answer())));
    }
  }

  void WriteIncoming() {
    const auto open = Where(
        [this](const Handoff& handoff) { return IsOpen(handoff) && Ours(handoff.receiver()); });
    Heading("Coming in: read back, please", open.size());
    for (const Handoff* handoff : open) {
      absl::StrAppend(&text_, "### ", ShortName(handoff->work_item()), " from ",
                      Show(handoff->from()), "\n\n", "- ",
                      absl::AsciiStrToUpper(
                          Words(handoff::v1::Packet::Severity_Name(handoff->packet().severity()),
                                sizeof("SEVERITY_") - 1)),
                      ", ", ReasonOf(*handoff), ", packet ", handoff->completeness_percent(),
                      " % complete", handoff->draft() ? ", a draft nobody has looked at" : "",
                      "\n");
      if (handoff->state() == Handoff::STATE_PROPOSED) {
        absl::StrAppend(&text_, "- Asked: ", Show(handoff->receiver()), ", until ",
                        At(ToTime(handoff->acknowledge_due_time())), "\n");
      }
      if (handoff->joint_session_required()) {
        absl::StrAppend(&text_, "- **A joint session is required**: both sides read back\n");
      }
      if (handoff->has_overlap()) {
        absl::StrAppend(&text_, "- Both teams work from ",
                        At(ToTime(handoff->overlap().start_time())), " to ",
                        At(ToTime(handoff->overlap().end_time())), "\n");
      }
      WritePacket(*handoff);
      absl::StrAppend(&text_, "\n");
    }
  }

  void WriteOutgoing() {
    const auto open =
        Where([this](const Handoff& handoff) { return IsOpen(handoff) && Ours(handoff.from()); });
    Heading("Going out: still ours until it is read back", open.size());
    if (open.empty()) return;
    absl::StrAppend(&text_, "| item | giver | asked | until | packet |\n|---|---|---|---|---|\n");
    for (const Handoff* handoff : open) {
      absl::StrAppend(
          &text_, "| ", ShortName(handoff->work_item()), " | ", Show(handoff->from()), " | ",
          Show(handoff->receiver()), " | ", At(ToTime(handoff->acknowledge_due_time())), " | ",
          handoff->completeness_percent(), " %", handoff->draft() ? ", draft" : "", " |\n");
    }
  }

  void WriteRelay() {
    const auto& steps = report_.relay.steps();
    if (steps.empty() && report_.relay.kept_count() == 0) return;
    Heading("At the end of the shift", steps.size());
    if (!steps.empty()) {
      absl::StrAppend(&text_, "| item | from | will be proposed to | progress | would finish |\n",
                      "|---|---|---|---|---|\n");
    }
    for (const auto& step : steps) {
      absl::StrAppend(&text_, "| ", ShortName(step.work_item()), " | ", Show(step.from()), " | ",
                      Show(step.to()), " | ", step.progress_percent(), " % | ",
                      step.has_finish_time() ? At(ToTime(step.finish_time())) : "not known",
                      " |\n");
    }
    absl::StrAppend(&text_, "\n", report_.relay.kept_count(),
                    " items will be finished in time and stay.\n");
  }

  void WriteItems() {
    Heading("In the team's custody", report_.items.size());
    if (report_.items.empty()) return;
    absl::StrAppend(&text_, "| item | title | state | holder | progress | must start by |\n",
                    "|---|---|---|---|---|---|\n");
    for (const WorkItem& item : report_.items) {
      absl::StrAppend(
          &text_, "| ", ShortName(item.name()), " | ", Line(item.title()), " | ",
          Words(WorkItem::State_Name(item.state()), sizeof("STATE_") - 1), " | ",
          item.custody().holder().empty() ? "nobody" : ShortName(item.custody().holder()), " | ",
          item.progress_percent(), " % | ",
          item.has_latest_start_time() ? At(ToTime(item.latest_start_time())) : "", " |\n");
    }
  }

  void WriteClosed() {
    const auto closed = Where([this](const Handoff& handoff) {
      return handoff.has_close_time() &&
             ToTime(handoff.close_time()) >= report_.now - kReportedBack;
    });
    Heading("Handoffs of the last day", closed.size());
    if (closed.empty()) return;
    absl::StrAppend(&text_, "| ended | item | from | to | came to |\n|---|---|---|---|---|\n");
    for (const Handoff* handoff : closed) {
      std::string why = StateOf(*handoff);
      if (handoff->state() == Handoff::STATE_DECLINED && !handoff->declines().empty()) {
        const auto& last = *handoff->declines().rbegin();
        absl::StrAppend(
            &why, ": ",
            Words(handoff::v1::DeclineReason_Name(last.reason()), sizeof("DECLINE_REASON_") - 1),
            last.comment().empty() ? "" : ", ", Line(last.comment()));
      }
      absl::StrAppend(&text_, "| ", At(ToTime(handoff->close_time())), " | ",
                      ShortName(handoff->work_item()), " | ", Show(handoff->from()), " | ",
                      Show(handoff->receiver()), " | ", why, " |\n");
    }
  }

  void WriteStats() {
    std::vector<const PairStats*> pairs;
    for (const PairStats& pair : report_.stats.pairs()) pairs.push_back(&pair);
    std::stable_sort(pairs.begin(), pairs.end(), [](const PairStats* a, const PairStats* b) {
      return a->proposed() > b->proposed();
    });
    Heading("How handing over works, per pair of teams", pairs.size());
    if (pairs.empty()) return;
    absl::StrAppend(&text_,
                    "| from | to | proposed | transferred | read back | within (p50 / p90) | "
                    "complete | came back | useful |\n|---|---|---|---|---|---|---|---|---|\n");
    if (pairs.size() > kMostPairs) pairs.resize(kMostPairs);
    for (const PairStats* pair : pairs) {
      absl::StrAppend(
          &text_, "| ", ShortName(pair->from_team()), " | ", ShortName(pair->to_team()), " | ",
          pair->proposed(), " | ", pair->transferred(), " | ", pair->acknowledged_percent(),
          " % | ", absl::FormatDuration(absl::Seconds(pair->acknowledge_p50().seconds())), " / ",
          absl::FormatDuration(absl::Seconds(pair->acknowledge_p90().seconds())), " | ",
          pair->completeness_percent(), " % | ", pair->bounced(), " | ",
          pair->rated() == 0 ? "not rated"
                             : absl::StrFormat("%.1f of 5", pair->usefulness_hundredths() / 100.0),
          " |\n");
    }
  }

  const ShiftReport& report_;
  absl::TimeZone zone_;
  std::string text_;
};

}  // namespace

std::string FormatShiftReport(const ShiftReport& report) { return Writer(report).Write(); }

}  // namespace tideline::cli
