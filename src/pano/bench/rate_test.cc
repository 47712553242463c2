#include "pano/bench/rate.h"

#include <gtest/gtest.h>

namespace pano::bench {
namespace {

TEST(RateTest, MedianAndSpread) {
  const Rate odd = RateOf({3, 1, 2});
  EXPECT_EQ(odd.median, 2);
  EXPECT_EQ(odd.min, 1);
  EXPECT_EQ(odd.max, 3);
  EXPECT_EQ(odd.spread(), 1);
  EXPECT_EQ(RateOf({4, 1, 2, 3}).median, 2.5);
  EXPECT_EQ(RateOf({7}).spread(), 0);
}

}  // namespace
}  // namespace pano::bench
