#include "pano/chat/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pano::chat {
namespace {

using ::testing::HasSubstr;

TEST(Settings, ChangeAndTakeBack) {
  SettingValues initial;
  initial.sampling.temperature = 0.7;
  Settings settings(initial);
  EXPECT_TRUE(settings.Change("temperature", "0.1").ok());
  EXPECT_TRUE(settings.Change("top-k", "5").ok());
  EXPECT_TRUE(settings.Change("thinking", "show").ok());
  EXPECT_EQ(settings.now().sampling.temperature, 0.1);
  EXPECT_EQ(settings.now().show_thinking(), ShowThinking::kShow);
  EXPECT_EQ(settings.Describe("top-k"), "top-k = 5");
  EXPECT_TRUE(settings.Change("temperature", "default").ok());
  EXPECT_TRUE(settings.Change("top-k", "default").ok());
  EXPECT_EQ(settings.now().sampling.temperature, 0.7);
  EXPECT_EQ(settings.Describe("top-k"), "top-k = default");
}

TEST(Settings, StopStringsAdd) {
  Settings settings{SettingValues()};
  EXPECT_TRUE(settings.Change("stop", "a").ok());
  EXPECT_TRUE(settings.Change("stop", "b c").ok());
  EXPECT_EQ(settings.Describe("stop"), R"(stop = ["a", "b c"])");
  EXPECT_TRUE(settings.Change("stop", "default").ok());
  EXPECT_TRUE(settings.now().sampling.stop.empty());
  for (int i = 0; i < 200; ++i) static_cast<void>(settings.Change("stop", "x"));
  EXPECT_LE(settings.changes().size(), 70u);
}

TEST(Settings, WhatDoesNotFitChangesNothing) {
  Settings settings{SettingValues()};
  EXPECT_THAT(settings.Change("temperature", "hot").message(),
              HasSubstr("temperature: 'hot' is not a number"));
  EXPECT_THAT(settings.Change("temprature", "1").message(), HasSubstr("did you mean temperature?"));
  EXPECT_THAT(settings.Change("temprature", "default").message(), HasSubstr("did you mean"));
  EXPECT_THAT(settings.Change("thinking", "loud").message(), HasSubstr("fold|show|hide"));
  EXPECT_FALSE(settings.Restore({{"top-k", "1"}, {"top-k", "x"}}).ok());
  EXPECT_TRUE(settings.changes().empty());
  EXPECT_EQ(settings.now().sampling.top_k, std::nullopt);
}

TEST(Settings, AreDescribed) {
  Settings settings{SettingValues()};
  EXPECT_TRUE(settings.Change("max-tokens", "5").ok());
  EXPECT_THAT(settings.Describe(), HasSubstr("  max-tokens = 5  "));
  EXPECT_THAT(settings.Describe(), HasSubstr("trim = off"));
  EXPECT_THAT(settings.Describe(), HasSubstr("presence-penalty = 0"));
}

}  // namespace
}  // namespace pano::chat
