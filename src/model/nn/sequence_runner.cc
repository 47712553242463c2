#include "model/nn/sequence_runner.h"

#include <algorithm>

namespace pano::nn {
namespace {
// Tokens per forward pass, and so rows of logits held at once.
constexpr size_t kSliceTokens = 64;
}  // namespace

SequenceRunner::SequenceRunner(Model& model, std::unique_ptr<State> state, int blocks,
                               int64_t length)
    : model_(&model), state_(std::move(state)), length_(length) {
  for (BlockId block = 0; block < blocks; ++block) table_.push_back(block);
}

Result<SequenceRunner> SequenceRunner::Create(Model& model, int64_t length,
                                              const BoundAdapter* adapter) {
  if (length < 1 || length > model.context_length()) {
    return InvalidArgument("[nn] " + std::to_string(length) +
                           " tokens are outside the context of " +
                           std::to_string(model.context_length()));
  }
  const int blocks = static_cast<int>((length + kBlockTokens - 1) / kBlockTokens);
  PANO_ASSIGN_OR_RETURN(std::unique_ptr<State> state,
                        model.CreateState(model.state_layout().Uniform(blocks)));
  SequenceRunner runner(model, std::move(state), blocks, length);
  runner.adapter_ = adapter;
  return runner;
}

Status SequenceRunner::Feed(std::span<const TokenId> tokens, size_t logits_from, const Sink& sink) {
  for (size_t at = 0; at < tokens.size(); at += kSliceTokens) {
    SequenceSlice slice;
    slice.tokens = tokens.subspan(at, std::min(kSliceTokens, tokens.size() - at));
    slice.position = position_;
    slice.planned_length = length_;
    slice.adapter = adapter_;
    slice.tables.assign(model_->state_layout().groups.size(), table_);
    slice.logits_from = std::min(logits_from > at ? logits_from - at : 0, slice.tokens.size());
    PANO_RETURN_IF_ERROR(model_->Forward({{slice}}, *state_, logits_));
    position_ += static_cast<int64_t>(slice.tokens.size());
    for (size_t row = 0; row < logits_.rows(); ++row) {
      sink(at + slice.logits_from + row, logits_.row(row));
    }
  }
  return {};
}

}  // namespace pano::nn
