// SPDX-License-Identifier: Apache-2.0
#include "services/decision_ledger/ledger/merkle.h"

#include <openssl/evp.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace tideline::decision_ledger {

namespace {

// RFC 6962 section 2.1: leaves and nodes are told apart by a first byte, so that neither can be
// given out as the other.
constexpr uint8_t kLeafPrefix = 0;
constexpr uint8_t kNodePrefix = 1;

// A digest with its context kept: making one costs as much as hashing a leaf.
class Digest {
 public:
  Digest() {
    if (EVP_DigestInit_ex2(context_.get(), algorithm_, nullptr) != 1) std::abort();
  }
  void Add(const void* bytes, size_t size) {
    if (EVP_DigestUpdate(context_.get(), bytes, size) != 1) std::abort();
  }
  Hash Finish() {
    Hash hash;
    if (EVP_DigestFinal_ex(context_.get(), hash.data(), nullptr) != 1) std::abort();
    return hash;
  }

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  static inline const EVP_MD* const algorithm_ = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  static inline thread_local const std::unique_ptr<EVP_MD_CTX, Free> context_{EVP_MD_CTX_new()};
};

// Largest power of two below `size`, which is over 1: where the RFC splits.
uint64_t Split(uint64_t size) { return std::bit_floor(size - 1); }

// MTH(D[begin:end]), where begin lies at a multiple of the power of two that holds end - begin.
absl::StatusOr<Hash> Subtree(const NodeReader& nodes, uint64_t begin, uint64_t end) {
  const uint64_t size = end - begin;
  if (std::has_single_bit(size)) {
    const int level = std::countr_zero(size);
    return nodes(level, begin >> level);
  }
  const uint64_t split = begin + Split(size);
  TL_ASSIGN_OR_RETURN(const Hash left, Subtree(nodes, begin, split));
  TL_ASSIGN_OR_RETURN(const Hash right, Subtree(nodes, split, end));
  return HashNode(left, right);
}

}  // namespace

Hash HashLeaf(absl::string_view leaf) {
  Digest digest;
  digest.Add(&kLeafPrefix, 1);
  digest.Add(leaf.data(), leaf.size());
  return digest.Finish();
}

Hash HashNode(const Hash& left, const Hash& right) {
  uint8_t bytes[65];
  bytes[0] = kNodePrefix;
  std::memcpy(bytes + 1, left.data(), 32);
  std::memcpy(bytes + 33, right.data(), 32);
  Digest digest;
  digest.Add(bytes, sizeof(bytes));
  return digest.Finish();
}

Hash EmptyRoot() { return Digest().Finish(); }

std::string ToBytes(const Hash& hash) {
  return std::string(reinterpret_cast<const char*>(hash.data()), hash.size());
}

absl::StatusOr<Hash> ToHash(absl::string_view bytes) {
  Hash hash;
  if (bytes.size() != hash.size()) {
    return absl::InvalidArgumentError(absl::StrCat("a hash has 32 bytes, not ", bytes.size()));
  }
  std::memcpy(hash.data(), bytes.data(), hash.size());
  return hash;
}

absl::StatusOr<Frontier> Frontier::Parse(uint64_t size, absl::string_view bytes) {
  if (bytes.size() != 32 * static_cast<size_t>(std::popcount(size))) {
    return absl::InvalidArgumentError(
        absl::StrCat("the frontier of ", size, " leaves does not have ", bytes.size(), " bytes"));
  }
  Frontier frontier;
  frontier.size_ = size;
  for (size_t at = 0; at < bytes.size(); at += 32) {
    TL_ASSIGN_OR_RETURN(const Hash root, ToHash(bytes.substr(at, 32)));
    frontier.roots_.push_back(root);
  }
  return frontier;
}

void Frontier::Append(const Hash& leaf, const Made& made) {
  Hash hash = leaf;
  uint64_t index = size_;
  int level = 0;
  if (made) made(level, index, hash);
  // Each low bit that is set is a subtree as large as the one at hand: they join.
  while (index & 1) {
    hash = HashNode(roots_.back(), hash);
    roots_.pop_back();
    index >>= 1;
    ++level;
    if (made) made(level, index, hash);
  }
  roots_.push_back(hash);
  ++size_;
}

Hash Frontier::Root() const {
  if (roots_.empty()) return EmptyRoot();
  Hash root = roots_.back();
  for (size_t i = roots_.size() - 1; i-- > 0;) root = HashNode(roots_[i], root);
  return root;
}

std::string Frontier::Bytes() const {
  std::string bytes;
  for (const Hash& root : roots_) bytes += ToBytes(root);
  return bytes;
}

absl::StatusOr<Hash> RootAt(const NodeReader& nodes, uint64_t size) {
  if (size == 0) return EmptyRoot();
  return Subtree(nodes, 0, size);
}

absl::StatusOr<Proof> InclusionProof(const NodeReader& nodes, uint64_t index, uint64_t size) {
  if (index >= size) {
    return absl::OutOfRangeError(absl::StrCat("a tree of ", size, " leaves has no leaf ", index));
  }
  Proof proof;
  for (uint64_t begin = 0, end = size; end - begin > 1;) {
    const uint64_t split = begin + Split(end - begin);
    const bool left = index < split;
    TL_ASSIGN_OR_RETURN(const Hash sibling,
                        left ? Subtree(nodes, split, end) : Subtree(nodes, begin, split));
    proof.push_back(sibling);
    (left ? end : begin) = split;
  }
  std::reverse(proof.begin(), proof.end());
  return proof;
}

absl::StatusOr<Proof> ConsistencyProof(const NodeReader& nodes, uint64_t first, uint64_t second) {
  if (first > second) {
    return absl::OutOfRangeError(
        absl::StrCat("a tree of ", second, " leaves does not continue one of ", first));
  }
  Proof proof;
  if (first == 0 || first == second) return proof;
  uint64_t begin = 0;
  uint64_t end = second;
  bool known = true;  // the subtree at hand is the whole old tree, whose root the reader has
  while (first != end) {
    const uint64_t split = begin + Split(end - begin);
    const bool left = first <= split;
    TL_ASSIGN_OR_RETURN(const Hash sibling,
                        left ? Subtree(nodes, split, end) : Subtree(nodes, begin, split));
    proof.push_back(sibling);
    (left ? end : begin) = split;
    known = known && left;
  }
  if (!known) {
    TL_ASSIGN_OR_RETURN(const Hash rest, Subtree(nodes, begin, end));
    proof.push_back(rest);
  }
  std::reverse(proof.begin(), proof.end());
  return proof;
}

}  // namespace tideline::decision_ledger
