// SPDX-License-Identifier: Apache-2.0
#include "services/work_routing/core/matcher_kernel.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace tideline::work_routing {
namespace {

struct Outcome {
  std::vector<uint64_t> left;  // zero where no chunk is live
  std::vector<uint32_t> live;
  std::vector<uint32_t> counts;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

struct Case {
  std::vector<std::vector<uint64_t>> maps;
  std::vector<Step> steps;
  size_t chunks;
};

Case RandomCase(std::mt19937_64& random) {
  Case made;
  made.chunks = random() % 5;
  size_t steps = 1 + random() % 20;
  for (size_t s = 0; s < steps; ++s) {
    // One to three random words combined: half, a quarter or three quarters of the bits.
    std::vector<uint64_t> map(made.chunks * kChunkWords);
    for (uint64_t& word : map) {
      word = random();
      if (random() % 2 == 0) word |= random();
      if (random() % 16 == 0) word = 0;
    }
    made.maps.push_back(std::move(map));
  }
  for (const auto& map : made.maps) made.steps.push_back({map.data(), random() % 4 == 0});
  return made;
}

Outcome Reference(const Case& c) {
  Outcome out{std::vector<uint64_t>(c.chunks * kChunkWords, ~uint64_t{0}), {}, {}};
  for (const Step& step : c.steps) {
    uint32_t count = 0;
    for (size_t w = 0; w < out.left.size(); ++w) {
      out.left[w] &= step.negated ? ~step.words[w] : step.words[w];
      for (uint64_t word = out.left[w]; word != 0; word &= word - 1) ++count;
    }
    out.counts.push_back(count);
  }
  for (uint32_t chunk = 0; chunk < c.chunks; ++chunk) {
    uint64_t any = 0;
    for (size_t w = 0; w < kChunkWords; ++w) any |= out.left[chunk * kChunkWords + w];
    if (any != 0) out.live.push_back(chunk);
  }
  return out;
}

// Runs one build; false when this machine does not have it.
bool RunAs(const char* build, const Case& c, Outcome& out) {
  std::vector<uint64_t> left(c.chunks * kChunkWords, 0), sums(c.steps.size() * kChunkWords);
  std::vector<uint32_t> live(c.chunks), counts(c.steps.size());
  ChainResult result{left.data(), live.data(), 0, counts.data(), sums.data()};
  if (!RunChainAs(build, c.steps, c.chunks, result)) return false;
  live.resize(result.live_chunks);
  out = {left, live, counts};
  return true;
}

TEST(MatcherKernel, EveryBuildOfTheChainAgreesWithTheReference) {
  std::mt19937_64 random(7);
  int runs = 0;
  for (int round = 0; round < 500; ++round) {
    Case c = RandomCase(random);
    Outcome expected = Reference(c);
    for (const char* build : {"portable", "avx2", "avx512"}) {
      Outcome got;
      if (!RunAs(build, c, got)) continue;
      ++runs;
      ASSERT_EQ(got, expected) << build << ", round " << round;
    }
  }
  EXPECT_GE(runs, 500);  // the portable build is everywhere
}

TEST(MatcherKernel, EveryBuildCountsAsTheReferenceDoes) {
  std::mt19937_64 random(11);
  int runs = 0;
  for (int round = 0; round < 300; ++round) {
    Case c = RandomCase(random);
    if (c.chunks == 0) continue;
    size_t chunk = random() % c.chunks;
    std::vector<Addend> addends;
    int most = 0;
    for (const Step& step : c.steps) {
      addends.push_back({step.words, step.negated, static_cast<uint8_t>(random() % 3)});
      most += 1 << addends.back().plane;
    }
    size_t planes = 0;
    while ((most >> planes) != 0) ++planes;
    for (const char* build : {"portable", "avx2", "avx512"}) {
      ChunkCounts counts;
      if (!CountChunkAs(build, addends, chunk, planes, counts)) continue;
      ++runs;
      for (size_t slot = 0; slot < kChunkBits; ++slot) {
        int expected = 0, got = 0;
        for (const Addend& addend : addends) {
          uint64_t word = addend.words[chunk * kChunkWords + slot / 64];
          expected += (((word >> (slot % 64)) & 1) != addend.negated) << addend.plane;
        }
        for (size_t p = 0; p < planes; ++p) {
          got += static_cast<int>((counts.planes[p][slot / 64] >> (slot % 64)) & 1) << p;
        }
        ASSERT_EQ(got, expected) << build << ", round " << round << ", slot " << slot;
      }
    }
  }
  EXPECT_GE(runs, 200);
}

TEST(MatcherKernel, AnUnknownBuildIsNotRun) {
  Case c{{}, {}, 0};
  Outcome out;
  EXPECT_FALSE(RunAs("abacus", c, out));
}

}  // namespace
}  // namespace tideline::work_routing
