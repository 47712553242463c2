#include "model/train/continuation.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "base/check.h"
#include "base/random.h"
#include "model/engine/sampling/distribution.h"
#include "model/train/bpe_trainer.h"

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

TokenSequence Sample(const TransformerModule& module, const TokenSequence& prompt,
                     const SampleOptions& options) {
  engine::SamplingParams params;
  params.temperature = static_cast<float>(options.temperature);
  params.top_p = static_cast<float>(options.top_p);
  engine::Distribution distribution;
  TokenSequence ids = prompt;
  for (int64_t i = 0; i < options.tokens; ++i) {
    const at::Tensor logits = LastLogits(module, ids).to(at::kFloat).contiguous();
    distribution.Build({logits.data_ptr<float>(), static_cast<size_t>(logits.numel())}, params);
    const int32_t id = distribution.Draw(UniformAt(options.seed, 0, static_cast<uint64_t>(i)));
    if (id == kEndTokenId) break;
    ids.push_back(id);
  }
  return TokenSequence(ids.begin() + static_cast<std::ptrdiff_t>(prompt.size()), ids.end());
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
