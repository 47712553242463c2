#include "model/nn/transformer.h"

#include <algorithm>

#include "base/check.h"
#include "model/tensor/packed.h"

namespace pano::nn {

Transformer::Transformer(const ModelConfig& config, const DecoderWeights& weights, Compute compute,
                         KvType kv_type, ComputePool& pool)
    : config_(config),
      weights_(weights),
      compute_(compute),
      pool_(pool),
      isa_(kernels::SelectIsa()),
      norm_(config.norm == NormKind::kRms ? isa_.rms_norm : isa_.layer_norm),
      activation_(isa_.activation(config.activation)),
      kv_format_(static_cast<size_t>(kv_type)),
      rope_(config.rope, weights.rope_factors),
      local_rope_(config.local_rope, {}),
      plan_(PlanState(config, kv_type)) {
  static_assert(kBlockTokens == kernels::kAttentionBlock);
  rooms_.resize(Size(pool_.threads()));
  if (config.alibi) FillAlibi();
}

StateLayout Transformer::state_layout() const {
  StateLayout layout;
  for (const PagedGroup& group : plan_.groups) {
    layout.groups.push_back({group.kind, group.layer_count, group.bytes_per_block(), group.window});
  }
  return layout;
}

Result<std::unique_ptr<PagedState>> Transformer::CreateState(
    std::span<const int> block_counts) const {
  return PagedState::Create(plan_.groups, block_counts);
}

int64_t Transformer::state_variant(int64_t planned_length) const {
  return rope_.Variant(planned_length);
}

void Transformer::Run(std::span<const SequenceSlice> slices, PagedState& state, float* x,
                      const PassExtras& extras) {
  Prepare(slices, extras);
  for (size_t layer = 0; layer < weights_.layers.size(); ++layer) {
    if (config_.parallel) {
      ParallelLayer(layer, state, x);
    } else {
      Layer(layer, state, x);
    }
  }
}

void Transformer::Prepare(std::span<const SequenceSlice> slices, const PassExtras& extras) {
  rows_.clear();
  memory_ = extras.memory;
  memory_rows_ = 0;
  for (size_t s = 0; s < slices.size(); ++s) {
    const SequenceSlice& slice = slices[s];
    const auto count = static_cast<int64_t>(slice.tokens.size());
    const int32_t* places = extras.places.empty() ? nullptr : extras.places[s].data();
    const size_t memory = extras.memory ? extras.memory_counts[s] : 0;
    const int64_t seen = count - static_cast<int64_t>(extras.unseen.empty() ? 0 : extras.unseen[s]);
    for (int64_t i = 0; i < count; ++i) {
      const int64_t position = slice.position + i;
      int64_t end = config_.causal ? position + 1 : slice.position + seen;
      if (i >= seen && config_.causal) {
        end = slice.position + (std::lower_bound(places, places + seen, places[i]) - places);
      }
      rows_.push_back(
          {&slice, position, end, places ? places[i] : position, places, memory_rows_, memory});
    }
    memory_rows_ += memory;
  }
  FillTiles();
  if (config_.relative_buckets > 0) FillRelative();
  const size_t hidden = rows() * Size(config_.hidden_size);
  Grow(normed_, hidden);
  Grow(block_out_, hidden);
  if (config_.parallel) Grow(second_out_, hidden);
  FillAngles(slices, rope_, angles_);
  const bool local = std::ranges::any_of(config_.layers, [](const LayerConfig& layer) {
    return layer.rope == LayerConfig::Rope::kLocal;
  });
  if (local) FillAngles(slices, local_rope_, local_angles_);
}

void Transformer::FillAngles(std::span<const SequenceSlice> slices, const RopeTable& table,
                             Angles& angles) {
  const size_t pairs = table.pairs();
  if (pairs == 0) return;
  Grow(angles.cos, rows() * pairs);
  Grow(angles.sin, rows() * pairs);
  size_t row = 0;
  for (const SequenceSlice& slice : slices) {
    const auto count = static_cast<int64_t>(slice.tokens.size());
    const std::vector<double> frequencies =
        table.Frequencies(slice.planned_length > 0 ? slice.planned_length : slice.position + count);
    pool_.ParallelFor(slice.tokens.size(), kRowGrain, [&](size_t begin, size_t end, int) {
      for (size_t i = begin; i < end; ++i) {
        table.Fill(frequencies, rows_[row + i].place, &angles.cos[(row + i) * pairs],
                   &angles.sin[(row + i) * pairs]);
      }
    });
    row += slice.tokens.size();
  }
}

void Transformer::Layer(size_t layer, PagedState& state, float* x) {
  const LayerWeights& w = weights_.layers[layer];
  const NormPlacement placement = config_.norm_placement;
  const bool before = placement == NormPlacement::kBefore || placement == NormPlacement::kAround;
  auto block = [&](const NormWeights& pre, const NormWeights& post, auto&& run) {
    const float* in = x;
    if (before && !pre.weight.empty()) {
      Norm(pre, x, rows(), normed_.data());
      in = normed_.data();
    }
    run(in, block_out_.data());
    if (placement == NormPlacement::kAfter || placement == NormPlacement::kAround) {
      Norm(post, block_out_.data(), rows(), block_out_.data());
    }
    AddTo(x, block_out_.data());
    if (placement == NormPlacement::kResidual) Norm(post, x, rows(), x);
  };
  block(w.attention_norm, w.attention_post_norm,
        [&](const float* in, float* out) { Attention(layer, state, in, out); });
  if (config_.cross_attention) {
    block(w.cross_norm, {}, [&](const float* in, float* out) { CrossAttention(layer, in, out); });
  }
  block(w.ffn_norm, w.ffn_post_norm,
        [&](const float* in, float* out) { FeedForward(layer, in, out); });
}

void Transformer::ParallelLayer(size_t layer, PagedState& state, float* x) {
  const LayerWeights& w = weights_.layers[layer];
  Norm(w.attention_norm, x, rows(), normed_.data());
  Attention(layer, state, normed_.data(), block_out_.data());
  if (!config_.shared_norm) Norm(w.ffn_norm, x, rows(), normed_.data());
  FeedForward(layer, normed_.data(), second_out_.data());
  AddTo(x, block_out_.data());
  AddTo(x, second_out_.data());
}

void Transformer::AddTo(float* x, const float* y) const {
  const size_t width = Size(config_.hidden_size);
  const float scale = config_.residual_scale;
  pool_.ParallelFor(rows(), kRowGrain, [&](size_t begin, size_t end, int) {
    if (scale == 1.0f) {
      for (size_t i = begin * width; i < end * width; ++i) x[i] += y[i];
    } else {
      for (size_t i = begin * width; i < end * width; ++i) x[i] += scale * y[i];
    }
  });
}

void Transformer::Norm(const NormWeights& norm, const float* x, size_t count, float* y) {
  const size_t n = norm.weight.size();
  pool_.ParallelFor(count, kRowGrain, [&](size_t begin, size_t end, int) {
    for (size_t r = begin; r < end; ++r) {
      norm_(x + r * n, norm.weight.data(), norm.bias_or_null(), config_.norm_epsilon, n, y + r * n);
    }
  });
}

void Transformer::Apply(const Linear& linear, const float* x, size_t count, float* y) {
  const Product product{&linear, y};
  Apply({&product, 1}, x, count);
}

void Transformer::Apply(std::span<const Product> products, const float* x, size_t count) {
  std::vector<kernels::PackedProduct> packed;
  for (const auto& [linear, y] : products) {
    if (compute_ == Compute::kFast && tensor::IsPacked(linear->weight.dtype)) {
      packed.push_back({&linear->weight, linear->bias_or_null(), y});
      continue;
    }
    kernels::MatMulArgs args;
    args.w = &linear->weight;
    args.x = x;
    args.bias = linear->bias_or_null();
    args.y = y;
    args.m = count;
    args.n = linear->out();
    args.k = linear->in();
    kernels::MatMul(args, pool_);
  }
  if (!packed.empty()) {
    kernels::PackedMatMul(packed, x, count, products.front().linear->in(), quantised_, pool_);
  }
}

}  // namespace pano::nn
