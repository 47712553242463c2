#include "model/nn/transformer.h"

#include <algorithm>

#include "model/nn/layers/feed_forward.h"
#include "model/nn/layers/latent_attention.h"
#include "model/nn/layers/mixture_of_experts.h"
#include "model/nn/layers/self_attention.h"

namespace pano::nn {
namespace {

bool HasLocalLayers(const ModelConfig& config) {
  return std::ranges::any_of(config.layers, [](const LayerConfig& layer) {
    return layer.rope == LayerConfig::Rope::kLocal;
  });
}

}  // namespace

Transformer::Transformer(const ModelConfig& config, const DecoderWeights& weights, KvType kv_type,
                         ops::OpContext& ops)
    : config_(config),
      weights_(weights),
      ops_(ops),
      plan_(PlanState(config, kv_type)),
      rotary_(config.rope, weights.rope_factors),
      local_rotary_(config.local_rope, {}),
      has_local_layers_(HasLocalLayers(config)),
      bias_(config, weights.relative_bias, config.head_count * ops.communicator().rank(),
            config.head_count * ops.communicator().size()),
      rows_(config) {
  for (size_t i = 0; i < weights.layers.size(); ++i) layers_.push_back(MakeLayer(i));
}

Transformer::Layer Transformer::MakeLayer(size_t index) {
  const LayerWeights& w = weights_.layers[index];
  const LayerSlot slot = plan_.slots[index];
  Layer layer;
  if (config_.latent) {
    layer.tokens = std::make_unique<LatentAttention>(config_, w, index, slot);
  } else {
    layer.tokens = std::make_unique<SelfAttention>(config_, w, index, slot, bias_);
  }
  if (config_.cross_attention) layer.cross.emplace(config_, w, index);
  if (config_.layers[index].experts) {
    layer.channels = std::make_unique<MixtureOfExperts>(config_, w.experts);
  } else {
    layer.channels = std::make_unique<FeedForward>(config_.activation, w.gate, w.up, w.down);
  }
  return layer;
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
  return PagedState::Create(ops_.device(), plan_.groups, block_counts);
}

int64_t Transformer::state_variant(int64_t planned_length) const {
  return rotary_.Variant(planned_length);
}

Pass Transformer::BeginPass(ops::Workspace::Scope& scope, std::span<const RowSpan> spans,
                            PagedState& state, ops::ConstRows memory) {
  rows_.Reset(spans, plan_.groups.size());
  bias_.Reset(rows_);
  Pass pass{ops_, rows_, state, rotary_.Angles(ops_, scope, rows_), {}, memory};
  if (has_local_layers_) pass.local_angles = local_rotary_.Angles(ops_, scope, rows_);
  return pass;
}

Transformer::Scratch Transformer::TakeScratch(ops::Workspace::Scope& scope, ops::Rows x) const {
  Scratch scratch{scope.Take(x.rows, x.width), scope.Take(x.rows, x.width), {}};
  if (config_.parallel) scratch.second = scope.Take(x.rows, x.width);
  return scratch;
}

Status Transformer::RunLayers(size_t count, const Pass& pass, const Scratch& scratch,
                              ops::Rows x) {
  for (size_t i = 0; i < count; ++i) {
    PANO_RETURN_IF_ERROR(config_.parallel ? RunParallelLayer(i, pass, scratch, x)
                                          : RunLayer(i, pass, scratch, x));
  }
  return {};
}

Status Transformer::Run(std::span<const RowSpan> spans, PagedState& state, ops::Rows x,
                        ops::ConstRows memory) {
  ops::Workspace::Scope scope(ops_.workspace());
  const Pass pass = BeginPass(scope, spans, state, memory);
  return RunLayers(layers_.size(), pass, TakeScratch(scope, x), x);
}

Status Transformer::RunWanted(std::span<const RowSpan> spans, PagedState& state, ops::Rows x,
                              std::span<const int32_t> wanted) {
  ops::Workspace::Scope scope(ops_.workspace());
  const Pass pass = BeginPass(scope, spans, state, {});
  const Scratch scratch = TakeScratch(scope, x);
  const bool part = !config_.parallel && !layers_.back().cross && wanted.size() < x.rows;
  const size_t last = layers_.size() - 1;
  PANO_RETURN_IF_ERROR(RunLayers(part ? last : layers_.size(), pass, scratch, x));
  if (part) PANO_RETURN_IF_ERROR(MixTokens(last, pass, scratch, x));
  if (wanted.empty() || wanted.size() == x.rows) return {};
  const ops::Rows rows = scope.Take(wanted.size(), x.width), kept = x.Slice(0, wanted.size());
  ops::GatherRows(ops_, wanted, x, rows);
  if (part) {
    const ops::AdapterScope adapters(ops_, wanted);
    const Scratch fewer{scratch.normed.Slice(0, rows.rows), scratch.added.Slice(0, rows.rows), {}};
    PANO_RETURN_IF_ERROR(MixChannels(last, fewer, rows));
  }
  ops::Copy(ops_, rows, kept);
  return {};
}

void Transformer::Norm(const NormWeights& norm, ops::ConstRows x, ops::Rows y) {
  ops::Norm(ops_, {config_.norm, config_.norm_epsilon}, norm, x, y);
}

// One block with its norms around it: from x to what it adds to x.
template <typename Block>
Status Transformer::RunBlock(const NormWeights& before, const NormWeights& after,
                             const Scratch& scratch, ops::Rows x, const Block& block) {
  const NormPlacement placement = config_.norm_placement;
  ops::ConstRows in = x;
  const bool norms_first =
      placement == NormPlacement::kBefore || placement == NormPlacement::kAround;
  if (norms_first && !before.weight.empty()) {
    Norm(before, x, scratch.normed);
    in = scratch.normed;
  }
  PANO_RETURN_IF_ERROR(block(in, scratch.added));
  if (placement == NormPlacement::kAfter || placement == NormPlacement::kAround) {
    Norm(after, scratch.added, scratch.added);
  }
  if (placement == NormPlacement::kResidual) {
    ops::AddNorm(ops_, {config_.norm, config_.norm_epsilon}, after, scratch.added,
                 config_.residual_scale, x);
  } else {
    ops::Add(ops_, x, scratch.added, config_.residual_scale);
  }
  return {};
}

Status Transformer::MixTokens(size_t index, const Pass& pass, const Scratch& scratch,
                              ops::Rows x) {
  const LayerWeights& w = weights_.layers[index];
  return RunBlock(w.attention_norm, w.attention_post_norm, scratch, x,
                  [&](ops::ConstRows in, ops::Rows out) {
                    return layers_[index].tokens->Mix(pass, in, out);
                  });
}

// What mixes channels looks at each row alone, so rows may go through it a few at a time. Experts gather
// theirs, the more the better.
Status Transformer::MixChannels(size_t index, const Scratch& scratch, ops::Rows x) {
  const LayerWeights& w = weights_.layers[index];
  const bool all = config_.layers[index].experts || !ops_.adapter_runs().empty();
  const size_t step = all ? x.rows : std::min(x.rows, ops_.rows_at_once());
  for (size_t row = 0; row < x.rows; row += step) {
    const size_t count = std::min(step, x.rows - row);
    const Scratch some{scratch.normed.Slice(0, count), scratch.added.Slice(0, count), {}};
    PANO_RETURN_IF_ERROR(RunBlock(w.ffn_norm, w.ffn_post_norm, some, x.Slice(row, count),
                                  [&](ops::ConstRows in, ops::Rows out) {
                                    return layers_[index].channels->Mix(ops_, in, out);
                                  }));
  }
  return {};
}

Status Transformer::RunLayer(size_t index, const Pass& pass, const Scratch& scratch, ops::Rows x) {
  PANO_RETURN_IF_ERROR(MixTokens(index, pass, scratch, x));
  if (layers_[index].cross) {
    PANO_RETURN_IF_ERROR(RunBlock(weights_.layers[index].cross_norm, {}, scratch, x,
                                  [&](ops::ConstRows in, ops::Rows out) {
                                    return layers_[index].cross->Mix(pass, in, out);
                                  }));
  }
  return MixChannels(index, scratch, x);
}

Status Transformer::RunParallelLayer(size_t index, const Pass& pass, const Scratch& scratch,
                                     ops::Rows x) {
  const LayerWeights& w = weights_.layers[index];
  Layer& layer = layers_[index];
  Norm(w.attention_norm, x, scratch.normed);
  PANO_RETURN_IF_ERROR(layer.tokens->Mix(pass, scratch.normed, scratch.added));
  if (!config_.shared_norm) Norm(w.ffn_norm, x, scratch.normed);
  PANO_RETURN_IF_ERROR(layer.channels->Mix(ops_, scratch.normed, scratch.second));
  ops::Add(ops_, x, scratch.added, config_.residual_scale);
  ops::Add(ops_, x, scratch.second, config_.residual_scale);
  return {};
}

}  // namespace pano::nn
