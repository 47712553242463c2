#include "model/tools/literal.h"

#include <gtest/gtest.h>

#include "model/tools/argument_value.h"

namespace pano::tools {
namespace {

std::string Python(std::string_view text) {
  return LiteralToJson(LiteralForm::kPython, text).value_or("none");
}
std::string Marked(std::string_view text) {
  return LiteralToJson(LiteralForm::kMarked, text).value_or("none");
}

TEST(Literal, PythonBecomesJson) {
  EXPECT_EQ(Python("{'a': [1, 2.], \"b\": (True, None,), 'c': {}}"),
            R"({"a": [1, 2.0], "b": [true, null], "c": {}})");
  EXPECT_EQ(Python(R"('it\'s \x41\u00e9\U0001F98A \q')"), "\"it's A\u00e9\U0001F98A \\\\q\"");
  EXPECT_EQ(Python(R"('\ud83e\udd8a')"), "\"\U0001F98A\"");
  EXPECT_EQ(Python("'''a 'b' c'''"), "\"a 'b' c\"");
  EXPECT_EQ(Python("-.5"), "-0.5");
  EXPECT_EQ(Python("123456789012345678901234567890"), "123456789012345678901234567890");
  EXPECT_EQ(Python("[]"), "[]");
}

TEST(Literal, WhatIsNoLiteralIsNone) {
  for (const char* text : {"", "hello", "[1", "{'a'}", "{a: 1}", "1 2", "'a", "open('x')", "1_000",
                           "0x10", R"('\ud83e')", "{1: 2}", "--1", "[,]"}) {
    EXPECT_EQ(Python(text), "none") << text;
  }
  EXPECT_EQ(Python(std::string(100, '[') + std::string(100, ']')), "none");
}

TEST(Literal, MarkedTextHasNoEscapes) {
  EXPECT_EQ(Marked(R"({city:<|"|>a "b", {c}<|"|>,n:-1,l:[<|"|>x<|"|>,true],o:{<|"|>k<|"|>:null}})"),
            R"({"city": "a \"b\", {c}", "n": -1, "l": ["x", true], "o": {"k": null}})");
  EXPECT_EQ(Marked("{}"), "{}");
  EXPECT_EQ(Marked(R"({a:<|"|>x})"), "none");
  EXPECT_EQ(Marked("{a:b}"), "none");
}

TEST(Literal, ArgumentsOfACall) {
  Tool tool;
  tool.parameters = json::Parse(R"({"properties":{"p":{},"q":{}}})").value();
  EXPECT_EQ(PythonArgumentsToJson(tool, "a=1, b='x'"), R"({"a": 1, "b": "x"})");
  EXPECT_EQ(PythonArgumentsToJson(tool, " 'u', q = [1] , "), R"({"p": "u", "q": [1]})");
  EXPECT_EQ(PythonArgumentsToJson(tool, ""), "{}");
  EXPECT_FALSE(PythonArgumentsToJson(tool, "1, 2, 3"));
  EXPECT_FALSE(PythonArgumentsToJson(tool, "a=1, a=2"));
  EXPECT_FALSE(PythonArgumentsToJson(tool, "a=1 b=2"));
  EXPECT_FALSE(PythonArgumentsToJson(tool, "a=f(1)"));
}

TEST(ArgumentValue, FollowsTheSchema) {
  const json::Value root = json::Parse(R"({"properties":{
      "s":{"type":"string"}, "n":{"type":"number"}, "o":{"type":["string","null"]},
      "e":{"enum":["a","b"]}, "r":{"$ref":"#/$defs/t"}, "u":{"anyOf":[{"type":"integer"},
      {"type":"string"}]}, "any":{}, "loop":{"$ref":"#/properties/loop"}},
      "$defs":{"t":{"type":"string"}}})").value();
  Tool tool;
  tool.parameters = root;
  auto value = [&](const char* name, const char* text) {
    return ArgumentToJson(root, ArgumentSchema(tool, name), text);
  };
  EXPECT_EQ(value("s", "12345"), "\"12345\"");
  EXPECT_EQ(value("s", "null"), "\"null\"");
  EXPECT_EQ(value("s", "{\"a\": 1}"), "\"{\\\"a\\\": 1}\"");
  EXPECT_EQ(value("n", " -1.5\n"), "-1.5");
  EXPECT_EQ(value("n", "many"), "\"many\"");
  EXPECT_EQ(value("o", "None"), "null");
  EXPECT_EQ(value("o", "12"), "\"12\"");
  EXPECT_EQ(value("e", "1"), "\"1\"");
  EXPECT_EQ(value("r", "true"), "\"true\"");
  EXPECT_EQ(value("u", "7"), "7");
  EXPECT_EQ(value("u", "x"), "\"x\"");
  EXPECT_EQ(value("u", "\"x\""), "\"\\\"x\\\"\"");
  EXPECT_EQ(value("any", "True"), "true");
  EXPECT_EQ(value("any", "['a', 1]"), "[\"a\", 1]");
  EXPECT_EQ(value("any", "Paris"), "\"Paris\"");
  EXPECT_EQ(value("loop", "1"), "1");
  EXPECT_EQ(value("missing", "1"), "1");
}

// A schema whose references branch and go in circles was looked at without an end.
TEST(ArgumentValue, BranchingReferencesEnd) {
  std::string options;
  for (int i = 0; i < 100; ++i) options += R"({"$ref":"#"},)";
  const json::Value root = json::Parse(R"({"anyOf":[)" + options + R"({"type":"string"}]})").value();
  EXPECT_EQ(ArgumentToJson(root, &root, "1"), "1");
}

}  // namespace
}  // namespace pano::tools
