#pragma once

#include <cstdint>

namespace pano::tensor {

// GGUF's "K" types: 256 values in sub-blocks of 16 or 32 that have small integer scales of their
// own, all multiplied by one half-precision scale.
void DecodeQ2_K(const uint8_t* block, float* out);
void DecodeQ3_K(const uint8_t* block, float* out);
void DecodeQ4_K(const uint8_t* block, float* out);
void DecodeQ5_K(const uint8_t* block, float* out);
void DecodeQ6_K(const uint8_t* block, float* out);

// Least squares over a few ranges for each sub-block of 32.
void EncodeQ4_K(const float* values, uint8_t* block);

}  // namespace pano::tensor
