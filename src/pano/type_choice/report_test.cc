#include "pano/type_choice/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pano::type_choice {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Measurements Measured() {
  Measurements m;
  m.source = {.type = "bf16", .prefill = 100, .decode = 16, .mean_kl = 1e-5, .perplexity_ratio = 1};
  m.candidates = {{.type = "w8a8", .bits_per_weight = 8.15, .prefill = 400, .decode = 32,
                   .mean_kl = 0.001, .perplexity_ratio = 1.0012},
                  {.type = "q4_k", .unusable = "has rows of 96"}};
  m.text_tokens = 700;
  m.prompt_tokens = 512;
  m.rounds = 3;
  return m;
}

TEST(Report, SaysWhatWasMeasuredAndTaken) {
  const Measurements m = Measured();
  const Choice choice = ChooseType(m.candidates, {}, {});
  const json::Value value = ToJson(m, choice, {}, {});
  EXPECT_EQ(value.Find("taken")->as_string(), "w8a8");
  EXPECT_EQ(value.Find("bounds")->Find("mean_kl")->as_double(), 0.02);
  EXPECT_EQ(value.Find("bounds")->Find("perplexity_ratio"), nullptr);
  const json::Value& row = value.Find("candidates")->as_array()[0];
  EXPECT_EQ(row.Find("prefill_tokens_per_second")->as_double(), 400);
  EXPECT_NEAR(row.Find("seconds")->as_double(), 512 / 400.0 + 128 / 32.0, 1e-6);
  EXPECT_EQ(value.Find("candidates")->as_array()[1].Find("mean_kl"), nullptr);
  EXPECT_NEAR(value.Find("times_the_source")->as_double(), 13.12 / 5.28, 1e-3);
  const std::string table = FormatTable(value);
  EXPECT_THAT(table, HasSubstr("taken: the fastest within the bounds\n"));
  EXPECT_THAT(table, HasSubstr("has rows of 96\n"));
  EXPECT_THAT(table, HasSubstr("bf16, not quantised\n"));
  EXPECT_THAT(table, Not(HasSubstr("note:")));
}

TEST(Report, SaysWhenNothingWasTakenAndWhenTheSourceIsFaster) {
  Measurements m = Measured();
  const Bounds strict{.mean_kl = 1e-4, .perplexity_ratio = 1.0};
  json::Value value = ToJson(m, ChooseType(m.candidates, {}, strict), {}, strict);
  EXPECT_TRUE(value.Find("taken")->is_null());
  EXPECT_EQ(value.Find("times_the_source"), nullptr);
  EXPECT_EQ(value.Find("bounds")->Find("perplexity_ratio")->as_double(), 1.0);
  EXPECT_THAT(FormatTable(value), HasSubstr("its mean KL of 0.001 is above 0.0001"));
  m.source.prefill = m.source.decode = 1000;
  value = ToJson(m, ChooseType(m.candidates, {}, {}), {}, {});
  EXPECT_THAT(FormatTable(value), HasSubstr("note: the source as it is was faster"));
}

}  // namespace
}  // namespace pano::type_choice
