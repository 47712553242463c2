// How conversations as clients send them become what templates expect.
#include "model/template/conversation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

namespace pano::jinja {
namespace {

using ::testing::HasSubstr;

Result<Rendered> Render(std::string_view source, std::string_view messages,
                        const Limits& limits = {}) {
  PANO_ASSIGN_OR_RETURN(const ChatTemplatePtr chat, ChatTemplate::Parse(source, limits));
  ChatInputs inputs;
  inputs.messages = json::Parse(messages).value();
  return RenderConversation(*chat, std::move(inputs));
}

// The text, or "error: " and the message.
std::string Text(std::string_view source, std::string_view messages) {
  const auto rendered = Render(source, messages);
  return rendered.ok() ? rendered->text : "error: " + rendered.error().message();
}

// OpenAI's arguments are JSON in a string.
constexpr std::string_view kCall =
    R"([{"role":"user","content":"go"},{"role":"assistant","content":"","tool_calls":[{"type":"function",)"
    R"("function":{"name":"look","arguments":"{\"day\": 3}"}}]}])";
constexpr std::string_view kObjectCall =
    R"([{"role":"user","content":"go"},{"role":"assistant","content":"","tool_calls":[{"type":"function",)"
    R"("function":{"name":"look","arguments":{"day":3}}}]}])";

std::string Calls(std::string_view expression) {
  return "{% for m in messages %}{% for c in m.tool_calls %}" + std::string(expression) +
         "{% else %}{{ m.content }}:{% endfor %}{% endfor %}";
}

TEST(Conversation, ArgumentsAreAsSentWhereTheTemplateTakesThem) {
  EXPECT_EQ(Text(Calls("{{ 'a ' + c.function.arguments }}"), kCall), R"(go:a {"day": 3})");
  EXPECT_EQ(Text(Calls("{{ c.function.arguments }}"), kCall), R"(go:{"day": 3})");
  EXPECT_EQ(Text(Calls("{{ c.function.arguments.day }}"), kObjectCall), "go:3");
  EXPECT_EQ(Text(Calls("{{ c.function.arguments|tojson }}"), kObjectCall), R"(go:{"day": 3})");
  EXPECT_EQ(Text(Calls("{% if c.function.arguments is string %}{{ c.function.arguments }}{% else %}"
                       "{{ c.function.arguments|tojson }}{% endif %}"),
                 kCall),
            R"(go:{"day": 3})");
}

TEST(Conversation, ArgumentsTakeTheOtherFormWhereTheyHaveTo) {
  // An object that is to be concatenated, a string that is to be walked.
  EXPECT_EQ(Text(Calls("{{ 'a ' + c.function.arguments }}"), kObjectCall), R"(go:a {"day": 3})");
  EXPECT_EQ(Text(Calls("{% for k, v in c.function.arguments.items() %}{{ k }}={{ v }}{% endfor %}"),
                 kCall),
            "go:day=3");
  // No failure, but JSON escaped into a string once more.
  EXPECT_EQ(Text(Calls("{{ c.function.arguments|tojson }}"), kCall), R"(go:{"day": 3})");
  EXPECT_EQ(Text(Calls("{{ c.function|tojson }}"), kCall),
            R"(go:{"name": "look", "arguments": {"day": 3}})");
  // What is no JSON stays what it is.
  constexpr std::string_view kNoJson =
      R"([{"role":"assistant","content":"","tool_calls":[{"function":{"arguments":"day 3"}}]}])";
  EXPECT_EQ(Text(Calls("{{ c.function.arguments|tojson }}"), kNoJson), R"("day 3")");
}

constexpr std::string_view kNullContent =
    R"([{"role":"user","content":"go"},{"role":"assistant","content":null,)"
    R"("tool_calls":[{"function":{"name":"f","arguments":"{}"}}]}])";

TEST(Conversation, NullBesideCallsIsNone) {
  constexpr std::string_view kAsks =
      "{% for m in messages %}{% if m.content is none %}{{ m.tool_calls[0].function.name }}{% else %}"
      "{{ m.content }};{% endif %}{% endfor %}";
  EXPECT_EQ(Text(kAsks, kNullContent), "go;f");
}

TEST(Conversation, NullIsEmptyForTemplatesThatPrintOrJoinIt) {
  EXPECT_EQ(Text("{% for m in messages %}<{{ m.content }}>{% endfor %}", kNullContent), "<go><>");
  EXPECT_EQ(Text("{% for m in messages %}{{ '<' + m.content + '>' }}{% endfor %}", kNullContent),
            "<go><>");
  // A word of the user's is none of the template's.
  EXPECT_EQ(Text("{% for m in messages %}{% if m.content is none %}?{% else %}{{ m.content }}"
                 "{% endif %}{% endfor %}",
                 R"([{"role":"user","content":"None"},{"role":"assistant","content":null,)"
                 R"("tool_calls":[{"function":{"name":"f","arguments":"{}"}}]}])"),
            "None?");
}

constexpr std::string_view kParts =
    R"([{"role":"user","content":[{"type":"text","text":"one"},{"type":"text","text":"two"}]}])";

TEST(Conversation, PartsGoToTemplatesThatTakeThem) {
  EXPECT_EQ(Text("{% for m in messages %}{% for p in m.content %}[{{ p.text }}]{% endfor %}{% endfor %}",
                 kParts),
            "[one][two]");
  // Else as one string, joined by nothing.
  EXPECT_EQ(Text("{% for m in messages %}{{ m.content }}{% endfor %}", kParts), "onetwo");
  EXPECT_EQ(Text("{% for m in messages %}{{ '<' + m.content }}{% endfor %}", kParts), "<onetwo");
  EXPECT_EQ(Text("{% for m in messages %}{{ m.content|trim }}{% endfor %}", kParts), "onetwo");
  EXPECT_EQ(Text("{% for m in messages %}{{ m.content|tojson }}{% endfor %}", kParts),
            "\"onetwo\"");
}

// Models that also see have templates that walk over parts and skip what is no dict.
TEST(Conversation, StringsBecomePartsForTemplatesThatTakeOnlyThose) {
  EXPECT_EQ(Text("{% for m in messages %}{% for p in m.content %}{% if p.type == 'text' %}{{ p.text }}"
                 "{% endif %}{% endfor %}{% endfor %}",
                 R"([{"role":"user","content":"hello"}])"),
            "hello");
  EXPECT_EQ(Text("{{ messages[0].content[0].text }}", R"([{"role":"user","content":"hello"}])"),
            "hello");
}

TEST(Conversation, TheFirstFailureIsToldWhereAllFail) {
  EXPECT_EQ(Text("{{ raise_exception('roles must alternate') }}", kCall),
            "error: roles must alternate");
  EXPECT_THAT(Text(Calls("{{ 1 + c.function.arguments }}"), kCall), HasSubstr("TypeError"));
  EXPECT_EQ(Text("no words of yours", kParts), "no words of yours");
}

TEST(Conversation, AMetLimitEndsIt) {
  Limits limits;
  limits.steps_max = 500;
  EXPECT_EQ(Render("{% for i in range(1000) %}{{ i }}{% endfor %}", kCall, limits).error().code(),
            StatusCode::kExhausted);
}

}  // namespace
}  // namespace pano::jinja
