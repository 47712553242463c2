#include "model/tensor/blocks_mx.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "model/tensor/block_bytes.h"

// Microscaling formats (Open Compute Project, "OCP microscaling formats (MX) specification", 2023):
// four-bit floats (E2M1) under a power-of-two scale for 32 values (MXFP4), or under an E4M3 scale
// for 16 (NVFP4).

namespace pano::tensor {
namespace {

constexpr int kElements = 32;
constexpr int kHalf = kElements / 2;

// The four-bit floats, doubled so that they are integers; scales are halved instead.
constexpr int kValues[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

// 2^(exponent - 128): half of what the byte says.
float HalfPower(uint8_t exponent) {
  const uint32_t bits = exponent < 2 ? 0x00200000u << exponent : (exponent - 1u) << 23;
  return std::bit_cast<float>(bits);
}

// Half of an E4M3 number whose sign bit is not used; 0x7F is no number and counts as zero.
float HalfE4M3(uint8_t bits) {
  if (bits == 0 || bits == 0x7F) return 0;
  const int exponent = bits >> 3 & 15;
  const float mantissa = Number(bits & 7);
  if (exponent == 0) return mantissa * 0x1p-10f;
  return std::ldexp(1.0f + mantissa / 8.0f, exponent - 8);
}

}  // namespace

void DecodeMXFP4(const uint8_t* block, float* out) {
  const float scale = HalfPower(block[0]);
  for (int i = 0; i < kHalf; ++i) {
    out[i] = scale * Number(kValues[block[1 + i] & 15]);
    out[i + kHalf] = scale * Number(kValues[block[1 + i] >> 4]);
  }
}

// 64 values: four scales, then 8 bytes for each sixteen.
void DecodeNVFP4(const uint8_t* block, float* out) {
  for (int sub = 0; sub < 4; ++sub) {
    const float scale = HalfE4M3(block[sub]);
    const uint8_t* codes = block + 4 + sub * 8;
    for (int i = 0; i < 8; ++i) {
      out[sub * 16 + i] = scale * Number(kValues[codes[i] & 15]);
      out[sub * 16 + 8 + i] = scale * Number(kValues[codes[i] >> 4]);
    }
  }
}

void EncodeMXFP4(const float* values, uint8_t* block) {
  float largest = 0;
  for (int i = 0; i < kElements; ++i) largest = std::max(largest, std::abs(values[i]));
  // The largest value lies within the last power of two that four bits reach, 4 to 6.
  const float exponent = largest > 0 ? std::floor(std::log2(largest)) - 2 + 127 : 0;
  block[0] = static_cast<uint8_t>(std::clamp(exponent, 0.0f, 254.0f));
  const float scale = HalfPower(block[0]);
  int codes[kElements];
  for (int i = 0; i < kElements; ++i) {
    float least = 0;
    for (int code = 0; code < 16; ++code) {
      const float error = std::abs(scale * Number(kValues[code]) - values[i]);
      if (code == 0 || error < least) {
        least = error;
        codes[i] = code;
      }
    }
  }
  for (int i = 0; i < kHalf; ++i) {
    block[1 + i] = static_cast<uint8_t>(codes[i] | codes[i + kHalf] << 4);
  }
}

}  // namespace pano::tensor
