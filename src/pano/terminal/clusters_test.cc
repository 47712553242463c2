#include "pano/terminal/clusters.h"

#include <string>

#include <gtest/gtest.h>

namespace pano::terminal {
namespace {

TEST(Clusters, WidthsOfWhatPeopleWrite) {
  const std::pair<const char*, int> cases[] = {
      {"", 0},          {"abc", 3},         {"é", 1},           {"e\u0301", 1},
      {"你好", 4},      {"ｱ", 1},           {"Ａ", 2},          {"한국어", 6},
      {"\u1112\u1161\u11ab", 2} /* 한 in parts */,               {"สวัสดี", 4},
      {"😀", 2},        {"👨‍👩‍👧‍👦", 2}, {"👍🏽", 2},        {"🇩🇪", 2},
      {"❤️", 2},         {"❤", 1},           {"1️⃣", 2},          {"☝🏻", 2},
      {"a\u200Bb", 2},  {"🇩", 1},          {"¡“”…", 4},        {"\u00AD", 1},
      {"नमस्ते", 4},      {"का", 2} /* a vowel sign that advances */, {"🏴‍☠️", 2},
  };
  for (const auto& [text, columns] : cases) EXPECT_EQ(Columns(text), columns) << text;
}

TEST(Clusters, AreWhatACursorStepsOver) {
  const std::string text = "a👨‍👩‍👧e\u0301你\n🇩🇪🇫🇷";
  std::vector<std::string> parts;
  for (const Cluster& c : SplitClusters(text)) parts.push_back(text.substr(c.begin, c.end - c.begin));
  EXPECT_EQ(parts, (std::vector<std::string>{"a", "👨‍👩‍👧", "e\u0301", "你", "\n", "🇩🇪", "🇫🇷"}));
}

TEST(Clusters, IllFormedBytesAreSingle) {
  const std::string text = "a\xff\xe4\xbd"
                           "b";
  size_t at = 0;
  for (const Cluster& c : SplitClusters(text)) {
    EXPECT_EQ(c.begin, at);
    at = c.end;
    EXPECT_EQ(c.columns, 1);
  }
  EXPECT_EQ(at, text.size());
}

TEST(Words, OfSeveralScripts) {
  const std::string text = "Hello, 我爱北京 x";
  std::vector<std::string> parts;
  for (const Word& w : SplitWords(text)) {
    if (!w.is_space) parts.push_back(text.substr(w.begin, w.end - w.begin));
  }
  EXPECT_EQ(parts.front(), "Hello");
  EXPECT_EQ(parts.back(), "x");
  EXPECT_GE(parts.size(), 5u);  // the Chinese is at least two words: by its dictionary 我 爱 北京
}

TEST(Clip, EndsBetweenClusters) {
  EXPECT_EQ(ClipToColumns("你好", 3), "你");
  EXPECT_EQ(ClipToColumns("你好", 4), "你好");
  EXPECT_EQ(ClipToColumns("a👨‍👩‍👧b", 2), "a");
  EXPECT_EQ(ClipToColumns("abc", 0), "");
  EXPECT_EQ(ClipToColumns("abc", -1), "");
  EXPECT_LT(ClipToColumns("e" + std::string(100'000, '\xcc'), 5).size(), 300u);
}

}  // namespace
}  // namespace pano::terminal
