#include "model/nn/encoder/input_parts.h"

#include <gtest/gtest.h>

#include <vector>

namespace pano::encoder {
namespace {

std::vector<size_t> RowsOfParts(const std::vector<size_t>& counts, size_t threads) {
  std::vector<size_t> rows;
  size_t input = 0, row = 0;
  for (const InputRange& part : CutInputs(counts, threads)) {
    EXPECT_EQ(part.first, input);
    EXPECT_EQ(part.first_row, row);
    size_t sum = 0;
    for (size_t i = 0; i < part.count; ++i) sum += counts[input + i];
    EXPECT_EQ(part.rows, sum);
    input += part.count;
    row += part.rows;
    rows.push_back(part.rows);
  }
  EXPECT_EQ(input, rows.empty() ? 0 : counts.size());
  return rows;
}

using Sizes = std::vector<size_t>;

TEST(InputParts, NeighboursFillAPart) {
  EXPECT_EQ(RowsOfParts(Sizes(8, 128), 2), Sizes(4, 256));
  EXPECT_EQ(RowsOfParts(Sizes(32, 16), 2), Sizes(2, 256));
  EXPECT_EQ(RowsOfParts(Sizes(8, 16), 2), Sizes(2, 64));
}

TEST(InputParts, ALongInputIsAPartOfItsOwn) { EXPECT_EQ(RowsOfParts(Sizes(4, 512), 2), Sizes(4, 512)); }

TEST(InputParts, NoneWhereTheyWouldNotPay) {
  EXPECT_TRUE(RowsOfParts({512}, 2).empty());         // one input
  EXPECT_TRUE(RowsOfParts({16, 16}, 2).empty());      // few rows
  EXPECT_TRUE(RowsOfParts(Sizes(8, 128), 1).empty()); // nobody to share with
  EXPECT_TRUE(RowsOfParts({500, 20}, 2).empty());     // uneven
  EXPECT_TRUE(RowsOfParts(Sizes(3, 300), 2).empty());
  EXPECT_TRUE(RowsOfParts({}, 2).empty());
}

TEST(InputParts, UnequalInputsAreSharedOutWhereTheyCanBe) {
  EXPECT_EQ(RowsOfParts({100, 90, 110, 100, 30, 70, 60, 20}, 2), (Sizes{300, 260, 20}));
}

}  // namespace
}  // namespace pano::encoder
