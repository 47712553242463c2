#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "model/nn/model.h"

namespace pano::nn {

// One sequence from position 0 through the model in slices, with a state of its own. Confined to
// one thread; borrows the model.
class SequenceRunner {
 public:
  // State for `length` tokens, the length that scalings of positions by length go by.
  // `adapter`: what the tokens are computed with beside the model's weights, borrowed; null: nothing.
  static Result<SequenceRunner> Create(Model& model, int64_t length,
                                       const BoundAdapter* adapter = nullptr);

  // Feeds tokens; `sink(i, row)` gets the logits after each token i from `logits_from` on.
  using Sink = std::function<void(size_t i, std::span<const float> row)>;
  Status Feed(std::span<const TokenId> tokens, size_t logits_from, const Sink& sink);

 private:
  SequenceRunner(Model& model, std::unique_ptr<State> state, int blocks, int64_t length);
  Model* model_;
  const BoundAdapter* adapter_ = nullptr;
  std::unique_ptr<State> state_;
  std::vector<BlockId> table_;
  int64_t length_;
  int64_t position_ = 0;
  Logits logits_;
};

}  // namespace pano::nn
