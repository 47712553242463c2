#include "model/engine/sampling/softmax.h"

#include <algorithm>
#include <array>
#include <limits>

// Sums go by blocks of kSumBlock in sixteen lanes that are added as a fixed tree, and the blocks in
// order, so that a sum depends on the row alone. Loops have fixed counts and no branches: compilers
// vectorise them.

namespace pano::engine {
namespace {

constexpr size_t kLanes = 16;

// One block of exactly kSumBlock: the loops have fixed counts so that they vectorise.
double ExpBlock(const float* __restrict x, float max, float scale, float* __restrict w) {
  for (size_t i = 0; i < kSumBlock; ++i) w[i] = ExpNegative((x[i] - max) * scale);
  std::array<double, kLanes> lanes{};
  for (size_t i = 0; i < kSumBlock; i += kLanes) {
    for (size_t k = 0; k < kLanes; ++k) lanes[k] += static_cast<double>(w[i + k]);
  }
  for (size_t half = kLanes / 2; half > 0; half /= 2) {
    for (size_t k = 0; k < half; ++k) lanes[k] += lanes[k + half];
  }
  return lanes[0];
}

}  // namespace

float MaxLogit(std::span<const float> logits) {
  constexpr float kLowest = -std::numeric_limits<float>::infinity();
  std::array<float, kLanes> lanes;
  lanes.fill(kLowest);
  size_t i = 0;
  for (; i + kLanes <= logits.size(); i += kLanes) {
    for (size_t k = 0; k < kLanes; ++k) {
      lanes[k] = logits[i + k] > lanes[k] ? logits[i + k] : lanes[k];
    }
  }
  float max = kLowest;
  for (float lane : lanes) max = lane > max ? lane : max;
  for (; i < logits.size(); ++i) max = logits[i] > max ? logits[i] : max;
  return max;
}

void MaskLogits(std::span<const uint32_t> allowed, std::span<float> logits) {
  constexpr size_t kWordBits = 32;
  constexpr float kLowest = -std::numeric_limits<float>::infinity();
  const size_t words = logits.size() / kWordBits;
  for (size_t w = 0; w < words; ++w) {
    const uint32_t bits = allowed[w];
    float* x = &logits[w * kWordBits];
    if (bits == 0) {
      for (size_t k = 0; k < kWordBits; ++k) x[k] = kLowest;
    } else if (bits != ~0u) {
      for (size_t k = 0; k < kWordBits; ++k) x[k] = (bits >> k & 1u) != 0 ? x[k] : kLowest;
    }
  }
  for (size_t i = words * kWordBits; i < logits.size(); ++i) {
    if ((allowed[i / kWordBits] >> (i % kWordBits) & 1u) == 0) logits[i] = kLowest;
  }
}

double ExpWeights(std::span<const float> logits, float max, float scale, std::vector<float>& weights,
                  std::vector<double>& sums) {
  size_t blocks = (logits.size() + kSumBlock - 1) / kSumBlock;
  weights.resize(logits.size());
  sums.resize(blocks);
  double total = 0;
  for (size_t b = 0; b < blocks; ++b) {
    size_t begin = b * kSumBlock;
    size_t count = std::min(kSumBlock, logits.size() - begin);
    if (count == kSumBlock) {
      sums[b] = ExpBlock(&logits[begin], max, scale, &weights[begin]);
    } else {
      sums[b] = 0;
      for (size_t i = begin; i < begin + count; ++i) {
        weights[i] = ExpNegative((logits[i] - max) * scale);
        sums[b] += static_cast<double>(weights[i]);
      }
    }
    total += sums[b];
  }
  return total;
}

std::vector<TokenLogprob> TopLogprobs(std::span<const float> logits, double log_sum, size_t count) {
  count = std::min(count, logits.size());
  std::vector<TokenLogprob> top;
  if (count == 0) return top;
  top.reserve(count);
  auto better = [](const TokenLogprob& a, const TokenLogprob& b) {
    return a.logprob != b.logprob ? a.logprob > b.logprob : a.id < b.id;
  };
  // A heap of the best so far, the worst of them on top; logits stand in for log-probabilities.
  for (size_t i = 0; i < logits.size(); ++i) {
    if (top.size() == count) {
      if (!(logits[i] > top.front().logprob)) continue;
      std::ranges::pop_heap(top, better);
      top.pop_back();
    }
    top.push_back({static_cast<TokenId>(i), logits[i]});
    std::ranges::push_heap(top, better);
  }
  std::ranges::sort(top, better);
  for (TokenLogprob& entry : top) {
    entry.logprob = static_cast<float>(static_cast<double>(entry.logprob) - log_sum);
  }
  return top;
}

}  // namespace pano::engine
