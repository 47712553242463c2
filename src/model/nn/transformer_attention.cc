// Attention over paged keys and values: with heads of their own, and read off a latent vector.
#include <algorithm>
#include <cmath>

#include "model/kernels/rope/rope.h"
#include "model/nn/transformer.h"
#include "model/tensor/half.h"

namespace pano::nn {

void Transformer::Attention(size_t layer, PagedState& state, const float* x, float* out) {
  Grow(attended_, rows() * Size(config_.head_count * config_.value_size()));
  if (config_.latent) {
    LatentAttention(layer, state, x);
  } else {
    PlainAttention(layer, state, x);
  }
  Apply(weights_.layers[layer].o, attended_.data(), rows(), out);
}

void Transformer::PlainAttention(size_t layer, PagedState& state, const float* x) {
  const LayerWeights& w = weights_.layers[layer];
  const size_t heads = Size(config_.head_count), kv_heads = Size(config_.kv_head_count);
  const size_t dim = Size(config_.head_dim), value_dim = Size(config_.value_size());
  Grow(q_, rows() * heads * dim);
  Grow(k_, rows() * kv_heads * dim);
  Grow(v_, rows() * kv_heads * value_dim);
  const Product products[] = {{&w.q, q_.data()}, {&w.k, k_.data()}, {&w.v, v_.data()}};
  Apply(products, x, rows());
  if (config_.qk_norm != QkNorm::kNone) {
    NormHeads(w.q_norm, q_.data(), heads);
    NormHeads(w.k_norm, k_.data(), kv_heads);
  }
  Rotate(layer, q_.data(), heads, heads * dim, dim);
  Rotate(layer, k_.data(), kv_heads, kv_heads * dim, dim);

  StoreKv(layer, state);
  Attend(layer, state);
}

// The keys and values of the step's tokens into their blocks.
void Transformer::StoreKv(size_t layer, PagedState& state) {
  const auto place = plan_.places[layer];
  const PagedGroup& group = plan_.groups[place.group];
  const kernels::StoreKvFn store = isa_.attention.store[kv_format_];
  const size_t heads = Size(group.kv_head_count), dim = Size(group.key_dim),
               value_dim = Size(group.value_dim);
  pool_.ParallelFor(rows(), kRowGrain, [&](size_t begin, size_t end, int) {
    for (size_t r = begin; r < end; ++r) {
      const Row& row = rows_[r];
      const auto block = Size(row.slice->tables[place.group][Size(row.position / kBlockTokens)]);
      const size_t slot = Size(row.position % kBlockTokens);
      for (size_t h = 0; h < heads; ++h) {
        const int head = static_cast<int>(h);
        std::byte* keys = state.keys(place.group, place.index, head);
        if (value_dim == 0) {  // one latent vector a token
          store(&latent_[r * dim], dim, slot, keys + block * group.key_block_bytes());
          continue;
        }
        store(&k_[(r * heads + h) * dim], dim, slot, keys + block * group.key_block_bytes());
        store(&v_[(r * heads + h) * value_dim], value_dim, slot,
              state.values(place.group, place.index, head) + block * group.value_block_bytes());
      }
    }
  });
}

// Norms on each head, or on the whole row of heads, in place.
void Transformer::NormHeads(const NormWeights& norm, float* heads, size_t head_count) {
  const size_t dim = Size(config_.head_dim);
  const size_t width = config_.qk_norm == QkNorm::kRow ? head_count * dim : dim;
  const size_t parts = head_count * dim / width;
  const size_t stride =
      config_.qk_norm == QkNorm::kHeads ? dim : 0;  // from a head's weight to the next
  pool_.ParallelFor(rows(), kRowGrain, [&](size_t begin, size_t end, int) {
    for (size_t i = begin * parts; i < end * parts; ++i) {
      float* at = heads + i * width;
      norm_(at, norm.weight.data() + i % parts * stride, norm.bias_or_null(), config_.norm_epsilon,
            width, at);
    }
  });
}

// The leading components of `head_count` vectors of `dim` that lie in each row of `stride` floats.
void Transformer::Rotate(size_t layer, float* heads, size_t head_count, size_t stride, size_t dim) {
  const LayerConfig::Rope kind = config_.layers[layer].rope;
  const bool local = kind == LayerConfig::Rope::kLocal;
  const RopeConfig& rope = local ? config_.local_rope : config_.rope;
  const Angles& angles = local ? local_angles_ : angles_;
  const size_t pairs = (local ? local_rope_ : rope_).pairs();
  if (kind == LayerConfig::Rope::kNone || pairs == 0) return;
  const auto rotate = rope.interleaved ? kernels::RopeInterleaved : kernels::RopeHalves;
  pool_.ParallelFor(rows(), kRowGrain, [&](size_t begin, size_t end, int) {
    for (size_t r = begin; r < end; ++r) {
      for (size_t h = 0; h < head_count; ++h) {
        rotate(heads + r * stride + h * dim, &angles.cos[r * pairs], &angles.sin[r * pairs],
               2 * pairs);
      }
    }
  });
}

void Transformer::CutWindow(int64_t window, const Row& row, kernels::AttentionQuery& query) const {
  if (config_.causal) {
    query.first = std::max<int64_t>(0, row.position - window + 1);
  } else if (row.places) {
    const int32_t* end = row.places + (row.end - row.slice->position);
    query.first = row.slice->position +
                  (std::lower_bound(row.places, end, row.place - window / 2) - row.places);
    query.length = row.slice->position +
                   (std::upper_bound(row.places, end, row.place + window / 2) - row.places);
  } else {
    query.first = std::max(row.slice->position, row.position - window / 2);
    query.length = std::min(row.end, row.position + window / 2 + 1);
  }
}

// Rows of one slice, as many as make a full tile of the queries that share a KV head.
void Transformer::FillTiles() {
  const size_t group = Size(config_.head_count / config_.kv_head_count);
  const size_t most = std::max<size_t>(1, kernels::kAttentionTile / group);
  tiles_.clear();
  for (size_t r = 0; r < rows(); ++r) {
    const bool same = r > 0 && rows_[r].slice == rows_[r - 1].slice;
    if (!same || tiles_.back().count == most) tiles_.push_back({r, 0});
    ++tiles_.back().count;
  }
}

// Everything but the queries and their number.
kernels::AttentionArgs Transformer::AttentionFor(size_t layer, PagedState& state, const Row& row,
                                                 int head) {
  const auto [g, index] = plan_.places[layer];
  const PagedGroup& group = plan_.groups[g];
  kernels::AttentionArgs args;
  args.head_dim = args.key_stride = Size(group.key_dim);
  args.scale = ScoreScale(layer);
  args.softcap = config_.attention_softcap;
  args.keys = state.keys(g, index, head);
  args.key_block_stride = group.key_block_bytes();
  if (group.value_dim > 0) {
    args.value_dim = args.value_stride = Size(group.value_dim);
    args.values = state.values(g, index, head);
    args.value_block_stride = group.value_block_bytes();
  }
  args.table = row.slice->tables[g].data();
  return args;
}

kernels::AttentionQuery Transformer::QueryFor(size_t layer, const Row& row, const float* q,
                                              float* out) const {
  kernels::AttentionQuery query;
  query.q = q;
  query.out = out;
  query.length = row.end;
  if (const int64_t window = config_.layers[layer].window; window > 0) {
    CutWindow(window, row, query);
  }
  return query;
}

// The queries of the worker's room.
void Transformer::RunAttention(kernels::AttentionFn attention, AttentionRoom& room,
                               kernels::AttentionArgs& args) {
  args.queries = room.queries.data();
  args.count = room.queries.size();
  Grow(room.scratch, kernels::AttentionScratch(args.count, args.head_dim, args.value_dim));
  args.scratch = room.scratch.data();
  attention(args);
}

// The scale of a layer's scores.
float Transformer::ScoreScale(size_t layer) const {
  const double scale = config_.attention_scale > 0
                           ? config_.attention_scale
                           : 1.0 / std::sqrt(static_cast<double>(config_.head_dim));
  return static_cast<float>(scale /
                            (config_.scale_by_layer ? static_cast<double>(layer + 1) : 1.0));
}

// A slope for each head (Press et al., "Train short, test long", 2021): powers of 2^(-8/n) for the
// largest power of two n, then every second power of the next finer scale. The published weights
// were made with bfloat16 products and with the scale of the scores on top.
void Transformer::FillAlibi() {
  auto round = [](double x) {
    return tensor::BFloatToFloat(tensor::FloatToBFloat(static_cast<float>(x)));
  };
  const size_t heads = Size(config_.head_count), length = Size(config_.context_length);
  const double scale = 1.0 / std::sqrt(static_cast<double>(config_.head_dim));
  size_t whole = 1;
  while (whole * 2 <= heads) whole *= 2;
  alibi_.resize(heads * length);
  for (size_t h = 0; h < heads; ++h) {
    const bool coarse = h < whole;
    const double power =
        coarse ? static_cast<double>(h + 1) : static_cast<double>(2 * (h - whole) + 1);
    const double base = std::exp2(-8.0 / static_cast<double>(coarse ? whole : 2 * whole));
    const float slope = round(std::pow(base, power));
    for (size_t t = 0; t < length; ++t) {
      const float product = round(static_cast<double>(slope * round(static_cast<double>(t))));
      alibi_[h * length + t] = static_cast<float>(static_cast<double>(product) * scale);
    }
  }
}

// Biases of the tile's queries, which stand token by token, each with `group` heads from `head` on.
void Transformer::AddBias(const Tile& tile, size_t head, size_t group, AttentionRoom& room) {
  if (config_.relative_buckets > 0) {
    size_t needed = 0;
    for (const kernels::AttentionQuery& query : room.queries) needed += Size(query.length);
    Grow(room.bias, needed);
  }
  size_t offset = 0;
  for (size_t i = 0; i < room.queries.size(); ++i) {
    kernels::AttentionQuery& query = room.queries[i];
    const size_t h = head + i % group;
    if (config_.alibi) query.bias = &alibi_[h * Size(config_.context_length)];
    if (config_.relative_buckets > 0) {
      AddRelativeBias(rows_[tile.row + i / group], h, offset, room, query);
      offset += Size(query.length);
    }
  }
}

void Transformer::Attend(size_t layer, PagedState& state) {
  const size_t heads = Size(config_.head_count), kv_heads = Size(config_.kv_head_count);
  const size_t group = heads / kv_heads;
  const size_t dim = Size(config_.head_dim), value_dim = Size(config_.value_size());
  pool_.ParallelFor(tiles_.size() * kv_heads, 1, [&](size_t begin, size_t end, int worker) {
    AttentionRoom& room = rooms_[Size(worker)];
    for (size_t item = begin; item < end; ++item) {
      const Tile& tile = tiles_[item / kv_heads];
      const size_t h = item % kv_heads;
      room.queries.clear();
      for (size_t r = tile.row; r < tile.row + tile.count; ++r) {
        for (size_t i = r * heads + h * group; i < r * heads + (h + 1) * group; ++i) {
          room.queries.push_back(
              QueryFor(layer, rows_[r], &q_[i * dim], &attended_[i * value_dim]));
        }
      }
      if (config_.alibi || config_.relative_buckets > 0) AddBias(tile, h * group, group, room);
      kernels::AttentionArgs args =
          AttentionFor(layer, state, rows_[tile.row], static_cast<int>(h));
      RunAttention(isa_.attention.attention[kv_format_], room, args);
    }
  });
}

// The compressed vector of a token, kept as its only key: [normed latent, turned key].
void Transformer::LatentKeys(size_t layer, PagedState& state, const float* x) {
  const LatentWeights& w = weights_.layers[layer].latent;
  const LatentConfig& l = *config_.latent;
  const size_t rank = Size(l.kv_rank), width = rank + Size(l.rope_dim);
  Grow(latent_, rows() * width);
  Apply(w.kv_a, x, rows(), latent_.data());
  pool_.ParallelFor(rows(), kRowGrain, [&](size_t begin, size_t end, int) {
    for (size_t r = begin; r < end; ++r) {
      float* at = &latent_[r * width];
      norm_(at, w.kv_a_norm.weight.data(), nullptr, l.norm_epsilon, rank, at);
    }
  });
  Rotate(layer, latent_.data() + rank, 1, width, Size(l.rope_dim));
  StoreKv(layer, state);
}

// Queries in the latent space: [rows, heads, kv_rank + rope].
void Transformer::LatentQueries(const LatentWeights& w, const float* x) {
  const LatentConfig& l = *config_.latent;
  const size_t heads = Size(config_.head_count), nope = Size(l.nope_dim), rope = Size(l.rope_dim),
               rank = Size(l.kv_rank), plain = nope + rope;
  Grow(gathered_, rows() * heads * plain);
  if (l.q_rank > 0) {
    Grow(head_in_, rows() * Size(l.q_rank));
    Apply(w.q_a, x, rows(), head_in_.data());
    const size_t q_rank = Size(l.q_rank);
    for (size_t r = 0; r < rows(); ++r) {
      float* at = &head_in_[r * q_rank];
      norm_(at, w.q_a_norm.weight.data(), nullptr, l.norm_epsilon, q_rank, at);
    }
    Apply(w.q_b, head_in_.data(), rows(), gathered_.data());
  } else {
    Apply(w.q, x, rows(), gathered_.data());
  }
  Grow(q_, rows() * heads * (rank + rope));
  Grow(head_in_, rows() * nope);
  Grow(head_out_, rows() * rank);
  for (size_t h = 0; h < heads; ++h) {
    for (size_t r = 0; r < rows(); ++r) {
      std::copy_n(&gathered_[(r * heads + h) * plain], nope, &head_in_[r * nope]);
    }
    Apply(w.key_up[h], head_in_.data(), rows(), head_out_.data());
    for (size_t r = 0; r < rows(); ++r) {
      float* to = &q_[(r * heads + h) * (rank + rope)];
      std::copy_n(&head_out_[r * rank], rank, to);
      std::copy_n(&gathered_[(r * heads + h) * plain + nope], rope, to + rank);
    }
  }
}

void Transformer::LatentAttention(size_t layer, PagedState& state, const float* x) {
  const LatentConfig& l = *config_.latent;
  const size_t heads = Size(config_.head_count), width = Size(l.kv_rank + l.rope_dim);
  LatentKeys(layer, state, x);
  LatentQueries(weights_.layers[layer].latent, x);
  Rotate(layer, q_.data() + l.kv_rank, heads, heads * width, width);
  AttendLatent(layer, state);
}

// Every head attends to the same latent vectors, as keys and as values; each then takes its own
// values out of the mean.
void Transformer::AttendLatent(size_t layer, PagedState& state) {
  const LatentWeights& w = weights_.layers[layer].latent;
  const size_t heads = Size(config_.head_count), rank = Size(config_.latent->kv_rank),
               value = Size(config_.value_size());
  Grow(gathered_, rows() * heads * rank);
  const size_t width = rank + Size(config_.latent->rope_dim);
  const size_t per_tile = std::min<size_t>(heads, kernels::kAttentionTile);
  const size_t parts = (heads + per_tile - 1) / per_tile;
  pool_.ParallelFor(rows() * parts, 1, [&](size_t begin, size_t end, int worker) {
    AttentionRoom& room = rooms_[Size(worker)];
    for (size_t item = begin; item < end; ++item) {
      const size_t r = item / parts, first = item % parts * per_tile;
      room.queries.clear();
      for (size_t h = first; h < std::min(heads, first + per_tile); ++h) {
        room.queries.push_back(QueryFor(layer, rows_[r], &q_[(r * heads + h) * width],
                                        &gathered_[(r * heads + h) * rank]));
      }
      kernels::AttentionArgs args = AttentionFor(layer, state, rows_[r], 0);
      args.value_dim = rank;  // of the keys
      RunAttention(isa_.attention.attention[kv_format_], room, args);
    }
  });
  Grow(head_in_, rows() * rank);
  Grow(head_out_, rows() * value);
  for (size_t h = 0; h < heads; ++h) {
    for (size_t r = 0; r < rows(); ++r) {
      std::copy_n(&gathered_[(r * heads + h) * rank], rank, &head_in_[r * rank]);
    }
    Apply(w.value_up[h], head_in_.data(), rows(), head_out_.data());
    for (size_t r = 0; r < rows(); ++r) {
      std::copy_n(&head_out_[r * value], value, &attended_[(r * heads + h) * value]);
    }
  }
}

}  // namespace pano::nn
