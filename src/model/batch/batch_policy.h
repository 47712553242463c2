#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/clock.h"

namespace pano::batch {

// Something that waits and cannot be divided: a row, or rows that look at each other.
struct WaitingItem {
  int64_t rows = 1;
  int64_t tokens = 0;
  TimePoint arrived;
};

struct BatchSnapshot {
  std::span<const WaitingItem> waiting;  // oldest first; all may share a batch; not empty
  int64_t tokens_max = 0;                // what memory allows one batch of these; 0: no such limit
  TimePoint now;
  bool draining = false;  // nothing more will come
};

// What to do now: compute the first `take` items, or, where that is 0, look again when something
// comes or after `wait`, whichever is first.
struct BatchDecision {
  size_t take = 0;
  Duration wait = Duration::zero();
};

// How the last batch went, for policies that learn.
struct BatchOutcome {
  int64_t rows = 0;
  int64_t tokens = 0;
  Duration computed = Duration::zero();
  Duration oldest_waited = Duration::zero();  // until the batch began
};

// How many requests to take and how long to wait for more. Decide is a pure function of the
// snapshot and of what the policy has learned. Confined to the loop that asks it.
class BatchPolicy {
 public:
  virtual ~BatchPolicy() = default;
  virtual BatchDecision Decide(const BatchSnapshot& snapshot) const = 0;
  virtual void Learn(const BatchOutcome& outcome) { static_cast<void>(outcome); }
};

struct FixedBatchOptions {
  int64_t rows_max = 32;
  int64_t tokens_max = 8192;
  Duration delay = std::chrono::milliseconds(2);  // the oldest waits that long at most; 0: never
};

// Fixed sizes and a fixed delay: goes when the batch is full or the oldest has waited long enough.
// What exceeds a limit all by itself goes alone.
class FixedBatchPolicy final : public BatchPolicy {
 public:
  explicit FixedBatchPolicy(FixedBatchOptions options) : options_(options) {}
  BatchDecision Decide(const BatchSnapshot& snapshot) const override;

 private:
  const FixedBatchOptions options_;
};

}  // namespace pano::batch
