#include "app/api/message_output.h"

#include <gtest/gtest.h>

#include <string>

namespace pano::api {
namespace {

constexpr std::string_view kCalls =
    R"(<tool_call>{"name":"f","arguments":{}}</tool_call><tool_call>{"name":"f"}</tool_call>)";

MessageSource Source(std::string_view chat_template) {
  tools::Tools tools(1);
  tools[0].name = "f";
  return {.format = tools::ToolFormat::Detect(chat_template),
          .tools = std::make_shared<const tools::Tools>(std::move(tools))};
}

TEST(MessageOutput, WithoutAFormatAllIsContent) {
  MessageOutput output{MessageSource()};
  EXPECT_EQ(output.Append("<tool_call> \n").content, "<tool_call> \n");
  EXPECT_TRUE(output.Finish().empty());
  EXPECT_EQ(output.message().content, "<tool_call> \n");
}

TEST(MessageOutput, DeltasAreTheMessage) {
  MessageOutput output{Source("<tool_call>")};
  tools::Message merged;
  for (char c : kCalls) merged.Merge(output.Append({&c, 1}));
  merged.Merge(output.Finish());
  ASSERT_EQ(merged.calls.size(), 2u);
  EXPECT_TRUE(output.has_calls());
  EXPECT_EQ(merged.calls[1].id, output.message().calls[1].id);
  EXPECT_NE(merged.calls[0].id, merged.calls[1].id);
}

TEST(MessageOutput, OneCallWhereNoMoreAreWanted) {
  MessageSource source = Source("<tool_call>");
  source.parallel = false;
  EXPECT_EQ(ReadMessage(source, kCalls).calls.size(), 1u);
}

TEST(MessageOutput, IdsAreShortWhereTemplatesWantThat) {
  const tools::Message message =
      ReadMessage(Source("[TOOL_CALLS]"), R"([TOOL_CALLS][{"name":"f","arguments":{}}])");
  ASSERT_EQ(message.calls.size(), 1u);
  EXPECT_EQ(message.calls[0].id.size(), 9u);
}

TEST(MessageOutput, OnlyAWholeAnswerEndsByItsCalls) {
  EXPECT_TRUE(EndedByCalls(engine::FinishReason::kStop, true));
  EXPECT_FALSE(EndedByCalls(engine::FinishReason::kStop, false));
  EXPECT_FALSE(EndedByCalls(engine::FinishReason::kLength, true));
}

}  // namespace
}  // namespace pano::api
