#include "model/tensor/blocks_k.h"

#include "model/tensor/block_bytes.h"

namespace pano::tensor {
namespace {

constexpr int kElements = 256;

// Two-bit codes: 32 bytes hold 128 elements, element 32 * s + j in bits 2s of byte j.
int TwoBits(const uint8_t* codes, int i) {
  return codes[i / 128 * 32 + i % 32] >> i % 128 / 32 * 2 & 3;
}
// Four-bit codes: 32 bytes hold 64 elements, the first 32 in the low halves.
int FourBits(const uint8_t* codes, int i) {
  return codes[i / 64 * 32 + i % 32] >> i % 64 / 32 * 4 & 15;
}
// One-bit codes: 32 bytes hold all, element 32 * s + j in bit s of byte j.
int OneBit(const uint8_t* bits, int i) { return bits[i % 32] >> i / 32 & 1; }

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
    for (int i = sub * 16; i < sub * 16 + 16; ++i) out[i] = d * Number(TwoBits(codes, i)) - m;
  }
}

// high bits[32], codes[64], scales[12], scale; a high bit that is not set takes four away
void DecodeQ3_K(const uint8_t* block, float* out) {
  const uint8_t *high = block, *codes = block + 32, *scales = block + 96;
  const float scale = LoadHalf(block + 108);
  for (int sub = 0; sub < 16; ++sub) {
    const float d = scale * Number(SixteenScale(scales, sub));
    for (int i = sub * 16; i < sub * 16 + 16; ++i) {
      out[i] = d * Number(TwoBits(codes, i) - 4 + OneBit(high, i) * 4);
    }
  }
}

// scale, scale of the minima, scales and minima[12], codes[128]
void DecodeQ4_K(const uint8_t* block, float* out) {
  const uint8_t* codes = block + 16;
  const float scale = LoadHalf(block), min_scale = LoadHalf(block + 2);
  for (int sub = 0; sub < 8; ++sub) {
    const ScaleMin pair = ScaleMinAt(block + 4, sub);
    const float d = scale * Number(pair.scale), m = min_scale * Number(pair.min);
    for (int i = sub * 32; i < sub * 32 + 32; ++i) out[i] = d * Number(FourBits(codes, i)) - m;
  }
}

// as Q4_K, with high bits[32] before the codes
void DecodeQ5_K(const uint8_t* block, float* out) {
  const uint8_t *high = block + 16, *codes = block + 48;
  const float scale = LoadHalf(block), min_scale = LoadHalf(block + 2);
  for (int sub = 0; sub < 8; ++sub) {
    const ScaleMin pair = ScaleMinAt(block + 4, sub);
    const float d = scale * Number(pair.scale), m = min_scale * Number(pair.min);
    for (int i = sub * 32; i < sub * 32 + 32; ++i) {
      out[i] = d * Number(FourBits(codes, i) | OneBit(high, i) << 4) - m;
    }
  }
}

// low halves[128], high bits[64], scales[16], scale; 64 bytes of low halves hold 128 elements
void DecodeQ6_K(const uint8_t* block, float* out) {
  const uint8_t *low = block, *high = block + 128, *scales = block + 192;
  const float scale = LoadHalf(block + 208);
  for (int i = 0; i < kElements; ++i) {
    const int nibble = low[i / 128 * 64 + i % 64] >> i % 128 / 64 * 4 & 15;
    const float d = scale * Number(static_cast<int8_t>(scales[i / 16]));
    out[i] = d * Number((nibble | TwoBits(high, i) << 4) - 32);
  }
}

}  // namespace pano::tensor
