#pragma once

#include <cstddef>
#include <cstdint>

#include "model/kernels/packed_matmul/packed_matmul.h"

namespace pano::kernels {

// What the codes of a row of x take, by their kind. A value.
struct CodeRow {
  size_t scales = 0;  // and sums
  size_t bytes = 0;   // where rows follow one another, not in tiles
};

inline CodeRow CodeRowOf(ActivationCode code, size_t k) {
  return {code == ActivationCode::kRowInt8 ? 1 : k / tensor::kPackedBlock,
          code == ActivationCode::kBFloat ? k * sizeof(uint16_t) : k};
}

}  // namespace pano::kernels
