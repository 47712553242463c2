#pragma once

#include <memory>
#include <vector>

#include "base/fwd.h"
#include "base/status.h"
#include "model/nn/encoder/input_stack.h"
#include "model/nn/encoder/packed_rows.h"
#include "model/nn/model_config.h"
#include "model/nn/weights/decoder_weights.h"
#include "model/ops/context.h"

namespace pano::encoder {

// A stack of layers with its weights, run over whole inputs: keys and values live for one call
// only. Confined to one thread at a time; the pool does the work.
class Tower {
 public:
  Tower(nn::ModelConfig config, nn::DecoderWeights weights, nn::Compute compute, ComputePool& pool);
  ~Tower();
  Tower(const Tower&) = delete;
  Tower& operator=(const Tower&) = delete;

  const nn::ModelConfig& config() const { return config_; }
  const nn::DecoderWeights& weights() const { return weights_; }
  size_t hidden() const { return static_cast<size_t>(config_.hidden_size); }
  ops::OpContext& ops() { return whole_.ops(); }

  // x [rows, hidden], embedded: through the norm of the embedding, all layers and the final norm. Many
  // inputs are shared out to the threads, few are computed by all threads together: to the same bits.
  // Exhausted when there is no memory for the keys and values.
  Status Run(const PackedRows& rows, const Memory& memory, ops::Rows x);
  // y = x normed as this stack norms. The same rows may be both.
  void Norm(const nn::NormWeights& norm, ops::ConstRows x, ops::Rows y);

 private:
  // What one thread of the pool computes its inputs with.
  struct Lane;
  Status RunParts(const std::vector<InputRange>& parts, const PackedRows& rows, const Memory& memory,
                  ops::Rows x);

  const nn::ModelConfig config_;
  const nn::DecoderWeights weights_;
  const nn::Compute compute_;
  InputStack whole_;
  std::vector<std::unique_ptr<Lane>> lanes_;  // one a thread, made when they are first needed
};

}  // namespace pano::encoder
