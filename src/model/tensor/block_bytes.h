#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

#include "model/tensor/half.h"

namespace pano::tensor {

// Little-endian parts of a block, wherever they lie.
inline uint16_t Load16(const uint8_t* p) { return static_cast<uint16_t>(p[0] | p[1] << 8); }
inline uint32_t Load32(const uint8_t* p) {
  return static_cast<uint32_t>(Load16(p)) | static_cast<uint32_t>(Load16(p + 2)) << 16;
}
inline float LoadHalf(const uint8_t* p) { return HalfToFloat(Load16(p)); }
inline void StoreHalf(float value, uint8_t* p) {
  const uint16_t bits = FloatToHalf(value);
  p[0] = static_cast<uint8_t>(bits & 0xFF);
  p[1] = static_cast<uint8_t>(bits >> 8);
}

// One value out of a byte or integer, as a float.
inline float Number(int value) { return static_cast<float>(value); }

// What to multiply with instead of dividing by a scale; zero where that is not finite (scales of
// zero and below the smallest normal number, which no half-precision scale keeps).
inline float Inverse(float scale) {
  const float inverse = 1 / scale;
  return std::abs(inverse) < std::numeric_limits<float>::infinity() ? inverse : 0;
}

// A decoder or encoder of rows out of one for a single block.
template <void (*kDecode)(const uint8_t* block, float* out), size_t kBytes, size_t kElements>
void DecodeBlocks(const std::byte* stored, size_t count, float* out) {
  const auto* p = reinterpret_cast<const uint8_t*>(stored);
  for (size_t i = 0; i < count; i += kElements, p += kBytes) kDecode(p, out + i);
}
template <void (*kEncode)(const float* values, uint8_t* block), size_t kBytes, size_t kElements>
void EncodeBlocks(const float* values, size_t count, std::byte* out) {
  auto* p = reinterpret_cast<uint8_t*>(out);
  for (size_t i = 0; i < count; i += kElements, p += kBytes) kEncode(values + i, p);
}

}  // namespace pano::tensor
