#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/engine/snapshot.h"

namespace pano::engine {

// What the choices of one decision leave of each state group's blocks. Thread-compatible.
class BlockBudget {
 public:
  using Counts = std::vector<int64_t>;   // blocks, by group

  // `groups` outlives it.
  explicit BlockBudget(std::span<const GroupView> groups);

  Counts None() const { return Counts(groups_.size()); }

  // How many tokens beyond its `granted` ones a running sequence has blocks for, its own and available
  // ones, when `kept` are left.
  int64_t Room(const RunningView& view, int64_t granted, const Counts& kept) const;
  void Take(const RunningView& view, int64_t granted, int64_t tokens);
  void Release(const RunningView& view);
  // Adds the blocks that `tokens` more take.
  void AddNeed(const RunningView& view, int64_t tokens, Counts& sum) const;
  // Adds what the sequence will hold beyond this step's blocks: those of its known tokens (but of a
  // paused one) and one more to grow.
  void AddLater(const RunningView& view, int64_t granted, Counts& sum) const;

  // Whether all that a waiting sequence is known to need, cached blocks that are idle now included,
  // fits beside `later`.
  bool Fits(const WaitingView& view, const Counts& later) const;
  int64_t Room(const WaitingView& view) const;
  // Its first tokens; adds what it will hold later. REQUIRES: tokens <= Room(view).
  void Admit(const WaitingView& view, int64_t tokens, Counts& later);

 private:
  // Blocks that a sequence with `first` and `size` as the bounds of its blocks will hold beyond those
  // when it has `end` of them in all.
  int64_t Later(size_t g, int64_t first, int64_t size, int64_t end) const;
  // Of the cached blocks that it takes over, those that somebody holds, and those that nobody does.
  struct Cached {
    int64_t held = 0;
    int64_t idle = 0;
  };
  Cached CountCached(const WaitingView& view, size_t g) const;
  std::vector<int32_t>& MutableHolders(size_t g);

  const std::span<const GroupView> groups_;
  Counts available_;
  std::vector<std::vector<int32_t>> holders_;   // by group and block; copied when they change
};

}  // namespace pano::engine
