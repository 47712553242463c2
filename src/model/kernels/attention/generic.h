#pragma once

#include <cstring>

#include "model/kernels/attention/attention.h"
#include "model/kernels/simd/exp.h"
#include "model/kernels/simd/lanes.h"
#include "model/tensor/half.h"

namespace pano::kernels {
namespace {

inline constexpr size_t kLaneWidth = Lanes::kWidth;

// Attention over Lanes, for the file that defines Lanes (simd/lanes_*.h, included first). Blocks of
// 32 positions are read once for all queries of a tile: keys and values are dequantised into
// scratch, the keys also transposed. Scores are products of up to six queries with the transposed
// keys; the online softmax (Milakov and Gimelshein, 2018) rescales a query's sums when its maximum
// grows; the weighted values are products of the same shape, once over the positions that all six
// queries see and separately over those that only some of them see.

// ---- Storage of keys and values: one token's vector of a block as floats, and back.

struct KvF32 {
  static void Load(const std::byte* block, size_t stride, size_t slot, size_t dim, float* out) {
    std::memcpy(out, reinterpret_cast<const float*>(block) + slot * stride, dim * sizeof(float));
  }
  static void Store(const float* v, size_t dim, size_t slot, std::byte* block) {
    std::memcpy(block + slot * dim * sizeof(float), v, dim * sizeof(float));
  }
};
struct KvF16 {
  static void Load(const std::byte* block, size_t stride, size_t slot, size_t dim, float* out) {
    const auto* p = reinterpret_cast<const uint16_t*>(block) + slot * stride;
    size_t d = 0;
    for (; d + kLaneWidth <= dim; d += kLaneWidth) Lanes::LoadHalf(p + d).Store(out + d);
    for (; d < dim; ++d) out[d] = tensor::HalfToFloat(p[d]);
  }
  static void Store(const float* v, size_t dim, size_t slot, std::byte* block) {
    auto* p = reinterpret_cast<uint16_t*>(block) + slot * dim;
    size_t d = 0;
    for (; d + kLaneWidth <= dim; d += kLaneWidth) Lanes::Load(v + d).StoreHalf(p + d);
    for (; d < dim; ++d) p[d] = tensor::FloatToHalf(v[d]);
  }
};
// Codes of -127..127 by the largest magnitude of a token's vector.
struct KvInt8 {
  static float* Scale(std::byte* block, size_t stride, size_t slot) {
    return reinterpret_cast<float*>(block + kAttentionBlock * stride) + slot;
  }
  static void Load(const std::byte* block, size_t stride, size_t slot, size_t dim, float* out) {
    const auto* p = reinterpret_cast<const int8_t*>(block) + slot * stride;
    const float scale = *Scale(const_cast<std::byte*>(block), stride, slot);
    const Lanes scales = Lanes::Set(scale);
    size_t d = 0;
    for (; d + kLaneWidth <= dim; d += kLaneWidth) (Lanes::LoadInt8(p + d) * scales).Store(out + d);
    for (; d < dim; ++d) out[d] = static_cast<float>(p[d]) * scale;
  }
  static void Store(const float* v, size_t dim, size_t slot, std::byte* block) {
    float top = 0;
    bool finite = true;
    for (size_t d = 0; d < dim; ++d) {
      const float magnitude = __builtin_fabsf(v[d]);
      finite &= magnitude < __builtin_inff();  // a NaN is not
      top = top > magnitude ? top : magnitude;
    }
    const bool zero = top < 1e-30f;
    *Scale(block, dim, slot) = !finite ? __builtin_nanf("") : zero ? 0.0f : top / 127.0f;
    const float inverse = !finite || zero ? 0.0f : 127.0f / top;
    auto* p = reinterpret_cast<int8_t*>(block) + slot * dim;
    for (size_t d = 0; d < dim; ++d) {
      p[d] = finite ? static_cast<int8_t>(__builtin_nearbyintf(v[d] * inverse)) : int8_t{0};
    }
  }
};

// ---- The product that scores and weighted values share: for each of kRows rows,
// c[0..16 kLanes) += sum over i of a[i] * b[i * stride + 0..16 kLanes), in order; with kFromZero
// the sum starts at 0 instead of c.

inline constexpr size_t kQueriesPerTile = 6;  // sums that fit the registers of the narrowest set
inline constexpr int kTileVectors = Lanes::kVectorsPerTile;

template <int kRows, int kLanes, bool kFromZero>
void MultiplyRows(const float* const* a, size_t begin, size_t end, const float* b, size_t stride,
                  float* const* c) {
  Lanes acc[kRows][kLanes];
  for (int r = 0; r < kRows; ++r) {
    for (size_t l = 0; l < kLanes; ++l) {
      acc[r][l] = kFromZero ? Lanes::Zero() : Lanes::Load(c[r] + l * kLaneWidth);
    }
  }
  for (size_t i = begin; i < end; ++i) {
    Lanes row[kLanes];
    for (size_t l = 0; l < kLanes; ++l) row[l] = Lanes::Load(b + i * stride + l * kLaneWidth);
    for (int r = 0; r < kRows; ++r) {
      const Lanes one = Lanes::Set(a[r][i]);
      for (size_t l = 0; l < kLanes; ++l) acc[r][l] = Lanes::MulAdd(one, row[l], acc[r][l]);
    }
  }
  for (int r = 0; r < kRows; ++r) {
    for (size_t l = 0; l < kLanes; ++l) acc[r][l].Store(c[r] + l * kLaneWidth);
  }
}

template <int kLanes, bool kFromZero, int kRows = kQueriesPerTile>
void MultiplyRows(size_t rows, const float* const* a, size_t begin, size_t end, const float* b,
                  size_t stride, float* const* c) {
  if (rows == kRows) return MultiplyRows<kRows, kLanes, kFromZero>(a, begin, end, b, stride, c);
  if constexpr (kRows > 1) {
    MultiplyRows<kLanes, kFromZero, kRows - 1>(rows, a, begin, end, b, stride, c);
  }
}

// ---- Scores.

// s = softcap * tanh(s / softcap).
inline Lanes Softcap(Lanes s, float softcap) {
  const Lanes one = Lanes::Set(1.0f);
  const Lanes e = Exp(s * Lanes::Set(2.0f / softcap));  // tanh u = (e^2u - 1) / (e^2u + 1)
  return Lanes::Set(softcap) * ((e - one) / (e + one));
}

// Running state of one query.
struct QueryState {
  float* sums;  // [16]: exponentials by lane
  float* max;
  float* out;  // [padded value_dim], not yet divided
};

// The positions of a block that a query sees.
struct Range {
  size_t begin = 0, end = 0;
  bool whole() const { return begin == 0 && end == kAttentionBlock; }
};
inline Range VisibleRange(const AttentionQuery& query, int64_t block_begin) {
  const int64_t size = kAttentionBlock;
  const int64_t begin = query.first - block_begin, end = query.length - block_begin;
  if (begin >= size || end <= 0) return {};
  return {static_cast<size_t>(begin > 0 ? begin : 0), static_cast<size_t>(end < size ? end : size)};
}

// Turns a block's dot products into softmax weights, in place, and updates the running maximum and
// sums, which are rescaled to a new maximum. Weights outside the range are zero.
inline void OnlineSoftmax(const AttentionArgs& a, const AttentionQuery& query, int64_t block_begin,
                          Range range, float* s, const QueryState& state) {
  const Lanes scale = Lanes::Set(a.scale);
  Lanes lanes[2];
  for (size_t i = 0; i < 2; ++i) {
    lanes[i] = Lanes::Load(s + i * kLaneWidth) * scale;
    if (a.softcap > 0) lanes[i] = Softcap(lanes[i], a.softcap);
    lanes[i].Store(s + i * kLaneWidth);
  }
  if (query.bias) {
    const float* bias =
        query.bias + (block_begin + static_cast<int64_t>(range.begin) - query.bias_first);
    for (size_t t = range.begin; t < range.end; ++t) s[t] += bias[t - range.begin];
  }
  if (!range.whole()) {  // positions outside must not change the maximum
    for (size_t t = 0; t < kAttentionBlock; ++t) {
      if (t < range.begin || t >= range.end) s[t] = s[range.begin];
    }
  }
  lanes[0] = Lanes::Load(s);
  lanes[1] = Lanes::Load(s + kLaneWidth);
  const float top = Lanes::Max(lanes[0], lanes[1]).MaxLane();
  if (top > *state.max) {
    const Lanes factor = Exp(Lanes::Set(*state.max) - Lanes::Set(top));
    (Lanes::Load(state.sums) * factor).Store(state.sums);
    for (size_t d = 0; d < PaddedDim(a.value_dim); d += kLaneWidth) {
      (Lanes::Load(state.out + d) * factor).Store(state.out + d);
    }
    *state.max = top;
  }
  const Lanes max = Lanes::Set(*state.max);
  for (size_t i = 0; i < 2; ++i) Exp(lanes[i] - max).Store(s + i * kLaneWidth);
  if (!range.whole()) {
    for (size_t t = 0; t < kAttentionBlock; ++t) {
      if (t < range.begin || t >= range.end) s[t] = 0.0f;
    }
  }
  (Lanes::Load(state.sums) + Lanes::Load(s) + Lanes::Load(s + kLaneWidth)).Store(state.sums);
}

// ---- Blocks.

struct BlockBuffers {
  float* keys;             // [32][padded head_dim]
  float* transposed_keys;  // [padded head_dim][32]
  float* values;           // [32][padded value_dim]
};

// Tokens [begin, end) of a block, as floats; the others count as zeros.
template <typename Kv>
void LoadRows(const std::byte* block, size_t stride, size_t dim, size_t begin, size_t end,
              float* out) {
  const size_t padded = PaddedDim(dim);
  for (size_t t = 0; t < kAttentionBlock; ++t) {
    float* row = out + t * padded;
    if (t < begin || t >= end) {
      std::memset(row, 0, padded * sizeof(float));
      continue;
    }
    Kv::Load(block, stride, t, dim, row);
    for (size_t d = dim; d < padded; ++d) row[d] = 0.0f;
  }
}

inline void TransposeKeys(const float* keys, size_t padded, float* transposed_keys) {
  for (size_t t = 0; t < kAttentionBlock; t += 8) {
    for (size_t d = 0; d < padded; d += 8) {
      TransposeEight(keys + t * padded + d, padded, transposed_keys + d * kAttentionBlock + t,
                     kAttentionBlock);
    }
  }
}

// Up to six queries against a loaded block.
struct Group {
  size_t count = 0;
  size_t index[kQueriesPerTile] = {};
};

// Adds the weighted values of 16 kLanes columns from d on, in order of the positions: those before
// the common range for each query, the common range for all queries at once, and those after it.
template <int kLanes>
void AddValues(size_t count, const float* const* weights, const Range* ranges, Range common,
               const float* values, size_t stride, const QueryState* state, size_t d) {
  float* to[kQueriesPerTile];
  for (size_t i = 0; i < count; ++i) {
    to[i] = state[i].out + d;
    const size_t end = ranges[i].end < common.begin ? ranges[i].end : common.begin;
    if (ranges[i].begin < end) {
      MultiplyRows<1, kLanes, false>(weights + i, ranges[i].begin, end, values, stride, to + i);
    }
  }
  if (common.begin < common.end) {
    MultiplyRows<kLanes, false>(count, weights, common.begin, common.end, values, stride, to);
  }
  for (size_t i = 0; i < count; ++i) {
    const size_t begin = ranges[i].begin > common.end ? ranges[i].begin : common.end;
    if (begin < ranges[i].end) {
      MultiplyRows<1, kLanes, false>(weights + i, begin, ranges[i].end, values, stride, to + i);
    }
  }
}

inline void RunGroup(const AttentionArgs& a, const Group& group, int64_t block_begin,
                     const BlockBuffers& buffers, size_t value_stride, float* states) {
  const size_t padded = PaddedDim(a.value_dim);
  float scores[kQueriesPerTile][kAttentionBlock];
  const float* rows[kQueriesPerTile];
  float* to[kQueriesPerTile];
  static_assert(kAttentionBlock % (kTileVectors * kLaneWidth) == 0);
  for (size_t column = 0; column < kAttentionBlock; column += kTileVectors * kLaneWidth) {
    for (size_t i = 0; i < group.count; ++i) {
      rows[i] = a.queries[group.index[i]].q;
      to[i] = scores[i] + column;
    }
    MultiplyRows<kTileVectors, true>(group.count, rows, 0, a.head_dim,
                                     buffers.transposed_keys + column, kAttentionBlock, to);
  }
  Range common{0, kAttentionBlock};  // what all queries see
  Range ranges[kQueriesPerTile];
  QueryState state[kQueriesPerTile];
  for (size_t i = 0; i < group.count; ++i) {
    const AttentionQuery& query = a.queries[group.index[i]];
    float* p = states + group.index[i] * (padded + 32);
    state[i] = {p, p + kLaneWidth, p + 32};
    ranges[i] = VisibleRange(query, block_begin);
    if (ranges[i].begin > common.begin) common.begin = ranges[i].begin;
    if (ranges[i].end < common.end) common.end = ranges[i].end;
    OnlineSoftmax(a, query, block_begin, ranges[i], scores[i], state[i]);
    rows[i] = scores[i];
  }
  if (common.begin >= common.end) common = {kAttentionBlock, kAttentionBlock};
  size_t d = 0;
  for (; d + kTileVectors * kLaneWidth <= padded; d += kTileVectors * kLaneWidth) {
    AddValues<kTileVectors>(group.count, rows, ranges, common, buffers.values + d, value_stride,
                            state, d);
  }
  for (; d < padded; d += kLaneWidth) {
    AddValues<1>(group.count, rows, ranges, common, buffers.values + d, value_stride, state, d);
  }
}

template <typename Kv>
void Attention(const AttentionArgs& a) {
  const size_t key_dim = PaddedDim(a.head_dim), value_dim = PaddedDim(a.value_dim);
  BlockBuffers buffers{a.scratch, a.scratch + kAttentionBlock * key_dim,
                       a.scratch + 2 * kAttentionBlock * key_dim};
  float* states = buffers.values + kAttentionBlock * value_dim;
  int64_t first = a.queries[0].first, length = 0;
  for (size_t i = 0; i < a.count; ++i) {
    float* p = states + i * (value_dim + 32);
    std::memset(p, 0, (value_dim + 32) * sizeof(float));
    p[kLaneWidth] = -__builtin_inff();
    first = a.queries[i].first < first ? a.queries[i].first : first;
    length = a.queries[i].length > length ? a.queries[i].length : length;
  }
  constexpr int64_t kSize = kAttentionBlock;
  for (int64_t begin = first / kSize * kSize; begin < length; begin += kSize) {
    // The positions that at least one query sees.
    size_t from = kAttentionBlock, to = 0;
    for (size_t i = 0; i < a.count; ++i) {
      const Range range = VisibleRange(a.queries[i], begin);
      if (range.end == 0) continue;
      from = range.begin < from ? range.begin : from;
      to = range.end > to ? range.end : to;
    }
    if (from >= to) continue;
    const auto block = static_cast<size_t>(a.table[begin / kSize]);
    LoadRows<Kv>(a.keys + block * a.key_block_stride, a.key_stride, a.head_dim, from, to,
                 buffers.keys);
    TransposeKeys(buffers.keys, key_dim, buffers.transposed_keys);
    size_t value_stride = key_dim;
    BlockBuffers loaded = buffers;
    if (a.values) {
      LoadRows<Kv>(a.values + block * a.value_block_stride, a.value_stride, a.value_dim, from, to,
                   buffers.values);
      value_stride = value_dim;
    } else {
      loaded.values = buffers.keys;
    }
    Group group;
    for (size_t i = 0; i < a.count; ++i) {
      if (VisibleRange(a.queries[i], begin).end != 0) group.index[group.count++] = i;
      if (group.count == kQueriesPerTile || (i + 1 == a.count && group.count > 0)) {
        RunGroup(a, group, begin, loaded, value_stride, states);
        group.count = 0;
      }
    }
  }
  for (size_t i = 0; i < a.count; ++i) {
    const float* p = states + i * (value_dim + 32);
    const float inverse = 1.0f / Lanes::Load(p).Sum();
    for (size_t d = 0; d < a.value_dim; ++d) a.queries[i].out[d] = p[32 + d] * inverse;
  }
}

inline constexpr AttentionKernels kAttentionKernels = {
    {Attention<KvF32>, Attention<KvF16>, Attention<KvInt8>},
    {KvF32::Store, KvF16::Store, KvInt8::Store},
    nullptr};

}  // namespace
}  // namespace pano::kernels
