#pragma once

#include "base/mutex.h"
#include "model/batch/batching.h"
#include "model/serving/batch_policy.h"

namespace pano::batch {

// Batches as `Batching` has them, which may change while requests wait: full by rows or tokens, one of
// the preferred sizes, or as large as it is when the oldest has waited its time. A delay of zero is the
// synchronous mode: whatever waits is computed at once, and only what came while a batch was computed
// has company. Decide is for the loop's thread, Set for any.
class DynamicBatchPolicy final : public serving::BatchPolicy {
 public:
  explicit DynamicBatchPolicy(Batching batching) : batching_(std::move(batching)) {}
  serving::BatchDecision Decide(const serving::BatchSnapshot& snapshot) const override;

  void Set(Batching batching);
  Batching Get() const;

 private:
  mutable Mutex mu_;
  Batching batching_ PANO_GUARDED_BY(mu_);
};

}  // namespace pano::batch
