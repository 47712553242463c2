#pragma once

#include <cstdint>

namespace pano::tensor {

// GGUF's "IQ" types: 256 values (IQ4_NL: 32) that are indices into fixed tables. Below four bits an
// index stands for four or eight magnitudes at once (iq_grids.h) and signs come apart.
void DecodeIQ1_S(const uint8_t* block, float* out);
void DecodeIQ1_M(const uint8_t* block, float* out);
void DecodeIQ2_XXS(const uint8_t* block, float* out);
void DecodeIQ2_XS(const uint8_t* block, float* out);
void DecodeIQ2_S(const uint8_t* block, float* out);
void DecodeIQ3_XXS(const uint8_t* block, float* out);
void DecodeIQ3_S(const uint8_t* block, float* out);
void DecodeIQ4_NL(const uint8_t* block, float* out);
void DecodeIQ4_XS(const uint8_t* block, float* out);

}  // namespace pano::tensor
