#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>

#include "model/engine/request.h"

namespace pano::engine {

// The tokens that penalties see: which ids occurred at all, and how often in the output.
// Thread-compatible.
class TokenHistory {
 public:
  explicit TokenHistory(std::span<const TokenId> prompt = {}) {
    for (TokenId id : prompt) output_counts_.try_emplace(id, 0);
  }
  void AddOutput(TokenId id) { ++output_counts_[id]; }
  const std::unordered_map<TokenId, int32_t>& output_counts() const { return output_counts_; }

 private:
  std::unordered_map<TokenId, int32_t> output_counts_;   // 0: only in the prompt
};

inline bool NeedsHistory(const SamplingParams& params) {
  return params.repetition_penalty != 1.0f || params.frequency_penalty != 0.0f ||
         params.presence_penalty != 0.0f;
}

}  // namespace pano::engine
