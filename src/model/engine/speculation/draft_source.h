#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/engine/request.h"

namespace pano::engine {

// Names a sequence as long as it lives.
using SequenceKey = uint64_t;

// A sequence that wants to know how it may go on.
struct DraftRequest {
  SequenceKey key = 0;
  std::span<const TokenId>
      tokens;                  // all that are known; from one request to the next only appended to
  int64_t planned_length = 0;  // as in nn::SequenceSlice
  int64_t count = 0;           // tokens wanted, at least 1
  std::vector<TokenId> draft = {};  // the answer: at most `count`, none where nothing is known
};

// Proposes draft tokens for speculative decoding. A wrong one costs time and never changes a result.
// Confined to the engine's thread.
class DraftSource {
 public:
  virtual ~DraftSource() = default;
  // Answers the requests that have no draft yet.
  virtual void Propose(std::span<DraftRequest> requests) = 0;
  // What a draft token costs; 0: nothing to speak of, or not known yet.
  virtual double SecondsPerToken() const { return 0; }
  // The sequence is gone. Unknown keys are ignored.
  virtual void Forget(SequenceKey key) = 0;
};

}  // namespace pano::engine
