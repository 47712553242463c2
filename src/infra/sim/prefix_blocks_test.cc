#include "infra/sim/prefix_blocks.h"

#include <gtest/gtest.h>

#include <vector>

namespace pano::sim {
namespace {

using Ids = std::vector<int64_t>;

TEST(PrefixBlocksTest, KnowsWhatBeginsAlike) {
  PrefixBlocks blocks(8);
  blocks.Use(Ids{1, 2, 3});
  EXPECT_EQ(blocks.Known(Ids{1, 2, 4}), 2);
  EXPECT_EQ(blocks.Known(Ids{2, 3}), 2);
  EXPECT_EQ(blocks.Known(Ids{9, 1}), 0);
  EXPECT_EQ(blocks.Known(Ids{}), 0);
}

TEST(PrefixBlocksTest, ForgetsEndsBeforeBeginningsAndTheOldestFirst) {
  PrefixBlocks blocks(4);
  blocks.Use(Ids{1, 2, 3});
  blocks.Use(Ids{7, 8});   // one too many: 3 goes
  EXPECT_EQ(blocks.Known(Ids{1, 2, 3}), 2);
  blocks.Use(Ids{1});
  blocks.Use(Ids{20, 21});
  EXPECT_EQ(blocks.Known(Ids{1, 2}), 1);
  EXPECT_EQ(blocks.Known(Ids{7, 8}), 1);
  blocks.Use(Ids{31, 32, 33, 34, 35, 36});   // longer than there is room
  EXPECT_EQ(blocks.Known(Ids{31, 32, 33, 34, 35}), 4);
  PrefixBlocks none(0);
  none.Use(Ids{1});
  EXPECT_EQ(none.Known(Ids{1}), 0);
}

}  // namespace
}  // namespace pano::sim
