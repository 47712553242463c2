#pragma once

#include <cstdint>

namespace pano::tensor {

// GGUF's first block types: 32 values with one scale, Q4_1 and Q5_1 with a minimum too.
void DecodeQ4_0(const uint8_t* block, float* out);
void DecodeQ4_1(const uint8_t* block, float* out);
void DecodeQ5_0(const uint8_t* block, float* out);
void DecodeQ5_1(const uint8_t* block, float* out);
void DecodeQ8_0(const uint8_t* block, float* out);

void EncodeQ4_0(const float* values, uint8_t* block);
void EncodeQ4_1(const float* values, uint8_t* block);
void EncodeQ5_0(const float* values, uint8_t* block);
void EncodeQ5_1(const float* values, uint8_t* block);
void EncodeQ8_0(const float* values, uint8_t* block);

}  // namespace pano::tensor
