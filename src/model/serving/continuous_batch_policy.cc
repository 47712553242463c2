#include "model/serving/continuous_batch_policy.h"

#include <algorithm>

namespace pano::serving {

BatchDecision ContinuousBatchPolicy::Decide(const BatchSnapshot& snapshot) const {
  const int64_t decodes = snapshot.decoding_rows;
  const int64_t tokens_max =
      std::min(std::max<int64_t>(0, options_.tokens_max - decodes), snapshot.capacity.tokens);
  if (!snapshot.divisible) {
    return {.take = CountFitting(snapshot.waiting, {snapshot.capacity.rows, tokens_max})};
  }
  BatchDecision decision;
  decision.take = snapshot.waiting.size();
  decision.tokens = tokens_max;
  if (decodes > 0 && options_.prefill_beside_decodes > 0) {
    const int64_t beside = std::max(options_.prefill_beside_decodes, decodes * 3 / 2);
    const int64_t inputs =
        snapshot.prefill_rows +
        std::min(static_cast<int64_t>(snapshot.waiting.size()), snapshot.capacity.rows);
    decision.tokens = std::min(decision.tokens, beside * (inputs >= 2 * decodes ? 2 : 1));
  }
  return decision;
}

}  // namespace pano::serving
