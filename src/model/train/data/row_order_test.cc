#include "model/train/data/row_order.h"

#include <gtest/gtest.h>

#include <set>

namespace pano::train {
namespace {

std::vector<int64_t> Pass(RowOrder& order, int64_t size, int64_t pass) {
  std::vector<int64_t> rows;
  for (int64_t i = 0; i < size; ++i) rows.push_back(order.At(pass * size + i));
  return rows;
}

TEST(RowOrder, EachPassHasEveryRowOnce) {
  RowOrder order(17, 5, true);
  const auto first = Pass(order, 17, 0), second = Pass(order, 17, 1);
  EXPECT_EQ(std::set<int64_t>(first.begin(), first.end()).size(), 17u);
  EXPECT_EQ(std::set<int64_t>(second.begin(), second.end()).size(), 17u);
  EXPECT_NE(first, second);
  EXPECT_EQ(Pass(order, 17, 0), first);  // whatever was asked meanwhile
  RowOrder again(17, 5, true), other(17, 6, true);
  EXPECT_EQ(again.At(20), second[3]);
  EXPECT_NE(Pass(other, 17, 0), first);
}

TEST(RowOrder, AsTheyStand) {
  RowOrder order(3, 5, false);
  EXPECT_EQ(Pass(order, 3, 0), (std::vector<int64_t>{0, 1, 2}));
  EXPECT_EQ(order.At(7), 1);
}

}  // namespace
}  // namespace pano::train
