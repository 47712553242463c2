#include "model/batch/batch_policy.h"

#include <algorithm>

#include "base/check.h"

namespace pano::batch {

BatchDecision FixedBatchPolicy::Decide(const BatchSnapshot& snapshot) const {
  PANO_CHECK(!snapshot.waiting.empty());
  int64_t tokens_max = options_.tokens_max;
  if (snapshot.tokens_max > 0) tokens_max = std::min(tokens_max, snapshot.tokens_max);
  int64_t rows = 0;
  int64_t tokens = 0;
  size_t take = 0;
  for (const WaitingItem& item : snapshot.waiting) {
    bool fits = rows + item.rows <= options_.rows_max && tokens + item.tokens <= tokens_max;
    if (take > 0 && !fits) break;
    rows += item.rows;
    tokens += item.tokens;
    ++take;
  }
  bool full = take < snapshot.waiting.size() || rows >= options_.rows_max || tokens >= tokens_max;
  Duration waited = snapshot.now - snapshot.waiting.front().arrived;
  if (full || snapshot.draining || waited >= options_.delay) return {take, Duration::zero()};
  return {0, options_.delay - waited};
}

}  // namespace pano::batch
