#include "model/train/continuation.h"

#include <algorithm>

#include "base/check.h"
#include "model/train/ops/torch_ops.h"

namespace pano::train {

at::Tensor LastLogits(const TransformerModule& module, const TokenSequence& ids) {
  PANO_CHECK(!ids.empty());
  at::NoGradGuard no_grad;
  auto count = static_cast<int64_t>(ids.size());
  int64_t length = std::min(count, module.config().context_length);
  at::Tensor row = at::empty({1, length}, at::kLong);
  std::copy(ids.end() - length, ids.end(), row.data_ptr<int64_t>());
  return module.Forward(row, nullptr).select(1, length - 1).squeeze(0);
}

TokenSequence Greedy(const TransformerModule& module, const TokenSequence& prompt, int64_t count,
                     double* gap_min) {
  TokenSequence ids = prompt;
  for (int64_t i = 0; i < count; ++i) {
    at::Tensor logits = LastLogits(module, ids);
    auto [best, where] = logits.topk(2);
    if (gap_min) {
      double gap = (best[0] - best[1]).item<double>() / logits.abs().max().item<double>();
      *gap_min = std::min(*gap_min, gap);
    }
    ids.push_back(static_cast<int32_t>(where[0].item<int64_t>()));
  }
  return TokenSequence(ids.begin() + static_cast<std::ptrdiff_t>(prompt.size()), ids.end());
}

}  // namespace pano::train
