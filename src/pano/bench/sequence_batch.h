#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/fwd.h"
#include "base/result.h"
#include "model/nn/model.h"

namespace pano::bench {

// Equal sequences that are stepped together: one prompt, greedy continuations. Every step checks
// that they do not drift apart. Confined to one thread.
class SequenceBatch {
 public:
  // `length`: of each, prompt and continuation. `guest`: room for one more, whose prompt is computed
  // beside them. Exhausted without memory for their state.
  static Result<SequenceBatch> Create(nn::Model& model, ComputePool& pool, size_t count,
                                      int64_t length, bool guest = false);

  // The prompt into every sequence, one after another; the seconds that it took.
  Result<double> Prefill(std::span<const nn::TokenId> prompt);
  // The same in one step.
  Result<double> PrefillTogether(std::span<const nn::TokenId> prompt);
  // One token for every sequence; the seconds that the forward pass and the choice of the tokens
  // took, without the check. Internal when two continuations differ, which they must not, or when
  // logits are no numbers.
  Result<double> Decode();
  // The same step, in which so many tokens of the guest's prompt are computed too, behind those
  // of the steps before; from its beginning again once it is full. REQUIRES: room for a guest.
  Result<double> DecodeBeside(std::span<const nn::TokenId> piece);
  // Back to the end of the prompt. REQUIRES: Prefill.
  void Rewind();

  // What the first sequence has generated.
  const std::vector<nn::TokenId>& generated() const { return generated_; }

 private:
  SequenceBatch(nn::Model& model, ComputePool& pool, std::unique_ptr<nn::State> state)
      : model_(&model), pool_(&pool), state_(std::move(state)) {}
  nn::SequenceSlice Slice(size_t i, std::span<const nn::TokenId> tokens, size_t logits_from);
  Result<double> DecodeWith(std::span<const nn::TokenId> piece);
  Result<double> Step(std::vector<nn::SequenceSlice> slices);
  Status CheckAlike() const;

  nn::Model* model_;
  ComputePool* pool_;
  std::unique_ptr<nn::State> state_;
  std::vector<std::vector<nn::BlockId>> tables_;  // of each sequence
  std::vector<nn::BlockId> guest_;                // of one more; empty without
  int64_t guest_position_ = 0;
  std::vector<nn::TokenId> next_;                 // its next token
  nn::TokenId first_ = 0;                         // the token behind the prompt
  std::vector<nn::TokenId> generated_;
  int64_t prompt_length_ = 0;
  int64_t position_ = 0;
  nn::Logits logits_;
};

}  // namespace pano::bench
