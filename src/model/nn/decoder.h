#pragma once

#include <memory>
#include <vector>

#include "base/result.h"
#include "model/nn/model.h"
#include "model/nn/paged_state.h"
#include "model/nn/transformer.h"
#include "model/nn/weights/decoder_weights.h"
#include "model/ops/context.h"

namespace pano::nn {

// A decoder-only language model built from its ModelConfig: embedding, transformer layers, final
// norm, head. Confined to one thread at a time; the pool does the work.
class Decoder final : public Model {
 public:
  // Of several ranks each has a decoder of its own, with its part of the weights
  // (tensor_parallel.h); they step the same plans at the same time.
  Decoder(ModelConfig config, DecoderWeights weights, KvType kv_type,
          std::unique_ptr<ops::OpContext> ops);

  const ModelConfig& config() const { return config_; }
  int64_t vocab_size() const override { return config_.vocab_size; }
  int64_t context_length() const override { return config_.context_length; }
  StateLayout state_layout() const override { return layout_; }
  int64_t state_variant(int64_t planned_length) const override {
    return transformer_.state_variant(planned_length);
  }
  // Null for one of several ranks.
  const Decoder* AsDecoder() const override;
  const DecoderWeights& weights() const { return weights_; }
  ComputePool& pool() const { return ops_->pool(); }
  Result<std::unique_ptr<State>> CreateState(std::span<const int> block_counts) const override;
  Status Forward(const StepPlan& plan, State& state, Logits& logits) override;

 private:
  Status CheckPlan(const StepPlan& plan, const PagedState& state) const;
  Status CheckTables(const SequenceSlice& slice, const PagedState& state) const;
  void ListRows(const StepPlan& plan);
  void Embed(ops::Rows x);
  Status Head(ops::Rows x, Logits& logits);
  Status TransformHead(ops::Rows x);
  void Norm(const NormWeights& norm, ops::Rows x);

  const ModelConfig config_;
  const DecoderWeights weights_;
  const std::unique_ptr<ops::OpContext> ops_;
  Transformer transformer_;
  const StateLayout layout_;
  // Of the step, kept for their memory.
  std::vector<RowSpan> spans_;
  std::vector<ops::AdapterRun> adapter_runs_;
  std::vector<int32_t> tokens_, position_rows_;  // rows of the embedding matrices
  std::vector<int32_t> wanted_;                  // rows of the pass whose logits are wanted
};

}  // namespace pano::nn
