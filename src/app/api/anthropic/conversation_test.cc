#include "app/api/anthropic/conversation.h"

#include <gtest/gtest.h>

#include "base/strings.h"

namespace pano::api::anthropic {
namespace {

Result<Conversation> Read(std::string_view body) {
  return ReadConversation(json::Parse(body).value());
}

std::string Messages(std::string_view body) {
  Result<Conversation> read = Read(body);
  return read.ok() ? json::Dump(read->messages) : read.error().message();
}

// What is wrong with one user message of these blocks.
std::string Refusal(std::string_view blocks) {
  return Messages(StrCat(R"({"messages":[{"role":"user","content":)", blocks, "}]}"));
}

TEST(Conversation, TextsAndSystem) {
  EXPECT_EQ(Messages(R"({"messages":[{"role":"user","content":"hi"}]})"),
            R"([{"role":"user","content":"hi"}])");
  EXPECT_EQ(Messages(R"({"system":"Be brief.","messages":[{"role":"user","content":"hi"}]})"),
            R"([{"role":"system","content":"Be brief."},{"role":"user","content":"hi"}])");
  EXPECT_EQ(Messages(R"({"system":[{"type":"text","text":"A","cache_control":{"type":"ephemeral"}},{"type":"text","text":"B"}],
                        "messages":[{"role":"user","content":[{"type":"text","text":"One"},{"type":"text","text":"two"}]}]})"),
            R"([{"role":"system","content":[{"type":"text","text":"A"},{"type":"text","text":"B"}]},)"
            R"({"role":"user","content":[{"type":"text","text":"One"},{"type":"text","text":"two"}]}])");
}

TEST(Conversation, TurnsOfOneSideCountAsOne) {
  EXPECT_EQ(Messages(R"({"messages":[{"role":"user","content":"a"},{"role":"user","content":"b"}]})"),
            R"([{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"\n"},{"type":"text","text":"b"}]}])");
}

TEST(Conversation, CallsAndTheirResults) {
  EXPECT_EQ(Messages(R"({"messages":[{"role":"user","content":"2+2?"},
      {"role":"assistant","content":[{"type":"thinking","thinking":"easy","signature":"x"},{"type":"text","text":"I add."},
        {"type":"tool_use","id":"t1","name":"add","input":{"a":2}},{"type":"tool_use","id":"t2","name":"sub","input":{}}]},
      {"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"4"},
        {"type":"tool_result","tool_use_id":"t2","is_error":true,"content":[{"type":"text","text":"no"}]},
        {"type":"text","text":"well?"}]}]})"),
            R"([{"role":"user","content":"2+2?"},{"role":"assistant","content":"I add.","reasoning_content":"easy",)"
            R"("tool_calls":[{"id":"t1","type":"function","function":{"name":"add","arguments":"{\"a\":2}"}},)"
            R"({"id":"t2","type":"function","function":{"name":"sub","arguments":"{}"}}]},)"
            R"({"role":"tool","tool_call_id":"t1","name":"add","content":"4"},)"
            R"({"role":"tool","tool_call_id":"t2","name":"sub","content":"Error: no"},)"
            R"({"role":"user","content":"well?"}])");
}

TEST(Conversation, TheAssistantsLastWordsBeginTheAnswer) {
  Result<Conversation> read = Read(
      R"({"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"text","text":"He"},{"type":"text","text":"llo"}]}]})");
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->prefill, "Hello");
  EXPECT_EQ(read->messages.as_array().size(), 1u);
}

TEST(Conversation, ToolsBecomeFunctions) {
  Result<Conversation> read = Read(
      R"({"messages":[{"role":"user","content":"hi"}],"tools":[{"name":"add","description":"Adds","input_schema":{"type":"object"}}]})");
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(json::Dump(read->tools),
            R"([{"type":"function","function":{"name":"add","description":"Adds","parameters":{"type":"object"}}}])");
}

TEST(Conversation, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(Messages(R"({"messages":[]})"), "'messages' is empty");
  EXPECT_EQ(Messages(R"({"messages":[{"role":"user","content":[]}]})"), "messages: nothing is said in them");
  EXPECT_EQ(Messages(R"({"system":"a","messages":[{"role":"user","content":[]}]})"),
            "messages: nothing is said in them");
  EXPECT_EQ(Messages(R"({"messages":[{"role":"assistant","content":"a"}]})"),
            "messages[0].role: the first message has to be the user's");
  EXPECT_EQ(Messages(R"({"messages":[{"role":"system","content":"a"}]})"),
            "messages[0].role 'system' is neither user nor assistant; 'system' is a field of its own");
  EXPECT_EQ(Messages(R"({"messages":[7]})"), "messages[0] must be an object");
  EXPECT_EQ(Refusal("7"), "messages[0].content must be a string or a list of blocks");
  EXPECT_EQ(Refusal("[7]"), "messages[0].content[0] must be an object");
  EXPECT_EQ(Refusal(R"([{"type":"image","source":{}}])"),
            "messages[0].content[0]: content of the type 'image' is not supported");
  EXPECT_EQ(Refusal(R"([{"type":"text","text":"x"},{"type":"document","source":{}}])"),
            "messages[0].content[1]: content of the type 'document' is not supported");
  EXPECT_EQ(Refusal(R"([{"type":"tool_result","tool_use_id":"t","content":"4"}])"),
            "messages[0].content[0].tool_use_id 't' is of no tool_use block before it");
  EXPECT_EQ(Refusal(R"([{"type":"tool_use","id":"t","name":"n","input":{}}])"),
            "messages[0].content[0]: a tool_use block is the assistant's");
  EXPECT_EQ(Messages(R"({"messages":[{"role":"user","content":"a"}],"tools":[{"type":"bash_20250124","name":"bash"}]})"),
            "tools[0].type 'bash_20250124' is not supported: only tools of your own are");
  EXPECT_EQ(Messages(R"({"messages":[{"role":"user","content":"a"}],"tools":[{"name":"add"}]})"),
            "tools[0].input_schema is missing or no object");
}

// Each block used to copy what its message was by then.
TEST(Conversation, ManyBlocksTakeNoMoreThanTheirText) {
  std::string blocks;
  for (int i = 0; i < 20'000; ++i) {
    blocks += StrCat(i > 0 ? "," : "", R"({"type":"text","text":")", std::string(50, 'x'), R"("},)",
                     R"({"type":"tool_use","id":"t)", i, R"(","name":"n","input":{}})");
  }
  Result<Conversation> read = Read(StrCat(R"({"messages":[{"role":"user","content":"a"},{"role":"assistant","content":[)",
                                          blocks, R"(]},{"role":"user","content":"b"}]})"));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->messages.as_array()[1].Find("tool_calls")->as_array().size(), 20'000u);
}

}  // namespace
}  // namespace pano::api::anthropic
