// SPDX-License-Identifier: Apache-2.0
#include "services/work_routing/core/matcher_kernel.h"

#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace tideline::work_routing {
namespace {

// One chunk as a vector value; unaligned and aliasing words by design.
typedef uint64_t Chunk __attribute__((vector_size(kChunkWords * 8), aligned(8), may_alias));

// How far ahead of the loop memory is asked for: bitmaps of 100,000 experts live in the outer
// caches. Past the end of a bitmap a prefetch does nothing.
constexpr size_t kPrefetchChunks = 12;

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define TIDELINE_WIDE_CHAINS 1

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512vpopcntdq,popcnt,bmi2")
namespace avx512 {
inline bool IsZero(const Chunk& chunk) {
  return _mm512_test_epi64_mask((__m512i)chunk, (__m512i)chunk) == 0;
}
inline void AddCounts(const Chunk& chunk, Chunk& counts) {
  counts += (Chunk)_mm512_popcnt_epi64((__m512i)chunk);
}
#include "services/work_routing/core/matcher_kernel_chain.inc"
}  // namespace avx512
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx2,popcnt,bmi2")
namespace avx2 {
inline bool IsZero(const Chunk& chunk) {
  uint64_t any = 0;
  for (size_t w = 0; w < kChunkWords; ++w) any |= chunk[w];
  return any == 0;
}
inline void AddCounts(const Chunk& chunk, Chunk& counts) {
  for (size_t w = 0; w < kChunkWords; ++w) counts[w] += __builtin_popcountll(chunk[w]);
}
#include "services/work_routing/core/matcher_kernel_chain.inc"
}  // namespace avx2
#pragma GCC pop_options
#endif

namespace portable {
inline bool IsZero(const Chunk& chunk) {
  uint64_t any = 0;
  for (size_t w = 0; w < kChunkWords; ++w) any |= chunk[w];
  return any == 0;
}
// Counts bits in pairs, nibbles and bytes, all words at once: needs no instruction of its own.
inline void AddCounts(const Chunk& chunk, Chunk& counts) {
  Chunk x = chunk - ((chunk >> 1) & 0x5555555555555555u);
  x = (x & 0x3333333333333333u) + ((x >> 2) & 0x3333333333333333u);
  x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fu;
  x += x >> 8;
  x += x >> 16;
  x += x >> 32;
  counts += x & 0x7fu;
}
#include "services/work_routing/core/matcher_kernel_chain.inc"
}  // namespace portable

struct Build {
  const char* name;
  void (*run)(absl::Span<const Step>, size_t, ChainResult&);
  void (*count)(const CountPlan&, size_t, const uint64_t*, ChunkCounts&);
};

// Fastest build first that this processor has; `name` null: the best.
Build Pick(const char* name) {
  auto wanted = [&](const char* build) { return name == nullptr || std::strcmp(name, build) == 0; };
#if defined(TIDELINE_WIDE_CHAINS)
  __builtin_cpu_init();
  if (wanted("avx512") && __builtin_cpu_supports("avx512vpopcntdq") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("bmi2")) {
    return {"avx512", &avx512::Run, &avx512::Count};
  }
  if (wanted("avx2") && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt") &&
      __builtin_cpu_supports("bmi2")) {
    return {"avx2", &avx2::Run, &avx2::Count};
  }
#endif
  if (wanted("portable")) return {"portable", &portable::Run, &portable::Count};
  return {"", nullptr, nullptr};
}

const Build& Best() {
  static const Build best = Pick(nullptr);
  return best;
}

}  // namespace

void RunChain(absl::Span<const Step> steps, size_t chunks, ChainResult& result) {
  Best().run(steps, chunks, result);
}

void CountChunk(const CountPlan& plan, size_t chunk, const uint64_t* left, ChunkCounts& counts) {
  Best().count(plan, chunk, left, counts);
}

const char* ChainBuild() { return Best().name; }

bool RunChainAs(const char* build, absl::Span<const Step> steps, size_t chunks,
                ChainResult& result) {
  Build picked = Pick(build);
  if (picked.run == nullptr) return false;
  picked.run(steps, chunks, result);
  return true;
}

bool CountChunkAs(const char* build, const CountPlan& plan, size_t chunk, const uint64_t* left,
                  ChunkCounts& counts) {
  Build picked = Pick(build);
  if (picked.count == nullptr) return false;
  picked.count(plan, chunk, left, counts);
  return true;
}

}  // namespace tideline::work_routing
