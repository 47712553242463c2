#pragma once

#include <cstdint>

namespace pano::tensor {

// Sixteen values of a Q4G group: the scale's byte and sixteen codes (0..15), chosen among a fixed
// set of scales for the least square error. REQUIRES: finite values.
void EncodeQ4G(const float* values, uint8_t* scale, uint8_t* codes);

// The code whose value is nearest to `x`, of two equally near ones the higher.
uint8_t NearestQ4GCode(float x);

}  // namespace pano::tensor
