#include "app/api/chat_request.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "app/models/generator.h"
#include "app/models/testing/fake_tokenizer.h"

namespace pano::api {
namespace {

using Kind = tools::ToolChoice::Kind;

json::Value Json(std::string_view text) { return json::Parse(text).value(); }

// "role: content" a line, and whether it saw tools.
class LineTemplate final : public jinja::ChatTemplate {
 public:
  Result<jinja::Rendered> Render(const jinja::ChatInputs& inputs) const override {
    jinja::Rendered out;
    for (const json::Value& message : inputs.messages.as_array()) {
      out.text += message.Find("role")->as_string() + ": " + message.Find("content")->as_string() + "\n";
    }
    if (inputs.tools.is_array()) out.text += "(tools)";
    return out;
  }
};

struct Prepared {
  Status status;
  Prompt prompt;
  MessageSource source;
};

Prepared Prepare(std::string_view chat_template, ChatRequest request) {
  models::Generator version;
  version.tokenizer = std::make_shared<models::testing::FakeTokenizer>();
  version.context_length = 4096;
  version.chat_template = std::make_shared<LineTemplate>();
  version.tool_format = tools::ToolFormat::Detect(chat_template);
  if (request.messages.is_null()) request.messages = Json(R"([{"role":"user","content":"hi"}])");
  Prepared out;
  out.status = PrepareChat(version, request, out.prompt, out.source);
  return out;
}

tools::ToolsPtr OneTool() {
  return ReadToolList(&static_cast<const json::Value&>(Json(R"([{"name":"f"}])"))).value();
}

TEST(ChatRequest, ToolsGoToTheTemplateThatTakesThem) {
  const Prepared chat = Prepare("tools <tool_call>", {.tools = OneTool()});
  ASSERT_TRUE(chat.status.ok()) << chat.status.message();
  EXPECT_EQ(chat.prompt.text, "user: hi\n(tools)");
  EXPECT_TRUE(chat.source.format && chat.source.tools);
  EXPECT_EQ(chat.source.prompt_end, chat.prompt.text);
}

TEST(ChatRequest, OtherTemplatesTellOfToolsInTheSystemMessage) {
  const Prepared chat = Prepare("", {.messages = Json(R"([{"role":"system","content":"Be brief."},
      {"role":"user","content":"hi"}])"), .tools = OneTool()});
  ASSERT_TRUE(chat.status.ok()) << chat.status.message();
  EXPECT_TRUE(chat.prompt.text.starts_with("system: Be brief.\n\nTo call a function,"))
      << chat.prompt.text;
  EXPECT_NE(chat.prompt.text.find("{\"name\":\"f\""), std::string::npos);
  EXPECT_TRUE(Prepare("", {.tools = OneTool()}).prompt.text.starts_with("system: To call a"));
  EXPECT_EQ(Prepare("", {.tools = OneTool(), .choice = {.kind = Kind::kNone}}).prompt.text, "user: hi\n");
}

TEST(ChatRequest, WithoutToolsOnlyReasoningIsLookedFor) {
  EXPECT_FALSE(Prepare("tools <tool_call>", {}).source.format);
  EXPECT_TRUE(Prepare("tools <tool_call> </think>", {}).source.format);
}

TEST(ChatRequest, ChoicesAreRead) {
  const tools::ToolsPtr tools = OneTool();
  auto read = [&](std::string_view text, const tools::Tools* some) {
    const json::Value choice = Json(text);
    return ReadToolChoice(&choice, nullptr, some);
  };
  EXPECT_EQ(read("null", nullptr)->kind, Kind::kAuto);
  EXPECT_EQ(read("\"auto\"", nullptr)->kind, Kind::kAuto);
  EXPECT_EQ(read("\"none\"", tools.get())->kind, Kind::kNone);
  EXPECT_EQ(read("\"required\"", tools.get())->kind, Kind::kRequired);
  EXPECT_EQ(read(R"({"type":"function","function":{"name":"f"}})", tools.get())->name, "f");
  EXPECT_EQ(read(R"({"type":"function","name":"f"})", tools.get())->kind, Kind::kNamed);
  EXPECT_FALSE(read("\"required\"", nullptr).ok());
  EXPECT_FALSE(read(R"({"type":"function","function":{"name":"g"}})", tools.get()).ok());
  EXPECT_FALSE(read("1", tools.get()).ok());
  EXPECT_FALSE(read("{}", tools.get()).ok());
}

}  // namespace
}  // namespace pano::api
