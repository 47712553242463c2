#pragma once

#include <span>
#include <unordered_map>

#include "model/engine/draft_source.h"
#include "model/engine/ngram_index.h"

namespace pano::engine {

// Drafts from the sequence itself: prompt and output often say things twice. Needs no second model.
class NgramDraft final : public DraftSource {
 public:
  void Propose(std::span<DraftWish> wishes) override {
    for (DraftWish& wish : wishes) {
      if (!wish.draft.empty()) continue;
      indexes_[wish.key].Propose(wish.tokens, static_cast<size_t>(wish.count), wish.draft);
    }
  }
  void Forget(SequenceKey key) override { indexes_.erase(key); }

 private:
  std::unordered_map<SequenceKey, NgramIndex> indexes_;
};

}  // namespace pano::engine
