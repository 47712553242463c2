#include "model/tensor/blocks_legacy.h"

#include <algorithm>
#include <cmath>

#include "model/tensor/block_bytes.h"

// GGUF's first block types: 32 values with one scale (Q4_0, Q5_0, Q8_0), or with a scale and a
// minimum (Q4_1, Q5_1). Encoding takes scale and minimum from the extreme values and rounds to
// nearest, byte for byte as the reference implementation.

namespace pano::tensor {
namespace {

constexpr int kElements = 32;
constexpr int kHalf = kElements / 2;

// Four-bit codes: byte i holds element i (low half) and element i + 16 (high half).
int Nibble(const uint8_t* codes, int i) {
  return i < kHalf ? codes[i] & 15 : codes[i - kHalf] >> 4;
}
// The fifth bits lie apart, element i's in bit i.
int FiveBits(const uint8_t* high, const uint8_t* codes, int i) {
  return Nibble(codes, i) | static_cast<int>(Load32(high) >> i & 1) << 4;
}

void PackNibbles(const int* codes, uint8_t* out) {
  for (int i = 0; i < kHalf; ++i) {
    out[i] = static_cast<uint8_t>((codes[i] & 15) | (codes[i + kHalf] & 15) << 4);
  }
}
void PackFifthBits(const int* codes, uint8_t* out) {
  std::fill(out, out + 4, uint8_t{0});
  for (int i = 0; i < kElements; ++i) {
    out[i / 8] = static_cast<uint8_t>(out[i / 8] | (codes[i] >> 4 & 1) << i % 8);
  }
}

int Code(float value, int max) {
  return static_cast<int>(std::clamp(value, 0.0f, static_cast<float>(max)));
}

// Symmetric: the value of largest magnitude (the first of them) gets the lowest code.
float SignedScale(const float* values, int levels) {
  float extreme = values[0];
  for (int i = 1; i < kElements; ++i) {
    if (std::abs(values[i]) > std::abs(extreme)) extreme = values[i];
  }
  return extreme / Number(-levels);
}
void SignedCodes(const float* values, float scale, int levels, int* codes) {
  const float inverse = Inverse(scale);
  for (int i = 0; i < kElements; ++i) {
    codes[i] = Code(values[i] * inverse + (Number(levels) + 0.5f), 2 * levels - 1);
  }
}

// From the smallest to the largest value.
struct Range {
  float min, scale;
};
Range RangeOf(const float* values, int max) {
  const auto [low, high] = std::minmax_element(values, values + kElements);
  return {*low, (*high - *low) / Number(max)};
}
void RangeCodes(const float* values, Range range, int max, int* codes) {
  const float inverse = Inverse(range.scale);
  for (int i = 0; i < kElements; ++i) {
    codes[i] = Code((values[i] - range.min) * inverse + 0.5f, max);
  }
}

}  // namespace

void DecodeQ4_0(const uint8_t* block, float* out) {
  const float scale = LoadHalf(block);
  const uint8_t* codes = block + 2;
  for (int i = 0; i < kHalf; ++i) out[i] = scale * Number((codes[i] & 15) - 8);
  for (int i = 0; i < kHalf; ++i) out[i + kHalf] = scale * Number((codes[i] >> 4) - 8);
}

void DecodeQ4_1(const uint8_t* block, float* out) {
  const float scale = LoadHalf(block), min = LoadHalf(block + 2);
  const uint8_t* codes = block + 4;
  for (int i = 0; i < kHalf; ++i) out[i] = scale * Number(codes[i] & 15) + min;
  for (int i = 0; i < kHalf; ++i) out[i + kHalf] = scale * Number(codes[i] >> 4) + min;
}

void DecodeQ5_0(const uint8_t* block, float* out) {
  const float scale = LoadHalf(block);
  for (int i = 0; i < kElements; ++i) {
    out[i] = scale * Number(FiveBits(block + 2, block + 6, i) - 16);
  }
}

void DecodeQ5_1(const uint8_t* block, float* out) {
  const float scale = LoadHalf(block), min = LoadHalf(block + 2);
  for (int i = 0; i < kElements; ++i) {
    out[i] = scale * Number(FiveBits(block + 4, block + 8, i)) + min;
  }
}

void DecodeQ8_0(const uint8_t* block, float* out) {
  const float scale = LoadHalf(block);
  for (int i = 0; i < kElements; ++i) {
    out[i] = Number(static_cast<int8_t>(block[2 + i])) * scale;
  }
}

void EncodeQ4_0(const float* values, uint8_t* block) {
  int codes[kElements];
  const float scale = SignedScale(values, 8);
  SignedCodes(values, scale, 8, codes);
  StoreHalf(scale, block);
  PackNibbles(codes, block + 2);
}

void EncodeQ4_1(const float* values, uint8_t* block) {
  int codes[kElements];
  const Range range = RangeOf(values, 15);
  RangeCodes(values, range, 15, codes);
  StoreHalf(range.scale, block);
  StoreHalf(range.min, block + 2);
  PackNibbles(codes, block + 4);
}

void EncodeQ5_0(const float* values, uint8_t* block) {
  int codes[kElements];
  const float scale = SignedScale(values, 16);
  SignedCodes(values, scale, 16, codes);
  StoreHalf(scale, block);
  PackFifthBits(codes, block + 2);
  PackNibbles(codes, block + 6);
}

void EncodeQ5_1(const float* values, uint8_t* block) {
  int codes[kElements];
  const Range range = RangeOf(values, 31);
  RangeCodes(values, range, 31, codes);
  StoreHalf(range.scale, block);
  StoreHalf(range.min, block + 2);
  PackFifthBits(codes, block + 4);
  PackNibbles(codes, block + 8);
}

void EncodeQ8_0(const float* values, uint8_t* block) {
  float largest = 0;
  for (int i = 0; i < kElements; ++i) largest = std::max(largest, std::abs(values[i]));
  const float scale = largest / 127, inverse = Inverse(scale);
  StoreHalf(scale, block);
  for (int i = 0; i < kElements; ++i) {
    const float code = std::clamp(std::round(values[i] * inverse), -127.0f, 127.0f);
    block[2 + i] = static_cast<uint8_t>(static_cast<int8_t>(code));
  }
}

}  // namespace pano::tensor
