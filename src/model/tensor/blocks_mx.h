#pragma once

#include <cstdint>

namespace pano::tensor {

// Four-bit floats (one sign, two exponent and one mantissa bit) with a small float as scale: MXFP4
// (a power of two for 32 values, OCP Microscaling) and NVFP4 (E4M3 without sign for 16 values).
void DecodeMXFP4(const uint8_t* block, float* out);
void DecodeNVFP4(const uint8_t* block, float* out);
void EncodeMXFP4(const float* values, uint8_t* block);

}  // namespace pano::tensor
