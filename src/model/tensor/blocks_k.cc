#include "model/tensor/blocks_k.h"

#include "model/tensor/block_bytes.h"

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

}  // namespace pano::tensor
