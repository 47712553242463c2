// What stands between tags: all that a schema accepts and a reader reads back, and nothing else.
#include "model/tools/grammar/tag_value.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "base/strings.h"
#include "model/grammar/byte_matcher.h"
#include "model/tools/argument_value.h"

namespace pano::tools {
namespace {

constexpr char kEnd[] = "</parameter>";

Result<grammar::Grammar> Write(std::string_view schema) {
  const json::Value value = json::Parse(schema).value();
  grammar::GrammarBuilder builder;
  const auto root = builder.DeclareRule("value");
  PANO_ASSIGN_OR_RETURN(const auto expr,
                        WriteTagValue(builder, value, {.types = ArgumentTypes(value, value), .end = kEnd}));
  builder.DefineRule(root, expr);
  return std::move(builder).Build(root);
}

struct Case {
  const char* schema;
  // What is accepted, and as what it is read.
  std::vector<std::pair<const char*, const char*>> accepted;
  std::vector<const char*> rejected;
};

TEST(TagValue, IsWhatTheSchemaAcceptsAndTheReaderReads) {
  const std::vector<Case> cases = {
      {R"({"type":"string"})",
       {{"", R"("")"}, {"a \"b\"\n", R"("a \"b\"\n")"}, {"5", R"("5")"}, {"</para", R"("</para")"}},
       {"</parameter>", "a</parameter>b"}},
      {R"({"type":"string","minLength":2,"maxLength":4})",
       {{"ab", R"("ab")"}, {"\u4f60\u597d!", "\"\u4f60\u597d!\""}, {"<<<<", R"("<<<<")"}},
       {"", "a", "abcde"}},
      {R"({"type":"string","pattern":"^[A-Z]{2}\\d+$"})", {{"AB12", R"("AB12")"}}, {"AB", "ab12", "\"AB12\""}},
      {R"({"type":"string","format":"date"})", {{"2024-05-01", R"("2024-05-01")"}}, {"May", "2024-5-1"}},
      {R"({"enum":["red","it's"]})", {{"red", R"("red")"}, {"it's", R"("it's")"}}, {"blue", "\"red\"", ""}},
      {R"({"const":"a<b"})", {{"a<b", R"("a<b")"}}, {"a", "\"a<b\""}},
      {R"({"type":"integer","minimum":3,"maximum":17})", {{"3", "3"}, {"17", "17"}}, {"2", "18", "3.0", "three", "\"3\""}},
      {R"({"type":"number","exclusiveMaximum":1})", {{"0.5", "0.5"}, {"-2", "-2"}}, {"1", "1.5", "x"}},
      {R"({"type":"boolean"})", {{"true", "true"}, {"False", "false"}}, {"yes", "1", ""}},
      {R"({"type":"boolean","const":true})", {{"true", "true"}, {"True", "true"}}, {"false", "False"}},
      {R"({"type":"null"})", {{"null", "null"}, {"None", "null"}}, {"nil", ""}},
      // A text that may be missing: what reads as null is null.
      {R"({"type":["string","null"]})", {{"null", "null"}, {"None", "null"}, {"abc", R"("abc")"}, {"5", R"("5")"}}, {" null ", "a</parameter>"}},
      {R"({"anyOf":[{"type":"string","maxLength":3},{"type":"null"}]})", {{"abc", R"("abc")"}, {"None", "null"}}, {"abcd"}},
      {R"({"anyOf":[{"type":"integer","minimum":10},{"type":"string"}]})",
       {{"10", "10"}, {"ten", R"("ten")"}, {"2024-05-01", R"("2024-05-01")"}, {"5 Main St", R"("5 Main St")"}},
       {"9", "+5", "-.5", "5.", "1e1"}},
      {R"({"type":["boolean","string"],"enum":[true,"on"]})", {{"true", "true"}, {"True", "true"}, {"on", R"("on")"}}, {"false", "off"}},
      {R"({"type":["object","string"],"required":["a"],"additionalProperties":{"type":"integer"}})",
       {{R"({"a":1})", R"({"a":1})"}, {"{a}b", R"("{a}b")"}}, {R"({"b":1})", "{}", R"({"a":"x"})"}},
      // JSON within: nested schemas hold, and no string ends the tag.
      {R"({"type":"array","items":{"type":"object","properties":{"n":{"type":"integer","minimum":0}},"required":["n"],)"
       R"("additionalProperties":false},"minItems":1})",
       {{R"([{"n": 1}])", R"([{"n": 1}])"}}, {"[]", R"([{"n": -1}])", R"([{"n": "1"}])", "[{}]"}},
      {R"({"type":"array","items":{"type":"string"}})",
       {{R"(["a</b>"])", R"(["a</b>"])"}, {R"(["\u003c/parameter>"])", R"(["\u003c/parameter>"])"},
        {R"(["<\/parameter>"])", R"(["<\/parameter>"])"}},
       {R"(["</parameter>"])", "[a]"}},
      {R"({"type":"object"})", {{R"({"a<":"/parameter>"})", R"({"a<":"/parameter>"})"}}, {R"({"</parameter>":1})", R"({"a":"</parameter>"})"}},
      {R"({"type":"array","items":{"type":"string","maxLength":40}})", {{R"(["a\u003cb"])", R"(["a\u003cb"])"}}, {R"(["</parameter>"])"}},
      {R"({"type":"array","items":{"enum":["</parameter>","x"]}})", {{R"(["x"])", R"(["x"])"}}, {R"(["</parameter>"])"}},
      // Nothing is known of it: JSON.
      {"{}", {{R"("a")", R"("a")"}, {"1", "1"}, {"None", "null"}, {"True", "true"}}, {"abc", ""}},
  };
  for (const Case& test : cases) {
    const auto grammar = Write(test.schema);
    ASSERT_TRUE(grammar.ok()) << test.schema << ": " << grammar.error().message();
    const json::Value schema = json::Parse(test.schema).value();
    auto accepts = [&](std::string_view text) {
      grammar::ByteMatcher matcher(*grammar);
      return matcher.AcceptBytes(text) && matcher.IsAccepting();
    };
    for (const auto& [text, read] : test.accepted) {
      EXPECT_TRUE(accepts(text)) << test.schema << ": " << text;
      EXPECT_EQ(ArgumentToJson(schema, &schema, text), read) << test.schema;
    }
    for (const char* text : test.rejected) EXPECT_FALSE(accepts(text)) << test.schema << ": " << text;
  }
}

TEST(TagValue, ASchemaThatCannotBeEnforcedIsNamed) {
  const auto refused = Write(R"({"type":"string","pattern":"(?<=a)b"})");
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message().find("pattern"), std::string::npos) << refused.error().message();
}

TEST(TagValue, LongTextsAreCountedWithinBounds) {
  for (const int length : {1000, 2000, 4000}) {
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_TRUE(Write(StrCat(R"({"type":"string","maxLength":)", length, "}")).ok());
    std::printf("%d letters: %.3f s\n", length,
                std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count());
  }
  const auto refused = Write(R"({"type":"string","maxLength":100000000})");
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message().find("'maxLength' at #/maxLength cannot be enforced"), std::string::npos) << refused.error().message();
}

}  // namespace
}  // namespace pano::tools
