#include "model/batch/dynamic_batch_policy.h"

#include <algorithm>
#include <utility>

namespace pano::batch {
namespace {

// How many of the first items have exactly the largest preferred number of rows that there is; 0: none.
size_t CountPreferred(const Batching& batching, std::span<const serving::WaitingItem> items) {
  size_t count = 0;
  int64_t rows = 0;
  for (size_t i = 0; i < items.size(); ++i) {
    rows += items[i].rows;
    if (std::ranges::binary_search(batching.preferred_batch_size, rows)) count = i + 1;
  }
  return count;
}

}  // namespace

void DynamicBatchPolicy::Set(Batching batching) {
  MutexLock lock(mu_);
  batching_ = std::move(batching);
}

Batching DynamicBatchPolicy::Get() const {
  MutexLock lock(mu_);
  return batching_;
}

serving::BatchDecision DynamicBatchPolicy::Decide(const serving::BatchSnapshot& snapshot) const {
  serving::BatchDecision decision;
  if (snapshot.waiting.empty()) return decision;
  MutexLock lock(mu_);
  const serving::StepCapacity limits{
      .rows = std::min(batching_.max_batch_size, snapshot.capacity.rows),
      .tokens = std::min(batching_.tokens_max, snapshot.capacity.tokens)};
  const size_t fitting = CountFitting(snapshot.waiting, limits);
  int64_t rows = 0;
  int64_t tokens = 0;
  TimePoint oldest = snapshot.waiting.front().arrived;  // items may stand in another order
  for (const serving::WaitingItem& item : snapshot.waiting.first(fitting)) {
    rows += item.rows;
    tokens += item.tokens;
    oldest = std::min(oldest, item.arrived);
  }
  const bool full = fitting < snapshot.waiting.size() || rows >= limits.rows || tokens >= limits.tokens;
  const Duration waited = snapshot.now - oldest;
  if (full || snapshot.draining || waited >= batching_.max_queue_delay) {
    decision.take = fitting;
    return decision;
  }
  decision.take = CountPreferred(batching_, snapshot.waiting.first(fitting));
  if (decision.take == 0) decision.wait = batching_.max_queue_delay - waited;
  return decision;
}

}  // namespace pano::batch
