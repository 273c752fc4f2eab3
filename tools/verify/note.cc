// SPDX-License-Identifier: Apache-2.0
#include "tools/verify/note.h"

#include <openssl/evp.h>

#include <cstring>
#include <memory>

namespace tideline::verify {

namespace {

constexpr char kEmDash[] = "\xe2\x80\x94 ";  // U+2014 and a space: begins a signature line
constexpr char kEd25519 = 1;
constexpr size_t kMaxNoteBytes = 1 << 20;  // as other readers of signed notes have it

int ValueOf(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  return -1;
}

// 256 entries, so that decoding an export is a look-up per character.
struct Table {
  signed char value[256];
  Table() {
    for (int c = 0; c < 256; ++c)
      value[c] = static_cast<signed char>(ValueOf(static_cast<char>(c)));
  }
};

// The hint of a key: first four bytes of SHA-256(name, newline, algorithm, key).
std::string HintOf(const std::string& name, const std::string& public_key) {
  const std::string text = name + "\n" + kEd25519 + public_key;
  unsigned char digest[32];
  EVP_Digest(text.data(), text.size(), digest, nullptr, EVP_sha256(), nullptr);
  return std::string(reinterpret_cast<const char*>(digest), 4);
}

std::string Hex(const std::string& bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    text += kDigits[static_cast<unsigned char>(c) >> 4];
    text += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

bool IsName(const std::string& name) {
  return !name.empty() && name.find_first_of(" +\n\t") == std::string::npos;
}

// "— name base64" without its newline.
bool ParseSignature(const std::string& line, Note::Signature& signature) {
  const size_t dash = std::strlen(kEmDash);
  if (line.compare(0, dash, kEmDash) != 0) return false;
  const size_t space = line.find(' ', dash);
  if (space == std::string::npos) return false;
  signature.name = line.substr(dash, space - dash);
  std::string bytes;
  if (!IsName(signature.name) ||
      !DecodeBase64(line.data() + space + 1, line.size() - space - 1, bytes) || bytes.size() < 5) {
    return false;
  }
  signature.hash = bytes.substr(0, 4);
  signature.bytes = bytes.substr(4);
  return true;
}

// A number as it is written: no sign, no leading zero, at most 2^63.
bool ParseSize(const std::string& text, uint64_t& size) {
  if (text.empty() || text.size() > 18 || (text[0] == '0' && text.size() > 1)) return false;
  size = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    size = size * 10 + static_cast<uint64_t>(c - '0');
  }
  return true;
}

}  // namespace

bool DecodeBase64(const char* text, size_t size, std::string& bytes) {
  static const Table table;
  bytes.clear();
  if (size % 4 != 0) return false;
  size_t padding = 0;
  while (padding < 2 && padding < size && text[size - 1 - padding] == '=') ++padding;
  bytes.resize(size / 4 * 3);
  char* out = bytes.data();
  // A character that is none is negative, and stays so through the or: one test a group.
  const auto value = [text](size_t at) -> int {
    return table.value[static_cast<unsigned char>(text[at])];
  };
  const size_t whole = padding == 0 ? size : size - 4;
  for (size_t i = 0; i < whole; i += 4) {
    const int a = value(i), b = value(i + 1), c = value(i + 2), d = value(i + 3);
    if ((a | b | c | d) < 0) return false;
    const int bits = a << 18 | b << 12 | c << 6 | d;
    *out++ = static_cast<char>(bits >> 16);
    *out++ = static_cast<char>(bits >> 8);
    *out++ = static_cast<char>(bits);
  }
  if (padding > 0) {
    const int a = value(whole), b = value(whole + 1), c = padding == 1 ? value(whole + 2) : 0;
    if ((a | b | c) < 0) return false;
    const int bits = a << 18 | b << 12 | c << 6;
    if ((bits & (padding == 1 ? 0xff : 0xffff)) != 0) return false;  // bits that mean nothing
    *out++ = static_cast<char>(bits >> 16);
    if (padding == 1) *out++ = static_cast<char>(bits >> 8);
    bytes.resize(static_cast<size_t>(out - bytes.data()));
  }
  return true;
}

bool ParseKey(const std::string& text, Key& key) {
  const size_t first = text.find('+');
  if (first == std::string::npos) return false;
  const size_t second = text.find('+', first + 1);
  if (second == std::string::npos) return false;
  key.text = text;
  key.name = text.substr(0, first);
  std::string typed;
  if (!IsName(key.name) ||
      !DecodeBase64(text.data() + second + 1, text.size() - second - 1, typed) ||
      typed.size() != 33 || typed[0] != kEd25519) {
    return false;
  }
  key.public_key = typed.substr(1);
  key.hash = HintOf(key.name, key.public_key);
  return text.substr(first + 1, second - first - 1) == Hex(key.hash);
}

bool ParseNote(const std::string& note, Note& parsed) {
  if (note.size() > kMaxNoteBytes || note.empty() || note.back() != '\n') return false;
  const size_t empty_line = note.rfind("\n\n");
  if (empty_line == std::string::npos || empty_line == 0) return false;
  parsed.text = note.substr(0, empty_line + 1);
  parsed.signatures.clear();
  for (size_t at = empty_line + 2; at < note.size();) {
    const size_t end = note.find('\n', at);
    Note::Signature signature;
    if (!ParseSignature(note.substr(at, end - at), signature)) return false;
    parsed.signatures.push_back(std::move(signature));
    at = end + 1;
  }
  return !parsed.signatures.empty();
}

bool IsSignedBy(const Note& note, const Key& key) {
  for (const Note::Signature& signature : note.signatures) {
    if (signature.name != key.name || signature.hash != key.hash) continue;
    if (signature.bytes.size() != 64) return false;
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> public_key(
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr,
                                    reinterpret_cast<const unsigned char*>(key.public_key.data()),
                                    key.public_key.size()),
        EVP_PKEY_free);
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                          EVP_MD_CTX_free);
    return public_key != nullptr &&
           EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, public_key.get()) == 1 &&
           EVP_DigestVerify(
               context.get(), reinterpret_cast<const unsigned char*>(signature.bytes.data()),
               signature.bytes.size(), reinterpret_cast<const unsigned char*>(note.text.data()),
               note.text.size()) == 1;
  }
  return false;
}

bool ParseCheckpoint(const std::string& note, Checkpoint& checkpoint) {
  if (!ParseNote(note, checkpoint.note)) return false;
  std::vector<std::string> lines;
  for (size_t at = 0; at < checkpoint.note.text.size();) {
    const size_t end = checkpoint.note.text.find('\n', at);
    lines.push_back(checkpoint.note.text.substr(at, end - at));
    if (lines.back().empty()) return false;
    at = end + 1;
  }
  if (lines.size() < 3 || !ParseSize(lines[1], checkpoint.size)) return false;
  std::string root;
  if (!DecodeBase64(lines[2].data(), lines[2].size(), root) || root.size() != 32) return false;
  std::memcpy(checkpoint.root.data(), root.data(), 32);
  checkpoint.origin = lines[0];
  checkpoint.extensions.assign(lines.begin() + 3, lines.end());
  return true;
}

}  // namespace tideline::verify
