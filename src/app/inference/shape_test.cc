#include "app/inference/shape.h"

#include <gtest/gtest.h>

#include <limits>

namespace pano::inference {
namespace {

TEST(Shape, CountsElements) {
  EXPECT_EQ(*CountElements(Shape{}), 1);
  EXPECT_EQ(*CountElements(Shape{2, 48}), 96);
  EXPECT_EQ(*CountElements(Shape{0}), 0);
  EXPECT_EQ(*CountElements(Shape{kElementsMax}), kElementsMax);
}

TEST(Shape, RefusesWhatOverflowsBeforeItIsMultiplied) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  EXPECT_FALSE(CountElements(Shape{kElementsMax, 2}).ok());
  EXPECT_FALSE(CountElements(Shape{kMost, kMost}).ok());
  EXPECT_FALSE(CountElements(Shape{int64_t{1} << 32, int64_t{1} << 32}).ok());  // 0 modulo 2^64
  EXPECT_FALSE(CountElements(Shape{-1}).ok());
  EXPECT_FALSE(CountElements(Shape{0, -1}).ok());
  EXPECT_FALSE(CountElements(Shape(kRankMax + 1, 1)).ok());
  EXPECT_EQ(*CountElements(Shape{kMost, 0, kMost}), 0);
}

TEST(Shape, ReadsAsText) {
  EXPECT_EQ(ShapeText(Shape{}), "[]");
  EXPECT_EQ(ShapeText(Shape{2, -1}), "[2,-1]");
  EXPECT_EQ(ShapeText(Shape(9, 1)), "[1,1,1,1,1,1,1,1,...]");
}

}  // namespace
}  // namespace pano::inference
