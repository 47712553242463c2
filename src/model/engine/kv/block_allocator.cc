#include "model/engine/kv/block_allocator.h"

#include "base/check.h"

// Free blocks are a stack; cached ones form a doubly linked list from the least to the most
// recently released, threaded through the array of blocks. Every operation takes constant time.

namespace pano::engine {

void BlockRef::Reset() {
  if (allocator_ != nullptr) std::exchange(allocator_, nullptr)->Release(id_);
}

BlockAllocator::BlockAllocator(int block_count)
    : blocks_(static_cast<size_t>(block_count)), holders_(static_cast<size_t>(block_count)) {
  free_.reserve(blocks_.size());
  for (BlockId id = block_count - 1; id >= 0; --id) free_.push_back(id);
}

std::optional<BlockRef> BlockAllocator::Allocate() {
  BlockId id = kNoBlock;
  if (!free_.empty()) {
    id = free_.back();
    free_.pop_back();
  } else if (oldest_ != kNoBlock) {
    id = oldest_;
    Unlink(id);
    at(id).keep = false;
    if (on_evict_) on_evict_(id);
  } else {
    return std::nullopt;
  }
  holders_[static_cast<size_t>(id)] = 1;
  return BlockRef(this, id);
}

BlockRef BlockAllocator::Share(BlockId id) {
  PANO_CHECK(id >= 0 && id < total());
  if (holders(id) == 0) {
    PANO_CHECK(at(id).keep);
    Unlink(id);
  }
  ++holders_[static_cast<size_t>(id)];
  return BlockRef(this, id);
}

void BlockAllocator::KeepWhenReleased(BlockId id) {
  PANO_CHECK(holders(id) > 0);
  at(id).keep = true;
}

void BlockAllocator::Discard(BlockId id) {
  PANO_CHECK(holders(id) == 0 && at(id).keep);
  Unlink(id);
  at(id).keep = false;
  free_.push_back(id);
}

void BlockAllocator::Release(BlockId id) {
  PANO_CHECK(holders(id) > 0);
  if (--holders_[static_cast<size_t>(id)] > 0) return;
  if (at(id).keep) {
    LinkNewest(id);
  } else {
    free_.push_back(id);
  }
}

void BlockAllocator::LinkNewest(BlockId id) {
  at(id).older = newest_;
  at(id).newer = kNoBlock;
  if (newest_ != kNoBlock) at(newest_).newer = id;
  newest_ = id;
  if (oldest_ == kNoBlock) oldest_ = id;
  ++cached_;
}

void BlockAllocator::Unlink(BlockId id) {
  Block& block = at(id);
  (block.older != kNoBlock ? at(block.older).newer : oldest_) = block.newer;
  (block.newer != kNoBlock ? at(block.newer).older : newest_) = block.older;
  block.older = block.newer = kNoBlock;
  --cached_;
}

}  // namespace pano::engine
