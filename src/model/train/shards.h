#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "base/threads.h"
#include "model/train/token_rows.h"
#include "model/train/transformer_module.h"

namespace pano::train {

// How many threads torch and its BLAS use inside one operation.
void SetTorchThreads(int count);

// Loss and gradients of a step, computed in equal parts that run beside each other. Each part has
// its own random numbers and the parts are added in order, so the result depends on their number
// but not on the threads. Confined to one thread.
class Shards {
 public:
  // Borrows both. REQUIRES: torch itself uses one thread (SetTorchThreads(1)).
  Shards(TransformerModule* module, int64_t count, ComputePool* pool);

  // Mean loss in nats per token; the gradients of the module's parameters hold that loss's.
  // REQUIRES: the number of rows is a multiple of `count`.
  Result<double> Compute(const TokenBatch& batch, int64_t row_tokens, double dropout,
                         uint64_t seed);

 private:
  Result<double> ComputePart(size_t part, const TokenBatch& batch, int64_t row_tokens,
                             double dropout, uint64_t seed);

  TransformerModule* module_;
  ComputePool* pool_;
  std::vector<TransformerModule> replicas_;  // the module's weights, gradients of their own
};

}  // namespace pano::train
