#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "model/grammar/stack_frame.h"

namespace pano::grammar {

// The tokens that a state allows whatever lies on the stack below it, and where the others leave the
// state's rule. Immutable once made.
struct StateMask {
  // A place in a part's trie where the rule may have ended, with tokens below it: what they go on
  // with is for the stack to say.
  struct Exit {
    uint32_t part = 0;
    uint32_t node = 0;
  };
  // Of the short tokens: what all states of the same local shape have in common; the cache holds it under that shape. May
  // be null.
  std::shared_ptr<const StateMask> base;
  std::vector<const std::vector<uint32_t>*> shared;   // masks of the token table
  std::vector<int32_t> ids;                           // more tokens, or
  std::vector<uint32_t> bits;                         // the same as bits where they are many
  std::vector<Exit> exits;

  size_t memory_bytes() const;   // without the base
  void AddTo(std::span<uint32_t> bits) const;
};

// All tokens that one configuration allows. Immutable once made.
struct FinishedMask {
  std::vector<int32_t> ids;     // where they are few, else
  std::vector<uint32_t> bits;

  static FinishedMask Of(std::span<const uint32_t> bits);
  size_t memory_bytes() const;
  // REQUIRES: `bits` is clear.
  void CopyTo(std::span<uint32_t> bits) const;
};

// Masks that were computed once. When they would take more than their share of the memory, all of a
// kind are dropped: those still in use come back at once. Thread-safe.
class MaskCache {
 public:
  explicit MaskCache(size_t bytes_max) : bytes_max_(bytes_max) {}

  std::shared_ptr<const StateMask> FindState(uint32_t state) const;
  void KeepState(uint32_t state, std::shared_ptr<const StateMask> mask);
  // By the state's local shape.
  std::shared_ptr<const StateMask> FindShape(const StackFrame::Hash& shape) const;
  void KeepShape(const StackFrame::Hash& shape, std::shared_ptr<const StateMask> mask);
  std::shared_ptr<const FinishedMask> FindFinished(const StackFrame::Hash& configuration) const;
  void KeepFinished(const StackFrame::Hash& configuration, std::shared_ptr<const FinishedMask> mask);

  size_t memory_bytes() const;

 private:
  void MakeRoomForState(size_t bytes) PANO_REQUIRES(mu_);

  struct HashOf {
    size_t operator()(const StackFrame::Hash& hash) const { return hash[0]; }
  };

  const size_t bytes_max_;
  mutable Mutex mu_;
  std::unordered_map<uint32_t, std::shared_ptr<const StateMask>> states_ PANO_GUARDED_BY(mu_);
  std::unordered_map<StackFrame::Hash, std::shared_ptr<const StateMask>, HashOf> shapes_
      PANO_GUARDED_BY(mu_);
  std::unordered_map<StackFrame::Hash, std::shared_ptr<const FinishedMask>, HashOf> finished_
      PANO_GUARDED_BY(mu_);
  size_t state_bytes_ PANO_GUARDED_BY(mu_) = 0;
  size_t finished_bytes_ PANO_GUARDED_BY(mu_) = 0;
};

}  // namespace pano::grammar
