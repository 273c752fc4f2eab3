// SPDX-License-Identifier: Apache-2.0
#include "common/base/sha256.h"

#include <openssl/evp.h>

#include <cstdlib>

namespace tideline {

std::string Sha256(absl::string_view bytes) {
  // Looked up once: OpenSSL's one-line SHA256() looks its algorithm up on every call, which costs
  // as much as hashing half a kilobyte.
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  std::string digest(32, '\0');
  const int done =
      EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()),
                 nullptr, algorithm, nullptr);
  if (done != 1) std::abort();  // no memory, or a libcrypto without SHA-256
  return digest;
}

}  // namespace tideline
