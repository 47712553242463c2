#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "model/ops/view.h"

namespace pano::encoder {

// Rows of several inputs one after another, padding left out.
struct PackedRows {
  std::vector<size_t> counts;         // rows of each input
  std::vector<int32_t> position_ids;  // where each row stood in its input; empty: 0, 1, 2, ...
  // Of each input, how many of its last rows attend to the others and are attended to by none;
  // empty: none.
  std::vector<size_t> query_only;
  // Rows of input i that are attended to.
  size_t kept(size_t i) const { return counts[i] - (query_only.empty() ? 0 : query_only[i]); }
  size_t size() const {
    size_t sum = 0;
    for (size_t count : counts) sum += count;
    return sum;
  }
};

// What a decoder's stack looks at: rows of another stack, for the same inputs.
struct Memory {
  ops::ConstRows x;
  std::span<const size_t> counts;
};

// Neighbouring inputs, and their rows among those of all.
struct InputRange {
  size_t first = 0, count = 0;
  size_t first_row = 0, rows = 0;
};

// All of them.
inline InputRange AllInputs(const PackedRows& rows) {
  return {0, rows.counts.size(), 0, rows.size()};
}

}  // namespace pano::encoder
