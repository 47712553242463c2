#include "app/auth/issuer/duration_text.h"

#include <gtest/gtest.h>

namespace pano::issuer {
namespace {

TEST(DurationText, IsANumberAndAUnit) {
  EXPECT_EQ(ParseDurationSeconds("1s").value(), 1);
  EXPECT_EQ(ParseDurationSeconds("15m").value(), 900);
  EXPECT_EQ(ParseDurationSeconds("12h").value(), 43'200);
  EXPECT_EQ(ParseDurationSeconds("30d").value(), 2'592'000);
  EXPECT_EQ(ParseDurationSeconds("36525d").value(), 36'525ll * 86'400);
}

TEST(DurationText, RefusesTheRest) {
  for (const char* wrong : {"", "s", "0s", "-1s", "+1s", "1", "1w", "1.5h", "1 h", " 1h", "1h ", "36526d",
                            "9223372036854775807d", "99999999999999999999s", "0x1s"}) {
    EXPECT_FALSE(ParseDurationSeconds(wrong).ok()) << wrong;
  }
}

}  // namespace
}  // namespace pano::issuer
