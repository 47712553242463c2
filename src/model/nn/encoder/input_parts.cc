#include "model/nn/encoder/input_parts.h"

#include <algorithm>

namespace pano::encoder {
namespace {

// Rows of a part: enough that a weight which is read serves many of them, few enough that their
// activations stay in a second-level cache.
constexpr size_t kLeastRows = 48, kMostRows = 256;

// Rows of the thread that ends last, where each takes the next part as soon as it is free.
size_t LongestShare(std::span<const InputRange> parts, size_t threads) {
  std::vector<size_t> shares(threads, 0);
  for (const InputRange& part : parts) *std::ranges::min_element(shares) += part.rows;
  return std::ranges::max(shares);
}

}  // namespace

std::vector<InputRange> CutInputs(std::span<const size_t> row_counts, size_t threads) {
  size_t total = 0;
  for (const size_t rows : row_counts) total += rows;
  if (threads < 2 || total < threads * kLeastRows) return {};
  const size_t wanted = std::min(kMostRows, total / threads);
  std::vector<InputRange> parts;
  InputRange part;
  for (size_t i = 0; i < row_counts.size(); ++i) {
    ++part.count;
    part.rows += row_counts[i];
    if (part.rows < wanted && i + 1 < row_counts.size()) continue;
    parts.push_back(part);
    part = {i + 1, 0, part.first_row + part.rows, 0};
  }
  const size_t even = total / threads;
  if (LongestShare(parts, threads) > even + even / 8) return {};
  return parts;
}

}  // namespace pano::encoder
