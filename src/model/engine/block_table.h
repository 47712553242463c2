#pragma once

#include <span>
#include <utility>
#include <vector>

#include "model/engine/block_allocator.h"

namespace pano::engine {

// The blocks of one sequence in the order of its tokens. Confined to the engine's thread.
class BlockTable {
 public:
  size_t size() const { return ids_.size(); }
  std::span<const BlockId> ids() const { return ids_; }
  BlockId id(size_t i) const { return ids_[i]; }

  void Append(BlockRef block) {
    ids_.push_back(block.id());
    refs_.push_back(std::move(block));
  }
  // Puts a block with the same content in the place of block `i`.
  void Replace(size_t i, BlockRef block) {
    ids_[i] = block.id();
    refs_[i] = std::move(block);
  }
  // Gives all back, last first: a cached prefix then outlives what continues it.
  void Clear() {
    while (!refs_.empty()) refs_.pop_back();
    ids_.clear();
  }

 private:
  std::vector<BlockRef> refs_;
  std::vector<BlockId> ids_;
};

}  // namespace pano::engine
