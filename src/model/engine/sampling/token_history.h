#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

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
  friend class HistoryPreview;
  std::unordered_map<TokenId, int32_t> output_counts_;  // 0: only in the prompt
};

// Output that a history will have if drafts turn out right: there as long as the preview lives.
// Confined to the thread that draws for the sequence.
class HistoryPreview {
 public:
  // Null: nobody looks at the history. It outlives the preview.
  explicit HistoryPreview(TokenHistory* history) : history_(history) {}
  HistoryPreview(const HistoryPreview&) = delete;
  HistoryPreview& operator=(const HistoryPreview&) = delete;
  ~HistoryPreview() {
    for (; !added_.empty(); added_.pop_back()) {
      const Added& last = added_.back();
      if (last.first) {
        history_->output_counts_.erase(last.id);
      } else {
        --history_->output_counts_[last.id];
      }
    }
  }

  void AddOutput(TokenId id) {
    if (history_ == nullptr) return;
    const bool first = history_->output_counts_.try_emplace(id, 0).second;
    history_->AddOutput(id);
    added_.push_back({id, first});
  }

 private:
  struct Added {
    TokenId id = 0;
    bool first = false;  // not even in the prompt
  };
  TokenHistory* const history_;
  std::vector<Added> added_;
};

inline bool NeedsHistory(const SamplingParams& params) {
  return params.repetition_penalty != 1.0f || params.frequency_penalty != 0.0f ||
         params.presence_penalty != 0.0f;
}

}  // namespace pano::engine
