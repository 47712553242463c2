#pragma once

#include <memory>
#include <vector>

#include "base/fwd.h"
#include "base/status.h"
#include "model/nn/encoder/packed_rows.h"
#include "model/nn/model_config.h"
#include "model/nn/paged_state.h"
#include "model/nn/transformer.h"
#include "model/nn/weights/decoder_weights.h"
#include "model/ops/context.h"

namespace pano::encoder {

// The layers of a tower on one pool, with the norms before and behind them. Keys and values live for one
// call. Confined to one thread at a time; the pool does the work. Borrows all that it is made of.
class InputStack {
 public:
  InputStack(const nn::ModelConfig& config, const nn::DecoderWeights& weights, nn::Compute compute,
             ComputePool& pool);
  InputStack(const InputStack&) = delete;
  InputStack& operator=(const InputStack&) = delete;

  ops::OpContext& ops() { return *ops_; }

  // The inputs of `range`, whose rows are x and whose adapters those of ops(). `memory` is that of all
  // inputs. Exhausted when there is no memory for the keys and values.
  Status Run(const PackedRows& rows, const InputRange& range, const Memory& memory, ops::Rows x);
  // The same with the adapters of all rows.
  Status RunAdapted(const PackedRows& rows, const InputRange& range, const Memory& memory,
                    std::span<const ops::AdapterRun> adapters, ops::Rows x);

 private:
  Status ReserveState(int blocks);
  void ListSpans(const PackedRows& rows, const InputRange& range, const Memory& memory);
  void Norm(const nn::NormWeights& norm, ops::Rows x);

  const nn::ModelConfig& config_;
  const nn::DecoderWeights& weights_;
  const std::unique_ptr<ops::OpContext> ops_;
  nn::Transformer transformer_;
  std::unique_ptr<nn::PagedState> state_;
  int blocks_ = 0;
  // Of one call, kept for their memory.
  std::vector<nn::BlockId> block_ids_;  // 0, 1, 2, ...
  std::vector<std::span<const nn::BlockId>> tables_;
  std::vector<nn::RowSpan> spans_;
  std::vector<ops::AdapterRun> runs_;
};

}  // namespace pano::encoder
