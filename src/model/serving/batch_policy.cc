#include "model/serving/batch_policy.h"

#include <algorithm>

#include "model/serving/wakeup.h"

namespace pano::serving {
namespace {

// A policy that answers "nothing, and look again at once" must not make the loop spin.
constexpr Duration kWaitMin = std::chrono::milliseconds(1);

}  // namespace

size_t CountFitting(std::span<const WaitingItem> waiting, const StepCapacity& limits) {
  int64_t rows = limits.rows;
  int64_t tokens = limits.tokens;
  size_t count = 0;
  for (const WaitingItem& item : waiting) {
    if (count > 0 && (item.rows > rows || item.tokens > tokens)) break;
    rows -= item.rows;
    tokens -= item.tokens;
    ++count;
  }
  return count;
}

BatchDecision DecideWithin(const BatchPolicy& policy, const BatchSnapshot& snapshot) {
  BatchDecision decision = policy.Decide(snapshot);
  decision.take = std::min(decision.take, snapshot.waiting.size());
  if (snapshot.divisible) {
    const bool needs_tokens = snapshot.prefill_rows > 0 || decision.take > 0;
    const int64_t least = needs_tokens && snapshot.decoding_rows == 0 ? 1 : 0;
    decision.tokens = std::min(std::max(decision.tokens, least), snapshot.capacity.tokens);
  } else {
    decision.take = std::min(decision.take, CountFitting(snapshot.waiting, snapshot.capacity));
    decision.tokens = 0;
  }
  const bool idle = decision.take == 0 && snapshot.decoding_rows + snapshot.prefill_rows == 0;
  const bool must_wait = idle && !snapshot.waiting.empty();
  decision.wait =
      std::clamp(decision.wait, must_wait ? kWaitMin : Duration::zero(), kWaitMax);
  return decision;
}

}  // namespace pano::serving
