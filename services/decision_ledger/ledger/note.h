// SPDX-License-Identifier: Apache-2.0
// Checkpoints as signed notes: C2SP tlog-checkpoint in C2SP signed-note, with Ed25519.
//
//   tideline.example/acme          origin: which tree
//   20852163                       leaves
//   CsUYapGGPo4dkMgIAUqom/Xa...    root, base64
//
//   — tideline.example/acme Az3grlgtzPICa5OS8npVmf1Myq/5IZn...
//
// A key's name is the origin of the tree it signs, so one key signs for every tree under a name of
// its own. A change of key is a checkpoint, too: signed by both keys, with the new one in an
// extension line. Thread-safe once made.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/decision_ledger/ledger/merkle.h"

typedef struct evp_pkey_st EVP_PKEY;

namespace tideline::decision_ledger {

// The extension line of a checkpoint that hands over to another key: this word, a space, the new
// key as a verifier key.
inline constexpr char kNextKeyWord[] = "tideline-next-key";

class SigningKey {
 public:
  // The key in a PEM file (PKCS #8, Ed25519). NOT_FOUND when there is no file;
  // FAILED_PRECONDITION when it holds no Ed25519 key, or can be read by others than its owner.
  static absl::StatusOr<SigningKey> Read(const std::string& path);
  // A new key, written to `path`, which must not exist, for its owner alone.
  static absl::StatusOr<SigningKey> Create(const std::string& path);

  // The 32 bytes of the public key.
  const std::string& public_key() const { return public_key_; }
  // 64 bytes. Deterministic: the same text gives the same signature.
  std::string Sign(absl::string_view text) const;

 private:
  explicit SigningKey(std::shared_ptr<EVP_PKEY> key);
  std::shared_ptr<EVP_PKEY> key_;
  std::string public_key_;
};

// "name+hash+key" as signed-note verifiers take it: what a client is given to trust.
std::string VerifierKey(absl::string_view name, absl::string_view public_key);

// "origin\nsize\nroot\n", with `extension` as a line of its own unless it is empty.
std::string CheckpointText(absl::string_view origin, uint64_t size, const Hash& root,
                           absl::string_view extension = "");

// The line of a signature: em dash, name, base64 of key hash and signature.
std::string SignatureLine(absl::string_view name, const SigningKey& key, absl::string_view text);

}  // namespace tideline::decision_ledger
