#pragma once

#include <memory>
#include <vector>

#include "base/result.h"
#include "base/threads.h"
#include "model/kernels/isa.h"
#include "model/nn/decoder_weights.h"
#include "model/nn/load.h"
#include "model/nn/model.h"
#include "model/nn/paged_state.h"
#include "model/nn/rope_table.h"

namespace pano::nn {

// A decoder-only transformer built from its ModelConfig: embedding, layers of attention and gated
// feed-forward with RMS norms in front, final norm, head. Confined to one thread at a time; the pool
// does the work.
class Decoder final : public Model {
 public:
  Decoder(ModelConfig config, DecoderWeights weights, KvType kv_type, ComputePool& pool);

  const ModelConfig& config() const { return config_; }
  int64_t vocab_size() const override { return config_.vocab_size; }
  int64_t context_length() const override { return config_.context_length; }
  StateLayout state_layout() const override;
  Result<std::unique_ptr<State>> CreateState(
      std::span<const int> block_counts) const override;
  Status Forward(const StepPlan& plan, State& state, Logits& logits) override;

 private:
  // Where each token of the step stands: rows of the activations.
  struct Row {
    const SequenceSlice* slice;
    int64_t position;
  };
  // Activations of a step, row-major, kept between steps.
  struct Workspace {
    std::vector<Row> rows;
    std::vector<float> x;              // [rows, hidden], the residual stream
    std::vector<float> normed;         // [rows, hidden]
    std::vector<float> q, attended;    // [rows, heads * head_dim]
    std::vector<float> k, v;           // [rows, kv_heads * head_dim]
    std::vector<float> gate, up;       // [rows, ffn]
    std::vector<float> projected;      // [rows, hidden]
    std::vector<float> cos, sin;       // [rows, rope pairs]
    std::vector<std::vector<float>> scores;   // one a worker
    std::vector<size_t> wanted;        // rows whose logits are asked for
  };

  Status CheckPlan(const StepPlan& plan, const PagedState& state) const;
  void Prepare(const StepPlan& plan);
  void Embed();
  void AttentionBlock(int layer, PagedState& state);
  void Rotate();
  void StoreKeysAndValues(int layer, PagedState& state);
  void Attend(int layer, PagedState& state);
  void FeedForward(int layer);
  void Head(Logits& logits);
  void Norm(const std::vector<float>& x, const std::vector<float>& weight, std::vector<float>& y);
  void Apply(const Linear& linear, const std::vector<float>& x, size_t rows, float* y);

  const ModelConfig config_;
  const DecoderWeights weights_;
  const PagedState::Shape kv_shape_;
  const RopeTable rope_;
  const kernels::Isa& isa_;
  const kernels::AttentionFn attention_;
  ComputePool& pool_;
  Workspace ws_;
};

}  // namespace pano::nn
