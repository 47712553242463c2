#include "model/tensor/blocks_ternary.h"

#include <algorithm>
#include <cmath>

#include "model/tensor/block_bytes.h"

// Values of -1, 0 or 1 under one scale: five a byte as base-three digits (TQ1_0), or four a byte in
// two bits each (TQ2_0). Encoding takes the largest magnitude as the scale and rounds.

namespace pano::tensor {
namespace {

constexpr int kElements = 256;
constexpr int kPowers[] = {1, 3, 9, 27, 81};

// TQ1_0 stores its bytes in three runs; byte b of a run holds the elements first + b, first + b +
// bytes, ... as the digits of a fraction in base three, most significant first.
struct Run {
  int first_element, first_byte, bytes, digits;
};
constexpr Run kRuns[] = {{0, 0, 32, 5}, {160, 32, 16, 5}, {240, 48, 4, 4}};
constexpr int kScaleTQ1 = 52, kScaleTQ2 = 64;

// The values as 0, 1, 2, and their scale.
float Ternary(const float* values, int* codes) {
  float scale = 0;
  for (int i = 0; i < kElements; ++i) scale = std::max(scale, std::abs(values[i]));
  const float inverse = Inverse(scale);
  for (int i = 0; i < kElements; ++i) {
    codes[i] = static_cast<int>(std::clamp(std::round(values[i] * inverse), -1.0f, 1.0f)) + 1;
  }
  return scale;
}

}  // namespace

void DecodeTQ1_0(const uint8_t* block, float* out) {
  const float scale = LoadHalf(block + kScaleTQ1);
  for (const Run& run : kRuns) {
    for (int digit = 0; digit < run.digits; ++digit) {
      for (int b = 0; b < run.bytes; ++b) {
        // Multiplying shifts the digits before it out of the byte.
        const int fraction = block[run.first_byte + b] * kPowers[digit] & 0xFF;
        out[run.first_element + digit * run.bytes + b] = scale * Number((fraction * 3 >> 8) - 1);
      }
    }
  }
}

void DecodeTQ2_0(const uint8_t* block, float* out) {
  const float scale = LoadHalf(block + kScaleTQ2);
  for (int sub = 0; sub < 8; ++sub) {
    const uint8_t* codes = block + sub / 4 * 32;
    for (int i = 0; i < 32; ++i)
      out[sub * 32 + i] = scale * Number((codes[i] >> sub % 4 * 2 & 3) - 1);
  }
}

void EncodeTQ1_0(const float* values, uint8_t* block) {
  int codes[kElements];
  StoreHalf(Ternary(values, codes), block + kScaleTQ1);
  for (const Run& run : kRuns) {
    for (int b = 0; b < run.bytes; ++b) {
      int number = 0;
      for (int digit = 0; digit < run.digits; ++digit) {
        number += codes[run.first_element + digit * run.bytes + b] * kPowers[4 - digit];
      }
      block[run.first_byte + b] = static_cast<uint8_t>((number * 256 + 242) / 243);  // rounds up
    }
  }
}

void EncodeTQ2_0(const float* values, uint8_t* block) {
  int codes[kElements];
  StoreHalf(Ternary(values, codes), block + kScaleTQ2);
  std::fill(block, block + kScaleTQ2, uint8_t{0});
  for (int i = 0; i < kElements; ++i) {
    uint8_t& byte = block[i / 128 * 32 + i % 32];
    byte = static_cast<uint8_t>(byte | codes[i] << i % 128 / 32 * 2);
  }
}

}  // namespace pano::tensor
