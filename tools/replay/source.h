// SPDX-License-Identifier: Apache-2.0
// Bytes of a file, read as a stream: xz is unpacked on the way, anything else is passed through.
// Not thread-safe.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tideline::replay {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Fills up to `size` bytes; 0 at the end. DATA_LOSS when the data are damaged or end too early.
  virtual absl::StatusOr<size_t> Read(char* out, size_t size) = 0;
};

// A file; xz is known by its first bytes. NOT_FOUND or PERMISSION_DENIED as the system says.
absl::StatusOr<std::unique_ptr<ByteSource>> OpenFile(const std::string& path);

// A text in memory.
std::unique_ptr<ByteSource> FromText(absl::string_view text);

}  // namespace tideline::replay
