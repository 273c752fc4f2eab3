// SPDX-License-Identifier: Apache-2.0
// SHA-256, for checksums, digests of journals and keys of memos. Any thread.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace tideline {

// The digest's 32 bytes. (absl::BytesToHexString makes them readable.)
std::string Sha256(absl::string_view bytes);

}  // namespace tideline
