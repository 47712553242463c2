#include "app/api/answer_constraint.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "app/models/testing/fake_tokenizer.h"
#include "app/models/generator.h"
#include "base/json.h"
#include "model/grammar/byte_matcher.h"

namespace pano::api {
namespace {

using Choice = tools::ToolChoice::Kind;

json::Value Json(std::string_view text) { return json::Parse(text).value(); }

MessageSource Source(std::string_view chat_template, bool with_tools) {
  MessageSource out;
  out.format = tools::ToolFormat::Detect(chat_template);
  if (with_tools) {
    const json::Value list =
        Json(R"([{"name":"f","parameters":{"type":"object","properties":{"a":{"type":"integer"}},
                 "required":["a"]}}])");
    out.tools = ReadToolList(&list).value();
  }
  return out;
}

bool Takes(const std::optional<constraints::Source>& source, std::string_view text) {
  const auto grammar = source->build();
  EXPECT_TRUE(grammar.ok()) << grammar.error().message();
  grammar::ByteMatcher matcher(*grammar);
  return matcher.AcceptBytes(text) && matcher.IsAccepting();
}

constexpr std::string_view kCall = "<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": 1}}</tool_call>";

TEST(AnswerConstraint, ToolsHoldCallsToTheirSchema) {
  MessageSource source = Source("<tool_call>", true);
  const auto made = ConstrainAnswer({.tools = source.tools}, {}, source);
  ASSERT_TRUE(made.ok() && *made);
  EXPECT_TRUE(source.trusted);
  EXPECT_TRUE((*made)->marks);
  EXPECT_EQ((*made)->field, "tools");
  EXPECT_TRUE(Takes(*made, "Any text."));
  EXPECT_TRUE(Takes(*made, kCall));
  EXPECT_FALSE(Takes(*made, "<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": \"x\"}}</tool_call>"));
}

TEST(AnswerConstraint, ForcedCallsAreAllThereIs) {
  MessageSource source = Source("<tool_call></think>", true);
  const auto made = ConstrainAnswer({.tools = source.tools, .choice = {.kind = Choice::kRequired}}, {}, source);
  ASSERT_TRUE(made.ok() && *made);
  EXPECT_EQ((*made)->field, "tool_choice");
  EXPECT_FALSE(Takes(*made, "Any text."));
  EXPECT_TRUE(Takes(*made, std::string("<think>hm</think>\n") + std::string(kCall)));
}

TEST(AnswerConstraint, ContentsComposeWithToolsAndReasoning) {
  const constraints::Source json{.kind = constraints::Kind::kJsonSchema,
                                 .text = R"({"type":"object","properties":{"b":{"type":"boolean"}},"required":["b"]})",
                                 .field = "response_format"};
  // Alone it is the answer.
  MessageSource plain = Source("<tool_call>", false);
  const auto alone = ConstrainAnswer({}, json, plain);
  ASSERT_TRUE(alone.ok() && *alone);
  EXPECT_EQ((*alone)->kind, constraints::Kind::kJsonSchema);
  MessageSource both = Source("<tool_call></think>", true);
  const auto composed = ConstrainAnswer({.tools = both.tools}, json, both);
  ASSERT_TRUE(composed.ok() && *composed);
  EXPECT_TRUE(Takes(*composed, "<think>hm</think>{\"b\": true}"));
  EXPECT_TRUE(Takes(*composed, kCall));
  EXPECT_FALSE(Takes(*composed, "text"));
  // What is no JSON has no place beside either.
  const constraints::Source regex{.kind = constraints::Kind::kRegex, .text = "a+", .field = "guided_regex"};
  const auto refused = ConstrainAnswer({.tools = both.tools}, regex, both);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().field(), "guided_regex");
  EXPECT_TRUE(ConstrainAnswer({}, regex, plain).ok());
}

TEST(AnswerConstraint, FreeAnswersNeedNone) {
  MessageSource source = Source("<tool_call></think>", false);
  const auto made = ConstrainAnswer({}, {}, source);
  ASSERT_TRUE(made.ok());
  EXPECT_FALSE(*made);
  EXPECT_FALSE(source.trusted);
}

TEST(AnswerConstraint, ABudgetIsForModelsThatReason) {
  models::Generator version;
  version.tokenizer = std::make_shared<models::testing::FakeTokenizer>();
  MessageSource source = Source("</think>", false);
  source.prompt_end = "<think>\n";
  const ChatRequest request{.reasoning_tokens_max = 7};
  EXPECT_TRUE(*ConstrainAnswer(request, {}, source));
  const auto limit = LimitReasoning(version, request, source);
  ASSERT_TRUE(limit);
  EXPECT_EQ(limit->tokens_max, 7);
  EXPECT_EQ(limit->open, "");
  EXPECT_EQ(limit->close, "</think>");
  EXPECT_EQ(limit->closing.size(), std::string_view("\n</think>\n").size());
  source.prompt_end.clear();
  EXPECT_EQ(LimitReasoning(version, request, source)->open, "<think>");
  MessageSource other = Source("<tool_call>", false);
  EXPECT_FALSE(LimitReasoning(version, request, other));
  EXPECT_FALSE(*ConstrainAnswer(request, {}, other));
}

}  // namespace
}  // namespace pano::api
