#pragma once

#include <cstdint>

#include "infra/planner/workload.h"

namespace pano::planner::testing {

// A GPT as Megatron's papers have it: full heads, an inner size of 4 hidden, the head tied to the embedding.
inline WorkloadSpec Gpt(int64_t layers, int64_t hidden, int64_t heads, int64_t vocabulary = 51200, int64_t context = 2048) {
  using Shard = WorkloadTensor::Shard;
  WorkloadSpec spec;
  spec.name = spec.source = "gpt";
  spec.layers = layers;
  spec.hidden = hidden;
  spec.heads = spec.kv_heads = heads;
  spec.query_dim = spec.value_dim = hidden / heads;
  spec.ffn = 4 * hidden;
  spec.vocabulary = vocabulary;
  spec.context = context;
  spec.type = {"bf16", 1, 2};
  spec.kv = {{layers, 0, heads, hidden / heads, hidden / heads}};
  auto matrix = [&](Part part, int64_t layer, int64_t count, int64_t rows, int64_t columns, Shard shard, int64_t units) {
    WorkloadTensor t;
    t.part = part;
    t.layer = static_cast<int32_t>(layer);
    t.count = count;
    t.rows = rows;
    t.columns = columns;
    t.matrix = rows > 1;
    t.product = rows > 1;
    t.shard = shard;
    t.shard_units = units;
    spec.tensors.push_back(t);
  };
  matrix(Part::kEmbedding, -1, 1, vocabulary, hidden, Shard::kRows, vocabulary);
  matrix(Part::kEmbedding, -1, 1, context, hidden, Shard::kNone, 1);
  spec.tensors.back().product = false;
  for (int64_t i = 0; i < layers; ++i) {
    matrix(Part::kNorms, i, 4, 1, hidden, Shard::kNone, 1);
    matrix(Part::kAttention, i, 3, hidden, hidden, Shard::kRows, heads);
    matrix(Part::kAttention, i, 3, 1, hidden, Shard::kRows, heads);
    matrix(Part::kAttention, i, 1, hidden, hidden, Shard::kColumns, heads);
    matrix(Part::kAttention, i, 1, 1, hidden, Shard::kNone, 1);
    matrix(Part::kFeedForward, i, 1, 4 * hidden, hidden, Shard::kRows, 4 * hidden);
    matrix(Part::kFeedForward, i, 1, 1, 4 * hidden, Shard::kRows, 4 * hidden);
    matrix(Part::kFeedForward, i, 1, hidden, 4 * hidden, Shard::kColumns, 4 * hidden);
    matrix(Part::kFeedForward, i, 1, 1, hidden, Shard::kNone, 1);
  }
  matrix(Part::kNorms, -1, 2, 1, hidden, Shard::kNone, 1);
  return spec;
}

}  // namespace pano::planner::testing
