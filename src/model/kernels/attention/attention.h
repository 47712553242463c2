#pragma once

#include <cstddef>
#include <cstdint>

namespace pano::kernels {

// Attention over paged keys and values of one KV head, for any number of query vectors that look at
// it: the heads of a group (grouped-query attention, Ainslie et al. 2023) of one or several tokens.
//   out = sum over t of softmax_t(cap(scale * q . k[t]) + bias[t]) * v[t],  t in [first, length)
// with cap(s) = softcap * tanh(s / softcap) where there is one (Gemma 2, 2024). Causality and
// sliding windows (Beltagy et al., "Longformer", 2020) are what [first, length) leaves out.
//
// Order contract: positions go through the blocks of 32 in ascending order, with a running maximum
// and rescaling (Dao et al., "FlashAttention", 2022). Each dot product is one chain of fused
// multiply-adds over the components, ascending; each output component one chain over t. The sum of
// exponentials runs in sixteen lanes, lane t mod 16. All by absolute position, so a result depends
// on its own query, keys and values only: not on chunks, blocks, tiles or what else runs.
inline constexpr size_t kAttentionBlock = 32;

// How keys and values are stored in a block, for each KV head: [32][dim] elements; 8-bit codes are
// followed by one float scale for each of the 32 tokens.
enum class KvFormat : uint8_t { kF32, kF16, kInt8 };

struct AttentionQuery {
  const float* q = nullptr;     // [head_dim]
  float* out = nullptr;         // [value_dim]
  int64_t first = 0;            // first key seen
  int64_t length = 0;           // end of the keys seen; REQUIRES: first < length
  const float* bias = nullptr;  // added to the scores, of position bias_first and on; or null
  int64_t bias_first = 0;
};

struct AttentionArgs {
  const AttentionQuery* queries = nullptr;
  size_t count = 0;
  size_t head_dim = 0;
  size_t value_dim = 0;
  float scale = 1.0f;
  float softcap = 0.0f;               // 0: none
  const std::byte* keys = nullptr;    // base of the layer's keys of this KV head
  const std::byte* values = nullptr;  // null: the first value_dim components of the keys
  size_t key_stride = 0;              // elements from one token's key to the next in a block
  size_t value_stride = 0;
  size_t key_block_stride = 0;  // bytes from one block to the next
  size_t value_block_stride = 0;
  const int32_t* table = nullptr;  // block of positions [32 i, 32 i + 32)
  float* scratch = nullptr;        // AttentionScratch floats
};
using AttentionFn = void (*)(const AttentionArgs& args);

// Queries that share the work of reading a block; the caller takes more in several calls.
inline constexpr size_t kAttentionTile = 64;

constexpr size_t PaddedDim(size_t dim) { return (dim + 15) / 16 * 16; }
// A block of keys as stored and transposed, a block of values, and each query's running sums.
constexpr size_t AttentionScratch(size_t count, size_t head_dim, size_t value_dim) {
  return kAttentionBlock * (2 * PaddedDim(head_dim) + PaddedDim(value_dim)) +
         count * (PaddedDim(value_dim) + 32);
}

// Stores one token's vector in a block, in the format that attention reads: `block` is where the
// block of this KV head begins, `slot` the token's index in it.
using StoreKvFn = void (*)(const float* vector, size_t dim, size_t slot, std::byte* block);

// Attention of one head for queries that all see the same keys, which lie in rows as the values do:
//   out[i] = sum over t of softmax_t(scale * q[i] . k[t]) * v[t]
// The softmax goes through keys in chunks of kWholeChunk. A query's result depends on its own numbers
// and on the keys and values only. Within 1e-4 of what floats give (whole.h says how), or, where numbers may be
// rounded to BF16 on their way into products, within 2^-7 of the largest value.
struct WholeAttentionArgs {
  const float *q = nullptr, *k = nullptr, *v = nullptr;   // row i begins i strides further
  float* out = nullptr;                                   // likewise
  size_t q_stride = 0, k_stride = 0, v_stride = 0, out_stride = 0;
  size_t queries = 0, keys = 0;  // at least one each
  size_t dim = 0, value_dim = 0;
  float scale = 1.0f;
  bool rounded = false;
  std::byte* scratch = nullptr;  // WholeAttentionScratch bytes, aligned to 64
};
using WholeAttentionFn = void (*)(const WholeAttentionArgs& args);

inline constexpr size_t kWholeStep = 32;     // keys, queries and components that are taken together
inline constexpr size_t kWholeChunk = 256;   // keys whose scores stay in the first caches
// Queries that share the work of preparing keys and values; the caller takes more in several calls.
inline constexpr size_t kWholeQueries = 256;
constexpr size_t WholeAttentionScratch(size_t queries, size_t dim, size_t value_dim) {
  const auto steps = [](size_t count) { return (count + kWholeStep - 1) / kWholeStep; };
  constexpr size_t kTile = 1024, kChunkSteps = kWholeChunk / kWholeStep;
  const size_t groups = steps(queries), key_steps = steps(dim), value_tiles = 2 * steps(value_dim);
  return groups * (key_steps * 4 * kTile + 2 * (2 + value_tiles * 16) * 64) +
         kChunkSteps * (key_steps * 4 + value_tiles * 2 + 8) * kTile + 6 * kTile;
}

struct AttentionKernels {
  AttentionFn attention[3];  // by KvFormat
  StoreKvFn store[3];
  WholeAttentionFn whole = nullptr;  // null without a tile unit
};

}  // namespace pano::kernels
