#include "model/tensor/blocks_iq.h"

#include <bit>

#include "model/tensor/block_bytes.h"
#include "model/tensor/iq_grids.h"

// GGUF's IQ types: codebook quantisation. In most, an index names four or eight magnitudes at once
// out of a fixed grid (iq_grids.h), and signs are stored apart, in some types seven bits for eight
// values as their parity is fixed; IQ4's four-bit codes name single values. Decode only.

namespace pano::tensor {
namespace {

// Four-bit codes stand for these, denser around zero.
constexpr int kIq4Values[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                1,    13,   25,  38,  53,  69,  89,  113};

// Seven sign bits; the eighth makes the number of minus signs even.
int EvenSigns(uint32_t bits) {
  const uint32_t seven = bits & 127;
  return static_cast<int>(seven | static_cast<uint32_t>(std::popcount(seven) & 1) << 7);
}

void Signed(const int8_t* magnitudes, int count, int signs, float scale, float* out) {
  for (int i = 0; i < count; ++i) {
    const float value = scale * Number(magnitudes[i]);
    out[i] = signs >> i & 1 ? -value : value;
  }
}

// Four-bit scale `i` out of packed pairs.
int NibbleScale(const uint8_t* packed, int i) { return packed[i / 2] >> i % 2 * 4 & 15; }

// Scales of the two-bit types: (code + 1/2) / 4.
float Iq2Scale(float scale, int code) { return scale * (0.5f + Number(code)) * 0.25f; }

constexpr float kIq1Delta = 0.125f;

void Iq1Row(const int8_t* row, float delta, float scale, float* out) {
  for (int i = 0; i < 8; ++i) out[i] = scale * (Number(row[i]) + delta);
}

}  // namespace

// scale; 8 times: four indices, 28 bits of signs below four bits of scale
void DecodeIQ2_XXS(const uint8_t* block, float* out) {
  const float scale = LoadHalf(block);
  const int8_t* grid = Iq2XxsGrid();
  for (int sub = 0; sub < 8; ++sub) {
    const uint8_t* indices = block + 2 + sub * 8;
    const uint32_t tail = Load32(indices + 4);
    const float d = Iq2Scale(scale, static_cast<int>(tail >> 28));
    for (int i = 0; i < 4; ++i) {
      Signed(grid + indices[i] * 8, 8, EvenSigns(tail >> 7 * i), d, out + sub * 32 + i * 8);
    }
  }
}

// scale, (nine bits of index, seven of signs)[32], scales[8]
void DecodeIQ2_XS(const uint8_t* block, float* out) {
  const float scale = LoadHalf(block);
  const int8_t* grid = Iq2XsGrid();
  for (int i = 0; i < 32; ++i) {
    const int code = Load16(block + 2 + i * 2);
    const float d = Iq2Scale(scale, NibbleScale(block + 66, i / 2));
    Signed(grid + (code & 511) * 8, 8, EvenSigns(static_cast<uint32_t>(code >> 9)), d, out + i * 8);
  }
}

// scale, low bits of indices[32], signs[32], high bits[8], scales[8]
void DecodeIQ2_S(const uint8_t* block, float* out) {
  const float scale = LoadHalf(block);
  const int8_t* grid = Iq2SGrid();
  const uint8_t *low = block + 2, *signs = block + 34, *high = block + 66, *scales = block + 74;
  for (int i = 0; i < 32; ++i) {
    const int index = low[i] | (high[i / 4] >> i % 4 * 2 & 3) << 8;
    Signed(grid + index * 8, 8, signs[i], Iq2Scale(scale, NibbleScale(scales, i / 2)), out + i * 8);
  }
}

// scale, indices[64], (28 bits of signs, four of scale)[8]
void DecodeIQ3_XXS(const uint8_t* block, float* out) {
  const float scale = LoadHalf(block);
  const int8_t* grid = Iq3XxsGrid();
  const uint8_t* indices = block + 2;
  for (int sub = 0; sub < 8; ++sub) {
    const uint32_t tail = Load32(block + 66 + sub * 4);
    const float d = scale * (0.5f + Number(static_cast<int>(tail >> 28))) * 0.5f;
    for (int i = sub * 8; i < sub * 8 + 8; ++i) {
      const int signs = EvenSigns(tail >> i % 8 / 2 * 7);
      Signed(grid + indices[i] * 4, 4, signs >> i % 2 * 4, d, out + i * 4);
    }
  }
}

// scale, low bits of indices[64], high bits[8], signs[32], scales[4]
void DecodeIQ3_S(const uint8_t* block, float* out) {
  const float scale = LoadHalf(block);
  const int8_t* grid = Iq3SGrid();
  const uint8_t *low = block + 2, *high = block + 66, *signs = block + 74, *scales = block + 106;
  for (int i = 0; i < 64; ++i) {
    const int index = low[i] | (high[i / 8] >> i % 8 & 1) << 8;
    const float d = scale * Number(1 + 2 * NibbleScale(scales, i / 8));
    Signed(grid + index * 4, 4, signs[i / 2] >> i % 2 * 4, d, out + i * 4);
  }
}

// scale, low bits of indices[32], (4 times three high bits, three of scale, sign of delta)[8]
void DecodeIQ1_S(const uint8_t* block, float* out) {
  const float scale = LoadHalf(block);
  const int8_t* grid = Iq1Grid();
  for (int i = 0; i < 32; ++i) {
    const int tail = Load16(block + 34 + i / 4 * 2);
    const float d = scale * Number(2 * (tail >> 12 & 7) + 1);
    const int index = block[2 + i] | (tail >> i % 4 * 3 & 7) << 8;
    Iq1Row(grid + index * 8, tail & 0x8000 ? -kIq1Delta : kIq1Delta, d, out + i * 8);
  }
}

// low bits of indices[32], (three high bits, sign of delta)[32], scales[4] of 16 bits: four of
// three bits each and, on top, a quarter of the half-precision scale
void DecodeIQ1_M(const uint8_t* block, float* out) {
  const int8_t* grid = Iq1Grid();
  const uint8_t *high = block + 32, *scales = block + 48;
  int bits = 0;
  for (int i = 0; i < 4; ++i) bits |= Load16(scales + i * 2) >> 12 << i * 4;
  const float scale = HalfToFloat(static_cast<uint16_t>(bits));
  for (int i = 0; i < 32; ++i) {
    const int sub = i / 2, tail = high[i / 2] >> i % 2 * 4;
    const float d = scale * Number(2 * (Load16(scales + sub / 4 * 2) >> sub % 4 * 3 & 7) + 1);
    const int index = block[i] | (tail & 7) << 8;
    Iq1Row(grid + index * 8, tail & 8 ? -kIq1Delta : kIq1Delta, d, out + i * 8);
  }
}

void DecodeIQ4_NL(const uint8_t* block, float* out) {
  const float scale = LoadHalf(block);
  for (int i = 0; i < 16; ++i) {
    out[i] = scale * Number(kIq4Values[block[2 + i] & 15]);
    out[i + 16] = scale * Number(kIq4Values[block[2 + i] >> 4]);
  }
}

// scale, high bits of scales[8] in 16 bits, low bits of scales[4], codes[128]
void DecodeIQ4_XS(const uint8_t* block, float* out) {
  const float scale = LoadHalf(block);
  const int high = Load16(block + 2);
  for (int sub = 0; sub < 8; ++sub) {
    const uint8_t* codes = block + 8 + sub * 16;
    const int code = NibbleScale(block + 4, sub) | (high >> sub * 2 & 3) << 4;
    const float d = scale * Number(code - 32);
    for (int i = 0; i < 16; ++i) {
      out[sub * 32 + i] = d * Number(kIq4Values[codes[i] & 15]);
      out[sub * 32 + 16 + i] = d * Number(kIq4Values[codes[i] >> 4]);
    }
  }
}

}  // namespace pano::tensor
