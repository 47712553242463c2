#include "model/engine/stop_matcher.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace pano::engine {
namespace {

TEST(StopMatcher, HoldsBackWhatMayBecomeAStop) {
  StopMatcher matcher({"END"}, false);
  EXPECT_EQ(matcher.Push("abE"), "ab");
  EXPECT_EQ(matcher.Push("N"), "");
  EXPECT_EQ(matcher.Push("X"), "ENX");
  EXPECT_EQ(matcher.Push("EN"), "");
  EXPECT_EQ(matcher.Push("D tail"), "");
  EXPECT_TRUE(matcher.matched());
  EXPECT_EQ(matcher.match(), "END");
  EXPECT_EQ(matcher.Push("more"), "");
  EXPECT_EQ(matcher.Flush(), "");
}

TEST(StopMatcher, FlushesWhatWasNoStop) {
  StopMatcher matcher({"\n\n"}, false);
  EXPECT_EQ(matcher.Push("line\n"), "line");
  EXPECT_EQ(matcher.Flush(), "\n");
  EXPECT_FALSE(matcher.matched());
}

TEST(StopMatcher, IncludesTheStopWhenAsked) {
  StopMatcher matcher({"<|"}, true);
  EXPECT_EQ(matcher.Push("a<"), "a");
  EXPECT_EQ(matcher.Push("|b"), "<|");
  EXPECT_TRUE(matcher.matched());
}

TEST(StopMatcher, TheFirstToBeCompleteWins) {
  StopMatcher longer({"bcd", "c"}, false);
  EXPECT_EQ(longer.Push("abcd"), "ab");
  EXPECT_EQ(longer.match(), "c");
  StopMatcher tie({"c", "bc"}, false);
  EXPECT_EQ(tie.Push("abcd"), "a");
  EXPECT_EQ(tie.match(), "bc");
}

TEST(StopMatcher, OverlappingPrefixes) {
  StopMatcher matcher({"aab"}, false);
  EXPECT_EQ(matcher.Push("aaa"), "a");
  EXPECT_EQ(matcher.Push("b"), "");
  EXPECT_TRUE(matcher.matched());
}

// However the text is cut, the same comes out.
TEST(StopMatcher, DoesNotDependOnTheCut) {
  Random random(3);
  auto letters = [&random](size_t count) {
    std::string text;
    for (size_t i = 0; i < count; ++i) text += static_cast<char>('a' + random.Below(3));
    return text;
  };
  for (int round = 0; round < 3000; ++round) {
    std::vector<std::string> stops;
    for (uint64_t i = random.Below(4); i > 0; --i) stops.push_back(letters(1 + random.Below(5)));
    std::string text = letters(random.Below(30));
    bool include = random.Below(2) == 1;
    auto run = [&](auto next_size) {
      StopMatcher matcher(stops, include);
      std::string out;
      for (size_t at = 0; at < text.size();) {
        size_t size = std::min(next_size(), text.size() - at);
        out += matcher.Push(text.substr(at, size));
        at += size;
      }
      out += matcher.Flush();
      return out + "|" + (matcher.matched() ? matcher.match() : "");
    };
    std::string by_letter = run([] { return size_t{1}; });
    EXPECT_EQ(run([&] { return text.size() + 1; }), by_letter);
    EXPECT_EQ(run([&] { return 1 + random.Below(4); }), by_letter);
  }
}

}  // namespace
}  // namespace pano::engine
