// SPDX-License-Identifier: Apache-2.0
#include "tools/replay/source.h"

#include <lzma.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace tideline::replay {
namespace {

// Enough for xz -9; a file that asks for more is not one of ours.
constexpr uint64_t kMaxDecoderBytes = 256 << 20;
constexpr size_t kChunkBytes = 64 << 10;
constexpr char kXzMagic[] =
    "\xfd"
    "7zXZ";

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

class TextSource : public ByteSource {
 public:
  explicit TextSource(absl::string_view text) : text_(text) {}
  absl::StatusOr<size_t> Read(char* out, size_t size) override {
    const size_t taken = std::min(size, text_.size() - at_);
    std::memcpy(out, text_.data() + at_, taken);
    at_ += taken;
    return taken;
  }

 private:
  std::string text_;
  size_t at_ = 0;
};

class PlainSource : public ByteSource {
 public:
  PlainSource(File file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}
  absl::StatusOr<size_t> Read(char* out, size_t size) override {
    const size_t taken = std::fread(out, 1, size, file_.get());
    if (taken == 0 && std::ferror(file_.get())) {
      return absl::DataLossError(absl::StrCat(path_, ": cannot be read"));
    }
    return taken;
  }

 private:
  File file_;
  std::string path_;
};

class XzSource : public ByteSource {
 public:
  XzSource(File file, std::string path)
      : file_(std::move(file)), path_(std::move(path)), chunk_(kChunkBytes) {}
  ~XzSource() override { lzma_end(&stream_); }

  absl::Status Start() {
    if (lzma_stream_decoder(&stream_, kMaxDecoderBytes, LZMA_CONCATENATED) != LZMA_OK) {
      return absl::ResourceExhaustedError("xz: the decoder does not start");
    }
    return absl::OkStatus();
  }

  absl::StatusOr<size_t> Read(char* out, size_t size) override {
    stream_.next_out = reinterpret_cast<uint8_t*>(out);
    stream_.avail_out = size;
    while (stream_.avail_out == size && !ended_) {
      if (stream_.avail_in == 0 && !drained_) {
        stream_.next_in = chunk_.data();
        stream_.avail_in = std::fread(chunk_.data(), 1, chunk_.size(), file_.get());
        drained_ = stream_.avail_in == 0;
      }
      const lzma_ret answer = lzma_code(&stream_, drained_ ? LZMA_FINISH : LZMA_RUN);
      if (answer == LZMA_STREAM_END) {
        ended_ = true;
      } else if (answer != LZMA_OK) {
        return absl::DataLossError(absl::StrCat(path_, ": damaged or cut short (xz error ",
                                                static_cast<int>(answer), ")"));
      }
    }
    return size - stream_.avail_out;
  }

 private:
  File file_;
  std::string path_;
  std::vector<uint8_t> chunk_;
  lzma_stream stream_ = LZMA_STREAM_INIT;
  bool drained_ = false;
  bool ended_ = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ByteSource>> OpenFile(const std::string& path) {
  File file(std::fopen(path.c_str(), "rb"));
  if (file == nullptr) return absl::ErrnoToStatus(errno, path);
  char head[5] = {};
  const size_t got = std::fread(head, 1, sizeof(head), file.get());
  std::rewind(file.get());
  if (got == sizeof(head) && std::memcmp(head, kXzMagic, sizeof(head)) == 0) {
    auto xz = std::make_unique<XzSource>(std::move(file), path);
    if (absl::Status started = xz->Start(); !started.ok()) return started;
    return xz;
  }
  return std::make_unique<PlainSource>(std::move(file), path);
}

std::unique_ptr<ByteSource> FromText(absl::string_view text) {
  return std::make_unique<TextSource>(text);
}

}  // namespace tideline::replay
