#include "base/utf8.h"

#include <gtest/gtest.h>

namespace pano {
namespace {

TEST(Utf8, KnowsWellFormedCharacters) {
  EXPECT_EQ(Utf8Length("a"), 1u);
  EXPECT_EQ(Utf8Length("\xC3\xA9"), 2u);
  EXPECT_EQ(Utf8Length("\xE4\xBD\xA0"), 3u);
  EXPECT_EQ(Utf8Length("\xF0\x9F\x98\x80"), 4u);
  // Overlong, surrogate, above U+10FFFF, lone continuation, cut short.
  for (const char* bad : {"\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\x80", "\xE4\xBD"}) {
    EXPECT_EQ(Utf8Length(bad), 0u);
  }
}

TEST(Utf8, FindsTheIncompleteTail) {
  EXPECT_EQ(Utf8IncompleteTail("a\xE4\xBD"), 2u);
  EXPECT_EQ(Utf8IncompleteTail("a\xF0\x9F\x98"), 3u);
  EXPECT_EQ(Utf8IncompleteTail("a\xE4"), 1u);
  EXPECT_EQ(Utf8IncompleteTail("a\xE4\xBD\xA0"), 0u);
  EXPECT_EQ(Utf8IncompleteTail("a\x80"), 0u);        // never becomes a character
  EXPECT_EQ(Utf8IncompleteTail("a\xE0\x80"), 0u);    // nor does an overlong form
  EXPECT_EQ(Utf8IncompleteTail(""), 0u);
}

TEST(Utf8, SanitizeReplacesMaximalParts) {
  EXPECT_EQ(Utf8Sanitize("a\xF0\x9F\x98z"), "a\xEF\xBF\xBDz");
  EXPECT_EQ(Utf8Sanitize("\xE0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(Utf8Sanitize("ok\xC3\xA9"), "ok\xC3\xA9");
}

TEST(Utf8, RoundTrips) {
  for (char32_t c : {U'a', U'\u00e9', U'\u4f60', U'\U0001F600', U'\U0010FFFF'}) {
    std::string text;
    Utf8Append(text, c);
    ASSERT_EQ(Utf8Length(text), text.size());
    EXPECT_EQ(Utf8Decode(text, text.size()), c);
  }
}

}  // namespace
}  // namespace pano
