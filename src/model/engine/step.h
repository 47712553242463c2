#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/status.h"
#include "base/threads.h"
#include "model/engine/sampler.h"
#include "model/engine/sequence.h"
#include "model/nn/model.h"

namespace pano::engine {

// One sequence's part of a step, and what came of it.
struct StepItem {
  Sequence* sequence = nullptr;
  int64_t tokens = 0;                // to compute, from sequence->computed on; the blocks are there

  Status status = {};
  std::vector<DrawnToken> scores = {};    // of prompt tokens, from sequence->scored() on
  std::optional<DrawnToken> drawn = {};   // the next token, when all known ones are computed
};

// What one forward pass does: runs the model over the items and draws from the logits, rows in
// parallel. Changes no sequence. Confined to the engine's thread.
class Step {
 public:
  // All are borrowed and outlive it.
  Step(nn::Model& model, nn::State& state, ComputePool& pool);

  // When the model refuses a pass, each item is tried alone, so that only those at fault fail.
  void Run(std::span<StepItem> items);

 private:
  // One row of logits: the score of a prompt token, or the draw.
  struct Row {
    StepItem* item = nullptr;
    std::optional<TokenId> scored;
    int32_t top_logprobs = 0;
    Result<DrawnToken> outcome = DrawnToken{};
  };

  Status Forward(std::span<StepItem> items);
  nn::SequenceSlice MakeSlice(StepItem& item);
  void ReadRows();

  nn::Model& model_;
  nn::State& state_;
  ComputePool& pool_;
  nn::StepPlan plan_;
  nn::Logits logits_;
  std::vector<Row> rows_;
  std::vector<Sampler> samplers_;   // by worker
};

}  // namespace pano::engine
