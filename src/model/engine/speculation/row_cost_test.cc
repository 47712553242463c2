#include "model/engine/speculation/row_cost.h"

#include <gtest/gtest.h>

namespace pano::engine {
namespace {

// Steps of all sizes that take 1 + cost * (rows - 1) milliseconds.
void ObserveAll(RowCost& row_cost, double cost, int rounds = 30) {
  for (int i = 0; i < rounds; ++i) {
    for (int64_t rows = 1; rows <= 8; ++rows) {
      row_cost.Observe(rows, 1e-3 * (1 + cost * static_cast<double>(rows - 1)));
    }
  }
}

TEST(RowCost, StartsFromWhatIsTypical) {
  RowCost cost;
  EXPECT_EQ(cost.Get(), RowCost::kTypical);
  EXPECT_EQ(cost.one_row_seconds(), 0);
  cost.Observe(4, 1e-3);  // of one row nothing is known
  EXPECT_EQ(cost.Get(), RowCost::kTypical);
}

TEST(RowCost, FollowsWhatIsMeasured) {
  for (double want : {0.02, 0.15, 0.5, 0.9}) {
    RowCost cost;
    ObserveAll(cost, want);
    EXPECT_NEAR(cost.Get(), want, 0.03 * want + 0.002);
    EXPECT_EQ(cost.one_row_seconds(), 1e-3);
    ObserveAll(cost, 0.3, 150);  // slowly, where steps become slower
    EXPECT_NEAR(cost.Get(), 0.3, 0.02);
  }
}

TEST(RowCost, DisturbancesDoNotCount) {
  RowCost cost;
  ObserveAll(cost, 0.2);
  for (int64_t rows = 1; rows <= 8; ++rows) cost.Observe(rows, 1.0);
  EXPECT_NEAR(cost.Get(), 0.2, 0.05);
  cost.Observe(2, 0);  // a clock that stands still
  cost.Observe(100, 1e-9);
  cost.Observe(0, 1.0);
  EXPECT_NEAR(cost.Get(), 0.2, 0.05);
}

TEST(RowCost, WhatIsNotMeasuredAnyMoreFades) {
  RowCost cost;
  for (int i = 0; i < 50; ++i) cost.Observe(1, 1e-3);
  for (int i = 0; i < 50; ++i) cost.Observe(8, 20e-3);
  EXPECT_EQ(cost.Get(), 2);  // 2.7, at most 2
  for (int i = 0; i < 2000; ++i) cost.Observe(1, 1e-3);
  EXPECT_NEAR(cost.Get(), RowCost::kTypical, 0.01);
}

TEST(RowCost, StaysInBounds) {
  RowCost cost;
  for (int i = 0; i < 50; ++i) cost.Observe(1, 1e-3);
  for (int i = 0; i < 50; ++i) cost.Observe(8, 1e-4);  // faster than one row
  EXPECT_EQ(cost.Get(), 0.01);
}

}  // namespace
}  // namespace pano::engine
