#include "app/hub/hub_settings.h"

#include <gtest/gtest.h>

#include "base/testing/memory_env.h"

namespace pano::hub {
namespace {

TEST(HubSettings, DefaultToTheHubAndTheHomeFolder) {
  MemoryEnv env;
  env.SetVariable("HOME", "/home/a");
  Result<HubSettings> settings = HubSettingsFromEnvironment(env);
  ASSERT_TRUE(settings.ok()) << settings.error().message();
  EXPECT_EQ(settings->endpoint, "https://huggingface.co");
  EXPECT_EQ(settings->cache_folder, "/home/a/.cache/huggingface/hub");
  EXPECT_EQ(settings->token, "");
  EXPECT_FALSE(settings->offline);
}

TEST(HubSettings, TakeTheVariablesOfHuggingfaceHub) {
  MemoryEnv env;
  env.SetVariable("HOME", "/home/a");
  env.SetVariable("HF_HOME", "~/hf");
  env.SetVariable("HF_ENDPOINT", "https://mirror.example/");
  env.SetVariable("HF_HUB_OFFLINE", "YES");
  env.SetVariable("HF_TOKEN", " hf_abc\n");
  Result<HubSettings> settings = HubSettingsFromEnvironment(env);
  ASSERT_TRUE(settings.ok()) << settings.error().message();
  EXPECT_EQ(settings->endpoint, "https://mirror.example");
  EXPECT_EQ(settings->cache_folder, "/home/a/hf/hub");
  EXPECT_EQ(settings->token, "hf_abc");
  EXPECT_TRUE(settings->offline);
  env.SetVariable("HF_HUB_CACHE", "/big/hub");
  EXPECT_EQ(HubSettingsFromEnvironment(env)->cache_folder, "/big/hub");
}

TEST(HubSettings, TokenComesFromTheFileWhereNoVariableHasIt) {
  MemoryEnv env;
  env.SetVariable("HF_HOME", "/hf");
  ASSERT_TRUE(env.MakeFolder("/hf").ok());
  ASSERT_TRUE(WriteFile("/hf/token", "hf_file\n", env).ok());
  EXPECT_EQ(HubSettingsFromEnvironment(env)->token, "hf_file");
  ASSERT_TRUE(WriteFile("/hf/other", "hf_other", env).ok());
  env.SetVariable("HF_TOKEN_PATH", "/hf/other");
  EXPECT_EQ(HubSettingsFromEnvironment(env)->token, "hf_other");
  env.SetVariable("HF_TOKEN", "hf_variable");
  EXPECT_EQ(HubSettingsFromEnvironment(env)->token, "hf_variable");
  env.SetVariable("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1");
  EXPECT_EQ(HubSettingsFromEnvironment(env)->token, "");
}

// A line break in a token would end the header it is sent in and begin another.
TEST(HubSettings, RefuseWhatCannotBeSent) {
  MemoryEnv env;
  EXPECT_FALSE(HubSettingsFromEnvironment(env).ok());  // no HOME, no HF_HOME
  env.SetVariable("HF_HOME", "/hf");
  env.SetVariable("HF_TOKEN", "hf_secret\r\nX-Evil: 1");
  Result<HubSettings> settings = HubSettingsFromEnvironment(env);
  ASSERT_FALSE(settings.ok());
  EXPECT_EQ(settings.error().message().find("hf_secret"), std::string::npos);
  env.SetVariable("HF_TOKEN", "");
  env.SetVariable("HF_ENDPOINT", "file:///etc");
  EXPECT_FALSE(HubSettingsFromEnvironment(env).ok());
}

}  // namespace
}  // namespace pano::hub
