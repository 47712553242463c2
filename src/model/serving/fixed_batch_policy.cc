#include "model/serving/fixed_batch_policy.h"

#include <algorithm>

namespace pano::serving {

BatchDecision FixedBatchPolicy::Decide(const BatchSnapshot& snapshot) const {
  const int64_t running = snapshot.decoding_rows + snapshot.prefill_rows;
  StepCapacity limits;
  limits.rows = std::min(options_.rows_max - running, snapshot.capacity.rows);
  limits.tokens = std::min(options_.tokens_max, snapshot.capacity.tokens);
  BatchDecision decision;
  if (snapshot.divisible) decision.tokens = limits.tokens;
  if (snapshot.waiting.empty() || running >= options_.rows_max) return decision;

  const size_t take = CountFitting(snapshot.waiting, limits);
  int64_t rows = 0;
  int64_t tokens = 0;
  TimePoint oldest = snapshot.now;
  for (const WaitingItem& item : snapshot.waiting.first(take)) {
    rows += item.rows;
    tokens += item.tokens;
    oldest = std::min(oldest, item.arrived);
  }
  const bool full =
      take < snapshot.waiting.size() || rows >= limits.rows || tokens >= limits.tokens;
  const Duration waited = snapshot.now - oldest;
  if (full || snapshot.draining || waited >= options_.delay) {
    decision.take = take;
  } else {
    decision.wait = options_.delay - waited;
  }
  return decision;
}

}  // namespace pano::serving
