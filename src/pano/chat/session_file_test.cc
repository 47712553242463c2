#include "pano/chat/session_file.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/fault_env.h"
#include "base/testing/memory_env.h"

namespace pano::chat {
namespace {

using ::testing::HasSubstr;

SavedChat Example() {
  SavedChat chat;
  chat.model = "starter";
  chat.conversation.set_system("Be \"brief\".\n");
  chat.conversation.AddUser("你好 👨‍👩‍👧");
  chat.conversation.AddAnswer("Hello.", "hm");
  chat.settings = {{"temperature", "0.5"}, {"stop", "a"}, {"stop", "b"}};
  return chat;
}

TEST(SavedChat, ComesBack) {
  const std::string text = FormatSavedChat(Example());
  const auto again = ParseSavedChat(text);
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_EQ(again->conversation, Example().conversation);
  EXPECT_EQ(again->settings, Example().settings);
  EXPECT_EQ(again->model, "starter");
  EXPECT_EQ(FormatSavedChat(*again), text);
  EXPECT_TRUE(ParseSavedChat(FormatSavedChat({})).ok());
}

TEST(SavedChat, TakesWhatTheApiTakes) {
  const auto chat = ParseSavedChat(
      R"([{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"a"}]},
          {"role":"assistant","content":null}])");
  ASSERT_TRUE(chat.ok()) << chat.status().message();
  EXPECT_EQ(chat->conversation.system(), "s");
  EXPECT_EQ(chat->conversation.messages().size(), 2u);
  EXPECT_TRUE(ParseSavedChat(R"({"model":"x","messages":[]})").ok());
}

TEST(SavedChat, SaysWhatIsWrong) {
  const std::pair<const char*, const char*> cases[] = {
      {"", ""},
      {"3", "is no conversation"},
      {"{}", "no array 'messages'"},
      {R"({"messages":{}})", "no array 'messages'"},
      {R"({"pano_chat":2,"messages":[]})", "newer version"},
      {R"({"pano_chat":"1","messages":[]})", "newer version"},
      {R"([3])", "messages[0]: is no object"},
      {R"([{"role":"user","content":3}])", "messages[0].content: is no string"},
      {R"([{"role":"user","content":[{"type":"image_url"}]}])", "no text"},
      {R"([{"role":"user","content":"a"},{"role":"system","content":"b"}])", "messages[1].role"},
      {R"([{"role":"tool","content":"a"}])", "messages[0].role: is 'tool'"},
      {R"({"settings":{"temperature":1},"messages":[]})", "settings.temperature"},
      {R"({"settings":{"temperature":"x"},"messages":[]})", "is not a number"},
      {R"({"settings":[],"messages":[]})", "settings: is no object"},
      {R"({"model":[],"messages":[]})", "model: is no string"},
  };
  for (const auto& [text, message] : cases) {
    EXPECT_THAT(ParseSavedChat(text).status().message(), HasSubstr(message)) << text;
    EXPECT_FALSE(ParseSavedChat(text).ok()) << text;
  }
  EXPECT_FALSE(ParseSavedChat(std::string(100'000, '[')).ok());
  std::string many = "[{}";
  for (size_t i = 0; i < kSavedMessagesMax; ++i) many += ",{}";
  EXPECT_EQ(ParseSavedChat(many + "]").status().code(), StatusCode::kExhausted);
}

TEST(SavedChat, ReplacesOnlyItsKind) {
  MemoryEnv env;
  EXPECT_TRUE(SaveChat("a.json", Example(), env).ok());
  EXPECT_TRUE(SaveChat("a.json", {}, env).ok());
  ASSERT_TRUE(WriteFile("other", "precious", env).ok());
  EXPECT_EQ(SaveChat("other", Example(), env).code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(*ReadFile("other", 100, env), "precious");
  ASSERT_TRUE(env.MakeFolder("folder").ok());
  EXPECT_EQ(SaveChat("folder", Example(), env).code(), StatusCode::kAlreadyExists);
  EXPECT_FALSE(LoadChat("folder", env).ok());
  EXPECT_FALSE(LoadChat("absent", env).ok());
  env.SetCapacity(20);
  EXPECT_EQ(SaveChat("b.json", Example(), env).code(), StatusCode::kExhausted);
  EXPECT_EQ(*ReadFile("other", 100, env), "precious");
}

// What could not be looked at was taken for absent, and replaced.
TEST(SavedChat, ReplacesNothingThatItCannotLookAt) {
  MemoryEnv disk;
  ASSERT_TRUE(WriteFile("notes", "mine", disk).ok());
  FaultEnv env(disk, {.fail_at = 0});
  EXPECT_EQ(SaveChat("notes", Example(), env).code(), StatusCode::kUnavailable);
  EXPECT_EQ(*ReadFile("notes", 100, disk), "mine");
}

TEST(SavedChat, IsForItsOwnerOnly) {
  std::string folder = std::filesystem::temp_directory_path() / "pano_saved_XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  ASSERT_TRUE(SaveChat(folder + "/a.json", Example()).ok());
  struct stat info;
  ASSERT_EQ(::stat((folder + "/a.json").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace pano::chat
