#include "base/strings.h"

#include <gtest/gtest.h>

namespace pano {
namespace {

TEST(Strings, CatsPiecesOfManyKinds) {
  EXPECT_EQ(StrCat("a", std::string("b"), 1, -2, 0.1, true, 'c', size_t{7}), "ab1-20.1truec7");
}

TEST(Strings, SplitsAndTrims) {
  EXPECT_EQ(Split("a,,b", ',').size(), 3u);
  EXPECT_EQ(Split("", ',').size(), 1u);
  EXPECT_EQ(Trim(" \ta b\n"), "a b");
  EXPECT_EQ(Trim("  "), "");
}

TEST(Strings, ParsesWholeNumbersOnly) {
  EXPECT_EQ(ParseInt("-12"), -12);
  EXPECT_FALSE(ParseInt("12x"));
  EXPECT_FALSE(ParseInt("99999999999999999999"));
  EXPECT_EQ(ParseDouble("2.5e1"), 25.0);
  EXPECT_FALSE(ParseDouble(""));
}

TEST(Strings, PrintableEscapesAndCuts) {
  EXPECT_EQ(Printable("a\n\xff\xC3\xA9"), "a\\x0a\\xff\xC3\xA9");
  EXPECT_EQ(Printable("abcdef", 3), "abc...");
}

}  // namespace
}  // namespace pano
