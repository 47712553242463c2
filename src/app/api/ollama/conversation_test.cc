#include "app/api/ollama/conversation.h"

#include <gtest/gtest.h>

namespace pano::api::ollama {
namespace {

std::string Read(std::string_view messages) {
  const json::Value parsed = json::Parse(messages).value();
  Result<json::Value> read = ReadMessages(parsed.as_array());
  return read.ok() ? json::Dump(*read) : read.error().message();
}

TEST(OllamaConversation, TextsOfFourRoles) {
  EXPECT_EQ(Read(R"([{"role":"system","content":"s"},{"role":"user","content":"u","images":[]},)"
                 R"({"role":"assistant","content":"a","thinking":"t"},{"role":"user"}])"),
            R"([{"role":"system","content":"s"},{"role":"user","content":"u"},)"
            R"({"role":"assistant","content":"a","reasoning_content":"t"},{"role":"user","content":""}])");
}

TEST(OllamaConversation, CallsGetIdsAndTheirAnswersFindThem) {
  EXPECT_EQ(Read(R"([{"role":"assistant","content":"","tool_calls":[{"function":{"name":"add","arguments":{"a":1}}},)"
                 R"({"function":{"name":"sub"}},{"id":"x","function":{"name":"mul","arguments":{}}}]},)"
                 R"({"role":"tool","tool_name":"sub","content":"2"},{"role":"tool","content":"3"},)"
                 R"({"role":"tool","tool_call_id":"x","content":"4"}])"),
            R"([{"role":"assistant","content":"","tool_calls":[)"
            R"({"id":"call_1","type":"function","function":{"name":"add","arguments":"{\"a\":1}"}},)"
            R"({"id":"call_2","type":"function","function":{"name":"sub","arguments":"{}"}},)"
            R"({"id":"x","type":"function","function":{"name":"mul","arguments":"{}"}}]},)"
            R"({"role":"tool","content":"2","tool_call_id":"call_2","name":"sub"},)"
            R"({"role":"tool","content":"3","tool_call_id":"call_1","name":"add"},)"
            R"({"role":"tool","content":"4","tool_call_id":"x","name":"mul"}])");
  // Nobody called.
  EXPECT_EQ(Read(R"([{"role":"tool","tool_name":"add","content":"2"}])"),
            R"([{"role":"tool","content":"2","name":"add"}])");
}

TEST(OllamaConversation, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(Read("[7]"), "messages[0] must be an object");
  EXPECT_EQ(Read(R"([{"content":"x"}])"), "messages[0].role is missing or no string");
  EXPECT_EQ(Read(R"([{"role":"judge"}])"), "messages[0].role 'judge' is not one of system, user, assistant, tool");
  EXPECT_EQ(Read(R"([{"role":"user","content":[]}])"), "messages[0].content must be a string");
  EXPECT_EQ(Read(R"([{"role":"user","content":"x","images":["aGk="]}])"), "messages[0].images are not supported here");
  EXPECT_EQ(Read(R"([{"role":"assistant","tool_calls":7}])"), "messages[0].tool_calls must be a list");
  EXPECT_EQ(Read(R"([{"role":"assistant","tool_calls":[{}]}])"),
            "messages[0].tool_calls[0].function.name is missing or no string");
  EXPECT_EQ(Read(R"([{"role":"assistant","tool_calls":[{"function":{"name":"a","arguments":"{}"}}]}])"),
            "messages[0].tool_calls[0].function.arguments must be an object");
}

}  // namespace
}  // namespace pano::api::ollama
