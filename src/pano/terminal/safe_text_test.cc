#include "pano/terminal/safe_text.h"

#include <gtest/gtest.h>

#include "base/utf8.h"

namespace pano::terminal {
namespace {

TEST(SafeText, NoCommandReachesTheTerminal) {
  EXPECT_EQ(MakeSafe("a\x1b[2Jb"), "a\u241b[2Jb");
  EXPECT_EQ(MakeSafe("\x1b]0;title\x07"), "\u241b]0;title\u2407");
  EXPECT_EQ(MakeSafe("\xc2\x9b"
                     "31m"),
            "\uFFFD31m");  // CSI as one character
  EXPECT_EQ(MakeSafe("\x7f\b"), "\u2421\u2408");
  EXPECT_EQ(MakeSafe(std::string_view("\0", 1)), "\u2400");
  EXPECT_EQ(MakeSafe("one\r\ntwo\tthree\rfour"), "one\ntwo\tthreefour");
  EXPECT_EQ(MakeSafe("a\u202Eb\u2066c"), "a\uFFFDb\uFFFDc");
  EXPECT_EQ(MakeSafe("\xff\xc0\x80"), "\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(MakeSafe("你好 👨‍👩‍👧 עברית e\u0301"), "你好 👨‍👩‍👧 עברית e\u0301");
  EXPECT_EQ(MakeSafeLine("a\nb\tc"), "a b c");
}

// Whatever comes in whatever pieces, what goes out is well formed and free of controls.
TEST(SafeText, PiecesGiveTheSame) {
  std::string text;
  for (int c = 0; c < 256; ++c) text += {static_cast<char>(c), 'x'};
  text += "你好\u202E👨‍👩‍👧\x9b\xc2";
  for (size_t size = 1; size <= text.size(); size = size * 2 + 1) {
    SafeText safe;
    std::string out;
    for (size_t i = 0; i < text.size(); i += size) out += safe.Push(text.substr(i, size));
    out += safe.Flush();
    EXPECT_EQ(out, MakeSafe(text)) << size;
    EXPECT_TRUE(Utf8Valid(out));
    for (char c : out) EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t');
    EXPECT_EQ(out.find("\xc2\x9b"), std::string::npos);
  }
}

}  // namespace
}  // namespace pano::terminal
