#pragma once

#include <span>
#include <unordered_map>

#include "model/engine/speculation/draft_source.h"
#include "model/engine/speculation/ngram_index.h"

namespace pano::engine {

// Drafts from the sequence itself: prompt and output often say things twice. Needs no second model.
// Confined to the engine's thread.
class NgramDraft final : public DraftSource {
 public:
  void Propose(std::span<DraftRequest> requests) override {
    for (DraftRequest& request : requests) {
      if (!request.draft.empty()) continue;
      indexes_[request.key].Propose(request.tokens, static_cast<size_t>(request.count),
                                    request.draft);
    }
  }
  void Forget(SequenceKey key) override { indexes_.erase(key); }

 private:
  std::unordered_map<SequenceKey, NgramIndex> indexes_;
};

}  // namespace pano::engine
