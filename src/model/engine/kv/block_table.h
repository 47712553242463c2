#pragma once

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "model/engine/kv/block_allocator.h"

namespace pano::engine {

// The blocks of one sequence in one state group, in the order of its tokens; kNoBlock stands for
// those that it does not hold. Confined to the engine's thread.
class BlockTable {
 public:
  size_t size() const { return ids_.size(); }
  std::span<const BlockId> ids() const { return ids_; }
  BlockId id(size_t i) const { return ids_[i]; }

  void Append(BlockRef block) {
    ids_.push_back(block.id());
    refs_.push_back(std::move(block));
  }
  // kNoBlock: a block that the sequence will not look at.
  void AppendNothing() { Append(BlockRef()); }
  // Puts a block with the same content in the place of block `i`.
  void Replace(size_t i, BlockRef block) {
    ids_[i] = block.id();
    refs_[i] = std::move(block);
  }
  // Gives back the blocks before `end`.
  void DropBefore(size_t end) {
    for (end = std::min(end, size()); dropped_ < end; ++dropped_) Replace(dropped_, BlockRef());
  }
  // Gives back the blocks from `size` on.
  void Truncate(size_t size) {
    while (refs_.size() > size) refs_.pop_back();
    ids_.resize(refs_.size());
    dropped_ = std::min(dropped_, size);
  }
  // Gives all back, last first: a cached prefix then outlives what continues it.
  void Clear() { Truncate(0); }

 private:
  std::vector<BlockRef> refs_;
  std::vector<BlockId> ids_;
  size_t dropped_ = 0;  // none is held before
};

}  // namespace pano::engine
