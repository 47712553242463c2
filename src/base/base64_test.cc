#include "base/base64.h"

#include <gtest/gtest.h>

namespace pano {
namespace {

constexpr Base64Rule kRules[] = {{true, false}, {true, true}, {false, false}, {false, true}};

TEST(Base64, DecodesTheVectorsOfTheStandardByEveryRule) {
  for (const Base64Rule& rule : kRules) {
    EXPECT_EQ(FromBase64("", rule), "");
    EXPECT_EQ(FromBase64("Zg==", rule), "f");
    EXPECT_EQ(FromBase64("Zm8=", rule), "fo");
    EXPECT_EQ(FromBase64("Zm9v", rule), "foo");
    EXPECT_EQ(FromBase64("Zm9vYg==", rule), "foob");
    EXPECT_EQ(FromBase64("Zm9vYmE=", rule), "fooba");
    EXPECT_EQ(FromBase64("Zm9vYmFy", rule), "foobar");
    EXPECT_EQ(FromBase64("//79", rule), "\xff\xfe\xfd");
    EXPECT_EQ(FromBase64("+/+/", rule), "\xfb\xff\xbf");
  }
}

TEST(Base64, RefusesWhatIsNoneByEveryRule) {
  for (const Base64Rule& rule : kRules) {
    for (const char* text : {"Z", "Zg=", "Zm9v=", "Z===", "====", "Zg==Zg==", "Zm9v!", "Zm 9", "Zm9-", "-_-_", "=Zm9",
                             "=", "Zm9vY", "Zm9v\n"}) {
      EXPECT_FALSE(FromBase64(text, rule)) << text;
    }
  }
}

TEST(Base64, PaddingIsRequiredOrNot) {
  EXPECT_FALSE(FromBase64("Zm9vYg", {.padding_required = true}));
  EXPECT_FALSE(FromBase64("Zm9vYmE"));  // the rule by default
  EXPECT_EQ(FromBase64("Zm9vYg", {.padding_required = false}), "foob");
  EXPECT_EQ(FromBase64("Zm9vYmE", {.padding_required = false}), "fooba");
}

TEST(Base64, SpareBitsAreCheckedOrNot) {
  for (const char* text : {"Zh==", "Zm9="}) {
    EXPECT_TRUE(FromBase64(text, {.spare_bits_checked = false})) << text;
    EXPECT_FALSE(FromBase64(text, {.spare_bits_checked = true})) << text;
  }
  EXPECT_EQ(FromBase64("Zh=="), "f");  // the rule by default
}

}  // namespace
}  // namespace pano
