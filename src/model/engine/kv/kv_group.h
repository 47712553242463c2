#pragma once

#include <algorithm>
#include <cstdint>

#include "model/nn/model.h"

namespace pano::engine {

// Blocks that hold `tokens` tokens from the beginning on.
inline int64_t BlocksFor(int64_t tokens) {
  return tokens / nn::kBlockTokens + (tokens % nn::kBlockTokens != 0 ? 1 : 0);
}

// Which blocks of a sequence a state group has to keep.
struct KvGroup {
  int64_t window = 0;   // a query at p sees [p - window + 1, p]; 0: everything before it

  // The first block that the query at `position`, or any later one, sees.
  int64_t FirstBlock(int64_t position) const {
    return window == 0 ? 0 : std::max<int64_t>(0, position - window + 1) / nn::kBlockTokens;
  }
  // The most blocks that one query of a window group sees. REQUIRES: window > 0.
  int64_t SpanBlocks() const {
    return window == 1 ? 1 : (window - 2) / nn::kBlockTokens + 2;
  }
};

}  // namespace pano::engine
