// SPDX-License-Identifier: Apache-2.0
#include "tools/verify/merkle.h"

#include <openssl/evp.h>

#include <cstdlib>
#include <cstring>
#include <memory>

namespace tideline::verify {

namespace {

struct Free {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

Hash Sha256(uint8_t prefix, const void* a, size_t a_size, const void* b, size_t b_size) {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  thread_local const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
  Hash hash;
  if (EVP_DigestInit_ex2(context.get(), algorithm, nullptr) != 1 ||
      EVP_DigestUpdate(context.get(), &prefix, 1) != 1 ||
      EVP_DigestUpdate(context.get(), a, a_size) != 1 ||
      EVP_DigestUpdate(context.get(), b, b_size) != 1 ||
      EVP_DigestFinal_ex(context.get(), hash.data(), nullptr) != 1) {
    std::abort();
  }
  return hash;
}

// Largest power of two below `size`, which is over 1.
uint64_t SplitOf(uint64_t size) {
  uint64_t split = 1;
  while (split * 2 < size) split *= 2;
  return split;
}

Hash RootOf(const Hash* leaves, uint64_t size) {
  if (size == 1) return leaves[0];
  const uint64_t split = SplitOf(size);
  return NodeHash(RootOf(leaves, split), RootOf(leaves + split, size - split));
}

}  // namespace

Hash LeafHash(const std::string& leaf) { return Sha256(0, leaf.data(), leaf.size(), "", 0); }

Hash NodeHash(const Hash& left, const Hash& right) {
  return Sha256(1, left.data(), left.size(), right.data(), right.size());
}

Hash RootOf(const std::vector<Hash>& leaves) {
  if (!leaves.empty()) return RootOf(leaves.data(), leaves.size());
  Hash hash;
  EVP_Digest("", 0, hash.data(), nullptr, EVP_sha256(), nullptr);
  return hash;
}

bool RootByInclusion(const Hash& leaf, uint64_t index, uint64_t size, const Proof& proof,
                     Hash& root) {
  if (index >= size) return false;
  uint64_t fn = index;
  uint64_t sn = size - 1;
  root = leaf;
  for (const Hash& sibling : proof) {
    if (sn == 0) return false;
    if ((fn & 1) != 0 || fn == sn) {
      root = NodeHash(sibling, root);
      while ((fn & 1) == 0 && fn != 0) {
        fn >>= 1;
        sn >>= 1;
      }
    } else {
      root = NodeHash(root, sibling);
    }
    fn >>= 1;
    sn >>= 1;
  }
  return sn == 0;
}

bool IsConsistent(uint64_t first, const Hash& first_root, uint64_t second, const Hash& second_root,
                  const Proof& proof) {
  if (first > second) return false;
  if (first == second) return proof.empty() && first_root == second_root;
  if (first == 0) return proof.empty();
  Proof path = proof;
  if ((first & (first - 1)) == 0) path.insert(path.begin(), first_root);
  if (path.empty()) return false;
  uint64_t fn = first - 1;
  uint64_t sn = second - 1;
  while ((fn & 1) != 0) {
    fn >>= 1;
    sn >>= 1;
  }
  Hash old_root = path[0];
  Hash new_root = path[0];
  for (size_t i = 1; i < path.size(); ++i) {
    if (sn == 0) return false;
    if ((fn & 1) != 0 || fn == sn) {
      old_root = NodeHash(path[i], old_root);
      new_root = NodeHash(path[i], new_root);
      while ((fn & 1) == 0 && fn != 0) {
        fn >>= 1;
        sn >>= 1;
      }
    } else {
      new_root = NodeHash(new_root, path[i]);
    }
    fn >>= 1;
    sn >>= 1;
  }
  return sn == 0 && old_root == first_root && new_root == second_root;
}

Block::Block(const std::vector<Hash>& leaves) : size_(leaves.size()) {
  levels_.push_back(leaves);
  while (levels_.back().size() > 1) {
    const std::vector<Hash>& below = levels_.back();
    std::vector<Hash> level;
    level.reserve(below.size() / 2);
    for (size_t i = 0; i + 1 < below.size(); i += 2) {
      level.push_back(NodeHash(below[i], below[i + 1]));
    }
    levels_.push_back(std::move(level));
  }
  root_ = Subtree(0, size_);
}

Hash Block::Subtree(uint64_t begin, uint64_t end) {
  const uint64_t size = end - begin;
  if ((size & (size - 1)) == 0) {
    size_t level = 0;
    while ((uint64_t{1} << level) < size) ++level;
    return levels_[level][begin >> level];
  }
  for (const auto& [at, hash] : right_edge_) {
    if (at == begin) return hash;
  }
  const uint64_t split = begin + SplitOf(size);
  const Hash hash = NodeHash(Subtree(begin, split), Subtree(split, end));
  right_edge_.emplace_back(begin, hash);
  return hash;
}

bool Block::IsPath(uint64_t index, const Proof& proof) {
  uint64_t begin = 0;
  uint64_t end = size_;
  size_t left = proof.size();
  while (end - begin > 1) {
    if (left == 0) return false;
    const uint64_t split = begin + SplitOf(end - begin);
    const bool in_left = index < split;
    if (proof[--left] != (in_left ? Subtree(split, end) : Subtree(begin, split))) return false;
    (in_left ? end : begin) = split;
  }
  return left == 0;
}

}  // namespace tideline::verify
