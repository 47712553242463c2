#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/fwd.h"
#include "base/result.h"
#include "model/nn/model_config.h"
#include "model/nn/paged_state.h"
#include "model/nn/transformer.h"
#include "model/nn/weights/decoder_weights.h"
#include "model/ops/context.h"

namespace pano::encoder {

// Rows of several inputs one after another, padding left out.
struct PackedRows {
  std::vector<size_t> counts;         // rows of each input
  std::vector<int32_t> position_ids;  // where each row stood in its input; empty: 0, 1, 2, ...
  // Of each input, how many of its last rows attend to the others and are attended to by none;
  // empty: none.
  std::vector<size_t> query_only;
  // Rows of input i that are attended to.
  size_t kept(size_t i) const { return counts[i] - (query_only.empty() ? 0 : query_only[i]); }
  size_t size() const {
    size_t sum = 0;
    for (size_t count : counts) sum += count;
    return sum;
  }
};

// What a decoder's stack looks at: rows of another stack, for the same inputs.
struct Memory {
  ops::ConstRows x;
  std::span<const size_t> counts;
};

// A stack of layers with its weights, run over whole inputs: keys and values live for one call
// only. Confined to one thread at a time; the pool does the work.
class Tower {
 public:
  Tower(nn::ModelConfig config, nn::DecoderWeights weights, nn::Compute compute, ComputePool& pool);
  Tower(const Tower&) = delete;
  Tower& operator=(const Tower&) = delete;

  const nn::ModelConfig& config() const { return config_; }
  const nn::DecoderWeights& weights() const { return weights_; }
  size_t hidden() const { return static_cast<size_t>(config_.hidden_size); }
  ops::OpContext& ops() { return *ops_; }

  // x [rows, hidden], embedded: through the norm of the embedding, all layers and the final norm.
  // Exhausted when there is no memory for the keys and values.
  Status Run(const PackedRows& rows, const Memory& memory, ops::Rows x);
  // y = x normed as this stack norms. The same rows may be both.
  void Norm(const nn::NormWeights& norm, ops::ConstRows x, ops::Rows y);

 private:
  Status ReserveState(int blocks);

  const nn::ModelConfig config_;
  const nn::DecoderWeights weights_;
  const std::unique_ptr<ops::OpContext> ops_;
  nn::Transformer transformer_;
  std::unique_ptr<nn::PagedState> state_;
  int blocks_ = 0;
  std::vector<nn::BlockId> block_ids_;  // 0, 1, 2, ...
};

}  // namespace pano::encoder
