// What encoder-decoders add to attention: a bias by distance, and a look at the rows of another
// stack.
#include <algorithm>
#include <cmath>

#include "model/nn/transformer.h"

namespace pano::nn {
namespace {

// The bucket of a key at `distance` from the query (Raffel et al., "Exploring the limits of
// transfer learning", 2020): one each for the near ones, then logarithmic up to `farthest`. In
// float, as the published weights were trained: the edges of the buckets depend on its rounding.
int64_t Bucket(int64_t distance, int64_t buckets, int64_t farthest, bool causal) {
  int64_t base = 0;
  if (causal) {
    distance = std::max<int64_t>(0, -distance);
  } else {
    buckets /= 2;
    if (distance > 0) base = buckets;
    distance = std::abs(distance);
  }
  const int64_t exact = buckets / 2;
  if (distance < exact) return base + distance;
  const auto edge = static_cast<float>(exact);
  const auto span =
      static_cast<float>(std::log(static_cast<double>(farthest) / static_cast<double>(exact)));
  const float share = std::log(static_cast<float>(distance) / edge) / span;
  const auto further = static_cast<int64_t>(share * static_cast<float>(buckets - exact));
  return base + std::min(exact + further, buckets - 1);
}

}  // namespace

void Transformer::FillRelative() {
  int64_t reach = 0;
  for (const Row& row : rows_) reach = std::max(reach, row.place);
  if (reach <= relative_reach_) return;
  relative_reach_ = reach;
  const size_t heads = Size(config_.head_count), width = Size(2 * reach + 1);
  relative_.resize(heads * width);
  for (int64_t distance = -reach; distance <= reach; ++distance) {
    const int64_t bucket =
        Bucket(distance, config_.relative_buckets, config_.relative_distance, config_.causal);
    for (size_t h = 0; h < heads; ++h) {
      relative_[h * width + Size(distance + reach)] =
          weights_.relative_bias[Size(bucket) * heads + h];
    }
  }
}

// `offset`: where the query's biases begin in the room, which has space for one a position.
void Transformer::AddRelativeBias(const Row& row, size_t head, size_t offset, AttentionRoom& room,
                                  kernels::AttentionQuery& query) {
  const float* by_distance = &relative_[head * Size(2 * relative_reach_ + 1)] + relative_reach_;
  if (!row.places) {
    query.bias = by_distance - row.place;
    return;
  }
  float* bias = &room.bias[offset];
  for (size_t t = Size(query.first); t < Size(query.length); ++t) {
    bias[t] = by_distance[row.places[t - Size(row.slice->position)] - row.place];
  }
  query.bias = bias;
}

void Transformer::CrossAttention(size_t layer, const float* x, float* out) {
  const LayerWeights& w = weights_.layers[layer];
  Grow(q_, rows() * w.cross_q.out());
  Grow(k_, memory_rows_ * w.cross_k.out());
  Grow(v_, memory_rows_ * w.cross_v.out());
  Grow(attended_, rows() * w.cross_o.in());
  Apply(w.cross_q, x, rows(), q_.data());
  Apply(w.cross_k, memory_, memory_rows_, k_.data());
  Apply(w.cross_v, memory_, memory_rows_, v_.data());
  AttendMemory(layer);
  Apply(w.cross_o, attended_.data(), rows(), out);
}

// Keys and values lie side by side, [memory rows, kv heads, dim]: blocks are 32 rows of them.
// REQUIRES: values are as long as keys.
void Transformer::AttendMemory(size_t layer) {
  const size_t heads = Size(config_.head_count), kv_heads = Size(config_.kv_head_count);
  const size_t dim = Size(config_.head_dim);
  const size_t group = heads / kv_heads;
  constexpr auto kFormat = static_cast<size_t>(kernels::KvFormat::kF32);
  while (memory_table_.size() * kBlockTokens < memory_rows_) {
    memory_table_.push_back(static_cast<BlockId>(memory_table_.size()));
  }
  pool_.ParallelFor(tiles_.size() * kv_heads, 1, [&](size_t begin, size_t end, int worker) {
    AttentionRoom& room = rooms_[Size(worker)];
    for (size_t item = begin; item < end; ++item) {
      const Tile& tile = tiles_[item / kv_heads];
      const size_t h = item % kv_heads;
      const Row& row = rows_[tile.row];
      room.queries.clear();
      for (size_t r = tile.row; r < tile.row + tile.count; ++r) {
        for (size_t i = r * heads + h * group; i < r * heads + (h + 1) * group; ++i) {
          kernels::AttentionQuery query;
          query.q = &q_[i * dim];
          query.out = &attended_[i * dim];
          query.length = static_cast<int64_t>(row.memory_count);
          room.queries.push_back(query);
        }
      }
      kernels::AttentionArgs args;
      args.head_dim = args.value_dim = dim;
      args.scale = ScoreScale(layer);
      args.key_stride = args.value_stride = kv_heads * dim;
      args.key_block_stride = args.value_block_stride =
          kBlockTokens * kv_heads * dim * sizeof(float);
      args.keys = reinterpret_cast<const std::byte*>(&k_[(row.memory_begin * kv_heads + h) * dim]);
      args.values =
          reinterpret_cast<const std::byte*>(&v_[(row.memory_begin * kv_heads + h) * dim]);
      args.table = memory_table_.data();
      RunAttention(isa_.attention.attention[kFormat], room, args);
    }
  });
}

}  // namespace pano::nn
