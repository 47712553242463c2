#include "model/grammar/json_schema/decimal.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "base/random.h"

namespace pano::grammar {
namespace {

TEST(DecimalTest, KeepsNumbersAsTheyAreWritten) {
  EXPECT_EQ(Decimal::Of(int64_t{0}).ToString(), "0");
  EXPECT_EQ(Decimal::Of(int64_t{-1200}).ToString(), "-1200");
  EXPECT_EQ(Decimal::Of(std::numeric_limits<int64_t>::min()).ToString(), "-9223372036854775808");
  EXPECT_EQ(Decimal::Of(0.1).ToString(), "0.1");
  EXPECT_EQ(Decimal::Of(-20.25).ToString(), "-20.25");
  EXPECT_EQ(Decimal::Of(1e-7).ToString(), "0.0000001");
  EXPECT_EQ(Decimal::Of(2.5e20).ToString(), "250000000000000000000");
  EXPECT_EQ(Decimal::Of(-0.0), Decimal());
  EXPECT_EQ(Decimal::Of(3.0), Decimal::Of(int64_t{3}));
  EXPECT_EQ(Decimal::Of(1234.5).IntegerDigits(), "1234");
  EXPECT_EQ(Decimal::Of(0.05).FractionDigits(), "05");
  EXPECT_EQ(Decimal::Of(1250.0).Mantissa().ToString(), "1.25");
}

TEST(DecimalTest, OrdersAndRoundsAsNumbersDo) {
  Random random(1);
  for (int i = 0; i < 2000; ++i) {
    const double a = static_cast<double>(static_cast<int64_t>(random.Below(4001)) - 2000) / 8;
    const double b = static_cast<double>(static_cast<int64_t>(random.Below(4001)) - 2000) / 8;
    EXPECT_EQ(Decimal::Of(a) < Decimal::Of(b), a < b) << a << " " << b;
    EXPECT_EQ(Decimal::Of(a) == Decimal::Of(b), a == b) << a << " " << b;
    EXPECT_EQ(Decimal::Of(a).Floor(), Decimal::Of(std::floor(a))) << a;
    EXPECT_EQ(Decimal::Of(a).Ceiling(), Decimal::Of(std::ceil(a))) << a;
    EXPECT_EQ(Decimal::Of(a).integer(), std::floor(a) == a) << a;
    EXPECT_EQ(Decimal::Of(std::floor(a)).Next(), Decimal::Of(std::floor(a) + 1)) << a;
  }
}

TEST(DecimalTest, WhatReadingRoundedIsNotExact) {
  EXPECT_EQ(Decimal::Of(json::Value(9223372036854775807)), Decimal::Of(int64_t{9223372036854775807}));
  EXPECT_EQ(Decimal::Of(*json::Parse("18446744073709551615")), std::nullopt);
  // 2^64 - 1 reads as 2^64: a maximum must not take 2^64 in, a minimum not what lies between.
  EXPECT_LT(Decimal::BoundOf(*json::Parse("18446744073709551615"), false), Decimal::Of(18446744073709551615.0));
  EXPECT_GT(Decimal::BoundOf(*json::Parse("18446744073709551617"), true), Decimal::Of(18446744073709551615.0));
  EXPECT_LT(Decimal::BoundOf(*json::Parse("-1e300"), false), Decimal::Of(-1e300));
  EXPECT_EQ(Decimal::BoundOf(json::Value(0.5), true), Decimal::Of(0.5));
}

}  // namespace
}  // namespace pano::grammar
