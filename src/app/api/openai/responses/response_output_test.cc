#include "app/api/openai/responses/response_output.h"

#include <gtest/gtest.h>

#include "app/api/testing/api_harness.h"

namespace pano::api::openai {
namespace {

using json::Value;
using testing::At;

// Reasoning, text and two calls, in pieces of a few bytes.
void Say(ResponseOutput& output, size_t piece) {
  auto in_pieces = [&](std::string_view text, auto add) {
    for (size_t at = 0; at < text.size(); at += piece) add(text.substr(at, piece));
  };
  in_pieces("Let me think.", [&](std::string_view text) { output.AddReasoning(text); });
  in_pieces("It is so", [&](std::string_view text) { output.AddText(text, {}); });
  output.BeginCall("call_1", "f");
  in_pieces(R"({"a":1})", [&](std::string_view text) { output.AddArguments(text); });
  output.BeginCall("call_2", "g");
  in_pieces("{}", [&](std::string_view text) { output.AddArguments(text); });
  output.Finish(/*cut=*/false);
}

// Without ids, which are drawn.
std::string Shape(Value items) {
  for (Value& item : items.as_array()) item.Set("id", "");
  return json::Dump(items);
}

TEST(ResponseOutput, StreamedEndsInTheItemsOfUnstreamed) {
  ResponseOutput whole(nullptr);
  Say(whole, 100);
  EXPECT_EQ(Shape(whole.items()),
            R"([{"id":"","type":"reasoning","summary":[],"content":[{"type":"reasoning_text","text":"Let me think."}],)"
            R"("status":"completed"},{"id":"","type":"message","status":"completed","role":"assistant","content":[)"
            R"({"type":"output_text","text":"It is so","annotations":[],"logprobs":[]}]},)"
            R"({"id":"","type":"function_call","status":"completed","call_id":"call_1","name":"f","arguments":"{\"a\":1}"},)"
            R"({"id":"","type":"function_call","status":"completed","call_id":"call_2","name":"g","arguments":"{}"}])");
  EXPECT_EQ(json::Dump(whole.ChatMessage()),
            R"({"role":"assistant","content":"It is so","reasoning_content":"Let me think.","tool_calls":[)"
            R"({"id":"call_1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}},)"
            R"({"id":"call_2","type":"function","function":{"name":"g","arguments":"{}"}}]})");
  for (size_t piece = 1; piece < 20; ++piece) {
    // What a client puts together from the events alone.
    Value items{json::Array()};
    std::vector<std::string> ids;
    std::string text;
    std::string last;
    ResponseOutput streamed([&](std::string_view type, Value event) {
      const auto index = static_cast<size_t>(At(event, "output_index").as_int());
      if (type == "response.output_item.added") {
        EXPECT_EQ(index, ids.size());
        ids.push_back(At(event, "item/id").as_string());
        text.clear();
      } else if (type == "response.output_item.done") {
        EXPECT_EQ(At(event, "item/id"), ids.at(index));
        items.Append(At(event, "item"));
      } else {
        EXPECT_EQ(index, ids.size() - 1);
        EXPECT_EQ(At(event, "item_id"), ids.back());
        if (event.Find("delta")) text += At(event, "delta").as_string();
        for (const char* member : {"text", "arguments"}) {
          if (!event.Find(member)) continue;
          EXPECT_EQ(At(event, member), text);
        }
      }
      last = type;
    });
    Say(streamed, piece);
    EXPECT_EQ(Shape(items), Shape(whole.items())) << piece;
    EXPECT_EQ(last, "response.output_item.done");
  }
}

TEST(ResponseOutput, AnAnswerOfNothingIsAnEmptyMessage) {
  std::vector<std::string> types;
  ResponseOutput output([&](std::string_view type, const Value&) { types.emplace_back(type); });
  output.AddText("", {});
  output.Finish(/*cut=*/true);
  EXPECT_EQ(At(output.items(), "0/content/0/text"), "");
  EXPECT_EQ(At(output.items(), "0/status"), "incomplete");
  EXPECT_EQ(types, (std::vector<std::string>{"response.output_item.added", "response.content_part.added",
                                             "response.output_text.done", "response.content_part.done",
                                             "response.output_item.done"}));
  EXPECT_EQ(json::Dump(output.ChatMessage()), R"({"role":"assistant","content":""})");
}

}  // namespace
}  // namespace pano::api::openai
