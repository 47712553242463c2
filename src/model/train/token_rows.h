#pragma once

#include <cstdint>
#include <vector>

namespace pano::train {

using TokenSequence = std::vector<int32_t>;

// Rows of one training step: `inputs` and, one token further on, `targets`, both [rows,
// row_tokens].
struct TokenBatch {
  std::vector<int64_t> inputs;
  std::vector<int64_t> targets;
};

// The stories as a stream, each between end tokens, shuffled anew for every epoch and cut into
// rows. What a step sees depends on the seed and the step alone, so training resumes where it was.
// Thread-compatible.
class TokenRows {
 public:
  // `stories` without end tokens. REQUIRES: together they fill at least one step.
  TokenRows(std::vector<TokenSequence> stories, int64_t rows, int64_t row_tokens, uint64_t seed);

  int64_t steps_per_epoch() const { return steps_per_epoch_; }
  int64_t token_count() const { return token_count_; }
  // The batch of `step`, which counts from 1.
  TokenBatch Batch(int64_t step);

  // Whether stories of `token_count` tokens, ends included, fill a step.
  static bool Fills(int64_t token_count, int64_t rows, int64_t row_tokens);

 private:
  void StartEpoch(int64_t epoch);

  std::vector<TokenSequence> stories_;
  int64_t rows_;
  int64_t row_tokens_;
  uint64_t seed_;
  int64_t token_count_ = 1;
  int64_t steps_per_epoch_ = 0;
  int64_t epoch_ = -1;
  std::vector<int32_t> stream_;  // of the epoch, from its random start
};

}  // namespace pano::train
