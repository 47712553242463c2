#pragma once

#include <cstddef>

namespace pano::kernels {

// Rotary position embedding (Su et al., "RoFormer", 2021) of one head's vector, in place: the pair
// (a, b) of frequency i becomes (a cos - b sin, a sin + b cos). Halves: the pair is (v[i],
// v[i + dim/2]), as Hugging Face lays it out. Interleaved: (v[2i], v[2i+1]), as GGUF's llama does.
void RopeHalves(float* v, const float* cos, const float* sin, size_t dim);
void RopeInterleaved(float* v, const float* cos, const float* sin, size_t dim);

}  // namespace pano::kernels
