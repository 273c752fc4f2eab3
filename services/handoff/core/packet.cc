// SPDX-License-Identifier: Apache-2.0
#include "services/handoff/core/packet.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/error.h"
#include "services/handoff/core/core.h"

namespace tideline::handoff {
namespace {

constexpr int kParts = type::v1::PacketPart_ARRAYSIZE - 1;

bool Filled(const v1::Packet& packet, int part) {
  switch (part) {
    case type::v1::PACKET_PART_SEVERITY:
      return packet.severity() != v1::Packet::SEVERITY_UNSPECIFIED;
    case type::v1::PACKET_PART_SUMMARY:
      return !packet.summary().empty();
    case type::v1::PACKET_PART_DONE:
      return packet.done_size() > 0;
    case type::v1::PACKET_PART_ACTIONS:
      return packet.actions_size() > 0;
    case type::v1::PACKET_PART_CONTINGENCIES:
      return packet.contingencies_size() > 0;
    case type::v1::PACKET_PART_OPEN_QUESTIONS:
      return packet.open_questions_size() > 0;
    case type::v1::PACKET_PART_LINKS:
      return packet.links_size() > 0;
    case type::v1::PACKET_PART_DECISIONS:
      return packet.decisions_size() > 0;
    default:
      return true;  // a part of a newer version: not ours to ask for
  }
}

// The packet's field that holds a part.
absl::string_view FieldOf(int part) {
  static constexpr absl::string_view kFields[] = {
      "",      "severity", "summary", "done", "actions", "contingencies", "open_questions",
      "links", "decisions"};
  return kFields[part];
}

bool Required(const type::v1::HandoffRules& rules, int part) {
  return std::find(rules.required_parts().begin(), rules.required_parts().end(), part) !=
         rules.required_parts().end();
}

std::string Day(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d %H:%M UTC", time, absl::UTCTimeZone());
}

}  // namespace

std::vector<type::v1::PacketPart> MissingParts(const v1::Packet& packet,
                                               const type::v1::HandoffRules& rules) {
  std::vector<type::v1::PacketPart> missing;
  for (int part : rules.required_parts()) {
    if (part >= 1 && part <= kParts && !Filled(packet, part)) {
      missing.push_back(static_cast<type::v1::PacketPart>(part));
    }
  }
  return missing;
}

int Completeness(const v1::Packet& packet, const type::v1::HandoffRules& rules) {
  int all = 0;
  int filled = 0;
  for (int part = 1; part <= kParts; ++part) {
    const int weight = Required(rules, part) ? 2 : 1;
    all += weight;
    if (Filled(packet, part)) filled += weight;
  }
  return (filled * 200 + all) / (all * 2);
}

absl::Status Incomplete(const std::vector<type::v1::PacketPart>& missing, absl::string_view field) {
  std::vector<std::string> names;
  google::rpc::BadRequest bad;
  for (type::v1::PacketPart part : missing) {
    names.emplace_back(FieldOf(part));
    auto& violation = *bad.add_field_violations();
    violation.set_field(absl::StrCat(field, ".", FieldOf(part)));
    violation.set_description("is required by the work type and empty");
    violation.set_reason(ReasonName(Reason::REASON_PACKET_INCOMPLETE));
  }
  const std::string list = absl::StrJoin(names, ", ");
  absl::Status status =
      Refuse(Reason::REASON_PACKET_INCOMPLETE, absl::StrCat("the packet lacks ", list),
             {{"missing", list}, {"field", bad.field_violations(0).field()}});
  status.SetPayload("type.googleapis.com/google.rpc.BadRequest",
                    absl::Cord(bad.SerializeAsString()));
  return status;
}

absl::Status CheckPacket(const v1::Packet& packet, const type::v1::HandoffRules& rules,
                         absl::string_view field) {
  const size_t bytes = packet.ByteSizeLong();
  if (bytes > kMaxPacketBytes) {
    return InvalidField(field, absl::StrCat("has ", bytes, " bytes; the limit is ", kMaxPacketBytes,
                                            ", and links point to what is larger"));
  }
  for (int i = 0; i < packet.links_size(); ++i) {
    if (packet.links(i).checksum().empty()) {
      return InvalidField(absl::StrCat(field, ".links[", i, "].checksum"), "is required",
                          Reason::REASON_FIELD_REQUIRED);
    }
  }
  const std::vector<type::v1::PacketPart> missing = MissingParts(packet, rules);
  return missing.empty() ? absl::OkStatus() : Incomplete(missing, field);
}

v1::Packet DraftPacket(const Item& known, absl::Time now) {
  const work_routing::v1::WorkItem& item = known.item();
  v1::Packet packet;
  const bool late = item.has_due_time() && ToTime(item.due_time()) <= now;
  packet.set_severity(late || item.impact_class() == type::v1::IMPACT_CLASS_CRITICAL
                          ? v1::Packet::SEVERITY_CRITICAL
                      : item.impact_class() == type::v1::IMPACT_CLASS_HIGH ||
                              item.priority() == type::v1::PRIORITY_URGENT
                          ? v1::Packet::SEVERITY_WATCH
                          : v1::Packet::SEVERITY_STABLE);
  packet.set_summary(absl::StrCat(item.title(), ". Open since ", Day(ToTime(item.create_time())),
                                  ", here since ", Day(ToTime(item.custody().since())),
                                  item.state() == ItemState::STATE_ON_HOLD
                                      ? absl::StrCat(", on hold: ", item.hold().reason())
                                      : "",
                                  "."));
  packet.add_done(absl::StrCat(item.progress_percent(), " % by the holder's last report"));
  if (item.return_count() > 0) {
    packet.add_done(absl::StrCat("came back for rework ", item.return_count(), " times"));
  }
  for (const core::v1::Move& move : known.record.moves()) {
    if (packet.done_size() >= 16) break;
    packet.add_done(absl::StrCat("handed from ", LastSegment(move.from().team()), " to ",
                                 LastSegment(move.to().team()), " at ", Day(ToTime(move.time()))));
  }
  v1::Packet::Action& rest = *packet.add_actions();
  rest.set_description(absl::StrCat("Finish the remaining ", 100 - item.progress_percent(), " %"));
  if (item.has_due_time()) *rest.mutable_due_time() = item.due_time();
  if (item.state() == ItemState::STATE_ON_HOLD) {
    v1::Packet::Contingency& goes_on = *packet.add_contingencies();
    goes_on.set_condition(absl::StrCat("The hold ends (", item.hold().asked_by(), ")"));
    goes_on.set_action("Resume the work");
  }
  *packet.mutable_links() = item.links();
  return packet;
}

void Judge(const type::v1::HandoffRules& rules, v1::Handoff& handoff) {
  handoff.clear_missing_parts();
  for (type::v1::PacketPart part : MissingParts(handoff.packet(), rules)) {
    handoff.add_missing_parts(part);
  }
  handoff.set_completeness_percent(Completeness(handoff.packet(), rules));
}

}  // namespace tideline::handoff
