#include "base/curl/retry_after.h"

#include <gtest/gtest.h>

namespace pano {
namespace {

TEST(ParseRetryAfter, TakesSecondsAndDates) {
  EXPECT_EQ(ParseRetryAfter("7", 0), 7);
  EXPECT_EQ(ParseRetryAfter(" 0 ", 0), 0);
  EXPECT_EQ(ParseRetryAfter("Sun, 06 Nov 1994 08:49:37 GMT", 784'111'770), 7);
  EXPECT_EQ(ParseRetryAfter("Sun, 06 Nov 1994 08:49:37 GMT", 884'111'777), 0);
}

TEST(ParseRetryAfter, KnowsNothingOfOtherTexts) {
  for (const char* text : {"", "-1", "soon", "1e3", "99999999999999999999"}) EXPECT_EQ(ParseRetryAfter(text, 0), std::nullopt) << text;
}

}  // namespace
}  // namespace pano
