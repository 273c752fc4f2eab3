// SPDX-License-Identifier: Apache-2.0
#include "tools/verify/line.h"

#include <cstring>

#include "tools/verify/note.h"

namespace tideline::verify {

namespace {

constexpr char kCheckpoint[] = "{\"checkpoint\":\"";
// No tree has a path of more: 2^64 leaves.
constexpr size_t kMaxPath = 64;

class Reader {
 public:
  explicit Reader(const std::string& line) : at_(line.data()), end_(at_ + line.size()) {}

  bool Literal(const char* text) {
    const size_t size = std::strlen(text);
    if (static_cast<size_t>(end_ - at_) < size || std::memcmp(at_, text, size) != 0) return false;
    at_ += size;
    return true;
  }

  bool Number(uint64_t& number) {
    const char* const begin = at_;
    number = 0;
    while (at_ < end_ && *at_ >= '0' && *at_ <= '9' && at_ - begin < 18) {
      number = number * 10 + static_cast<uint64_t>(*at_++ - '0');
    }
    return at_ > begin && (*begin != '0' || at_ - begin == 1);
  }

  // The rest of a string whose opening quote was read, up to its closing one.
  bool Text(std::string& text) {
    text.clear();
    while (at_ < end_ && *at_ != '"') {
      char c = *at_++;
      if (c == '\\') {
        if (at_ == end_) return false;
        c = *at_++;
        if (c == 'n') {
          c = '\n';
        } else if (c != '"' && c != '\\') {
          return false;
        }
      } else if (static_cast<unsigned char>(c) < 0x20) {
        return false;
      }
      text += c;
    }
    return Literal("\"");
  }

  bool Base64(std::string& bytes) {
    const void* const quote = std::memchr(at_, '"', static_cast<size_t>(end_ - at_));
    if (quote == nullptr) return false;
    const char* const stop = static_cast<const char*>(quote);
    if (!DecodeBase64(at_, static_cast<size_t>(stop - at_), bytes)) return false;
    at_ = stop + 1;
    return true;
  }

  bool Path(Proof& proof) {
    proof.clear();
    if (!Literal("[")) return false;
    if (Literal("]")) return true;
    std::string bytes;
    do {
      if (proof.size() == kMaxPath || !Literal("\"") || !Base64(bytes) || bytes.size() != 32) {
        return false;
      }
      std::memcpy(proof.emplace_back().data(), bytes.data(), 32);
    } while (Literal(","));
    return Literal("]");
  }

  bool End() { return Literal("}") && at_ == end_; }

 private:
  const char* at_;
  const char* end_;
};

}  // namespace

bool ReadLine(const std::string& line, HeaderLine& header) {
  Reader reader(line);
  return reader.Literal("{\"export\":1,\"origin\":\"") && reader.Text(header.origin) &&
         reader.Literal(",\"key\":\"") && reader.Text(header.key) && reader.Literal(",\"size\":") &&
         reader.Number(header.size) && reader.End();
}

bool ReadLine(const std::string& line, CheckpointLine& checkpoint) {
  Reader reader(line);
  return reader.Literal(kCheckpoint) && reader.Text(checkpoint.note) &&
         reader.Literal(",\"consistency\":") && reader.Path(checkpoint.consistency) && reader.End();
}

bool ReadLine(const std::string& line, EntryLine& entry) {
  Reader reader(line);
  return reader.Literal("{\"entry\":") && reader.Number(entry.entry) &&
         reader.Literal(",\"sealed\":\"") && reader.Base64(entry.sealed) &&
         reader.Literal(",\"proof\":") && reader.Path(entry.proof) && reader.End();
}

bool ReadLine(const std::string& line, BlockLine& block) {
  Reader reader(line);
  return reader.Literal("{\"block\":") && reader.Number(block.block) &&
         reader.Literal(",\"proof\":") && reader.Path(block.proof) && reader.End();
}

bool IsCheckpointLine(const std::string& line) {
  return line.compare(0, std::strlen(kCheckpoint), kCheckpoint) == 0;
}

}  // namespace tideline::verify
