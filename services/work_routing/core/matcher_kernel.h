// SPDX-License-Identifier: Apache-2.0
// The inner loop of the matcher: a chain of ANDs over bitmaps, chunk by chunk, leaving a chunk as
// soon as nobody in it is left, and counting who is left after each step. Plain 64-bit words; the
// build of the loop that suits the processor is picked at start (results are the same).
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"

namespace tideline::work_routing {

// Words that are looked at together: 512 experts, one cache line, one widest vector register.
inline constexpr size_t kChunkWords = 8;
inline constexpr size_t kChunkBits = kChunkWords * 64;

// Keep those whose bit is set in `words` (or clear, when negated).
struct Step {
  const uint64_t* words;
  bool negated;
};

// Most planes of a count: counts up to 511, of 64 skills with four points each and one to spare.
inline constexpr size_t kMaxPlanes = 9;
// Adds 1 << plane to the count of each slot whose bit is set (or clear, when negated).
struct Addend {
  const uint64_t* words;
  bool negated;
  uint8_t plane;
};
// What to count: two numbers for each slot. `planes` must be enough for the largest count.
struct CountPlan {
  absl::Span<const Addend> demerits;
  size_t demerit_planes;
  absl::Span<const Addend> lessons;
  size_t lesson_planes;
};
// Counts of the slots of one chunk, bit by bit: plane p, word w holds bit p of the counts of the 64
// slots of word w. And the extremes among the slots that were asked about.
struct ChunkCounts {
  alignas(64) uint64_t demerits[kMaxPlanes][kChunkWords];
  uint64_t lessons[kMaxPlanes][kChunkWords];
  size_t fewest_demerits;
  size_t most_lessons;
};

// What a chain leaves. The caller owns the buffers: `left` has room for chunks * kChunkWords words
// (only live chunks are written), `live` for `chunks` numbers, `counts` for one per step, `sums`
// for kChunkWords per step.
struct ChainResult {
  uint64_t* left;
  uint32_t* live;  // numbers of the chunks in which somebody is left, ascending
  size_t live_chunks;
  uint32_t* counts;  // who is left after each step
  uint64_t* sums;    // the same by column, while they are being counted
};

// Runs at least one step over `chunks` chunks.
void RunChain(absl::Span<const Step> steps, size_t chunks, ChainResult& result);

// Counts for one chunk; `left` are the words of a bitmap from which the chunk's extremes are taken.
void CountChunk(const CountPlan& plan, size_t chunk, const uint64_t* left, ChunkCounts& counts);

// The build of the loop in use: "avx512", "avx2" or "portable". For benchmarks to print.
const char* ChainBuild();

// Runs one named build, or returns false when this processor or program does not have it. For
// tests, which hold the builds to each other.
bool RunChainAs(const char* build, absl::Span<const Step> steps, size_t chunks,
                ChainResult& result);
bool CountChunkAs(const char* build, const CountPlan& plan, size_t chunk, const uint64_t* left,
                  ChunkCounts& counts);

}  // namespace tideline::work_routing
