#include "app/api/timestamp.h"

#include <gtest/gtest.h>

namespace pano::api {
namespace {

TEST(Timestamp, IsUtcWithinFourDigitsOfAYear) {
  EXPECT_EQ(Timestamp(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(Timestamp(1'709'164'800), "2024-02-29T00:00:00Z");
  EXPECT_EQ(Timestamp(-5), "1970-01-01T00:00:00Z");
  EXPECT_EQ(Timestamp(INT64_MAX), "9999-12-31T23:59:59Z");
}

}  // namespace
}  // namespace pano::api
