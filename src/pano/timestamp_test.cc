#include "pano/timestamp.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace pano::cli {
namespace {

TEST(Timestamp, ReadsSecondsAndIso8601) {
  EXPECT_EQ(ParseTimestamp(1721997296).value(), 1721997296);
  EXPECT_EQ(ParseTimestamp(1721997296.75).value(), 1721997296);
  EXPECT_EQ(ParseTimestamp("2024-07-26T12:34:56").value(), 1721997296);
  EXPECT_EQ(ParseTimestamp("2024-07-26 12:34:56.123456Z").value(), 1721997296);
  EXPECT_EQ(ParseTimestamp("2024-07-26T14:34:56+02:00").value(), 1721997296);
  EXPECT_EQ(ParseTimestamp("2024-07-26T07:04:56-0530").value(), 1721997296);
  EXPECT_EQ(ParseTimestamp("2024-07-26T12:34").value(), 1721997240);
  EXPECT_EQ(ParseTimestamp("2024-07-26").value(), 1721952000);
  EXPECT_EQ(ParseTimestamp("1969-12-31T23:59:59").value(), -1);
}

TEST(Timestamp, RefusesAnythingElse) {
  for (const char* text : {"", "2024", "2024-02-30", "2024-13-01", "2024-07-26T25:00:00",
                           "2024-07-26T12", "2024-07-26x", "2024-07-26T12:34:56+", "now"}) {
    EXPECT_EQ(ParseTimestamp(text).error().code(), StatusCode::kInvalidArgument) << text;
  }
  EXPECT_FALSE(ParseTimestamp(json::Value()).ok());
  EXPECT_FALSE(ParseTimestamp(1e300).ok());
  EXPECT_FALSE(ParseTimestamp(true).ok());
}

}  // namespace
}  // namespace pano::cli
