#include "pano/terminal/edit_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "pano/terminal/clusters.h"
#include "pano/terminal/testing/screen.h"

namespace pano::terminal {
namespace {

using ::testing::ElementsAre;

Frame Of(std::string_view text, size_t cursor, int columns, int rows = 24) {
  return {.prompt = "> ", .prompt_style = "\x1b[1m", .text = text, .cursor = cursor,
          .columns = columns, .rows = rows};
}

TEST(EditView, BreaksWideCharactersWhole) {
  Screen screen(8);
  EditView view;
  screen.Write(view.Paint(Of("你好世界", 6, 8)));
  EXPECT_THAT(screen.Lines(), ElementsAre("> 你好世", "  界"));
  EXPECT_EQ(screen.cursor_row(), 0);
  EXPECT_EQ(screen.cursor_column(), 6);
  screen.Write(view.Paint(Of("你好世界", 12, 8)));
  EXPECT_EQ(screen.cursor_row(), 1);
  EXPECT_EQ(screen.cursor_column(), 4);
}

TEST(EditView, ACursorBehindAFullRowStandsInTheNext) {
  Screen screen(6);
  EditView view;
  screen.Write(view.Paint(Of("abcd", 4, 6)));
  EXPECT_EQ(screen.cursor_row(), 1);
  EXPECT_EQ(screen.cursor_column(), 2);
  screen.Write(view.Paint(Of("abc", 3, 6)));
  EXPECT_THAT(screen.Lines(), ElementsAre("> abc"));
  EXPECT_EQ(screen.cursor_row(), 0);
}

TEST(EditView, LinesTabsAndControls) {
  Screen screen(20);
  EditView view;
  screen.Write(view.Paint(Of("a\nb\tc\x1b[31m", 0, 20)));
  EXPECT_THAT(screen.Lines(), ElementsAre("> a", "  b   c\u241b[31m"));
  EXPECT_EQ(screen.unknown_sequences(), 0);
  screen.Write(view.Leave(Of("a\nb", 0, 20)));
  EXPECT_THAT(screen.Lines(), ElementsAre("> a", "  b"));
  EXPECT_EQ(screen.cursor_row(), 2);
  EXPECT_EQ(screen.cursor_column(), 0);
}

TEST(EditView, TallTextsShowTheRowsAroundTheCursor) {
  std::string text;
  for (char c = 'a'; c <= 'z'; ++c) text += {c, '\n'};
  Screen screen(10, 6);
  EditView view;
  screen.Write(view.Paint(Of(text, text.size(), 10, 6)));
  EXPECT_THAT(screen.Lines().back(), "  z");
  screen.Write(view.Paint(Of(text, 0, 10, 6)));
  EXPECT_THAT(screen.Lines(), ElementsAre("> a", "  b", "  c", "  d", "  e"));
  EXPECT_EQ(screen.cursor_row(), 0);
}

// Whatever was on the screen before, a frame looks as if it had been drawn first.
TEST(EditView, FramesDoNotDependOnTheOnesBefore) {
  Random random(11);
  const std::vector<std::string> parts = {"a", "你", "👨‍👩‍👧", "e\u0301", "\n", " ", "\t", "word"};
  for (const int columns : {4, 5, 8, 20}) {
    Screen screen(columns);
    EditView view;
    screen.Write("above\r\n");
    for (int i = 0; i < 300; ++i) {
      std::string text;
      for (uint64_t n = random.Below(12); n > 0; --n) text += parts[random.Below(parts.size())];
      size_t cursor = text.size();
      const auto clusters = SplitClusters(text);
      if (!clusters.empty() && random.Below(2) == 0) {
        cursor = clusters[random.Below(clusters.size())].begin;
      }
      Screen fresh(columns);
      EditView once;
      fresh.Write("above\r\n" + once.Paint(Of(text, cursor, columns)));
      screen.Write(view.Paint(Of(text, cursor, columns)));
      ASSERT_EQ(screen.Text(), fresh.Text()) << text;
      ASSERT_EQ(screen.cursor_row(), fresh.cursor_row()) << text;
      ASSERT_EQ(screen.cursor_column(), fresh.cursor_column()) << text;
    }
  }
}

}  // namespace
}  // namespace pano::terminal
