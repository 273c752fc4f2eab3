// SPDX-License-Identifier: Apache-2.0
// Names of a log become ids that cannot be read back. Pure; any thread.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace tideline::replay {

// A resource id for a name: `prefix`, a hyphen and 48 bits of the name's SHA-256 in hex. The same
// name gives the same id in every run. `prefix` also keys the hash, so that a team and a person of
// one name get different ids.
std::string HashedId(absl::string_view prefix, absl::string_view name);

// A resource id that can be read: "Krakow L2" -> "krakow-l2". Only for names that nobody bears.
std::string ReadableId(absl::string_view name);

// A resource id for an incident's number, readable: "1-364285768" -> "sr-1-364285768",
// "INC0000045" -> "inc0000045".
std::string IncidentId(absl::string_view number);

}  // namespace tideline::replay
