// SPDX-License-Identifier: Apache-2.0
// Both implementations, the sealer's and the verifier's, against the published vectors of RFC 6962
// trees: those of transparency-dev/merkle (test data as facts), and the accumulated ones of
// draft-ietf-plants-merkle-tree-certs, "Subtree Test Vectors".
#include "services/decision_ledger/ledger/merkle.h"

#include <bit>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/sha256.h"
#include "gtest/gtest.h"
#include "tools/verify/merkle.h"

namespace tideline::decision_ledger {
namespace {

const std::vector<std::string>& LeafInputs() {
  static const auto* const inputs =
      new std::vector<std::string>{"",
                                   absl::HexStringToBytes("00"),
                                   absl::HexStringToBytes("10"),
                                   absl::HexStringToBytes("2021"),
                                   absl::HexStringToBytes("3031"),
                                   absl::HexStringToBytes("40414243"),
                                   absl::HexStringToBytes("5051525354555657"),
                                   absl::HexStringToBytes("606162636465666768696a6b6c6d6e6f")};
  return *inputs;
}

constexpr const char* kRoots[] = {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

std::string Hex(const Hash& hash) { return absl::BytesToHexString(ToBytes(hash)); }

std::string Base64(const Hash& hash) { return absl::Base64Escape(ToBytes(hash)); }

Hash FromBase64(const std::string& text) {
  std::string bytes;
  EXPECT_TRUE(absl::Base64Unescape(text, &bytes));
  return *ToHash(bytes);
}

// A tree in memory that keeps every perfect subtree.
class Tree {
 public:
  void Add(absl::string_view leaf) {
    frontier_.Append(HashLeaf(leaf), [this](int level, uint64_t index, const Hash& hash) {
      if (levels_.size() <= static_cast<size_t>(level)) levels_.emplace_back();
      EXPECT_EQ(levels_[static_cast<size_t>(level)].size(), index);
      levels_[static_cast<size_t>(level)].push_back(hash);
    });
  }
  const Frontier& frontier() const { return frontier_; }
  NodeReader nodes() const {
    return [this](int level, uint64_t index) -> absl::StatusOr<Hash> {
      if (static_cast<size_t>(level) >= levels_.size() ||
          index >= levels_[static_cast<size_t>(level)].size()) {
        return absl::DataLossError("no such node");
      }
      return levels_[static_cast<size_t>(level)][index];
    };
  }

 private:
  Frontier frontier_;
  std::vector<std::vector<Hash>> levels_;
};

Tree Published(size_t size) {
  Tree tree;
  for (size_t i = 0; i < size; ++i) tree.Add(LeafInputs()[i]);
  return tree;
}

TEST(Merkle, RootsArePublishedOnes) {
  const Tree tree = Published(8);
  std::vector<verify::Hash> leaves;
  for (size_t size = 0; size <= 8; ++size) {
    EXPECT_EQ(Hex(Published(size).frontier().Root()), kRoots[size]) << size;
    EXPECT_EQ(Hex(*RootAt(tree.nodes(), size)), kRoots[size]) << size;
    EXPECT_EQ(Hex(verify::RootOf(leaves)), kRoots[size]) << size;
    if (size < 8) leaves.push_back(verify::LeafHash(LeafInputs()[size]));
  }
}

TEST(Merkle, AFrontierIsRestoredFromItsBytes) {
  for (size_t size = 0; size <= 8; ++size) {
    const Frontier frontier = Published(size).frontier();
    const absl::StatusOr<Frontier> again = Frontier::Parse(size, frontier.Bytes());
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(again->Root(), frontier.Root());
  }
  EXPECT_TRUE(absl::IsInvalidArgument(Frontier::Parse(3, std::string(32, 'x')).status()));
}

struct Inclusion {
  uint64_t index;
  uint64_t size;
  std::vector<std::string> proof;
};

TEST(Merkle, InclusionProofsArePublishedOnes) {
  const Inclusion cases[] = {{5,
                              8,
                              {"vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms=",
                               "yoVOoSjtBQtBs1/8G4e46yveRh6eO1WW7Oa51ZdaCuA=",
                               "037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc="}},
                             {2, 3, {"+sVCA+fMaWzw38tCySodnbr3CtnmIfS9jZhmLwDjwSU="}}};
  const Tree tree = Published(8);
  for (const Inclusion& expected : cases) {
    const absl::StatusOr<Proof> proof = InclusionProof(tree.nodes(), expected.index, expected.size);
    ASSERT_TRUE(proof.ok());
    std::vector<std::string> texts;
    for (const Hash& hash : *proof) texts.push_back(Base64(hash));
    EXPECT_EQ(texts, expected.proof);
    verify::Hash root;
    ASSERT_TRUE(verify::RootByInclusion(verify::LeafHash(LeafInputs()[expected.index]),
                                        expected.index, expected.size, *proof, root));
    EXPECT_EQ(Hex(root), kRoots[expected.size]);
  }
}

struct Consistency {
  uint64_t first;
  uint64_t second;
  std::vector<std::string> proof;
};

TEST(Merkle, ConsistencyProofsArePublishedOnes) {
  const Consistency cases[] = {{1,
                                8,
                                {"lqKW0iTyhcZ77pPDD4owkVfw2qNdxbh+QQt4YwoJz8c=",
                                 "Xwg/ChozygdqlSeYMlgNs+DvRYS9/x9UyKNg9Q3jAx4=",
                                 "a0eq8p7jwq+a+Im8H7klTavTEXfxYjLdaqsDXKOb9uQ="}},
                               {6,
                                8,
                                {"DrxdNDf74tsVi58Sah0RjjCBgQMdCpSfje3t68VY72o=",
                                 "yoVOoSjtBQtBs1/8G4e46yveRh6eO1WW7Oa51ZdaCuA=",
                                 "037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc="}},
                               {2,
                                5,
                                {"Xwg/ChozygdqlSeYMlgNs+DvRYS9/x9UyKNg9Q3jAx4=",
                                 "vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms="}},
                               {6,
                                7,
                                {"DrxdNDf74tsVi58Sah0RjjCBgQMdCpSfje3t68VY72o=",
                                 "sIaT7C5yFZcTBkHoIR5+7cy0wmQTlj7ubB4u0W/7Gl8=",
                                 "037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc="}}};
  const Tree tree = Published(8);
  for (const Consistency& expected : cases) {
    const absl::StatusOr<Proof> proof =
        ConsistencyProof(tree.nodes(), expected.first, expected.second);
    ASSERT_TRUE(proof.ok());
    std::vector<std::string> texts;
    for (const Hash& hash : *proof) texts.push_back(Base64(hash));
    EXPECT_EQ(texts, expected.proof) << expected.first << " " << expected.second;
  }
}

// What the published negative vectors do, done to every pair of sizes: each bit of the proof, the
// sizes, the roots, and the proof's length.
TEST(Merkle, AWrongConsistencyProofIsRefused) {
  const Tree tree = Published(8);
  const auto root = [](uint64_t size) { return *ToHash(absl::HexStringToBytes(kRoots[size])); };
  for (uint64_t first = 1; first < 8; ++first) {
    for (uint64_t second = first + 1; second <= 8; ++second) {
      const Proof proof = *ConsistencyProof(tree.nodes(), first, second);
      EXPECT_TRUE(verify::IsConsistent(first, root(first), second, root(second), proof));
      EXPECT_FALSE(verify::IsConsistent(first, root(second), second, root(first), proof));
      EXPECT_FALSE(verify::IsConsistent(first - 1, root(first), second, root(second), proof) &&
                   first > 1);
      EXPECT_FALSE(verify::IsConsistent(first, root(first), second * 2, root(second), proof));
      for (size_t i = 0; i < proof.size(); ++i) {
        Proof wrong = proof;
        wrong[i][3] ^= 16;
        EXPECT_FALSE(verify::IsConsistent(first, root(first), second, root(second), wrong));
        wrong = proof;
        wrong.erase(wrong.begin() + static_cast<long>(i));
        EXPECT_FALSE(verify::IsConsistent(first, root(first), second, root(second), wrong));
      }
      Proof longer = proof;
      longer.push_back(root(second));
      EXPECT_FALSE(verify::IsConsistent(first, root(first), second, root(second), longer));
      longer = proof;
      longer.insert(longer.begin(), root(first));
      EXPECT_FALSE(verify::IsConsistent(first, root(first), second, root(second), longer));
      EXPECT_FALSE(verify::IsConsistent(first, root(first), second, root(second), {}));
    }
  }
  EXPECT_TRUE(absl::IsOutOfRange(ConsistencyProof(tree.nodes(), 5, 4).status()));
}

// The trees of the draft: leaf i is the byte i, every subtree up to 130 leaves.
constexpr uint64_t kMost = 130;

Tree Subtree(uint64_t begin, uint64_t end) {
  Tree tree;
  for (uint64_t i = begin; i < end; ++i) {
    const char byte = static_cast<char>(i);
    tree.Add(absl::string_view(&byte, 1));
  }
  return tree;
}

bool IsValid(uint64_t begin, uint64_t end) { return begin % std::bit_ceil(end - begin) == 0; }

TEST(Merkle, SubtreeHashesAddUpToThePublishedDigest) {
  std::string text;
  for (uint64_t end = 1; end <= kMost; ++end) {
    for (uint64_t begin = 0; begin < end; ++begin) {
      if (!IsValid(begin, end)) continue;
      absl::StrAppend(&text, "[", begin, ", ", end, ") ",
                      Hex(Subtree(begin, end).frontier().Root()), "\n");
    }
  }
  EXPECT_EQ(absl::BytesToHexString(Sha256(text)),
            "94a95384a8c69acea9b50d035a58285b3a777cb7a724005faa5e1f1e1190007f");
}

TEST(Merkle, InclusionProofsAddUpToThePublishedDigest) {
  std::string text;
  for (uint64_t end = 1; end <= kMost; ++end) {
    for (uint64_t begin = 0; begin < end; ++begin) {
      if (!IsValid(begin, end)) continue;
      const Tree tree = Subtree(begin, end);
      std::vector<verify::Hash> leaves;
      for (uint64_t i = begin; i < end; ++i) {
        leaves.push_back(verify::LeafHash(std::string(1, static_cast<char>(i))));
      }
      verify::Block block(leaves);
      ASSERT_EQ(block.root(), tree.frontier().Root());
      for (uint64_t index = begin; index < end; ++index) {
        const Proof proof = *InclusionProof(tree.nodes(), index - begin, end - begin);
        EXPECT_TRUE(block.IsPath(index - begin, proof));
        absl::StrAppend(&text, index, " [", begin, ", ", end, ")");
        for (const Hash& hash : proof) absl::StrAppend(&text, " ", Hex(hash));
        text += "\n";
      }
    }
  }
  EXPECT_EQ(absl::BytesToHexString(Sha256(text)),
            "ac2a8f989e44d99e399db448050ff5f19757df53cfb716aa81015d3955d8163f");
}

TEST(Merkle, EveryProofOfEverySizeVerifiesAndNoOtherPlaceDoes) {
  const Tree tree = Subtree(0, kMost);
  for (uint64_t size = 1; size <= kMost; size += 7) {
    const Hash root = *RootAt(tree.nodes(), size);
    for (uint64_t index = 0; index < size; ++index) {
      const Proof proof = *InclusionProof(tree.nodes(), index, size);
      const verify::Hash leaf = verify::LeafHash(std::string(1, static_cast<char>(index)));
      verify::Hash led;
      ASSERT_TRUE(verify::RootByInclusion(leaf, index, size, proof, led));
      EXPECT_EQ(led, root);
      for (uint64_t other = 0; other < size; ++other) {
        if (other == index) continue;
        EXPECT_FALSE(verify::RootByInclusion(leaf, other, size, proof, led) && led == root);
      }
    }
    for (uint64_t first = 0; first <= size; ++first) {
      EXPECT_TRUE(verify::IsConsistent(first, *RootAt(tree.nodes(), first), size, root,
                                       *ConsistencyProof(tree.nodes(), first, size)));
    }
  }
}

TEST(Merkle, NoPathIsLongerThanItsPlaceAllows) {
  const Tree tree = Published(8);
  Proof proof = *InclusionProof(tree.nodes(), 5, 8);
  verify::Hash root;
  const verify::Hash leaf = verify::LeafHash(LeafInputs()[5]);
  proof.push_back(FromBase64("037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc="));
  EXPECT_FALSE(verify::RootByInclusion(leaf, 5, 8, proof, root));
  proof.resize(2);
  EXPECT_FALSE(verify::RootByInclusion(leaf, 5, 8, proof, root));
  EXPECT_TRUE(absl::IsOutOfRange(InclusionProof(tree.nodes(), 8, 8).status()));
}

}  // namespace
}  // namespace tideline::decision_ledger
