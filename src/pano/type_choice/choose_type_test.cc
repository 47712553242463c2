#include "pano/type_choice/choose_type.h"

#include <gtest/gtest.h>

#include <cmath>

namespace pano::type_choice {
namespace {

Candidate Make(std::string type, double prefill, double decode, double kl, double ratio = 1.0) {
  return {.type = std::move(type),
          .bits_per_weight = 8,
          .prefill = prefill,
          .decode = decode,
          .mean_kl = kl,
          .perplexity_ratio = ratio};
}

TEST(ChooseType, TakesTheSoonestForTheWork) {
  const std::vector<Candidate> candidates = {Make("w8a8", 1000, 40, 0.001),
                                             Make("q4_0", 500, 80, 0.01)};
  // 512 + 128: 0.512 + 3.2 s beside 1.024 + 1.6 s.
  EXPECT_EQ(ChooseType(candidates, {512, 128}, {}).taken, 1u);
  // A long prompt and a short answer: 4.1 + 0.2 s beside 8.2 + 0.1 s.
  const Choice prompts = ChooseType(candidates, {4096, 8}, {});
  EXPECT_EQ(prompts.taken, 0u);
  EXPECT_EQ(prompts.reasons[0], "the fastest within the bounds");
  EXPECT_EQ(prompts.reasons[1], "93 % slower than the fastest");
}

TEST(ChooseType, TheBoundRulesOutTheFastest) {
  const std::vector<Candidate> candidates = {Make("q8_0", 500, 40, 0.0007),
                                             Make("q4_0", 500, 80, 0.0199)};
  const Choice choice = ChooseType(candidates, {}, {.mean_kl = 0.01});
  EXPECT_EQ(choice.taken, 0u);
  EXPECT_EQ(choice.reasons[1], "its mean KL of 0.0199 is above 0.01");
  // What lies on the bound is within it.
  EXPECT_EQ(ChooseType(candidates, {}, {.mean_kl = 0.0199}).taken, 1u);
}

TEST(ChooseType, ThePerplexityRatioIsABoundWhereItIsGiven) {
  const std::vector<Candidate> candidates = {Make("q8_0", 500, 40, 0.0007, 1.0004),
                                             Make("q4_0", 500, 80, 0.01, 1.007)};
  EXPECT_EQ(ChooseType(candidates, {}, {}).taken, 1u);
  const Choice choice = ChooseType(candidates, {}, {.perplexity_ratio = 1.005});
  EXPECT_EQ(choice.taken, 0u);
  EXPECT_EQ(choice.reasons[1], "its perplexity ratio of 1.007 is above 1.005");
}

TEST(ChooseType, OfEquallyFastOnesTheNearestToTheSource) {
  const std::vector<Candidate> candidates = {
      Make("q4_0", 1000, 80, 0.0199), Make("q4g", 1000, 79, 0.0124), Make("q8_0", 1000, 40, 0.001)};
  const Choice choice = ChooseType(candidates, {}, {.mean_kl = 0.05});
  EXPECT_EQ(choice.taken, 1u);
  EXPECT_EQ(choice.reasons[0], "as fast, but farther from the source");
  EXPECT_EQ(choice.reasons[1], "as fast as the fastest (1 % slower) and nearer to the source");
}

TEST(ChooseType, OfEqualsTheFirst) {
  const std::vector<Candidate> candidates = {Make("a", 100, 10, 0.01), Make("b", 100, 10, 0.01)};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ChooseType(candidates, {}, {}).taken, 0u);
}

TEST(ChooseType, NothingWithinTheBounds) {
  const std::vector<Candidate> candidates = {Make("q8_0", 500, 40, 0.0007),
                                             Make("q4_0", 500, 80, 0.0199)};
  const Bounds bounds{.mean_kl = 0.0001};
  const Choice choice = ChooseType(candidates, {}, bounds);
  EXPECT_FALSE(choice.taken);
  EXPECT_EQ(choice.reasons.size(), 2u);
  EXPECT_EQ(WhyNothing(candidates, bounds),
            "no type meets the bound; the nearest is q8_0: its mean KL of 0.0007 is above 0.0001");
}

TEST(ChooseType, WhatCannotBeWrittenOrMeasuredIsNotTaken) {
  Candidate turned = Make("q4_k", 1e9, 1e9, 0);
  turned.unusable = "has rows of 96, no multiple of the block of 256";
  const std::vector<Candidate> candidates = {turned, Make("q8_0", 500, 40, NAN),
                                             Make("w8a8", 0, 40, 0), Make("q4g", 10, 1, 0.01)};
  const Choice choice = ChooseType(candidates, {}, {});
  EXPECT_EQ(choice.taken, 3u);
  EXPECT_EQ(choice.reasons[0], turned.unusable);
  EXPECT_EQ(choice.reasons[1], "its measurements are no numbers");
  EXPECT_EQ(choice.reasons[2], "its measurements are no numbers");
  EXPECT_EQ(WhyNothing({turned}, {}), "no type can hold this model: q4_k: " + turned.unusable);
  EXPECT_FALSE(ChooseType({}, {}, {}).taken);
}

}  // namespace
}  // namespace pano::type_choice
