#pragma once

#include <cstddef>
#include <cstdint>

#include "model/kernels/activation/activation.h"

namespace pano::ops {

// The pointwise functions between the matrices of a feed-forward layer.
using kernels::Activation;

enum class Compute : uint8_t {
  kF32,   // weights dequantised, activations float: every known answer holds in this mode
  kFast,  // activations are quantised to 7 or 8 bits where the weights are in blocks
};

enum class NormKind : uint8_t { kRms, kLayer };

// How keys and values are stored. In the order of kernels::KvFormat.
enum class KvType : uint8_t { kF32, kF16, kInt8 };

using BlockId = int32_t;
// Tokens in one block of keys and values, the unit of allocation and of prefix reuse.
inline constexpr int kBlockTokens = 32;

}  // namespace pano::ops
