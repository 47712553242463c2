#include "model/tensor/q4g.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "model/tensor/half.h"
#include "model/tensor/packed.h"

// Encoding searches: for a few stretches of the largest value to either end of the code table, take
// the nearest codes, then the least-squares scale for those codes, rounded to a byte, then the
// nearest codes again; the trial of least square error is kept.

namespace pano::tensor {
namespace {

constexpr int kGroup = 16;

// Number of boundaries between neighbouring values that x has reached: sixteen lanes of compares.
void NearestCodes(const float* values, float inverse, uint8_t* codes) {
  int32_t counts[kGroup] = {};
  for (int c = 0; c + 1 < 16; ++c) {
    const float boundary = 0.5f * static_cast<float>(kQ4GCodes[c] + kQ4GCodes[c + 1]);
    for (int i = 0; i < kGroup; ++i) counts[i] += values[i] * inverse >= boundary ? 1 : 0;
  }
  for (int i = 0; i < kGroup; ++i) codes[i] = static_cast<uint8_t>(counts[i]);
}

// The byte whose scale is nearest.
uint8_t ScaleByte(float scale) {
  // Scales are halves with a short mantissa, divided by four: rounding the half's bits rounds both.
  const uint32_t half = FloatToHalf(std::min(std::abs(scale) * 4.0f, 1.875f));
  const uint32_t rounded = std::min<uint32_t>((half + 64) >> 7, 0x7F);
  return static_cast<uint8_t>(rounded | (scale < 0 ? 0x80 : 0));
}

struct Fit {
  uint8_t scale = 0;
  uint8_t codes[kGroup] = {};
  float error = std::numeric_limits<float>::infinity();
};

// The codes nearest under `scale`, and their error.
Fit Quantise(const float* values, uint8_t byte) {
  Fit fit;
  fit.scale = byte;
  const float scale = Q4GScale(byte);
  NearestCodes(values, scale == 0.0f ? 0.0f : 1.0f / scale, fit.codes);
  fit.error = 0;
  for (int i = 0; i < kGroup; ++i) {
    const float off = values[i] - scale * static_cast<float>(kQ4GCodes[fit.codes[i]]);
    fit.error += off * off;
  }
  return fit;
}

// The scale that is best for given codes.
float BestScale(const float* values, const uint8_t* codes) {
  float dot = 0, squares = 0;
  for (int i = 0; i < kGroup; ++i) {
    const auto code = static_cast<float>(kQ4GCodes[codes[i]]);
    dot += values[i] * code;
    squares += code * code;
  }
  return squares > 0 ? dot / squares : 0.0f;
}

}  // namespace

float Q4GScale(uint8_t byte) {
  const auto bits = static_cast<uint16_t>((byte & 0x80) << 8 | (byte & 0x7F) << 7);
  return 0.25f * HalfToFloat(bits);
}

uint8_t NearestQ4GCode(float x) {
  float values[kGroup] = {x};
  uint8_t codes[kGroup];
  NearestCodes(values, 1.0f, codes);
  return codes[0];
}

void EncodeQ4G(const float* values, uint8_t* scale, uint8_t* codes) {
  float extreme = 0;
  for (int i = 0; i < kGroup; ++i) {
    if (std::abs(values[i]) > std::abs(extreme)) extreme = values[i];
  }
  Fit best = Quantise(values, ScaleByte(0.0f));
  // The largest value at either end of the codes, or a little inside or beyond; then the best scale
  // for the codes that came out.
  constexpr float kStretch[] = {0.80f, 0.86f, 0.92f, 0.97f, 1.02f, 1.08f, 1.15f, 1.22f};
  for (const int end : {0, 15}) {
    for (const float stretch : kStretch) {
      const float first = extreme / (static_cast<float>(kQ4GCodes[end]) * stretch);
      if (first == 0.0f) continue;
      uint8_t trial[kGroup];
      NearestCodes(values, 1.0f / first, trial);
      const Fit fit = Quantise(values, ScaleByte(BestScale(values, trial)));
      if (fit.error < best.error) best = fit;
    }
  }
  *scale = best.scale;
  std::copy_n(best.codes, kGroup, codes);
}

}  // namespace pano::tensor
