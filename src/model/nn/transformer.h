#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "model/nn/layers/cross_attention.h"
#include "model/nn/layers/mixers.h"
#include "model/nn/layers/position_bias.h"
#include "model/nn/layers/rotary_embedding.h"
#include "model/nn/model.h"
#include "model/nn/paged_state.h"
#include "model/nn/pass_rows.h"
#include "model/nn/weights/decoder_weights.h"
#include "model/ops/ops.h"

namespace pano::nn {

// The layers of a transformer over rows of activations: what mixes tokens and what mixes channels
// of each layer, and where norms and residual sums stand between them, as the ModelConfig says.
// Confined to one thread at a time. Borrows configuration, weights and context.
class Transformer {
 public:
  Transformer(const ModelConfig& config, const DecoderWeights& weights, KvType kv_type,
              ops::OpContext& ops);

  StateLayout state_layout() const;
  Result<std::unique_ptr<PagedState>> CreateState(std::span<const int> block_counts) const;
  int64_t state_variant(int64_t planned_length) const;

  // x [rows, hidden], the rows of the spans in turn: through all layers, in place. The final norm
  // is not applied. `memory`: what cross attention looks at. REQUIRES: spans that fit the state
  // (checked by the caller). Fails only where the communicator does.
  Status Run(std::span<const RowSpan> spans, PagedState& state, ops::Rows x,
             ops::ConstRows memory = {});
  // The same for a caller that reads only the rows `wanted` (ascending) of what comes out: they stand
  // in the first rows of x then, one after the other, and the rest of x means nothing. What the last
  // layer does for other rows than these, behind their keys and values, is left out.
  Status RunWanted(std::span<const RowSpan> spans, PagedState& state, ops::Rows x,
                   std::span<const int32_t> wanted);

 private:
  struct Layer {
    std::unique_ptr<TokenMixer> tokens;
    std::optional<CrossAttention> cross;
    std::unique_ptr<ChannelMixer> channels;
  };
  // What a pass works with between the residual stream and a block. [rows, hidden] each.
  struct Scratch {
    ops::Rows normed, added, second;
  };
  Layer MakeLayer(size_t index);
  Status RunLayers(size_t count, const Pass& pass, const Scratch& scratch, ops::Rows x);
  Pass BeginPass(ops::Workspace::Scope& scope, std::span<const RowSpan> spans, PagedState& state,
                 ops::ConstRows memory);
  Scratch TakeScratch(ops::Workspace::Scope& scope, ops::Rows x) const;
  Status RunLayer(size_t index, const Pass& pass, const Scratch& scratch, ops::Rows x);
  Status MixTokens(size_t index, const Pass& pass, const Scratch& scratch, ops::Rows x);
  Status MixChannels(size_t index, const Scratch& scratch, ops::Rows x);
  Status RunParallelLayer(size_t index, const Pass& pass, const Scratch& scratch, ops::Rows x);
  template <typename Block>
  Status RunBlock(const NormWeights& before, const NormWeights& after, const Scratch& scratch,
                  ops::Rows x, const Block& block);
  void Norm(const NormWeights& norm, ops::ConstRows x, ops::Rows y);

  const ModelConfig& config_;
  const DecoderWeights& weights_;
  ops::OpContext& ops_;
  const StatePlan plan_;
  const RotaryEmbedding rotary_, local_rotary_;
  const bool has_local_layers_;
  PositionBias bias_;
  std::vector<Layer> layers_;
  PassRows rows_;
};

}  // namespace pano::nn
