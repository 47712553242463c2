#pragma once

#include <cstdint>

namespace pano::tensor {

// GGUF's ternary types: 256 values out of {-1, 0, 1} times one scale. TQ1_0 packs five values into
// a byte as digits of base three, TQ2_0 four as two bits each.
void DecodeTQ1_0(const uint8_t* block, float* out);
void DecodeTQ2_0(const uint8_t* block, float* out);
void EncodeTQ1_0(const float* values, uint8_t* block);
void EncodeTQ2_0(const float* values, uint8_t* block);

}  // namespace pano::tensor
