#include "base/percent_encoding.h"

#include <gtest/gtest.h>

namespace pano {
namespace {

TEST(PercentEncode, LeavesUnreservedCharactersAlone) {
  const std::string unreserved = "ABCXYZabcxyz0189-._~";
  EXPECT_EQ(PercentEncode(unreserved, Slashes::kEncoded), unreserved);
  EXPECT_EQ(PercentEncode("", Slashes::kKept), "");
}

TEST(PercentEncode, WritesBytesInUpperCase) {
  EXPECT_EQ(PercentEncode("a b&c=\xc3\xa9+%", Slashes::kKept), "a%20b%26c%3D%C3%A9%2B%25");
  EXPECT_EQ(PercentEncode(std::string("\0\xff\x7f", 3), Slashes::kKept), "%00%FF%7F");
}

TEST(PercentEncode, KeepsSlashesWhereTheyPartSegments) {
  EXPECT_EQ(PercentEncode("a/b?c", Slashes::kKept), "a/b%3Fc");
  EXPECT_EQ(PercentEncode("a/b?c"), "a%2Fb%3Fc");
}

}  // namespace
}  // namespace pano
