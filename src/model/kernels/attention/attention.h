#pragma once

#include <cstddef>
#include <cstdint>

namespace pano::kernels {

// Attention of one query token over paged keys and values, for the query heads that share one KV
// head (grouped-query attention, Ainslie et al. 2023):
//   out[g] = sum over t of softmax_t(cap(scale * q[g] . k[t]) + bias[g][t]) * v[t],  t in [first,
//   length)
// with cap(s) = softcap * tanh(s / softcap) where there is one (Gemma 2, 2024). Causality and
// sliding windows (Beltagy et al., "Longformer", 2020) are what [first, length) leaves out.
//
// Order contract: each dot product in the order of matmul.h; the sum of exponentials in sixteen
// lanes over t, lane t mod 16, ascending; each output component over t ascending, divided by that
// sum at the end. All by absolute position, so results do not depend on chunks, blocks or what else
// runs.
struct AttentionArgs {
  const float* q = nullptr;  // [group, head_dim]
  float* out = nullptr;      // [group, value_dim]
  size_t group = 1;          // query heads of this KV head
  size_t head_dim = 0;
  size_t value_dim = 0;
  float scale = 1.0f;
  float softcap = 0.0f;         // 0: none
  int64_t first = 0;            // first key seen
  int64_t length = 0;           // end of the keys seen; REQUIRES: first < length
  const float* bias = nullptr;  // [group, bias_stride] added to scores, at t - bias_first
  size_t bias_stride = 0;
  int64_t bias_first = 0;
  const std::byte* keys = nullptr;  // base of the layer's keys of this KV head
  const std::byte* values = nullptr;
  size_t key_stride = 0;  // elements from one token's key to the next in a block
  size_t value_stride = 0;
  size_t block_stride = 0;         // bytes from one block to the next
  const int32_t* table = nullptr;  // block of positions [block_tokens i, ...)
  size_t block_tokens = 32;        // a multiple of 16
  float* scores = nullptr;         // scratch: group * AttentionScores(...) floats
};
using AttentionFn = void (*)(const AttentionArgs& args);

// Scores of one head that an implementation keeps: from the beginning of the first block on.
inline size_t AttentionScores(int64_t first, int64_t length, size_t block_tokens) {
  const size_t from = static_cast<size_t>(first) / block_tokens * block_tokens;
  return (static_cast<size_t>(length) - from + 15) / 16 * 16;
}

}  // namespace pano::kernels
