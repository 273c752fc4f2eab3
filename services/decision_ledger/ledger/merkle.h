// SPDX-License-Identifier: Apache-2.0
// Merkle trees of RFC 6962 (section 2.1) with SHA-256: hashing, growth, and proofs.
//
// Nodes are named as (level, index): the perfect subtree over the 2^level leaves from
// index * 2^level. Only perfect subtrees have names; everything else is computed from them. Pure;
// any thread.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tideline::decision_ledger {

using Hash = std::array<uint8_t, 32>;
using Proof = std::vector<Hash>;

// SHA-256(0x00 || leaf).
Hash HashLeaf(absl::string_view leaf);
// SHA-256(0x01 || left || right).
Hash HashNode(const Hash& left, const Hash& right);
// The root of the tree without leaves: SHA-256 of nothing.
Hash EmptyRoot();

std::string ToBytes(const Hash& hash);
// INVALID_ARGUMENT unless it has 32 bytes.
absl::StatusOr<Hash> ToHash(absl::string_view bytes);

// What a tree must remember to grow: the roots of its perfect subtrees, largest first. Value type.
class Frontier {
 public:
  Frontier() = default;
  // From `Bytes()` of a tree of `size` leaves. INVALID_ARGUMENT when the two do not fit.
  static absl::StatusOr<Frontier> Parse(uint64_t size, absl::string_view bytes);

  // Adds a leaf. `made` hears of each perfect subtree it completes, the leaf itself included, from
  // below; null: nobody.
  using Made = std::function<void(int level, uint64_t index, const Hash& hash)>;
  void Append(const Hash& leaf, const Made& made = nullptr);

  uint64_t size() const { return size_; }
  Hash Root() const;
  std::string Bytes() const;

 private:
  uint64_t size_ = 0;
  std::vector<Hash> roots_;
};

// Reads the hash of a perfect subtree.
using NodeReader = std::function<absl::StatusOr<Hash>(int level, uint64_t index)>;

// The root of the first `size` leaves.
absl::StatusOr<Hash> RootAt(const NodeReader& nodes, uint64_t size);
// PATH(index, D[size]): sibling hashes from below. OUT_OF_RANGE when index >= size.
absl::StatusOr<Proof> InclusionProof(const NodeReader& nodes, uint64_t index, uint64_t size);
// PROOF(first, D[second]); empty when first is 0 or both are the same. OUT_OF_RANGE when
// first > second.
absl::StatusOr<Proof> ConsistencyProof(const NodeReader& nodes, uint64_t first, uint64_t second);

}  // namespace tideline::decision_ledger
