#include "model/kernels/rope/rope.h"

namespace pano::kernels {

void RopeHalves(float* v, const float* cos, const float* sin, size_t dim) {
  const size_t half = dim / 2;
  for (size_t i = 0; i < half; ++i) {
    const float a = v[i], b = v[i + half];
    v[i] = a * cos[i] - b * sin[i];
    v[i + half] = a * sin[i] + b * cos[i];
  }
}

void RopeInterleaved(float* v, const float* cos, const float* sin, size_t dim) {
  for (size_t i = 0; i < dim / 2; ++i) {
    const float a = v[2 * i], b = v[2 * i + 1];
    v[2 * i] = a * cos[i] - b * sin[i];
    v[2 * i + 1] = a * sin[i] + b * cos[i];
  }
}

}  // namespace pano::kernels
