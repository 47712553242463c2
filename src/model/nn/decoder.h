#pragma once

#include <memory>
#include <vector>

#include "base/result.h"
#include "base/threads.h"
#include "model/nn/decoder_weights.h"
#include "model/nn/load.h"
#include "model/nn/model.h"
#include "model/nn/paged_state.h"
#include "model/nn/transformer.h"

namespace pano::nn {

// A decoder-only language model built from its ModelConfig: embedding, transformer layers, final
// norm, head. Confined to one thread at a time; the pool does the work.
class Decoder final : public Model {
 public:
  Decoder(ModelConfig config, DecoderWeights weights, Compute compute, KvType kv_type,
          ComputePool& pool);

  const ModelConfig& config() const { return config_; }
  int64_t vocab_size() const override { return config_.vocab_size; }
  int64_t context_length() const override { return config_.context_length; }
  StateLayout state_layout() const override { return layout_; }
  int64_t state_variant(int64_t planned_length) const override {
    return transformer_.state_variant(planned_length);
  }
  Result<std::unique_ptr<State>> CreateState(std::span<const int> block_counts) const override;
  Status Forward(const StepPlan& plan, State& state, Logits& logits) override;

 private:
  Status CheckPlan(const StepPlan& plan, const PagedState& state) const;
  Status CheckTables(const SequenceSlice& slice, const PagedState& state) const;
  void Embed(const StepPlan& plan);
  void Head(const StepPlan& plan, Logits& logits);
  void TransformHead(size_t count);

  const ModelConfig config_;
  const DecoderWeights weights_;
  ComputePool& pool_;
  Transformer transformer_;
  const StateLayout layout_;
  std::vector<float> x_;            // [rows, hidden], the residual stream
  std::vector<float> wanted_;       // [rows of logits, hidden]
  std::vector<float> transformed_;  // likewise
};

}  // namespace pano::nn
