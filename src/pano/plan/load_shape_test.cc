#include "pano/plan/load_shape.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pano::plan {
namespace {

using ::testing::HasSubstr;

TEST(LoadShape, MooncakesLinesAreATraceToo) {
  const auto shape = ParseTrace("{\"timestamp\": 0, \"input_length\": 100, \"output_length\": 10, \"hash_ids\": [0]}\n"
                                "{\"timestamp\": 2000, \"input_length\": 300, \"output_length\": 30}\n", "t");
  ASSERT_TRUE(shape.ok()) << shape.error().message();
  EXPECT_EQ(shape->prompt_tokens, 200);
  EXPECT_EQ(shape->answer_tokens, 20);
  EXPECT_DOUBLE_EQ(shape->requests_s, 1);
  EXPECT_FALSE(ParseTrace("{\"timestamp\": 0}\n", "t").ok());
}

TEST(LoadShape, RatesAndTraces) {
  EXPECT_EQ(ReadLoad("12.5")->requests_s, 12.5);
  const auto trace = ParseTrace(
      "TIMESTAMP,ContextTokens,GeneratedTokens\n2026-01-01 00:00:00.0000000,100,10\n2026-01-01 00:00:30.5,300,30\n"
      "2026-01-01 00:02:00,200,20\n", "t.csv");
  ASSERT_TRUE(trace.ok()) << trace.error().ToString();
  EXPECT_EQ(trace->requests, 3);
  EXPECT_DOUBLE_EQ(trace->requests_s, 3.0 / 120);
  EXPECT_EQ(trace->prompt_tokens, 200);
  EXPECT_EQ(trace->answer_tokens, 20);
  EXPECT_NEAR(trace->peak_to_mean, 2.0 / 60 / (3.0 / 120), 1e-9);
}

TEST(LoadShape, HolesAreNamedByLine) {
  for (const auto& [text, words] :
       {std::pair{"1,2,3\n2,x,3\n", "t, line 2"}, {"1,2,3\n2,3\n", "t, line 2"}, {"2,2,3\n1,2,3\n", "before that of the line above"},
        {"1,2,3\n", "at least two"}, {"", "at least two"}, {"nan,2,3\n", "t, line 1"}, {"1,-2,3\n", "t, line 1"},
        {"2026-13-01 00:00:00,1,1\n", "t, line 1"}, {"0,1,1\n1e300,1,1\n", "nineteen years"}}) {
    const auto trace = ParseTrace(text, "t");
    ASSERT_FALSE(trace.ok()) << text;
    EXPECT_THAT(trace.error().message(), HasSubstr(words)) << text;
  }
  EXPECT_FALSE(ReadLoad("0").ok());
  EXPECT_FALSE(ReadLoad("-3").ok());
  EXPECT_FALSE(ReadLoad("inf").ok());
  EXPECT_FALSE(ReadLoad("/nowhere.csv").ok());
}

TEST(Levels, TimesHaveUnits) {
  const auto levels = ParseLevels("ttft=500ms,itl=0.05");
  ASSERT_TRUE(levels.ok());
  EXPECT_DOUBLE_EQ(levels->ttft_s, 0.5);
  EXPECT_DOUBLE_EQ(levels->itl_s, 0.05);
  EXPECT_DOUBLE_EQ(ParseLevels("itl=2s")->itl_s, 2);
  for (const char* wrong : {"ttft", "tpot=1", "ttft=0", "ttft=-1s", "ttft=x", "itl=nan"}) EXPECT_FALSE(ParseLevels(wrong).ok()) << wrong;
}

}  // namespace
}  // namespace pano::plan
