#include "app/auth/jose/base64url.h"

#include <gtest/gtest.h>

#include "app/auth/jose/sha256.h"

namespace pano::jose {
namespace {

TEST(Base64Url, IsReadBackForEveryLength) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    const std::string text = EncodeBase64Url(bytes);
    EXPECT_EQ(text.find_first_of("+/="), std::string::npos);
    EXPECT_EQ(DecodeBase64Url(text), bytes) << i;
    bytes += static_cast<char>(i * 37);
  }
}

TEST(Base64Url, KnownTexts) {   // RFC 7515, appendix C
  EXPECT_EQ(EncodeBase64Url(std::string("\x03\xec\xff\xe0\xc1", 5)), "A-z_4ME");
  EXPECT_EQ(DecodeBase64Url("A-z_4ME"), std::string("\x03\xec\xff\xe0\xc1", 5));
  EXPECT_EQ(DecodeBase64Url(""), "");
}

TEST(Sha256, OfAbc) {   // FIPS 180-4's example
  EXPECT_EQ(EncodeBase64Url(Sha256("abc")), "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
}

TEST(Base64Url, RefusesWhateverStandsForTheSameBytesInAnotherWay) {
  for (const char* wrong : {"A-z_4ME=", "A+z/4ME", "A-z_ 4ME", "A-z_4ME\n", "A", "AAAAA", "A-z_4MF", "Zh", "Zg==", "=",
                            "A-z_4M.", "\xc3\xa4"}) {
    EXPECT_FALSE(DecodeBase64Url(wrong).has_value()) << wrong;
  }
  EXPECT_FALSE(DecodeBase64Url(std::string_view("AA\0A", 4)).has_value());
}

}  // namespace
}  // namespace pano::jose
