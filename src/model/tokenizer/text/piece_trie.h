#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "model/tokenizer/text/token_id.h"

namespace pano::tokenizer {

// Finds which pieces of a vocabulary a text begins with, one step a byte. The children of a node lie
// together, sorted by byte. Immutable after Build, so thread-safe.
class PieceTrie {
 public:
  // The longest piece that can be looked for: bounds the steps at each place of a text.
  static constexpr size_t kPieceBytesMax = 1024;

  // Pieces and what to answer for them (>= 0), in any order; of equal pieces the first counts, empty
  // ones are left out. Unimplemented for a piece that is too long.
  static Result<PieceTrie> Build(std::vector<std::pair<std::string_view, int32_t>> pieces);

  bool empty() const { return nodes_.size() <= 1; }

  // Calls visit(length, value) for each piece that `text` begins with, shortest first.
  template <typename Visit>
  void Prefixes(std::string_view text, const Visit& visit) const {
    if (text.empty()) return;
    uint32_t node = roots_[static_cast<unsigned char>(text[0])];
    for (size_t length = 1; node != 0; ++length) {
      const Node& here = nodes_[node];
      if (here.value >= 0) visit(length, here.value);
      if (length >= text.size()) return;
      node = Child(here, static_cast<unsigned char>(text[length]));
    }
  }

 private:
  struct Node {
    uint32_t first_child = 0;
    int32_t value = -1;
    uint16_t child_count = 0;
  };
  // 0 for none.
  uint32_t Child(const Node& node, unsigned char byte) const {
    uint32_t low = node.first_child;
    uint32_t high = low + node.child_count;
    while (high - low > 8) {
      const uint32_t middle = (low + high) / 2;
      if (labels_[middle] <= byte) low = middle;
      else high = middle;
    }
    for (; low < high; ++low) {
      if (labels_[low] == byte) return low;
    }
    return 0;
  }

  std::vector<Node> nodes_;              // number 0 is the root
  std::vector<unsigned char> labels_;    // by node: the byte that leads to it
  std::array<uint32_t, 256> roots_{};    // the root's children by byte
};

}  // namespace pano::tokenizer
