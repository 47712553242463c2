#include "pano/chat/answer_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "pano/chat/testing/recording_console.h"

namespace pano::chat {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(AnswerView, FoldsThinking) {
  RecordingConsole console;
  ManualClock time;
  AnswerView view(console, ShowThinking::kFold, time);
  view.OnThinking("First line\nsecond \x1b[2J");
  time.Advance(std::chrono::seconds(3));
  view.OnThinking("line");
  view.OnAnswer("Yes");
  view.OnAnswer(" \x1b[31mred");
  view.End();
  ASSERT_EQ(console.progress.size(), 3u);
  EXPECT_EQ(console.progress[1], "thinking, 3 s  second \u241b[2Jline");
  EXPECT_EQ(console.progress[2], "");
  EXPECT_THAT(console.notes, HasSubstr("[thought for 3 s"));
  EXPECT_EQ(console.answers, "Yes \u241b[31mred\n");
  EXPECT_EQ(view.answer(), "Yes \x1b[31mred");
  EXPECT_EQ(view.thinking(), "First line\nsecond \x1b[2Jline");
}

TEST(AnswerView, ShowsOrHidesIt) {
  ManualClock time;
  RecordingConsole shown, hidden;
  for (auto* console : {&shown, &hidden}) {
    AnswerView view(*console, console == &shown ? ShowThinking::kShow : ShowThinking::kHide,
                    time);
    view.OnThinking("hm");
    view.OnAnswer("Yes\n");
    view.End();
    EXPECT_EQ(console->answers, "Yes\n");
    EXPECT_EQ(console->notes, "");
  }
  EXPECT_EQ(shown.thinking, "hm\n\n");
  EXPECT_EQ(hidden.thinking, "");
}

TEST(AnswerView, CharactersAreNotCut) {
  RecordingConsole console;
  ManualClock time;
  AnswerView view(console, ShowThinking::kFold, time);
  const std::string text = "你好";
  for (char c : text) view.OnAnswer(std::string(1, c));
  view.OnAnswer("\xe4");
  view.End();
  EXPECT_EQ(console.answers, "你好\uFFFD\n");
}

TEST(AnswerView, AnAnswerThatWasThinking) {
  RecordingConsole console;
  ManualClock time;
  AnswerView view(console, ShowThinking::kFold, time);
  view.OnAnswer("hm");
  view.OnAnswerWasThinking();
  view.OnAnswer("Yes");
  view.End();
  EXPECT_EQ(view.thinking(), "hm");
  EXPECT_EQ(view.answer(), "Yes");
  EXPECT_THAT(console.notes, HasSubstr("it was thinking"));
}

}  // namespace
}  // namespace pano::chat
