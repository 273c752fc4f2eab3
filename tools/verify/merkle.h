// SPDX-License-Identifier: Apache-2.0
// What a verifier needs of RFC 6962 / RFC 9162 trees: hashes, roots, and checking proofs. Written
// for the verifier alone; the sealer has its own. Pure; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace tideline::verify {

using Hash = std::array<uint8_t, 32>;
using Proof = std::vector<Hash>;

Hash LeafHash(const std::string& leaf);
Hash NodeHash(const Hash& left, const Hash& right);
// The root over these leaf hashes (or, as the shape is the same, over the roots of blocks of equal
// power-of-two size of which only the last may be short). Nothing: the hash of nothing.
Hash RootOf(const std::vector<Hash>& leaves);

// RFC 9162 section 2.1.3.2: the root that this leaf hash and path lead to. False when the path has
// the wrong length for the place.
bool RootByInclusion(const Hash& leaf, uint64_t index, uint64_t size, const Proof& proof,
                     Hash& root);
// RFC 9162 section 2.1.4.2.
bool IsConsistent(uint64_t first, const Hash& first_root, uint64_t second, const Hash& second_root,
                  const Proof& proof);

// The tree over one block, all of whose leaves are at hand: its root, and whether a path is the one
// of a leaf, without hashing again.
class Block {
 public:
  explicit Block(const std::vector<Hash>& leaves);
  const Hash& root() const { return root_; }
  bool IsPath(uint64_t index, const Proof& proof);

 private:
  Hash Subtree(uint64_t begin, uint64_t end);

  std::vector<std::vector<Hash>> levels_;              // perfect subtrees
  std::vector<std::pair<uint64_t, Hash>> right_edge_;  // others, by where they begin
  uint64_t size_;
  Hash root_;
};

}  // namespace tideline::verify
