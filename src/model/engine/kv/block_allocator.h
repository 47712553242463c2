#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "model/nn/model.h"

namespace pano::engine {

using BlockId = nn::BlockId;
using nn::kNoBlock;

class BlockAllocator;

// One holder's share of one KV block; gives it back when it dies. Move-only; one more
// share comes from BlockAllocator::Share. The allocator outlives it. Confined to the engine's thread.
class BlockRef {
 public:
  BlockRef() = default;
  BlockRef(BlockRef&& other) noexcept
      : allocator_(std::exchange(other.allocator_, nullptr)), id_(other.id_) {}
  BlockRef& operator=(BlockRef&& other) noexcept {
    Reset();
    allocator_ = std::exchange(other.allocator_, nullptr);
    id_ = other.id_;
    return *this;
  }
  ~BlockRef() { Reset(); }

  BlockId id() const { return id_; }
  void Reset();

 private:
  friend class BlockAllocator;
  BlockRef(BlockAllocator* allocator, BlockId id) : allocator_(allocator), id_(id) {}

  BlockAllocator* allocator_ = nullptr;
  BlockId id_ = kNoBlock;
};

// Who holds which KV block. A block is free, used (somebody holds it) or cached (nobody holds it, but
// its content may be wanted again); cached blocks are taken, least recently released first, when no
// free one is left. Confined to the engine's thread.
class BlockAllocator {
 public:
  explicit BlockAllocator(int block_count);

  // Called with a cached block that is about to be given to somebody else.
  void SetEvictHook(std::function<void(BlockId)> hook) { on_evict_ = std::move(hook); }

  // A block with undefined content; nothing when all are used.
  std::optional<BlockRef> Allocate();
  // One more holder of a block that is used or cached.
  BlockRef Share(BlockId id);
  // From now on the block is cached, not free, once nobody holds it. REQUIRES: used.
  void KeepWhenReleased(BlockId id);
  // Nobody wants the content of a cached block any more: it is free. REQUIRES: cached.
  void Discard(BlockId id);

  int total() const { return static_cast<int>(blocks_.size()); }
  int free() const { return static_cast<int>(free_.size()); }
  int cached() const { return cached_; }
  int used() const { return total() - free() - cached(); }
  int available() const { return free() + cached(); }
  // Holders of the block; 0 for a free or cached one.
  int holders(BlockId id) const { return holders_[static_cast<size_t>(id)]; }
  const std::vector<int32_t>& all_holders() const { return holders_; }

 private:
  friend class BlockRef;
  struct Block {
    bool keep = false;
    BlockId older = kNoBlock;   // neighbours in the list of cached blocks
    BlockId newer = kNoBlock;
  };
  Block& at(BlockId id) { return blocks_[static_cast<size_t>(id)]; }
  void Release(BlockId id);
  void LinkNewest(BlockId id);
  void Unlink(BlockId id);

  std::function<void(BlockId)> on_evict_;
  std::vector<Block> blocks_;
  std::vector<int32_t> holders_;
  std::vector<BlockId> free_;
  BlockId oldest_ = kNoBlock;
  BlockId newest_ = kNoBlock;
  int cached_ = 0;
};

}  // namespace pano::engine
