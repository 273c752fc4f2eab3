// SPDX-License-Identifier: Apache-2.0
// What is expected.
#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "tests/scenarios/sentences.h"
#include "tests/unit/calendar/notation.h"

namespace tideline::scenarios {
namespace {

namespace v1 = handoff::v1;
using work_routing::v1::WorkItem;

std::string LastPart(absl::string_view name) {
  return std::string(name.substr(name.rfind('/') + 1));
}

// "ON_HOLD, held by anna of krakow".
std::string Describe(const WorkItem& item) {
  return absl::StrCat(
      LastPart(item.name()), " is ",
      WorkItem::State_Name(item.state()).substr(sizeof("STATE_") - 1), ", accountable: ",
      item.custody().holder().empty() ? "nobody" : LastPart(item.custody().holder()), " of ",
      LastPart(item.custody().team()));
}

absl::Status Holds(Stage& stage, const Words& words) {
  TL_ASSIGN_OR_RETURN(const WorkItem item, stage.Item(words[1]));
  if (item.custody().holder() == Stage::Name("experts", words[0])) return absl::OkStatus();
  return absl::InternalError(Describe(item));
}

absl::Status WaitsWith(Stage& stage, const Words& words) {
  TL_ASSIGN_OR_RETURN(const WorkItem item, stage.Item(words[0]));
  if (item.custody().team() == Stage::Name("teams", words[1]) && item.custody().holder().empty() &&
      (item.state() == WorkItem::STATE_QUEUED || item.state() == WorkItem::STATE_OFFERED)) {
    return absl::OkStatus();
  }
  return absl::InternalError(Describe(item));
}

absl::Status IsCompleted(Stage& stage, const Words& words) {
  TL_ASSIGN_OR_RETURN(const WorkItem item, stage.Item(words[0]));
  return item.state() == WorkItem::STATE_COMPLETED ? absl::OkStatus()
                                                   : absl::InternalError(Describe(item));
}

// Teams that were accountable, in order.
absl::Status WentThrough(Stage& stage, const Words& words) {
  TL_ASSIGN_OR_RETURN(const WorkItem item, stage.Item(words[0]));
  std::vector<std::string> teams;
  for (const auto& period : item.periods()) {
    const std::string team = LastPart(period.team());
    if (teams.empty() || teams.back() != team) teams.push_back(team);
  }
  const std::string went = absl::StrJoin(teams, ", ");
  return went == words[1] ? absl::OkStatus() : absl::InternalError(went);
}

std::string StateName(const v1::Handoff& handoff) {
  return absl::AsciiStrToLower(
      v1::Handoff::State_Name(handoff.state()).substr(sizeof("STATE_") - 1));
}

absl::Status HandoffIs(Stage& stage, const Words& words) {
  TL_ASSIGN_OR_RETURN(const v1::Handoff handoff, stage.LastHandoff(words[0]));
  if (StateName(handoff) == words[1]) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("it is ", StateName(handoff), " ",
                                          handoff.withdraw_reason(),
                                          handoff.failure().ShortDebugString()));
}

absl::Status IsAsked(Stage& stage, const Words& words) {
  TL_ASSIGN_OR_RETURN(const v1::Handoff handoff, stage.LastHandoff(words[1]));
  const v1::Party& asked = handoff.receiver();
  const std::string& who = asked.expert().empty() ? asked.team() : asked.expert();
  if (StateName(handoff) == "proposed" && LastPart(who) == words[0]) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("it is ", StateName(handoff), " and asks ", who));
}

absl::Status NobodyIsAsked(Stage& stage, const Words& words) {
  const auto handoff = stage.LastHandoff(words[0]);
  if (absl::IsNotFound(handoff.status())) return absl::OkStatus();
  TL_RETURN_IF_ERROR(handoff.status());
  if (StateName(*handoff) != "proposed") return absl::OkStatus();
  return absl::InternalError(absl::StrCat("asked is ", handoff->receiver().ShortDebugString()));
}

absl::Status NeedsJointSession(Stage& stage, const Words& words) {
  TL_ASSIGN_OR_RETURN(const v1::Handoff handoff, stage.LastHandoff(words[0]));
  return handoff.joint_session_required()
             ? absl::OkStatus()
             : absl::InternalError(absl::StrCat("return ", handoff.return_number(),
                                                " between the same parties; none is required"));
}

absl::Status IsDraft(Stage& stage, const Words& words) {
  TL_ASSIGN_OR_RETURN(const v1::Handoff handoff, stage.LastHandoff(words[0]));
  return handoff.draft() ? absl::OkStatus() : absl::InternalError("it is no draft");
}

// "lena, liam are told of alpha: expired".
absl::Status AreTold(Stage& stage, const Words& words) {
  const std::string kind =
      absl::StrCat("KIND_", absl::AsciiStrToUpper(absl::StrReplaceAll(words[2], {{" ", "_"}})));
  TL_ASSIGN_OR_RETURN(const auto alarms, stage.Alarms());
  std::string seen;
  for (const v1::HandoffAlarm& alarm : alarms) {
    if (alarm.work_item() != Stage::Name("workItems", words[1])) continue;
    std::vector<std::string> leads;
    for (const std::string& lead : alarm.leads()) leads.push_back(LastPart(lead));
    std::sort(leads.begin(), leads.end());
    absl::StrAppend(&seen, v1::HandoffAlarm::Kind_Name(alarm.kind()), " to ",
                    absl::StrJoin(leads, ", "), "; ");
    if (v1::HandoffAlarm::Kind_Name(alarm.kind()) == kind && absl::StrJoin(leads, ", ") == words[0])
      return absl::OkStatus();
  }
  return absl::InternalError(absl::StrCat("alarms: ", seen));
}

// The metadata of the last refusal name skill, start and end of the hole.
absl::Status HoleIs(Stage& stage, const Words& words) {
  const auto info = InfoOf(stage.last_refusal);
  const auto metadata = [&info](const char* key) {
    const auto found = info.metadata().find(key);
    return found == info.metadata().end() ? std::string() : found->second;
  };
  absl::Time from, to;
  std::string error;
  if (LastPart(metadata("skill")) == words[0] &&
      absl::ParseTime(absl::RFC3339_full, metadata("startTime"), &from, &error) &&
      absl::ParseTime(absl::RFC3339_full, metadata("endTime"), &to, &error) &&
      from == testing::At(absl::StrCat(words[1], " ", words[2])) &&
      to == testing::At(absl::StrCat(words[3], " ", words[4]))) {
    return absl::OkStatus();
  }
  return absl::InternalError(info.ShortDebugString());
}

}  // namespace

std::vector<Sentence> ExpectedSentences() {
  return {
      {"PERSON holds ITEM", Holds},
      {"ITEM waits with TEAM", WaitsWith},
      {"ITEM is completed", IsCompleted},
      {"ITEM went through NAMES", WentThrough},
      {"The handoff of ITEM is WORD", HandoffIs},
      {"PARTY is asked to take ITEM", IsAsked},
      {"Nobody is asked to take ITEM", NobodyIsAsked},
      {"The packet of ITEM is a draft", IsDraft},
      {"The handoff of ITEM needs a joint session", NeedsJointSession},
      {"NAMES are told of ITEM: WORD", AreTold},
      {"The hole is in SKILL, from DATE CLOCK to DATE CLOCK UTC", HoleIs},
  };
}

}  // namespace tideline::scenarios
