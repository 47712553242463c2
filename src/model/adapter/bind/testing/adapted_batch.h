#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

#include "model/nn/bound_adapter.h"
#include "model/nn/model.h"

namespace pano::adapter::testing {

// Sequences of at most 64 tokens that are stepped together, each with an adapter or none. Confined to
// the test's thread.
class AdaptedBatch {
 public:
  // Borrows the model and the adapters; null: none.
  AdaptedBatch(nn::Model& model, std::vector<const nn::BoundAdapter*> adapters)
      : model_(model),
        adapters_(std::move(adapters)),
        tables_(adapters_.size()),
        positions_(adapters_.size()) {
    constexpr int kBlocks = 2;
    static_assert(kBlocks * nn::kBlockTokens == 64);
    const int count = static_cast<int>(adapters_.size());
    state_ = model.CreateState(model.state_layout().Uniform(kBlocks * count)).value();
    for (int i = 0; i < count; ++i) {
      for (int b = 0; b < kBlocks; ++b) {
        tables_[static_cast<size_t>(i)].push_back(static_cast<nn::BlockId>(kBlocks * i + b));
      }
    }
  }

  // Each sequence's new tokens; the logits after each of them, sequence after sequence.
  std::vector<float> Feed(const std::vector<std::vector<nn::TokenId>>& tokens) {
    nn::StepPlan plan;
    for (size_t i = 0; i < adapters_.size(); ++i) {
      nn::SequenceSlice slice;
      slice.tokens = tokens[i];
      slice.position = positions_[i];
      slice.tables.assign(model_.state_layout().groups.size(), tables_[i]);
      slice.adapter = adapters_[i];
      positions_[i] += static_cast<int64_t>(tokens[i].size());
      plan.slices.push_back(slice);
    }
    nn::Logits logits;
    const Status status = model_.Forward(plan, *state_, logits);
    EXPECT_TRUE(status.ok()) << status.ToString();
    return {logits.data(), logits.data() + logits.rows() * logits.vocab()};
  }

 private:
  nn::Model& model_;
  const std::vector<const nn::BoundAdapter*> adapters_;
  std::vector<std::vector<nn::BlockId>> tables_;
  std::vector<int64_t> positions_;
  std::unique_ptr<nn::State> state_;
};

}  // namespace pano::adapter::testing
