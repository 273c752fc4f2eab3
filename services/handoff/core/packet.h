// SPDX-License-Identifier: Apache-2.0
// Packets: what is in them, what is missing, and a first draft from what an item's history tells.
// Pure.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/handoff/core/items.h"
#include "tideline/handoff/v1/resources.pb.h"
#include "tideline/type/v1/handoff.pb.h"

namespace tideline::handoff {

// Required parts that are empty, in the order of the rules.
std::vector<type::v1::PacketPart> MissingParts(const v1::Packet& packet,
                                               const type::v1::HandoffRules& rules);

// Share of all parts that are filled, in per cent, required ones counted twice.
int Completeness(const v1::Packet& packet, const type::v1::HandoffRules& rules);

// What a caller's packet must be: at most 64 KiB, links with checksums (INVALID_FIELD,
// FIELD_REQUIRED), and all required parts (PACKET_INCOMPLETE with one violation for each). `field`
// is the packet's path in the request.
absl::Status CheckPacket(const v1::Packet& packet, const type::v1::HandoffRules& rules,
                         absl::string_view field);

// PACKET_INCOMPLETE with one violation for each missing part.
absl::Status Incomplete(const std::vector<type::v1::PacketPart>& missing, absl::string_view field);

// A first draft for somebody who has to go on: what is known, and nothing made up.
v1::Packet DraftPacket(const Item& item, absl::Time now);

// Fills completeness and missing parts.
void Judge(const type::v1::HandoffRules& rules, v1::Handoff& handoff);

}  // namespace tideline::handoff
