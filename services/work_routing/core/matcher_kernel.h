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

// Most planes of a count: counts up to 511, of 64 skills with kSkillCredit each and one to spare.
inline constexpr size_t kMaxPlanes = 9;
// Counts of the slots of one chunk, bit by bit: plane p, word w holds bit p of the counts of the 64
// slots of word w.
struct ChunkCounts {
  alignas(64) uint64_t planes[kMaxPlanes][kChunkWords];
};
// Adds 1 << plane to the count of each slot whose bit is set (or clear, when negated).
struct Addend {
  const uint64_t* words;
  bool negated;
  uint8_t plane;
};

// What a chain leaves. The caller owns the buffers: `left` has room for chunks * kChunkWords words
// (only live chunks are written), `live` for `chunks` numbers, `counts` for one per step, `sums`
// for kChunkWords per step.
struct ChainResult {
  uint64_t* left;
  uint32_t* live;       // numbers of the chunks in which somebody is left, ascending
  size_t live_chunks;
  uint32_t* counts;     // who is left after each step
  uint64_t* sums;       // the same by column, while they are being counted
};

// Runs at least one step over `chunks` chunks.
void RunChain(absl::Span<const Step> steps, size_t chunks, ChainResult& result);

// Adds up the addends for one chunk into the first `planes` planes; more must never be needed.
void CountChunk(absl::Span<const Addend> addends, size_t chunk, size_t planes, ChunkCounts& counts);

// The build of the loop in use: "avx512", "avx2" or "portable". For benchmarks to print.
const char* ChainBuild();

// Runs one named build, or returns false when this processor or program does not have it. For
// tests, which hold the builds to each other.
bool RunChainAs(const char* build, absl::Span<const Step> steps, size_t chunks,
                ChainResult& result);
bool CountChunkAs(const char* build, absl::Span<const Addend> addends, size_t chunk,
                  size_t planes, ChunkCounts& counts);

}  // namespace tideline::work_routing
