#include "model/tensor/blocks_k.h"

#include <algorithm>
#include <cmath>

#include "model/tensor/block_bytes.h"

// GGUF's K-quants: 256 values in a super-block of sub-blocks, each with a small integer scale (and
// minimum) under one half-precision scale of all. Encoding Q4_K fits each sub-block by trying
// several scales, solving for scale and minimum by least squares, and keeping the least error.

namespace pano::tensor {
namespace {

// Loops run over bytes that lie side by side, with one shift for all: compilers turn them into
// vectors.

// Two-bit codes of sixteen elements: 32 bytes hold 128, element 32 * s + j in bits 2s of byte j.
struct TwoBits {
  const uint8_t* bytes;
  int shift;
  TwoBits(const uint8_t* codes, int sub)
      : bytes(codes + sub / 8 * 32 + sub % 2 * 16), shift(sub % 8 / 2 * 2) {}
  int At(int i) const { return bytes[i] >> shift & 3; }
};
// One-bit codes of sixteen elements: 32 bytes hold all 256, element 32 * s + j in bit s of byte j.
struct OneBit {
  const uint8_t* bytes;
  int shift;
  OneBit(const uint8_t* bits, int sub) : bytes(bits + sub % 2 * 16), shift(sub / 2) {}
  int At(int i) const { return bytes[i] >> shift & 1; }
};
// Four-bit codes of 32 elements: 32 bytes hold 64, the first 32 in the low halves.
struct FourBits {
  const uint8_t* bytes;
  int shift;
  FourBits(const uint8_t* codes, int sub) : bytes(codes + sub / 2 * 32), shift(sub % 2 * 4) {}
  int At(int i) const { return bytes[i] >> shift & 15; }
};

// The eight six-bit scales and minima of Q4_K and Q5_K in twelve bytes: four scales and four minima
// with the upper two bits of the other four on top of them, whose lower four bits come last.
struct ScaleMin {
  int scale, min;
};
ScaleMin ScaleMinAt(const uint8_t* packed, int i) {
  if (i < 4) return {packed[i] & 63, packed[i + 4] & 63};
  const int low = packed[i + 4];
  return {(low & 15) | packed[i - 4] >> 6 << 4, low >> 4 | packed[i] >> 6 << 4};
}

// The sixteen six-bit scales of Q3_K: eight bytes of low halves, four of upper bits.
int SixteenScale(const uint8_t* packed, int i) {
  const int low = packed[i % 8] >> i / 8 * 4 & 15;
  const int high = packed[8 + i % 4] >> i / 4 * 2 & 3;
  return (low | high << 4) - 32;
}

}  // namespace

// scales[16], codes[64], scale, scale of the minima
void DecodeQ2_K(const uint8_t* block, float* out) {
  const uint8_t* codes = block + 16;
  const float scale = LoadHalf(block + 80), min_scale = LoadHalf(block + 82);
  for (int sub = 0; sub < 16; ++sub) {
    const float d = scale * Number(block[sub] & 15), m = min_scale * Number(block[sub] >> 4);
    const TwoBits code(codes, sub);
    for (int i = 0; i < 16; ++i) out[sub * 16 + i] = d * Number(code.At(i)) - m;
  }
}

// high bits[32], codes[64], scales[12], scale; a high bit that is not set takes four away
void DecodeQ3_K(const uint8_t* block, float* out) {
  const uint8_t *high = block, *codes = block + 32, *scales = block + 96;
  const float scale = LoadHalf(block + 108);
  for (int sub = 0; sub < 16; ++sub) {
    const float d = scale * Number(SixteenScale(scales, sub));
    const TwoBits code(codes, sub);
    const OneBit bit(high, sub);
    for (int i = 0; i < 16; ++i) out[sub * 16 + i] = d * Number(code.At(i) - 4 + bit.At(i) * 4);
  }
}

// scale, scale of the minima, scales and minima[12], codes[128]
void DecodeQ4_K(const uint8_t* block, float* out) {
  const uint8_t* codes = block + 16;
  const float scale = LoadHalf(block), min_scale = LoadHalf(block + 2);
  for (int sub = 0; sub < 8; ++sub) {
    const ScaleMin pair = ScaleMinAt(block + 4, sub);
    const float d = scale * Number(pair.scale), m = min_scale * Number(pair.min);
    const FourBits code(codes, sub);
    for (int i = 0; i < 32; ++i) out[sub * 32 + i] = d * Number(code.At(i)) - m;
  }
}

// as Q4_K, with high bits[32] before the codes
void DecodeQ5_K(const uint8_t* block, float* out) {
  const uint8_t *high = block + 16, *codes = block + 48;
  const float scale = LoadHalf(block), min_scale = LoadHalf(block + 2);
  for (int sub = 0; sub < 8; ++sub) {
    const ScaleMin pair = ScaleMinAt(block + 4, sub);
    const float d = scale * Number(pair.scale), m = min_scale * Number(pair.min);
    const FourBits code(codes, sub);
    for (int i = 0; i < 32; ++i) {
      out[sub * 32 + i] = d * Number(code.At(i) | (high[i] >> sub & 1) << 4) - m;
    }
  }
}

// low halves[128], high bits[64], scales[16], scale; 64 bytes of low halves hold 128 elements
void DecodeQ6_K(const uint8_t* block, float* out) {
  const uint8_t *high = block + 128, *scales = block + 192;
  const float scale = LoadHalf(block + 208);
  for (int sub = 0; sub < 16; ++sub) {
    const uint8_t* low = block + sub / 8 * 64 + sub % 4 * 16;
    const int shift = sub % 8 / 4 * 4;
    const TwoBits bits(high, sub);
    const float d = scale * Number(static_cast<int8_t>(scales[sub]));
    for (int i = 0; i < 16; ++i) {
      out[sub * 16 + i] = d * Number(((low[i] >> shift & 15) | bits.At(i) << 4) - 32);
    }
  }
}

namespace {

// value ~ scale * code - min with min >= 0.
struct Affine {
  float scale = 0, min = 0;
};

void AffineCodes(const float* values, Affine a, uint8_t* codes) {
  const float inverse = Inverse(a.scale);
  for (int i = 0; i < 32; ++i) {
    codes[i] =
        static_cast<uint8_t>(std::clamp(std::nearbyint((values[i] + a.min) * inverse), 0.0f, 15.0f));
  }
}

float AffineError(const float* values, Affine a, const uint8_t* codes) {
  float error = 0;
  for (int i = 0; i < 32; ++i) {
    const float off = values[i] - (a.scale * Number(codes[i]) - a.min);
    error += off * off;
  }
  return error;
}

// The best scale and minimum for given codes; the minimum is kept from being positive.
Affine FitAffine(const float* values, const uint8_t* codes) {
  float q = 0, qq = 0, x = 0, xq = 0;
  for (int i = 0; i < 32; ++i) {
    const float code = Number(codes[i]);
    q += code, qq += code * code, x += values[i], xq += values[i] * code;
  }
  const float determinant = 32 * qq - q * q;
  if (determinant > 0) {
    const Affine fit{(32 * xq - q * x) / determinant, (q * xq - qq * x) / determinant};
    if (fit.min >= 0 && fit.scale > 0) return fit;
  }
  return {qq > 0 ? std::max(0.0f, xq / qq) : 0.0f, 0.0f};
}

Affine BestAffine(const float* values) {
  const auto [low, high] = std::minmax_element(values, values + 32);
  const float min = std::max(0.0f, -*low);
  Affine best;
  float least = INFINITY;
  for (int step = -8; step <= 8; ++step) {
    Affine trial{(*high + min) / (15.0f + 0.125f * Number(step)), min};
    if (!(trial.scale > 0)) trial.scale = 0;
    uint8_t codes[32];
    AffineCodes(values, trial, codes);
    trial = FitAffine(values, codes);
    AffineCodes(values, trial, codes);
    const float error = AffineError(values, trial, codes);
    if (error < least) least = error, best = trial;
  }
  return best;
}

// Six bits each: see ScaleMinAt.
void PutScaleMin(int i, int scale, int min, uint8_t* packed) {
  auto put = [&](int at, int bits) { packed[at] = static_cast<uint8_t>(packed[at] | bits); };
  if (i < 4) {
    put(i, scale);
    put(i + 4, min);
  } else {
    put(i + 4, (scale & 15) | (min & 15) << 4);
    put(i - 4, scale >> 4 << 6);
    put(i, min >> 4 << 6);
  }
}

}  // namespace

void EncodeQ4_K(const float* values, uint8_t* block) {
  Affine fits[8];
  float scale = 0, min = 0;
  for (int sub = 0; sub < 8; ++sub) {
    fits[sub] = BestAffine(values + 32 * sub);
    scale = std::max(scale, fits[sub].scale);
    min = std::max(min, fits[sub].min);
  }
  std::fill(block, block + 144, uint8_t{0});
  StoreHalf(scale / 63, block);
  StoreHalf(min / 63, block + 2);
  const float d = LoadHalf(block), m = LoadHalf(block + 2);
  for (int sub = 0; sub < 8; ++sub) {
    auto six = [](float x) {
      return static_cast<int>(std::clamp(std::nearbyint(x), 0.0f, 63.0f));
    };
    const int sub_scale = six(fits[sub].scale * Inverse(d)), sub_min = six(fits[sub].min * Inverse(m));
    PutScaleMin(sub, sub_scale, sub_min, block + 4);
    uint8_t codes[32];
    AffineCodes(values + 32 * sub, {d * Number(sub_scale), m * Number(sub_min)}, codes);
    uint8_t* packed = block + 16 + sub / 2 * 32;
    for (int i = 0; i < 32; ++i) {
      packed[i] = static_cast<uint8_t>(packed[i] | codes[i] << sub % 2 * 4);
    }
  }
}

}  // namespace pano::tensor
