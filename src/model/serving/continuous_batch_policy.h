#pragma once

#include <cstdint>

#include "model/serving/batch_policy.h"

namespace pano::serving {

struct ContinuousBatchOptions {
  int64_t tokens_max = 512;  // of a step, those of decoding rows included
  // Tokens of inputs in a step that has decoding rows too: at least so many, or half as many again
  // as there are such rows. A token of an input costs at most as much as a decoding row, so a step,
  // and with it the gap between two tokens of a stream, stays within about twice its usual length
  // for many streams. Twice as many where twice as many inputs wait as streams run. 0: no such
  // limit.
  int64_t prefill_beside_decodes = 0;
};

// Continuous batching: what waits joins the next step, nobody waits for company. Confined as any
// BatchPolicy.
class ContinuousBatchPolicy final : public BatchPolicy {
 public:
  explicit ContinuousBatchPolicy(ContinuousBatchOptions options) : options_(options) {}
  BatchDecision Decide(const BatchSnapshot& snapshot) const override;

 private:
  const ContinuousBatchOptions options_;
};

}  // namespace pano::serving
