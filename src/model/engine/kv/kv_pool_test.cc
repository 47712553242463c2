#include "model/engine/kv/kv_pool.h"

#include <gtest/gtest.h>

namespace pano::engine {
namespace {

KvPlan Plan(std::vector<KvGroup> groups, int blocks) {
  KvPlan plan;
  plan.block_counts.assign(groups.size(), blocks);
  plan.groups = std::move(groups);
  return plan;
}

TEST(KvPool, RoomIsWhatTheScarcestGroupHas) {
  KvPool pool(Plan({{0}, {5}}, 6));
  BlockTables tables = pool.NewTables();
  EXPECT_EQ(pool.Room(tables, 0), 6 * 32);
  EXPECT_EQ(pool.Room(tables, 2), 4 * 32);
  pool.Extend(tables, 40);
  EXPECT_EQ(pool.Room(tables, 0), 6 * 32);
  EXPECT_EQ(pool.Room(tables, 4), 2 * 32);
  EXPECT_EQ(pool.Room(tables, 100), 2 * 32);  // its own are its own
  std::optional<BlockRef> other = pool.allocator(1).Allocate();
  EXPECT_EQ(pool.Room(tables, 0), 5 * 32);
}

TEST(KvPool, TruncatingGivesBackWhatLiesBehind) {
  KvPool pool(Plan({{0}, {5}}, 6));
  BlockTables tables = pool.NewTables();
  pool.Extend(tables, 150);
  pool.Trim(tables, 90);  // the window keeps 3 of 5
  EXPECT_EQ(pool.used(), 5 + 3);
  pool.Truncate(tables, 96);
  EXPECT_EQ(pool.used(), 3 + 1);
  EXPECT_EQ(tables[1].id(1), kNoBlock);
  pool.Extend(tables, 97);
  pool.Trim(tables, 100);
  EXPECT_EQ(pool.used(), 4 + 1);
  pool.Truncate(tables, 0);
  EXPECT_EQ(pool.used(), 0);
  EXPECT_EQ(pool.free(), 12);
}

}  // namespace
}  // namespace pano::engine
