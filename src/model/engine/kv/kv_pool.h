#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/engine/kv/block_allocator.h"
#include "model/engine/kv/block_table.h"
#include "model/engine/kv/kv_group.h"
#include "model/engine/kv/kv_plan.h"

namespace pano::engine {

// One table per state group. They have the same size.
using BlockTables = std::vector<BlockTable>;

// All KV blocks of an engine: an allocator for each state group, and what each group's rule makes
// of a sequence's tables. Confined to the engine's thread.
class KvPool {
 public:
  explicit KvPool(const KvPlan& plan);
  KvPool(const KvPool&) = delete;  // its blocks point to it
  KvPool& operator=(const KvPool&) = delete;

  size_t group_count() const { return groups_.size(); }
  const KvGroup& group(size_t g) const { return groups_[g]; }
  BlockAllocator& allocator(size_t g) { return allocators_[g]; }
  const BlockAllocator& allocator(size_t g) const { return allocators_[g]; }

  BlockTables NewTables() const { return BlockTables(group_count()); }
  // Takes over the blocks of a cached prefix: `ids` has one list per group, of the same length.
  // REQUIRES: the tables are empty.
  void Share(BlockTables& tables, std::span<const std::vector<BlockId>> ids);
  // How many tokens the tables can hold with their own blocks and the available ones together,
  // when `kept` of each group's are left.
  int64_t Room(const BlockTables& tables, int64_t kept) const;
  // Allocates blocks for tokens up to `end`. REQUIRES: the blocks are available.
  void Extend(BlockTables& tables, int64_t end);
  // Gives back the blocks that begin at `end` or later.
  void Truncate(BlockTables& tables, int64_t end) const;
  // Gives back what neither the query at `position` nor any later one sees.
  void Trim(BlockTables& tables, int64_t position) const;

  // Blocks of all groups together.
  int64_t used() const { return Sum(&BlockAllocator::used); }
  int64_t cached() const { return Sum(&BlockAllocator::cached); }
  int64_t free() const { return Sum(&BlockAllocator::free); }
  int64_t total() const { return Sum(&BlockAllocator::total); }

 private:
  int64_t Sum(int (BlockAllocator::*figure)() const) const;

  const std::vector<KvGroup> groups_;
  std::vector<BlockAllocator> allocators_;
};

}  // namespace pano::engine
