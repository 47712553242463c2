#include "app/api/openai/responses/input_items.h"

#include <gtest/gtest.h>

#include "app/api/testing/api_harness.h"
#include "base/strings.h"

namespace pano::api::openai {
namespace {

using testing::At;

Result<json::Value> NoItem(std::string_view) { return NotFound("there is no such item"); }

ResponseInput Read(std::string_view text, const FindItem& find_item = NoItem) {
  Result<ResponseInput> input = ReadResponseInput(json::Parse(text).value(), find_item);
  EXPECT_TRUE(input.ok()) << text << ": " << input.error().message();
  return input.ok() ? *std::move(input) : ResponseInput();
}

TEST(InputItems, ATextIsTheUsers) {
  const ResponseInput input = Read(R"("hi")");
  EXPECT_EQ(json::Dump(input.messages), R"([{"role":"user","content":"hi"}])");
  EXPECT_EQ(At(input.items, "0/type"), "message");
  EXPECT_EQ(At(input.items, "0/role"), "user");
  EXPECT_EQ(json::Dump(At(input.items, "0/content")), R"([{"type":"input_text","text":"hi"}])");
  EXPECT_TRUE(At(input.items, "0/id").as_string().starts_with("msg_"));
}

TEST(InputItems, MessagesInTheirTwoForms) {
  const ResponseInput input = Read(R"([{"role":"developer","content":"be"},
      {"type":"message","role":"user","content":[{"type":"input_text","text":"a"},{"type":"input_text","text":"b"}]},
      {"type":"message","id":"msg_1","status":"completed","role":"assistant","content":[
        {"type":"output_text","text":"c","annotations":[]},{"type":"refusal","refusal":"d"}]}])");
  EXPECT_EQ(json::Dump(input.messages), R"([{"role":"developer","content":"be"},{"role":"user","content":"ab"},)"
                                        R"({"role":"assistant","content":"cd"}])");
  EXPECT_EQ(At(input.items, "2/id"), "msg_1");
}

TEST(InputItems, CallsThatFollowEachOtherAreOneMessage) {
  const ResponseInput input = Read(R"([{"role":"user","content":"x"},
      {"type":"reasoning","id":"rs_1","summary":[],"content":[{"type":"reasoning_text","text":"hm"}]},
      {"type":"function_call","call_id":"c1","name":"f","arguments":"{}"},
      {"type":"function_call","call_id":"c2","name":"g","arguments":"{\"a\":1}"},
      {"type":"function_call_output","call_id":"c1","output":"1"},
      {"type":"function_call_output","call_id":"c2","output":[{"type":"input_text","text":"2"}]},
      {"type":"function_call","call_id":"c3","name":"f","arguments":"{}"}])");
  EXPECT_EQ(json::Dump(input.messages),
            R"([{"role":"user","content":"x"},{"role":"assistant","content":null,"tool_calls":[)"
            R"({"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}},)"
            R"({"id":"c2","type":"function","function":{"name":"g","arguments":"{\"a\":1}"}}],)"
            R"("reasoning_content":"hm"},{"role":"tool","tool_call_id":"c1","content":"1"},)"
            R"({"role":"tool","tool_call_id":"c2","content":"2"},{"role":"assistant","content":null,"tool_calls":[)"
            R"({"id":"c3","type":"function","function":{"name":"f","arguments":"{}"}}]}])");
  EXPECT_EQ(input.items.as_array().size(), 7u);
}

TEST(InputItems, ReasoningThatNothingFollowsIsDropped) {
  const ResponseInput input = Read(R"([{"type":"reasoning","summary":[{"type":"summary_text","text":"hm"}]},
      {"role":"user","content":"x"},{"role":"assistant","content":"y"}])");
  EXPECT_EQ(json::Dump(input.messages), R"([{"role":"user","content":"x"},{"role":"assistant","content":"y"}])");
}

TEST(InputItems, ReferencesStandForWhatWasAnswered) {
  auto find = [](std::string_view id) -> Result<json::Value> {
    if (id != "fc_1") return NotFound("none");
    return json::Parse(R"({"id":"fc_1","type":"function_call","call_id":"c1","name":"f","arguments":"{}"})");
  };
  for (const char* reference : {R"({"type":"item_reference","id":"fc_1"})", R"({"id":"fc_1"})"}) {
    const ResponseInput input = Read(StrCat("[", reference, R"(,{"type":"function_call_output","call_id":"c1","output":"1"}])"), find);
    EXPECT_EQ(At(input.messages, "0/tool_calls/0/id"), "c1");
    EXPECT_EQ(At(input.items, "0/id"), "fc_1");
    EXPECT_EQ(At(input.items, "0/type"), "function_call");
  }
}

TEST(InputItems, WhatIsNoTextIsRefusedByName) {
  const std::pair<const char*, const char*> cases[] = {
      {"7", "'input' must be"},
      {"[]", "empty"},
      {"[1]", "input[0] must be an object"},
      {R"([{"role":"boss","content":"x"}])", "input[0].role"},
      {R"([{"role":"user"}])", "input[0].content is missing"},
      {R"([{"role":"user","content":5}])", "input[0].content must be"},
      {R"([{"role":"user","content":[{"type":"input_image","image_url":"x"}]}])", "'input_image'"},
      {R"([{"role":"user","content":[{"type":"input_file"}]}])", "input[0].content[0] is of the type 'input_file'"},
      {R"([{"role":"user","content":[{"type":"input_text"}]}])", "no text 'text'"},
      {R"([{"type":"web_search_call","id":"x"}])", "'web_search_call'"},
      {R"([{"type":"item_reference","id":"x"}])", "input[0]: there is no such item"},
      {R"([{"type":"item_reference"}])", "needs the 'id'"},
      {R"([{"type":"function_call","call_id":"c"}])", "needs the texts"},
      {R"([{"type":"function_call_output","output":"x"}])", "call_id"},
      {R"([{"type":"function_call_output","call_id":"x"}])", "output is missing"},
  };
  for (const auto& [text, words] : cases) {
    Result<ResponseInput> input = ReadResponseInput(json::Parse(text).value(), NoItem);
    ASSERT_FALSE(input.ok()) << text;
    EXPECT_EQ(input.error().field(), "input");
    EXPECT_NE(input.error().message().find(words), std::string::npos) << input.error().message();
  }
  std::string many = R"({"role":"user","content":"x"})";
  json::Value list{json::Array(5000, json::Parse(many).value())};
  EXPECT_FALSE(ReadResponseInput(list, NoItem).ok());
}

}  // namespace
}  // namespace pano::api::openai
