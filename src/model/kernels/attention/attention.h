#pragma once

#include <cstddef>
#include <cstdint>

namespace pano::kernels {

// Causal attention of one query token over paged keys and values, for the query heads that share
// one KV head (grouped-query attention, Ainslie et al. 2023):
//   out[g] = sum over t <= position of softmax_t(scale * q[g] . k[t]) * v[t]
//
// Order contract: each dot product in the order of matmul.h; the sum of exponentials in sixteen lanes
// over t, lane t mod 16, ascending; each output component over t ascending, divided by that sum at the
// end. All by absolute position, so results do not depend on chunks, blocks or what else runs.
struct AttentionArgs {
  const float* q = nullptr;                 // [group, head_dim]
  float* out = nullptr;                     // [group, head_dim]
  size_t group = 1;                         // query heads of this KV head
  size_t head_dim = 0;
  float scale = 1.0f;
  int64_t length = 0;                       // keys seen: position + 1
  const std::byte* keys = nullptr;          // base of the layer's keys of this KV head
  const std::byte* values = nullptr;
  size_t block_stride = 0;                  // bytes from one block to the next
  const int32_t* table = nullptr;           // block of positions [block_tokens i, ...)
  size_t block_tokens = 32;                 // a multiple of 16; a block holds [block_tokens, head_dim]
  float* scores = nullptr;                  // scratch: [group, length rounded up to 16]
};
using AttentionFn = void (*)(const AttentionArgs& args);

}  // namespace pano::kernels
