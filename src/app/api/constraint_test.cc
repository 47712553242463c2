#include "app/api/constraint.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/strings.h"

namespace pano::api {
namespace {

using constraints::Kind;
using constraints::Source;

Result<std::optional<Source>> Read(std::string_view body) {
  Result<json::Value> parsed = json::Parse(body);
  EXPECT_TRUE(parsed.ok()) << body;
  return ReadConstraint(*parsed);
}

TEST(Constraint, EachFieldIsRead) {
  struct Case {
    const char* body;
    Kind kind;
    const char* text;
    const char* field;
  };
  const Case cases[] = {
      {R"({"response_format":{"type":"json_object"}})", Kind::kJsonObject, "", "response_format"},
      {R"({"response_format":{"type":"json_object","schema":{"type":"array"}}})", Kind::kJsonSchema,
       R"({"type":"array"})", "response_format.schema"},
      {R"({"response_format":{"type":"json_object","value":{"type":"array"}}})", Kind::kJsonSchema,
       R"({"type":"array"})", "response_format.value"},
      {R"({"response_format":{"type":"json","value":{"type":"array"}}})", Kind::kJsonSchema, R"({"type":"array"})",
       "response_format.value"},
      {R"({"response_format":{"type":"regex","value":"a+"}})", Kind::kRegex, "a+", "response_format.value"},
      {R"({"response_format":{"type":"json_schema","json_schema":{"name":"a-B_1","strict":true,"description":"d",
           "schema":{"type":"object","properties":{"z":{},"a":{}}}}}})",
       Kind::kJsonSchema, R"({"type":"object","properties":{"z":{},"a":{}}})", "response_format.json_schema.schema"},
      {R"({"response_format":{"type":"json_schema","json_schema":{"name":"n"}}})", Kind::kJsonObject, "",
       "response_format.json_schema"},
      {R"({"response_format":{"type":"json_schema","schema":{"type":"array"}}})", Kind::kJsonSchema,
       R"({"type":"array"})", "response_format.schema"},
      {R"({"guided_json":{"type":"integer"}})", Kind::kJsonSchema, R"({"type":"integer"})", "guided_json"},
      {R"({"guided_json":"{\"type\": 1}"})", Kind::kJsonSchema, "{\"type\": 1}", "guided_json"},
      {R"({"guided_regex":"a+"})", Kind::kRegex, "a+", "guided_regex"},
      {R"({"guided_choice":["a","b"]})", Kind::kChoice, R"(["a","b"])", "guided_choice"},
      {R"({"guided_grammar":"root ::= \"a\""})", Kind::kGbnf, "root ::= \"a\"", "guided_grammar"},
      {R"({"grammar":"root ::= \"a\""})", Kind::kGbnf, "root ::= \"a\"", "grammar"},
      {R"({"json_schema":{}})", Kind::kJsonSchema, "{}", "json_schema"},
      {R"({"structured_outputs":{"json":{"type":"null"},"regex":null}})", Kind::kJsonSchema, R"({"type":"null"})",
       "structured_outputs.json"},
      {R"({"structured_outputs":{"regex":"a","disable_fallback":true}})", Kind::kRegex, "a",
       "structured_outputs.regex"},
      {R"({"structured_outputs":{"choice":["a"]}})", Kind::kChoice, R"(["a"])", "structured_outputs.choice"},
      {R"({"structured_outputs":{"grammar":"g"}})", Kind::kGbnf, "g", "structured_outputs.grammar"},
      {R"({"structured_outputs":{"json_object":true,"structural_tag":null}})", Kind::kJsonObject, "",
       "structured_outputs.json_object"},
      {R"({"response_format":{"type":"text"},"guided_regex":"a"})", Kind::kRegex, "a", "guided_regex"},
  };
  for (const Case& c : cases) {
    auto read = Read(c.body);
    ASSERT_TRUE(read.ok()) << c.body << read.status().ToString();
    ASSERT_TRUE(*read) << c.body;
    EXPECT_EQ((*read)->kind, c.kind) << c.body;
    EXPECT_EQ((*read)->text, c.text) << c.body;
    EXPECT_EQ((*read)->field, c.field) << c.body;
  }
}

