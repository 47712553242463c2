#include "model/train/parallel/exchange.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/strings.h"
#include "model/train/parallel/in_process_members.h"

namespace pano::train {
namespace {

TEST(Exchange, TextsOfAnyLengthReachAll) {
  RunMembers(3, [](collective::Communicator& group) {
    for (size_t size : {0, 1, 3, 4, 4097, 5 << 20}) {
      std::string text = group.rank() == 1 ? std::string(size, '\xff') : "something else";
      ASSERT_TRUE(BroadcastText(group, &text, 1).ok());
      EXPECT_EQ(text, std::string(size, '\xff'));
    }
    const auto texts = GatherTexts(group, std::string(static_cast<size_t>(group.rank()) * 5, 'a'));
    ASSERT_TRUE(texts.ok());
    EXPECT_EQ(*texts, (std::vector<std::string>{"", std::string(5, 'a'), std::string(10, 'a')}));
    EXPECT_EQ(GatherTexts(group, "")->size(), 3U);
  });
}

// Bits of a signalling NaN go through as they are.
TEST(Exchange, NumbersAreSummedInSixtyFourBits) {
  RunMembers(4, [](collective::Communicator& group) {
    double values[2] = {1e16, static_cast<double>(group.rank())};
    ASSERT_TRUE(SumNumbers(group, values).ok());
    EXPECT_EQ(values[0], 4e16);
    EXPECT_EQ(values[1], 6);
    double big = group.rank() == 0 ? 1099511627776.0 : 1;  // beyond a float's 24 bits
    ASSERT_TRUE(SumNumbers(group, std::span(&big, 1)).ok());
    EXPECT_EQ(big, 1099511627779.0);
    for (int who = -1; who < 4; ++who) EXPECT_EQ(*AnyOf(group, group.rank() == who), who >= 0);
    uint32_t bits = 0x7F800001U;
    ASSERT_TRUE(BroadcastBytes(group, std::as_writable_bytes(std::span(&bits, 1)), 2).ok());
    EXPECT_EQ(bits, 0x7F800001U);
  });
}

TEST(Exchange, AGroupThatFailedFailsThem) {
  RunMembers(2, [](collective::Communicator& group) {
    group.Abort(InvalidArgument("over"));
    std::string text;
    EXPECT_FALSE(BroadcastText(group, &text, 0).ok());
    EXPECT_FALSE(GatherTexts(group, "x").ok());
    EXPECT_FALSE(AnyOf(group, true).ok());
  });
}

}  // namespace
}  // namespace pano::train
