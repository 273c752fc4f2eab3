// SPDX-License-Identifier: Apache-2.0
#include "services/decision_ledger/ledger/note.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/sha256.h"

namespace tideline::decision_ledger {

namespace {

// Algorithm byte of Ed25519 in signed notes.
constexpr char kEd25519 = 1;

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, Close>;

std::string TypedKey(absl::string_view public_key) {
  return absl::StrCat(absl::string_view(&kEd25519, 1), public_key);
}

// First four bytes of SHA-256(name || "\n" || algorithm || key): a hint which key signed.
std::string KeyHash(absl::string_view name, absl::string_view public_key) {
  return Sha256(absl::StrCat(name, "\n", TypedKey(public_key))).substr(0, 4);
}

absl::Status Problem(const std::string& path, absl::string_view what) {
  return absl::FailedPreconditionError(absl::StrCat("the ledger's key ", path, " ", what));
}

}  // namespace

SigningKey::SigningKey(std::shared_ptr<EVP_PKEY> key) : key_(std::move(key)), public_key_(32, 0) {
  size_t size = public_key_.size();
  if (EVP_PKEY_get_raw_public_key(key_.get(), reinterpret_cast<unsigned char*>(public_key_.data()),
                                  &size) != 1) {
    std::abort();  // checked to be Ed25519 before
  }
}

absl::StatusOr<SigningKey> SigningKey::Read(const std::string& path) {
  File file(std::fopen(path.c_str(), "r"));
  if (file == nullptr) {
    if (errno == ENOENT) return absl::NotFoundError(absl::StrCat("no key at ", path));
    return Problem(path, std::strerror(errno));
  }
  struct stat about;
  if (::fstat(::fileno(file.get()), &about) != 0 || (about.st_mode & 077) != 0) {
    return Problem(path, "can be read by others than its owner: chmod 600 it");
  }
  std::shared_ptr<EVP_PKEY> key(PEM_read_PrivateKey(file.get(), nullptr, nullptr, nullptr),
                                EVP_PKEY_free);
  if (key == nullptr || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_ED25519) {
    return Problem(path, "is not an Ed25519 private key in PEM form");
  }
  return SigningKey(std::move(key));
}

absl::StatusOr<SigningKey> SigningKey::Create(const std::string& path) {
  std::shared_ptr<EVP_PKEY> key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), EVP_PKEY_free);
  if (key == nullptr) return absl::InternalError("OpenSSL makes no Ed25519 key");
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) return Problem(path, std::strerror(errno));
  File file(::fdopen(descriptor, "w"));
  // What is sealed with a key that a power cut loses could never be continued.
  if (PEM_write_PrivateKey(file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1 ||
      std::fflush(file.get()) != 0 || ::fsync(descriptor) != 0) {
    return Problem(path, "cannot be written");
  }
  return SigningKey(std::move(key));
}

std::string SigningKey::Sign(absl::string_view text) const {
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                  EVP_MD_CTX_free);
  std::string signature(64, '\0');
  size_t size = signature.size();
  if (EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) != 1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     reinterpret_cast<const unsigned char*>(text.data()), text.size()) != 1) {
    std::abort();  // no memory, or a libcrypto without Ed25519
  }
  return signature;
}

std::string VerifierKey(absl::string_view name, absl::string_view public_key) {
  return absl::StrCat(name, "+", absl::BytesToHexString(KeyHash(name, public_key)), "+",
                      absl::Base64Escape(TypedKey(public_key)));
}

std::string CheckpointText(absl::string_view origin, uint64_t size, const Hash& root,
                           absl::string_view extension) {
  return absl::StrCat(origin, "\n", size, "\n", absl::Base64Escape(ToBytes(root)), "\n", extension,
                      extension.empty() ? "" : "\n");
}

std::string SignatureLine(absl::string_view name, const SigningKey& key, absl::string_view text) {
  return absl::StrCat(
      "\u2014 ", name, " ",
      absl::Base64Escape(absl::StrCat(KeyHash(name, key.public_key()), key.Sign(text))), "\n");
}

}  // namespace tideline::decision_ledger
