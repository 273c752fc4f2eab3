// SPDX-License-Identifier: Apache-2.0
#include "services/work_routing/core/matcher_kernel.h"

#include <gtest/gtest.h>

#include <algorithm>
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

size_t PlanesFor(const std::vector<Addend>& addends) {
  int most = 0;
  for (const Addend& addend : addends) most += 1 << addend.plane;
  size_t planes = 0;
  while ((most >> planes) != 0) ++planes;
  return planes;
}

int CountOf(const std::vector<Addend>& addends, size_t chunk, size_t slot) {
  int count = 0;
  for (const Addend& addend : addends) {
    uint64_t word = addend.words[chunk * kChunkWords + slot / 64];
    count += (((word >> (slot % 64)) & 1) != addend.negated) << addend.plane;
  }
  return count;
}

int PlanesAt(const uint64_t (*planes_of)[kChunkWords], size_t planes, size_t slot) {
  int count = 0;
  for (size_t p = 0; p < planes; ++p) {
    count += static_cast<int>((planes_of[p][slot / 64] >> (slot % 64)) & 1) << p;
  }
  return count;
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
    const size_t chunk = random() % c.chunks;
    // The first step tells who is left, one half of the others are demerits, one half lessons.
    std::vector<Addend> demerits, lessons;
    for (size_t s = 1; s < c.steps.size(); ++s) {
      auto& addends = s % 2 == 0 ? demerits : lessons;
      addends.push_back({c.steps[s].words, c.steps[s].negated, static_cast<uint8_t>(random() % 3)});
    }
    CountPlan plan{demerits, PlanesFor(demerits), lessons, PlanesFor(lessons)};
    const uint64_t* left = c.steps[0].words;
    for (const char* build : {"portable", "avx2", "avx512"}) {
      ChunkCounts counts;
      if (!CountChunkAs(build, plan, chunk, left, counts)) continue;
      ++runs;
      int fewest = 1 << 20, most = 0;
      for (size_t slot = 0; slot < kChunkBits; ++slot) {
        const int demerit = CountOf(demerits, chunk, slot), lesson = CountOf(lessons, chunk, slot);
        ASSERT_EQ(PlanesAt(counts.demerits, plan.demerit_planes, slot), demerit) << build;
        ASSERT_EQ(PlanesAt(counts.lessons, plan.lesson_planes, slot), lesson) << build;
        if (((left[chunk * kChunkWords + slot / 64] >> (slot % 64)) & 1) == 0) continue;
        fewest = std::min(fewest, demerit);
        most = std::max(most, lesson);
      }
      if (fewest == 1 << 20) continue;  // nobody is left
      ASSERT_EQ(counts.fewest_demerits, static_cast<size_t>(fewest)) << build;
      ASSERT_EQ(counts.most_lessons, static_cast<size_t>(most)) << build;
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
