#include "model/engine/kv/block_allocator.h"

#include <gtest/gtest.h>

#include "model/engine/kv/block_table.h"

namespace pano::engine {
namespace {

TEST(BlockAllocator, CountsFreeUsedAndCached) {
  BlockAllocator allocator(3);
  auto a = allocator.Allocate();
  auto b = allocator.Allocate();
  EXPECT_EQ(allocator.used(), 2);
  BlockRef again = allocator.Share(a->id());
  a->Reset();
  EXPECT_EQ(allocator.holders(again.id()), 1);
  again.Reset();
  EXPECT_EQ(allocator.used(), 1);
  EXPECT_EQ(allocator.free(), 2);
  allocator.KeepWhenReleased(b->id());
  b->Reset();
  EXPECT_EQ(allocator.used(), 0);
  EXPECT_EQ(allocator.cached(), 1);
  EXPECT_EQ(allocator.available(), 3);
}

TEST(BlockAllocator, EvictsTheLeastRecentlyReleased) {
  BlockAllocator allocator(3);
  std::vector<BlockId> evicted;
  allocator.SetEvictHook([&](BlockId id) { evicted.push_back(id); });
  std::vector<BlockRef> refs;
  std::vector<BlockId> ids;
  for (int i = 0; i < 3; ++i) {
    refs.push_back(*allocator.Allocate());
    ids.push_back(refs.back().id());
    allocator.KeepWhenReleased(ids.back());
  }
  EXPECT_FALSE(allocator.Allocate().has_value());
  refs[1].Reset();
  refs[0].Reset();
  refs[2].Reset();
  allocator.Share(ids[1]).Reset();   // used again: now the newest
  auto x = allocator.Allocate();
  auto y = allocator.Allocate();
  EXPECT_EQ(evicted, (std::vector<BlockId>{ids[0], ids[2]}));
  y->Reset();   // no longer kept: free
  EXPECT_EQ(allocator.free(), 1);
  EXPECT_EQ(allocator.cached(), 1);
}

TEST(BlockTable, GivesBackLastFirst) {
  BlockAllocator allocator(2);
  std::vector<BlockId> evicted;
  allocator.SetEvictHook([&](BlockId id) { evicted.push_back(id); });
  BlockTable table;
  for (int i = 0; i < 2; ++i) {
    table.Append(*allocator.Allocate());
    allocator.KeepWhenReleased(table.id(static_cast<size_t>(i)));
  }
  std::vector<BlockId> ids(table.ids().begin(), table.ids().end());
  table.Clear();
  EXPECT_EQ(table.size(), 0u);
  auto x = allocator.Allocate();
  auto y = allocator.Allocate();
  EXPECT_EQ(evicted, (std::vector<BlockId>{ids[1], ids[0]}));
}

TEST(BlockTable, DropsBlocksFromTheFront) {
  BlockAllocator allocator(3);
  BlockTable table;
  table.AppendNothing();
  for (int i = 0; i < 3; ++i) table.Append(*allocator.Allocate());
  const BlockId last = table.id(3);
  table.DropBefore(1);
  EXPECT_EQ(allocator.used(), 3);
  table.DropBefore(3);
  EXPECT_EQ(allocator.used(), 1);
  EXPECT_EQ(std::vector<BlockId>(table.ids().begin(), table.ids().end()),
            (std::vector<BlockId>{kNoBlock, kNoBlock, kNoBlock, last}));
  table.DropBefore(2);   // never comes back
  table.Clear();
  EXPECT_EQ(allocator.used(), 0);
  table.Append(*allocator.Allocate());
  table.DropBefore(9);
  EXPECT_EQ(allocator.used(), 0);
}

TEST(BlockAllocator, ADiscardedBlockIsFree) {
  BlockAllocator allocator(2);
  int evicted = 0;
  allocator.SetEvictHook([&](BlockId) { ++evicted; });
  auto a = allocator.Allocate();
  const BlockId id = a->id();
  allocator.KeepWhenReleased(id);
  a->Reset();
  allocator.Discard(id);
  EXPECT_EQ(allocator.cached(), 0);
  EXPECT_EQ(allocator.free(), 2);
  auto b = allocator.Allocate();
  auto c = allocator.Allocate();
  EXPECT_EQ(evicted, 0);
  b->Reset();
  EXPECT_EQ(allocator.free(), 1);
}

TEST(BlockAllocator, MovedReferencesReleaseOnce) {
  BlockAllocator allocator(2);
  BlockRef a = *allocator.Allocate();
  BlockRef b = std::move(a);
  EXPECT_EQ(allocator.used(), 1);
  b = *allocator.Allocate();
  EXPECT_EQ(allocator.used(), 1);
}

}  // namespace
}  // namespace pano::engine
