#pragma once

#include <span>
#include <vector>

#include "model/nn/encoder/packed_rows.h"

namespace pano::encoder {

// Inputs of so many rows each, cut into parts that a thread takes through all layers alone: what a
// layer leaves behind is then still in that core's cache when the next one wants it, and nobody waits
// for anybody. Empty where that would not pay: for few rows, whose weights each core would read for
// itself, and where inputs cannot be shared out evenly.
std::vector<InputRange> CutInputs(std::span<const size_t> row_counts, size_t threads);

}  // namespace pano::encoder
