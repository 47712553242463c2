#include "app/models/serving_settings.h"

#include <gtest/gtest.h>

#include "app/models/generator.h"

namespace pano::models {
namespace {

TEST(GenerationSettings, TheFirstSaysWhatItSaysTheOtherTheRest) {
  nn::GenerationDefaults files;
  files.temperature = 0.5;
  files.top_k = 7;
  files.max_tokens = 9;
  GenerationSettings over;
  over.temperature = 0;
  over.presence_penalty = 1;
  const GenerationSettings all = Overlay(over, files);
  EXPECT_EQ(all.temperature, 0);
  EXPECT_EQ(all.top_k, 7);
  EXPECT_EQ(all.max_tokens, 9);
  EXPECT_EQ(all.presence_penalty, 1);
  EXPECT_FALSE(all.frequency_penalty.has_value());
  EXPECT_EQ(Overlay({}, files).temperature, 0.5);
}

TEST(GenerationSettings, ChangeWhileAModelServes) {
  Generator model;
  model.defaults.temperature = 0.5;
  const Generator& serving = model;
  EXPECT_EQ(serving.Defaults().temperature, 0.5);
  GenerationSettings over;
  over.temperature = 0.25;
  serving.OverrideDefaults(over);
  EXPECT_EQ(serving.Defaults().temperature, 0.25);
  serving.OverrideDefaults({});
  EXPECT_EQ(serving.Defaults().temperature, 0.5);
}

}  // namespace
}  // namespace pano::models
