#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "model/engine/request.h"

namespace pano::engine {

// Ids whose weights are summed together: what a draw skips at once.
inline constexpr size_t kSumBlock = 256;

// e^z for z <= 0 within a few units in the last place, 0 below -87, NaN for NaN. Plain arithmetic, so
// that loops over it vectorise and every build computes the same bits.
inline float ExpNegative(float z) {
  constexpr float kLog2E = 1.44269504f;
  constexpr float kLn2High = 0.693145752f;        // exact products with small integers
  constexpr float kLn2Low = 1.42860677e-6f;
  constexpr float kRound = 12582912.0f;           // 1.5 * 2^23: adding it rounds to an integer
  float shifted = z * kLog2E + kRound;
  float n = shifted - kRound;
  float r = (z - n * kLn2High) - n * kLn2Low;
  // Taylor's series on |r| <= ln 2 / 2: the first term left out is below 6e-9.
  float p = 1.0f / 5040.0f;
  p = p * r + 1.0f / 720.0f;
  p = p * r + 1.0f / 120.0f;
  p = p * r + 1.0f / 24.0f;
  p = p * r + 1.0f / 6.0f;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  uint32_t exponent = (std::bit_cast<uint32_t>(shifted) + 127u) << 23;
  float e = p * std::bit_cast<float>(exponent);
  uint32_t keep = z < -87.0f ? 0u : ~0u;   // a mask, for a branch would not vectorise
  return std::bit_cast<float>(std::bit_cast<uint32_t>(e) & keep);
}

// The largest value; NaNs are passed over. -infinity for an empty span.
float MaxLogit(std::span<const float> logits);

// Minus infinity for each logit whose bit is not set; bit i % 32 of word i / 32 is that of logit i.
// REQUIRES: a bit for each.
void MaskLogits(std::span<const uint32_t> allowed, std::span<float> logits);

// weights[i] = e^((logits[i] - max) * scale), sums[b] = the sum of block b of kSumBlock weights; returns
// the sum of all, in an order that depends on the size alone. NaN when a logit is NaN.
// REQUIRES: `max` is MaxLogit and finite, scale > 0.
double ExpWeights(std::span<const float> logits, float max, float scale, std::vector<float>& weights,
                  std::vector<double>& sums);

// The `count` most likely ids, best first, lower id first among equals; `log_sum` = ln sum e^logit.
std::vector<TokenLogprob> TopLogprobs(std::span<const float> logits, double log_sum, size_t count);

}  // namespace pano::engine
