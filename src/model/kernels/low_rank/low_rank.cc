#include "model/kernels/low_rank/low_rank.h"

#include <cstring>

#include "base/check.h"

namespace pano::kernels {

std::vector<std::byte> LowRankPanels(const tensor::TensorView& b) {
  PANO_CHECK(LowRankSupports(b.dtype) && b.shape.size() == 2);
  const auto n = static_cast<size_t>(b.shape[0]), rank = static_cast<size_t>(b.shape[1]);
  const size_t element = tensor::Describe(b.dtype).block_bytes;
  std::vector<std::byte> panels(LowRankPanelCount(n) * kLowRankPanel * rank * element);
  for (size_t row = 0; row < n; ++row) {
    std::byte* panel = panels.data() + row / kLowRankPanel * kLowRankPanel * rank * element;
    for (size_t j = 0; j < rank; ++j) {
      std::memcpy(panel + (j * kLowRankPanel + row % kLowRankPanel) * element,
                  b.data + (row * rank + j) * element, element);
    }
  }
  return panels;
}

}  // namespace pano::kernels
