#pragma once

#include <cstdint>

#include "model/serving/batch_policy.h"

namespace pano::serving {

struct FixedBatchOptions {
  int64_t rows_max = 32;
  int64_t tokens_max = 8192;
  Duration delay = std::chrono::milliseconds(2);  // the oldest waits that long at most; 0: never
};

// Fixed sizes and a fixed delay: waiting items begin together when they make a full step or the
// oldest has waited long enough. What exceeds a limit all by itself goes alone. Items that can be
// divided count towards rows_max until they are done. Confined as any BatchPolicy.
class FixedBatchPolicy final : public BatchPolicy {
 public:
  explicit FixedBatchPolicy(FixedBatchOptions options) : options_(options) {}
  BatchDecision Decide(const BatchSnapshot& snapshot) const override;

 private:
  const FixedBatchOptions options_;
};

}  // namespace pano::serving
