// Attention. Rows of one sequence are taken in tiles: as many as fill the kernel's tile with the
// queries that share a key head, so that a block of keys is read and dequantised once for all of
// them. A tile and a key head are one piece of work for a thread.
#include <algorithm>

#include "model/ops/cpu/cpu_operators.h"
#include "model/ops/cpu/row_grain.h"

namespace pano::ops {

void CpuOperators::StoreKv(OpContext& context, std::span<const SequenceRows> sequences,
                           ConstRows keys, ConstRows values, const PagedKv& kv) {
  const kernels::StoreKvFn store = isa_.attention.store[static_cast<size_t>(kv.type)];
  context.pool().ParallelFor(keys.rows, kRowGrain, [&](size_t begin, size_t end, int) {
    auto sequence = std::ranges::upper_bound(sequences, begin, {}, &SequenceRows::first_row) - 1;
    for (size_t r = begin; r < end; ++r) {
      while (r >= sequence->first_row + sequence->row_count) ++sequence;
      const int64_t position =
          sequence->first_position + static_cast<int64_t>(r - sequence->first_row);
      const auto block = static_cast<size_t>(sequence->blocks[position / kBlockTokens]);
      const auto slot = static_cast<size_t>(position % kBlockTokens);
      for (size_t h = 0; h < kv.heads; ++h) {
        store(keys.row(r) + h * kv.key_dim, kv.key_dim, slot,
              kv.keys + block * kv.key_block_bytes + h * kv.key_head_bytes);
        if (kv.value_dim == 0) continue;
        store(values.row(r) + h * kv.value_dim, kv.value_dim, slot,
              kv.values + block * kv.value_block_bytes + h * kv.value_head_bytes);
      }
    }
  });
}

template <typename Sequences>
void CpuOperators::FillTiles(const Sequences& sequences, size_t heads_per_key) {
  const size_t most = std::max<size_t>(1, kernels::kAttentionTile / heads_per_key);
  tiles_.clear();
  for (size_t s = 0; s < sequences.size(); ++s) {
    const size_t end = sequences[s].first_row + sequences[s].row_count;
    for (size_t r = sequences[s].first_row; r < end; r += most) {
      tiles_.push_back({s, r, std::min(most, end - r)});
    }
  }
}

// Biases of the worker's queries, which stand row by row, each with `head_count` heads.
void CpuOperators::SetBias(const ScoreBias& bias, const AttentionRows& rows, const Tile& tile,
                           size_t first_head, size_t head_count, Worker& worker) {
  using Kind = ScoreBias::Kind;
  const bool look_up = bias.kind == Kind::kByDistance && !rows.consecutive_ids;
  if (look_up) {
    size_t needed = 0;
    for (const kernels::AttentionQuery& query : worker.queries) {
      needed += static_cast<size_t>(query.length);
    }
    if (worker.bias.size() < needed) worker.bias.resize(needed);
  }
  const SequenceRows& sequence = rows.sequences[tile.sequence];
  size_t offset = 0;
  for (size_t i = 0; i < worker.queries.size(); ++i) {
    kernels::AttentionQuery& query = worker.queries[i];
    const float* of_head = bias.table + (first_head + i % head_count) * bias.width;
    if (bias.kind == Kind::kByKey) {
      query.bias = of_head;
      continue;
    }
    const int64_t id = rows.position_ids[tile.row + i / head_count];
    const float* by_distance = of_head + bias.reach;
    if (!look_up) {
      query.bias = by_distance - id;
      continue;
    }
    float* gathered = &worker.bias[offset];
    const int64_t* ids = rows.position_ids.data() + sequence.first_row;
    for (int64_t t = query.first; t < query.length; ++t) {
      gathered[t] = by_distance[ids[t - sequence.first_position] - id];
    }
    query.bias = gathered;
    offset += static_cast<size_t>(query.length);
  }
}

void CpuOperators::RunAttention(kernels::AttentionFn attention, kernels::AttentionArgs& args,
                                Worker& worker) {
  args.queries = worker.queries.data();
  args.count = worker.queries.size();
  const size_t scratch = kernels::AttentionScratch(args.count, args.head_dim, args.value_dim);
  if (worker.scratch.size() < scratch) worker.scratch.resize(scratch);
  args.scratch = worker.scratch.data();
  attention(args);
}

void CpuOperators::PagedAttention(OpContext& context, const AttentionShape& shape,
                                  const AttentionRows& rows, const ScoreBias& bias,
                                  const PagedKv& kv, ConstRows q, Rows out) {
  FitWorkers(context);
  const kernels::AttentionFn attention = isa_.attention.attention[static_cast<size_t>(kv.type)];
  const size_t group = shape.heads / kv.heads;
  const size_t part = std::min<size_t>(group, kernels::kAttentionTile);  // heads taken at once
  const size_t parts = (group + part - 1) / part;
  FillTiles(rows.sequences, group);
  auto run = [&](const Tile& tile, size_t kv_head, size_t first_head, size_t heads,
                 Worker& worker) {
    worker.queries.clear();
    for (size_t r = tile.row; r < tile.row + tile.count; ++r) {
      for (size_t h = first_head; h < first_head + heads; ++h) {
        kernels::AttentionQuery query;
        query.q = q.row(r) + h * kv.key_dim;
        query.out = out.row(r) + h * shape.value_dim;
        query.first = rows.keys[r].first;
        query.length = rows.keys[r].end;
        worker.queries.push_back(query);
      }
    }
    if (bias.kind != ScoreBias::Kind::kNone) SetBias(bias, rows, tile, first_head, heads, worker);
    kernels::AttentionArgs args;
    args.head_dim = args.key_stride = kv.key_dim;
    args.value_dim = shape.value_dim;
    args.scale = shape.scale;
    args.softcap = shape.softcap;
    args.keys = kv.keys + kv_head * kv.key_head_bytes;
    args.key_block_stride = kv.key_block_bytes;
    if (kv.value_dim > 0) {
      args.value_stride = kv.value_dim;
      args.values = kv.values + kv_head * kv.value_head_bytes;
      args.value_block_stride = kv.value_block_bytes;
    }
    args.table = rows.sequences[tile.sequence].blocks;
    RunAttention(attention, args, worker);
  };
  const size_t per_tile = kv.heads * parts;
  context.pool().ParallelFor(tiles_.size() * per_tile, 1, [&](size_t begin, size_t end, int worker) {
    for (size_t item = begin; item < end; ++item) {
      const size_t kv_head = item % per_tile / parts, in_group = item % parts * part;
      run(tiles_[item / per_tile], kv_head, kv_head * group + in_group,
          std::min(part, group - in_group), WorkerOf(worker));
    }
  });
}

// By a tile unit: one head of an input, and as many of its queries as share the preparing of its keys, are a
// piece of work.
void CpuOperators::TileAttention(OpContext& context, const AttentionShape& shape,
                                 std::span<const MemoryRows> inputs, size_t kv_heads, ConstRows q,
                                 ConstRows keys, ConstRows values, Rows out) {
  constexpr size_t kMost = kernels::kWholeQueries;
  const size_t group = shape.heads / kv_heads, dim = q.width / shape.heads;
  tiles_.clear();
  for (size_t s = 0; s < inputs.size(); ++s) {
    for (size_t r = 0; r < inputs[s].row_count; r += kMost) {
      tiles_.push_back({s, inputs[s].first_row + r, std::min(kMost, inputs[s].row_count - r)});
    }
  }
  context.pool().ParallelFor(tiles_.size() * shape.heads, 1, [&](size_t begin, size_t end, int w) {
    Worker& worker = WorkerOf(w);
    for (size_t item = begin; item < end; ++item) {
      const Tile& tile = tiles_[item / shape.heads];
      const MemoryRows& input = inputs[tile.sequence];
      const size_t head = item % shape.heads, kv_head = head / group;
      kernels::WholeAttentionArgs args;
      args.q = q.row(tile.row) + head * dim;
      args.k = keys.row(input.first_key) + kv_head * dim;
      args.v = values.row(input.first_key) + kv_head * shape.value_dim;
      args.out = out.row(tile.row) + head * shape.value_dim;
      args.q_stride = q.stride;
      args.k_stride = keys.stride;
      args.v_stride = values.stride;
      args.out_stride = out.stride;
      args.queries = tile.count;
      args.keys = input.key_count;
      args.dim = dim;
      args.value_dim = shape.value_dim;
      args.scale = shape.scale;
      args.rounded = shape.rounded;
      args.scratch = worker.Tiles(kernels::WholeAttentionScratch(tile.count, dim, shape.value_dim));
      isa_.attention.whole(args);
    }
  });
}

// Keys and values lie side by side, [memory rows, kv heads, dim]: blocks are 32 rows of them.
void CpuOperators::DenseAttention(OpContext& context, const AttentionShape& shape,
                                  std::span<const MemoryRows> inputs, size_t kv_heads, ConstRows q,
                                  ConstRows keys, ConstRows values, Rows out) {
  FitWorkers(context);
  if (compute_ == Compute::kFast && isa_.attention.whole && shape.softcap <= 0) {
    return TileAttention(context, shape, inputs, kv_heads, q, keys, values, out);
  }
  constexpr auto kFormat = static_cast<size_t>(kernels::KvFormat::kF32);
  const size_t group = shape.heads / kv_heads, dim = q.width / shape.heads;
  FillTiles(inputs, group);
  while (identity_.size() * kBlockTokens < keys.rows) {
    identity_.push_back(static_cast<int32_t>(identity_.size()));
  }
  context.pool().ParallelFor(tiles_.size() * kv_heads, 1, [&](size_t begin, size_t end, int w) {
    Worker& worker = WorkerOf(w);
    for (size_t item = begin; item < end; ++item) {
      const Tile& tile = tiles_[item / kv_heads];
      const MemoryRows& input = inputs[tile.sequence];
      const size_t kv_head = item % kv_heads;
      worker.queries.clear();
      for (size_t r = tile.row; r < tile.row + tile.count; ++r) {
        for (size_t h = kv_head * group; h < (kv_head + 1) * group; ++h) {
          kernels::AttentionQuery query;
          query.q = q.row(r) + h * dim;
          query.out = out.row(r) + h * shape.value_dim;
          query.length = static_cast<int64_t>(input.key_count);
          worker.queries.push_back(query);
        }
      }
      kernels::AttentionArgs args;
      args.head_dim = dim;
      args.value_dim = shape.value_dim;
      args.scale = shape.scale;
      args.softcap = shape.softcap;
      args.key_stride = keys.width;
      args.value_stride = values.width;
      args.key_block_stride = kBlockTokens * keys.width * sizeof(float);
      args.value_block_stride = kBlockTokens * values.width * sizeof(float);
      args.keys = reinterpret_cast<const std::byte*>(keys.row(input.first_key) + kv_head * dim);
      args.values = reinterpret_cast<const std::byte*>(values.row(input.first_key) +
                                                       kv_head * shape.value_dim);
      args.table = identity_.data();
      RunAttention(isa_.attention.attention[kFormat], args, worker);
    }
  });
}

}  // namespace pano::ops
