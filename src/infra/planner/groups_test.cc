#include "infra/planner/groups.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace pano::planner {
namespace {

cluster::Fabric Spine() {
  cluster::Fabric f;
  f.nodes = 32;
  f.gpus_per_node = 8;
  f.intra = {3.4e-6, 235e9};
  f.inter = {9.6e-6, 25e9};
  f.nics_per_node = 4;
  f.leaf_nodes = 8;
  f.oversubscription = 4;
  return f;
}

TEST(Groups, OneRankWaitsForNobody) {
  EXPECT_EQ(PassSeconds(Spine(), {1, 8}, 1e9), 0);
}

TEST(Groups, InsideANodeIsARing) {
  EXPECT_NEAR(PassSeconds(Spine(), {8, 1}, 1e9), 7.0 / 8 * 1e9 / 235e9 + 7 * 3.4e-6, 1e-12);
  EXPECT_NEAR(PassSeconds(Spine(), {4, 2}, 1e9), 3.0 / 4 * 1e9 / 235e9 + 3 * 3.4e-6, 1e-12);
}

TEST(Groups, RanksOfOneNodeShareItsNics) {
  // 8 groups of 8 nodes each: a group has an eighth of 100 GB/s.
  EXPECT_NEAR(PassSeconds(Spine(), {8, 8}, 1e9), 7.0 / 8 * 1e9 / 12.5e9 + 7 * 9.6e-6, 1e-12);
}

TEST(Groups, UplinksAreSharedAndOversubscribed) {
  // 32 nodes over four leaves: a leaf's uplink has 8 * 100 / 4 = 200 GB/s for 8 groups: 25 each, the NICs are slower.
  EXPECT_NEAR(PassSeconds(Spine(), {32, 8}, 1e9), 31.0 / 32 * 1e9 / 12.5e9 + 31 * 9.6e-6, 1e-12);
  cluster::Fabric f = Spine();
  f.oversubscription = 16;
  EXPECT_NEAR(PassSeconds(f, {32, 8}, 1e9), 31.0 / 32 * 1e9 / 6.25e9 + 31 * 9.6e-6, 1e-12);
}

TEST(Groups, WholeNodesTakeTheFasterOfRingAndTwoLevels) {
  cluster::Fabric f = Spine();
  f.oversubscription = 1;
  const double ring = 255.0 / 256 * 1e9 / 100e9 + 255 * 9.6e-6;
  const double two = 7.0 / 8 * 1e9 / 235e9 + 7 * 3.4e-6 + 31.0 / 32 * 1e9 / 100e9 + 31 * 9.6e-6;
  EXPECT_NEAR(PassSeconds(f, {256, 1}, 1e9), std::min(ring, two), 1e-12);
  EXPECT_LT(PassSeconds(f, {256, 1}, 1e3), 255 * 9.6e-6);   // small messages: the latency of two levels
}

TEST(Groups, NeighbouringStagesSendInsideOrBetweenNodes) {
  EXPECT_NEAR(SendSeconds(Spine(), 1, 1e6), 3.4e-6 + 1e6 / 235e9, 1e-12);
  EXPECT_NEAR(SendSeconds(Spine(), 8, 1e6), 9.6e-6 + 1e6 / 12.5e9, 1e-12);
  EXPECT_NEAR(SendSeconds(Spine(), 64, 1e6), 9.6e-6 + 1e6 / 3.125e9, 1e-12);
}

}  // namespace
}  // namespace pano::planner
