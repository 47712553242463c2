#include "model/train/sampler.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"
#include "model/train/bpe_trainer.h"

namespace pano::train {

at::Tensor LastLogits(const LlamaModule& module, const TokenSequence& ids) {
  PANO_CHECK(!ids.empty());
  at::NoGradGuard no_grad;
  auto count = static_cast<int64_t>(ids.size());
  int64_t length = std::min(count, module.config().context_length);
  at::Tensor row = at::empty({1, length}, at::kLong);
  std::copy(ids.end() - length, ids.end(), row.data_ptr<int64_t>());
  return module.Forward(row, nullptr).select(1, length - 1).squeeze(0);
}

int32_t DrawToken(const std::vector<double>& probabilities, double top_p, double uniform) {
  std::vector<int32_t> order(probabilities.size());
  std::iota(order.begin(), order.end(), 0);
  auto p = [&](int32_t id) { return probabilities[static_cast<size_t>(id)]; };
  std::ranges::stable_sort(order, [&](int32_t a, int32_t b) { return p(a) > p(b); });
  double kept = 0;
  size_t count = 0;
  while (count < order.size() && (count == 0 || kept < top_p)) kept += p(order[count++]);
  double left = uniform * kept;
  for (size_t i = 0; i < count; ++i) {
    left -= p(order[i]);
    if (left < 0) return order[i];
  }
  return order[count - 1];
}

TokenSequence Sample(const LlamaModule& module, const TokenSequence& prompt,
                     const SampleOptions& options) {
  TokenSequence ids = prompt;
  for (int64_t i = 0; i < options.tokens; ++i) {
    at::Tensor logits = LastLogits(module, ids).to(at::kDouble);
    at::Tensor p = at::softmax(logits / options.temperature, -1).contiguous();
    std::vector<double> probabilities(p.data_ptr<double>(), p.data_ptr<double>() + p.numel());
    double uniform = UniformAt(options.seed, 0, static_cast<uint64_t>(i));
    int32_t id = DrawToken(probabilities, options.top_p, uniform);
    if (id == kEndTokenId) break;
    ids.push_back(id);
  }
  return TokenSequence(ids.begin() + static_cast<std::ptrdiff_t>(prompt.size()), ids.end());
}

TokenSequence Greedy(const LlamaModule& module, const TokenSequence& prompt, int64_t count,
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
