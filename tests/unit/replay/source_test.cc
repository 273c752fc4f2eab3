// SPDX-License-Identifier: Apache-2.0
#include "tools/replay/source.h"

#include <gtest/gtest.h>
#include <lzma.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

namespace tideline::replay {
namespace {

class SourceTest : public testing::Test {
 protected:
  SourceTest() {
    std::string folder = testing::TempDir() + "replay-source-XXXXXX";
    folder_ = mkdtemp(folder.data());
  }
  ~SourceTest() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& bytes) {
    const std::string path = folder_ + "/file";
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }

  static std::string Pack(const std::string& text) {
    std::string out(lzma_stream_buffer_bound(text.size()), '\0');
    size_t size = 0;
    EXPECT_EQ(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, nullptr,
                                      reinterpret_cast<const uint8_t*>(text.data()), text.size(),
                                      reinterpret_cast<uint8_t*>(out.data()), &size, out.size()),
              LZMA_OK);
    out.resize(size);
    return out;
  }

  static absl::StatusOr<std::string> ReadAll(const std::string& path) {
    auto source = OpenFile(path);
    if (!source.ok()) return source.status();
    std::string text;
    char piece[1000];
    while (true) {
      absl::StatusOr<size_t> got = (*source)->Read(piece, sizeof(piece));
      if (!got.ok()) return got.status();
      if (*got == 0) return text;
      text.append(piece, *got);
    }
  }

  std::string folder_;
};

std::string LongText() {
  std::string text;
  for (int i = 0; i < 50000; ++i) text += std::to_string(i * 7919) + "\n";
  return text;
}

TEST_F(SourceTest, UnpacksXz) { EXPECT_EQ(*ReadAll(Write(Pack(LongText()))), LongText()); }

TEST_F(SourceTest, ReadsXzFilesPutOneAfterAnother) {
  EXPECT_EQ(*ReadAll(Write(Pack("one\n") + Pack("two\n"))), "one\ntwo\n");
}

TEST_F(SourceTest, PassesPlainTextThrough) { EXPECT_EQ(*ReadAll(Write("a,b\n")), "a,b\n"); }

TEST_F(SourceTest, SaysDataLossWhenXzIsCutShort) {
  const std::string whole = Pack(LongText());
  EXPECT_EQ(ReadAll(Write(whole.substr(0, whole.size() / 2))).status().code(),
            absl::StatusCode::kDataLoss);
}

TEST_F(SourceTest, SaysDataLossWhenXzIsDamaged) {
  std::string bytes = Pack(LongText());
  bytes[bytes.size() / 2] ^= 1;
  EXPECT_EQ(ReadAll(Write(bytes)).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(SourceTest, SaysNotFoundForAFileThatIsNotThere) {
  EXPECT_EQ(ReadAll(folder_ + "/none").status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace tideline::replay
