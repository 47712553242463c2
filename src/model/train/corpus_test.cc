#include "model/train/corpus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/env.h"
#include "base/strings.h"
#include "base/testing/known_answers.h"

namespace pano::train {
namespace {

using ::testing::ElementsAre;

// A paragraph that is long enough to be a story by itself.
std::string Long(std::string begin) {
  begin.resize(260, 'x');
  return begin + ".";
}

TEST(SplitStories, ParagraphStraightBelowOpensAStory) {
  std::string a = Long("Once upon a time"), b = Long("Then they went home"), c = Long("One day");
  EXPECT_THAT(SplitStories(a + "\n\n" + b + "\n" + c + "\n"), ElementsAre(a + "\n\n" + b, c));
}

TEST(SplitStories, LinesThatGoOn) {
  std::string a = Long("Once upon a time"), b = Long("Next");
  for (std::string_view line :
       {"\"Hello,\" said the owl.", "But it rained.", "The owl smiled and slept."}) {
    EXPECT_THAT(SplitStories(StrCat(a, "\n", line, "\n", b)), ElementsAre(StrCat(a, "\n", line), b))
        << line;
  }
  EXPECT_THAT(SplitStories(a + "  \n" + b), ElementsAre(a + "\n" + b))
      << "a space before the line break";
  EXPECT_THAT(SplitStories("It was hot.\n" + b), ElementsAre("It was hot.\n" + b))
      << "too short to be over";
}

TEST(SplitStories, EndTokenAlwaysEnds) {
  EXPECT_THAT(SplitStories("A.\n<|endoftext|>\nB.\n<|endoftext|>\n"), ElementsAre("A.", "B."));
}

TEST(SplitStories, NothingInNothingOut) {
  EXPECT_TRUE(SplitStories("").empty());
  EXPECT_TRUE(SplitStories("\n \n\r\n").empty());
}

TEST(SplitStories, RepairsQuotesThatWereEncodedTwice) {
  EXPECT_THAT(SplitStories("\u00e2\u20ac\u0153Hi,\u00e2\u20ac said Tom. It\u00e2\u20ac\u2122s me."),
              ElementsAre("\"Hi,\" said Tom. It's me."));
  EXPECT_THAT(SplitStories("a \u20ac b \u00e2 c \u201cd\u201d"),
              ElementsAre("a \u20ac b \u00e2 c \u201cd\u201d"));
}

TEST(SplitHeldOut, DependsOnTheSeedAloneAndLosesNothing) {
  Stories stories;
  for (int i = 0; i < 100; ++i) stories.push_back(StrCat("story ", i));
  HeldOutSplit a = SplitHeldOut(stories, 0.1, 7), b = SplitHeldOut(stories, 0.1, 7);
  EXPECT_EQ(a.held_out, b.held_out);
  EXPECT_NE(a.held_out, SplitHeldOut(stories, 0.1, 8).held_out);
  EXPECT_EQ(a.held_out.size(), 10u);
  std::set<std::string> all(a.train.begin(), a.train.end());
  all.insert(a.held_out.begin(), a.held_out.end());
  EXPECT_EQ(all.size(), 100u);
  size_t bytes = 0;
  for (const std::string& story : stories) bytes += story.size();
  EXPECT_EQ(a.train_bytes + a.held_out_bytes, bytes);
}

TEST(SplitHeldOut, RepeatedStoriesCannotBeOnBothSides) {
  HeldOutSplit split = SplitHeldOut(Stories(50, "the same"), 0.5, 1);
  EXPECT_EQ(split.train.size() + split.held_out.size(), 1u);
}

TEST(SplitStories, StarterText) {
  PANO_KNOWN_ANSWERS(SharedAnswers, sample, PANO_SOURCE_DIR,
                     "corpora/tinystories_sample_944k.txt");
  auto text = ReadFile(sample.path());
  ASSERT_TRUE(text.ok()) << text.error().ToString();
  Stories stories = SplitStories(*text);
  EXPECT_EQ(stories.size(), 1007u);
  sample.Compared(stories.size());
  for (const std::string& story : stories) {
    EXPECT_FALSE(story.starts_with('\n') || story.ends_with('\n') ||
                 story.find(" \n") != std::string::npos);
    EXPECT_EQ(story.find("\u00e2"), std::string::npos);
  }
}

}  // namespace
}  // namespace pano::train
