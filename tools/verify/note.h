// SPDX-License-Identifier: Apache-2.0
// Signed notes and checkpoints (C2SP signed-note, tlog-checkpoint) as a verifier reads them:
// strict, no more than one way to write anything. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/verify/merkle.h"

namespace tideline::verify {

// Strict base64 (RFC 4648 section 4): padded, no spaces, unused bits zero. False otherwise.
bool DecodeBase64(const char* text, size_t size, std::string& bytes);

// A public key that a note may be signed with.
struct Key {
  std::string text;  // as it was given: "name+hash+base64"
  std::string name;
  std::string hash;        // 4 bytes
  std::string public_key;  // 32 bytes, Ed25519
};
// False when it is not an Ed25519 verifier key, or its hash is not its own.
bool ParseKey(const std::string& text, Key& key);

struct Note {
  struct Signature {
    std::string name;
    std::string hash;  // 4 bytes
    std::string bytes;
  };
  std::string text;  // what is signed: every line before the empty one
  std::vector<Signature> signatures;
};
// False when it is not a signed note.
bool ParseNote(const std::string& note, Note& parsed);
// Whether one of the signatures is this key's and good.
bool IsSignedBy(const Note& note, const Key& key);

struct Checkpoint {
  Note note;
  std::string origin;
  uint64_t size = 0;
  Hash root;
  std::vector<std::string> extensions;  // the lines after the root
};
// False when the note's text is not a checkpoint.
bool ParseCheckpoint(const std::string& note, Checkpoint& checkpoint);

}  // namespace tideline::verify