TEST(Constraint, WhatAsksForNothingIsNoConstraint) {
  for (const char* body :
       {"{}", R"({"response_format":null,"guided_json":null,"guided_regex":"","guided_choice":[],"grammar":""})",
        R"({"response_format":{"type":"text"}})", R"({"structured_outputs":{}})",
        R"({"structured_outputs":{"json":null,"json_object":false,"disable_any_whitespace":false}})",
        R"({"guided_whitespace_pattern":null,"structural_tag":""})"}) {
    auto read = Read(body);
    ASSERT_TRUE(read.ok()) << body << read.status().ToString();
    EXPECT_FALSE(*read) << body;
  }
}

TEST(Constraint, RefusalsNameTheField) {
  struct Case {
    const char* body;
    const char* field;
    const char* word;
  };
  const Case cases[] = {
      {R"({"response_format":{"type":"structural_tag","structures":[]}})", "response_format", "structural_tag"},
      {R"({"response_format":{}})", "response_format", "type"},
      {R"({"response_format":{"type":"json_object","format":{"type":"array"}}})", "response_format.format", "format"},
      {R"({"response_format":{"type":"json"}})", "response_format.value", "Schema"},
      {R"({"response_format":{"type":"regex","value":7}})", "response_format.value", "expression"},
      {R"({"response_format":{"type":"json_schema"}})", "response_format.json_schema", "schema"},
      {R"({"response_format":{"type":"json_schema","json_schema":{"schema":{}}}})", "response_format.json_schema.name",
       "missing"},
      {R"({"response_format":{"type":"json_schema","json_schema":{"name":"a b","schema":{}}}})",
       "response_format.json_schema.name", "a-z"},
      {R"({"response_format":{"type":"json_schema","json_schema":{"name":"a","schema":3}}})",
       "response_format.json_schema.schema", "integer"},
      {R"({"response_format":{"type":"json_schema","json_schema":{"name":"a","strict":1,"schema":{}}}})",
       "response_format.json_schema.strict", "true or false"},
      {R"({"response_format":{"type":"json_schema","json_schema":{"name":"a","schema":{},"lax":1}}})",
       "response_format.json_schema.lax", "not supported"},
      {R"({"guided_json":3})", "guided_json", "integer"},
      {R"({"guided_choice":["a",3]})", "guided_choice", "integer"},
      {R"({"structured_outputs":{"choice":"a"}})", "structured_outputs.choice", "list"},
      {R"({"structured_outputs":{"json_object":"yes"}})", "structured_outputs.json_object", "true or false"},
      {R"({"structured_outputs":{"structural_tag":"{}"}})", "structured_outputs.structural_tag", "not supported"},
      {R"({"structured_outputs":{"regex":"a","whitespace_pattern":"x"}})", "structured_outputs.whitespace_pattern",
       "not supported"},
      {R"({"structured_outputs":{"regex":"a","disable_any_whitespace":true}})",
       "structured_outputs.disable_any_whitespace", "not supported"},
      {R"({"structured_outputs":{"regex":"a","choice":["b"]}})", "structured_outputs", "one is allowed"},
      {R"({"guided_regex":"a","guided_choice":["b"]})", "guided_choice", "guided_regex"},
      {R"({"response_format":{"type":"json_object"},"grammar":"g"})", "grammar", "response_format"},
      {R"({"guided_regex":"a","guided_whitespace_pattern":"x"})", "guided_whitespace_pattern", "not supported"},
      {R"({"guided_json_object":true})", "guided_json_object", "not supported"},
      {R"({"structural_tag":"{}"})", "structural_tag", "not supported"},
      {R"({"grammar":"g","grammar_lazy":true})", "grammar_lazy", "not supported"},
  };
  for (const Case& c : cases) {
    auto read = Read(c.body);
    ASSERT_FALSE(read.ok()) << c.body;
    EXPECT_EQ(read.error().code(), StatusCode::kInvalidArgument);
    EXPECT_EQ(read.error().field(), c.field) << c.body;
    EXPECT_NE(read.error().message().find(c.word), std::string::npos) << read.error().message();
  }
}

TEST(Constraint, TheKeyIsTheSchemaAndNotTheField) {
  const json::Value schema = *json::Parse(R"({"type":"object"})");
  const Source one = JsonSchemaSource(schema, "format");
  const Source other = **Read(R"({"guided_json": {"type" : "object"}})");
  EXPECT_EQ(constraints::Vocabulary::KeyOf(one), constraints::Vocabulary::KeyOf(other));
}

}  // namespace
}  // namespace pano::api
