#include "pano/chat/entered_text.h"

#include <gtest/gtest.h>

namespace pano::chat {
namespace {

TEST(EnteredText, BackslashGoesOn) {
  EXPECT_TRUE(IsUnfinished("one\\"));
  EXPECT_TRUE(IsUnfinished("one\\\ntwo\\"));
  EXPECT_FALSE(IsUnfinished("one\\\ntwo"));
  EXPECT_FALSE(IsUnfinished("a path\\\\"));
  EXPECT_FALSE(IsUnfinished(""));
  EXPECT_EQ(FinishedText("one\\\ntwo"), "one\ntwo");
  EXPECT_EQ(FinishedText("one\ntwo\n"), "one\ntwo\n");
  EXPECT_EQ(FinishedText("C:\\\\\nx"), "C:\\\\\nx");
  EXPECT_EQ(FinishedText(""), "");
}

TEST(EnteredText, QuotesGoOn) {
  EXPECT_TRUE(IsUnfinished("\"\"\""));
  EXPECT_TRUE(IsUnfinished("\"\"\"\ncode\\\n"));
  EXPECT_TRUE(IsUnfinished("\"\"\"\""));
  EXPECT_FALSE(IsUnfinished("\"\"\"\ncode\n\"\"\""));
  EXPECT_FALSE(IsUnfinished("\"\"\"one line\"\"\" "));
  EXPECT_FALSE(IsUnfinished("a \"\"\" in it"));
  EXPECT_EQ(FinishedText("\"\"\"\n  code\\\n\n\"\"\""), "  code\\\n");
  EXPECT_EQ(FinishedText("\"\"\"one line\"\"\""), "one line");
  EXPECT_EQ(FinishedText("\"\"\"\"\"\""), "");
  EXPECT_EQ(FinishedText("\"\"\"cut"), "cut");
}

}  // namespace
}  // namespace pano::chat
