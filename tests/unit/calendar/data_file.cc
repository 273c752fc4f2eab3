// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/calendar/data_file.h"

#include <lzma.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"

namespace tideline::testing {
namespace {

constexpr uint64_t kMaxDecoderBytes = 256 << 20;
constexpr size_t kMaxText = 256 << 20;

std::string Folder() {
  if (const char* folder = std::getenv("TIDELINE_DATA")) return folder;
  const char* source = std::getenv("TIDELINE_SOURCE");
  return absl::StrCat(source == nullptr ? "." : source, "/../shared/data");
}

}  // namespace

std::optional<std::string> ReadData(absl::string_view name) {
  std::ifstream file(absl::StrCat(Folder(), "/", name), std::ios::binary);
  if (!file) return std::nullopt;
  const std::string packed((std::istreambuf_iterator<char>(file)),
                           std::istreambuf_iterator<char>());
  for (std::string text(packed.size() * 8, '\0'); text.size() <= kMaxText;
       text.resize(text.size() * 2)) {
    uint64_t limit = kMaxDecoderBytes;
    size_t in = 0, out = 0;
    const lzma_ret answer = lzma_stream_buffer_decode(
        &limit, 0, nullptr, reinterpret_cast<const uint8_t*>(packed.data()), &in, packed.size(),
        reinterpret_cast<uint8_t*>(text.data()), &out, text.size());
    if (answer == LZMA_BUF_ERROR) continue;  // the text is longer
    if (answer != LZMA_OK) break;
    text.resize(out);
    return text;
  }
  std::fprintf(stderr, "%s is damaged\n", std::string(name).c_str());
  std::abort();
}

}  // namespace tideline::testing
