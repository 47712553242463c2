#include "data/version/remote/hmac.h"

#include <gtest/gtest.h>

#include <span>
#include <string>

namespace pano::remote {
namespace {

// RFC 4231, test case 2.
TEST(Hmac, HasTheKnownValue) {
  const std::string mac = HmacSha256("Jefe", "what do ya want for nothing?");
  EXPECT_EQ(ToHex(std::as_bytes(std::span(mac))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

// RFC 4648, section 10.
TEST(Base64, HasTheKnownValues) {
  EXPECT_EQ(Base64(""), "");
  EXPECT_EQ(Base64("f"), "Zg==");
  EXPECT_EQ(Base64("fooba"), "Zm9vYmE=");
  EXPECT_EQ(Base64(FromHex("666f6f")), "Zm9v");
}

}  // namespace
}  // namespace pano::remote
