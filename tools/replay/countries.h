// SPDX-License-Identifier: Apache-2.0
// Countries as logs write them. Pure; any thread.
#pragma once

#include "absl/strings/string_view.h"

namespace tideline::replay {

struct Country {
  absl::string_view code;       // ISO 3166-1 alpha-2
  absl::string_view time_zone;  // IANA; of the largest city where a country has several
};

// The country of an English name, in any case. {"ZZ", "UTC"} (ISO: unknown) for what is no
// country's name: logs write "0", "?" or nothing where they do not know.
Country FindCountry(absl::string_view name);

}  // namespace tideline::replay
