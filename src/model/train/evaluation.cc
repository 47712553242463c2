#include "model/train/evaluation.h"

#include <algorithm>
#include <numbers>

#include "base/check.h"
#include "model/train/ops/torch_ops.h"

namespace pano::train {
namespace {

constexpr size_t kBatchTokensMax = 4096;

struct Window {
  std::span<const int32_t> tokens;
  size_t score_from = 1;  // the first token that is scored
};

std::vector<Window> CutWindows(std::span<const TokenSequence> sequences, size_t context,
                               size_t stride) {
  std::vector<Window> windows;
  for (const TokenSequence& sequence : sequences) {
    size_t scored = 1;
    for (size_t begin = 0; scored < sequence.size(); begin += stride) {
      size_t end = std::min(begin + context, sequence.size());
      size_t from = std::max(scored, begin + 1);  // a window's first token has no prediction
      windows.push_back({std::span(sequence).subspan(begin, end - begin), from - begin});
      scored = end;
    }
  }
  // Equal lengths together, so that little is padding.
  std::ranges::stable_sort(windows, {}, [](const Window& w) { return w.tokens.size(); });
  return windows;
}

Loss Score(const TransformerModule& module, std::span<const Window> windows) {
  const size_t length = windows.back().tokens.size() - 1;
  at::Tensor inputs =
      at::zeros({static_cast<int64_t>(windows.size()), static_cast<int64_t>(length)}, at::kLong);
  at::Tensor targets = at::full_like(inputs, -100);
  Loss loss;
  for (size_t w = 0; w < windows.size(); ++w) {
    const Window& window = windows[w];
    int64_t* input = inputs.data_ptr<int64_t>() + w * length;
    int64_t* target = targets.data_ptr<int64_t>() + w * length;
    for (size_t i = 0; i + 1 < window.tokens.size(); ++i) {
      input[i] = window.tokens[i];
      if (i + 1 < window.score_from) continue;
      target[i] = window.tokens[i + 1];
      ++loss.tokens;
    }
  }
  at::Tensor logits = module.Forward(inputs, nullptr).flatten(0, 1);
  at::Tensor nats =
      at::cross_entropy_loss(logits, targets.flatten(), {}, at::Reduction::None, -100);
  loss.nats = nats.to(at::kDouble).sum().item<double>();
  return loss;
}

}  // namespace

Loss Evaluate(const TransformerModule& module, std::span<const TokenSequence> sequences,
              int64_t context, int64_t stride) {
  PANO_CHECK(context >= 2 && stride >= 1 && stride <= context);
  at::NoGradGuard no_grad;
  std::vector<Window> windows =
      CutWindows(sequences, static_cast<size_t>(context), static_cast<size_t>(stride));
  Loss sum;
  for (size_t at = 0; at < windows.size();) {
    size_t end = at + 1;
    while (end < windows.size() && (end + 1 - at) * windows[end].tokens.size() <= kBatchTokensMax)
      ++end;
    Loss part = Score(module, std::span(windows).subspan(at, end - at));
    sum.nats += part.nats;
    sum.tokens += part.tokens;
    at = end;
  }
  return sum;
}

double BitsPerByte(const Loss& loss, size_t bytes) {
  return loss.nats / std::numbers::ln2 / static_cast<double>(bytes);
}

}  // namespace pano::train
