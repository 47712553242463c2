#include "app/model_settings/settings_in_force.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pano::model_settings {
namespace {

using ::testing::HasSubstr;

Result<std::string> Text(const char* text) { return std::string(text); }

TEST(SettingsInForce, TheFirstTextComesIntoForceAtOnce) {
  SettingsInForce settings;
  EXPECT_FALSE(settings.usable());
  EXPECT_EQ(settings.Look(Text("defaults: {temperature: 0.5}")).value(), Changes{.defaults = true});
  EXPECT_TRUE(settings.usable());
  EXPECT_EQ(settings.settings().defaults.temperature, 0.5);
  EXPECT_FALSE(settings.Look(Text("defaults: {temperature: 0.5}")).value().any());
}

TEST(SettingsInForce, NoFileIsASettingToo) {
  SettingsInForce settings;
  EXPECT_FALSE(settings.Look(Text("")).value().any());
  EXPECT_TRUE(settings.usable());
}

// An editor empties the file and writes it: each of these texts is right by itself.
TEST(SettingsInForce, AnotherTextHasToBeSeenTwice) {
  SettingsInForce settings;
  ASSERT_TRUE(settings.Look(Text("batching: sync\nlabels: {stable: 1}")).ok());
  EXPECT_FALSE(settings.Look(Text("")).value().any());
  EXPECT_FALSE(settings.Look(Text("batching: async\n")).value().any());
  EXPECT_TRUE(settings.settings().batching.sync);
  EXPECT_FALSE(settings.Look(Text("batching: async\nlabels: {stable: 2}")).value().any());
  EXPECT_EQ(settings.Look(Text("batching: async\nlabels: {stable: 2}")).value(),
            (Changes{.labels = true, .batching = true}));
  EXPECT_EQ(settings.settings().labels[0].version, "2");
}

TEST(SettingsInForce, AWrongTextChangesNothingAndIsReportedOnce) {
  SettingsInForce settings;
  ASSERT_TRUE(settings.Look(Text("batching: sync")).ok());
  EXPECT_TRUE(settings.Look(Text("batching: snyc")).ok());
  const Result<Changes> wrong = settings.Look(Text("batching: snyc"));
  ASSERT_FALSE(wrong.ok());
  EXPECT_THAT(wrong.error().message(), HasSubstr("model.yaml: batching: expected sync or async"));
  EXPECT_FALSE(settings.Look(Text("batching: snyc")).value().any());
  EXPECT_TRUE(settings.settings().batching.sync);
  EXPECT_NE(settings.problem(), "");
  EXPECT_TRUE(settings.Look(Text("batching: sync")).ok());
  EXPECT_EQ(settings.problem(), "");
}

TEST(SettingsInForce, WrongFromTheStartIsNotUsable) {
  SettingsInForce settings;
  EXPECT_FALSE(settings.Look(Text("adapters: []")).ok());
  EXPECT_FALSE(settings.usable());
  EXPECT_FALSE(settings.Look(Status(StatusCode::kExhausted, "is larger than 65536 bytes")).ok());
  EXPECT_TRUE(settings.Look(Text("{}")).ok());   // seen for the first time since
  EXPECT_TRUE(settings.Look(Text("{}")).ok());
  EXPECT_TRUE(settings.usable());
}

TEST(SettingsInForce, WhatIsComparedIsEachPart) {
  const auto read = [](const char* text) { return ParseModelSettings(text).value(); };
  EXPECT_EQ(Compare(read("version_policy: {all: {}}"), read("")), Changes{.version_policy = true});
  EXPECT_EQ(Compare(read("adapters: {a: x}"), read("adapters: {a: y}")), Changes{.adapters = true});
  EXPECT_EQ(Compare(read("defaults: {top_k: 3}"), read("defaults: {top_k: 4}")), Changes{.defaults = true});
  EXPECT_FALSE(Compare(read("labels: {a: 1}"), read("labels: {a: {version: 1, weight: 0}}")).any());
}

}  // namespace
}  // namespace pano::model_settings
