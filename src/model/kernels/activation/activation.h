#pragma once

#include <cstddef>

namespace pano::kernels {

// gate[i] = silu(gate[i]) * up[i], silu(z) = z / (1 + exp(-z)) (Shazeer, "GLU variants improve
// transformer", 2020).
using SwiGluFn = void (*)(float* gate, const float* up, size_t n);

}  // namespace pano::kernels
