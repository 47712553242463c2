#include "pano/terminal/line_editor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "base/utf8.h"

namespace pano::terminal {
namespace {

using Event = LineEditor::Event;
using ::testing::ElementsAre;

class Editing : public ::testing::Test {
 protected:
  // What a terminal sends; answers the last event.
  Event Type(std::string_view bytes) {
    std::vector<Key> keys;
    KeyDecoder decoder;
    decoder.Feed(bytes, keys);
    decoder.Flush(keys);
    Event event = Event::kNone;
    for (const Key& key : keys) event = editor_.Apply(key);
    return event;
  }
  // The text with a bar at the cursor.
  std::string Shown() const {
    std::string text = editor_.text();
    return text.insert(editor_.cursor(), "|");
  }

  std::deque<std::string> history_ = {"first", "second\nline", "third"};
  LineEditor editor_{history_,
                     {.is_unfinished = [](std::string_view t) { return t.ends_with("\\"); },
                      .complete =
                          [](std::string_view before) {
                            Completion out;
                            for (const char* word : {"/save", "/set", "/system"}) {
                              if (std::string_view(word).starts_with(before)) {
                                out.candidates.push_back(word);
                              }
                            }
                            return out;
                          }}};
};

constexpr char kLeft[] = "\x1b[D", kRight[] = "\x1b[C", kUp[] = "\x1b[A", kDown[] = "\x1b[B";

TEST_F(Editing, ChineseAndEmojiGoAsWhole) {
  Type("你好👨‍👩‍👧e\u0301");
  Type(kLeft);
  EXPECT_EQ(Shown(), "你好👨‍👩‍👧|e\u0301");
  Type("\x7f");
  EXPECT_EQ(Shown(), "你好|e\u0301");
  Type(kLeft);
  Type("们");
  EXPECT_EQ(Shown(), "你们|好e\u0301");
  Type(std::string(kRight) + kRight + "\x7f");
  EXPECT_EQ(Shown(), "你们好|");
  Type("\x01\x1b[3~");
  EXPECT_EQ(Shown(), "|们好");
}

TEST_F(Editing, WordsAndKills) {
  Type("one two, three");
  Type("\x1b" "b");
  EXPECT_EQ(Shown(), "one two, |three");
  Type("\x17");
  EXPECT_EQ(Shown(), "one two|three");
  Type("\x01\x0b");
  EXPECT_EQ(Shown(), "|");
  Type("\x19\x15");
  EXPECT_EQ(Shown(), "|");
  Type("\x19\x01\x1b" "f");
  EXPECT_EQ(Shown(), "one| twothree");
  Type("\x1b" "d");
  EXPECT_EQ(Shown(), "one|");
  Type("\x14");
  EXPECT_EQ(Shown(), "oen|");
}

TEST_F(Editing, SeveralLines) {
  Type("ab你c\x1b\rde");
  EXPECT_EQ(Shown(), "ab你c\nde|");
  Type(kUp);
  EXPECT_EQ(Shown(), "ab|你c\nde");
  Type(std::string(kRight) + kDown);
  EXPECT_EQ(Shown(), "ab你c\nde|");
  Type("\x1b[H\x7f");
  EXPECT_EQ(Shown(), "ab你c|de");
  EXPECT_EQ(Type("\x05\\\r"), Event::kNone);  // unfinished
  EXPECT_EQ(Shown(), "ab你cde\\\n|");
  EXPECT_EQ(Type("x\r"), Event::kSubmit);
  EXPECT_EQ(Type("\x1b[200~a\nb\x1b[201~"), Event::kNone);  // a paste does not submit
  EXPECT_EQ(Shown(), "ab你cde\\\nxa\nb|");
}

TEST_F(Editing, History) {
  Type("draft");
  Type(kUp);
  EXPECT_EQ(Shown(), "third|");
  Type(kUp);
  EXPECT_EQ(Shown(), "second\nline|");
  Type(std::string(kUp) + kUp);  // within the entry, then to the older one
  EXPECT_EQ(Shown(), "first|");
  Type(kUp);
  EXPECT_EQ(Shown(), "first|");
  Type(std::string(kDown) + kDown + kDown);
  EXPECT_EQ(Shown(), "draft|");
  Type(kDown);
  EXPECT_EQ(Shown(), "draft|");
}

TEST_F(Editing, SearchInHistory) {
  Type("draft\x12" "ir");
  EXPECT_TRUE(editor_.searching());
  EXPECT_EQ(editor_.query(), "ir");
  EXPECT_EQ(Shown(), "third|");
  Type("\x12");
  EXPECT_EQ(Shown(), "first|");
  Type("\x7f");
  EXPECT_EQ(editor_.query(), "i");
  EXPECT_EQ(Type("\x1b"), Event::kNone);
  EXPECT_EQ(Shown(), "draft|");
  EXPECT_EQ(Type("\x12sec\r"), Event::kSubmit);
  EXPECT_EQ(Shown(), "second\nline|");
}

TEST_F(Editing, Completion) {
  EXPECT_EQ(Type("/s\t"), Event::kCandidates);
  EXPECT_THAT(editor_.candidates(), ElementsAre("/save", "/set", "/system"));
  EXPECT_EQ(Type("y\t"), Event::kNone);
  EXPECT_EQ(Shown(), "/system|");
  EXPECT_EQ(Type("\x15zzz\t"), Event::kBell);
}

TEST_F(Editing, EndsAndLimits) {
  EXPECT_EQ(Type("\x04"), Event::kEnd);
  Type("ab\x01");
  EXPECT_EQ(Type("\x04"), Event::kNone);
  EXPECT_EQ(Shown(), "|b");
  EXPECT_EQ(Type("\x03"), Event::kInterrupt);
  EXPECT_EQ(Type("\x0c"), Event::kClearScreen);
  EXPECT_EQ(Type("\x1a"), Event::kSuspend);
  EXPECT_EQ(editor_.Apply({Key::Kind::kPaste, std::string(LineEditor::kTextBytesMax, 'a')}),
            Event::kBell);
  EXPECT_EQ(Shown(), "|b");
}

TEST_F(Editing, WhateverIsPressedTheCursorStandsBetweenCharacters) {
  Random random(5);
  const std::vector<std::string> presses = {
      "a", "你", "👨‍👩‍👧", "\u0301", " ", "\x1b\r", kLeft, kRight, kUp, kDown, "\x7f", "\x04", "\x0b", "\x15",
      "\x17", "\x19", "\x14", "\x01", "\x05", "\x12", "\x1b", "\x1b" "b", "\x1b" "f", "\x1b" "d", "\t", "\r"};
  for (int i = 0; i < 20'000; ++i) {
    Type(presses[random.Below(presses.size())]);
    const std::string& text = editor_.text();
    ASSERT_LE(editor_.cursor(), text.size());
    ASSERT_TRUE(Utf8Valid(text));
    ASSERT_TRUE(Utf8Valid(text.substr(0, editor_.cursor())));
    while (editor_.text().size() > 300) Type("\x1b\x0b\x0b\x15\x7f");
  }
}

}  // namespace
}  // namespace pano::terminal
