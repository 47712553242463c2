// Keyword by keyword: what a schema takes and what it refuses, spellings and blanks, and bounds on what a
// hostile schema may cost.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/strings.h"
#include "model/grammar/byte_matcher.h"
#include "model/grammar/json_schema/compile_json_schema.h"

namespace pano::grammar {
namespace {

struct Case {
  const char* schema;
  std::vector<const char*> accepted;
  std::vector<const char*> rejected;
};

void Check(const Case& test) {
  const Result<Grammar> grammar = CompileJsonSchemaText(test.schema);
  ASSERT_TRUE(grammar.ok()) << test.schema << ": " << grammar.error().ToString();
  ByteMatcher matcher(*grammar);
  for (const char* text : test.accepted) {
    matcher.Reset();
    EXPECT_TRUE(matcher.AcceptBytes(text) && matcher.IsAccepting()) << test.schema << " lacks " << text;
  }
  for (const char* text : test.rejected) {
    matcher.Reset();
    EXPECT_FALSE(matcher.AcceptBytes(text) && matcher.IsAccepting()) << test.schema << " takes " << text;
  }
}

TEST(JsonSchemaTest, Strings) {
  const std::vector<Case> cases = {
      {R"({"type":"string"})",
       {R"("")", R"("a\"\\\/\b\f\n\r\t")", R"("\u00e9\uD83E\uDD8A")", "\"\u4f60\U0001f98a\x7f\""},
       {"\"\n\"", R"("\x")", R"("\ud83e")", R"("\udd8a")", R"("\u12")", "\"\xff\"", "\"a"}},
      {R"({"type":"string","minLength":2,"maxLength":3})",
       {R"("ab")", R"("\"\\")", "\"\U0001f98a\U0001f98a\"", R"("\ud83e\udd8a\u0041a")"},
       {R"("a")", R"("\n")", R"("abcd")", R"("\ud83e\udd8a")"}},
      {R"({"type":"string","pattern":"^[^a-z]+$"})", {R"("A\n\"\\\u0001")", "\"\u4f60\""}, {R"("")", R"("b")", R"("\t\nb")"}},
      {R"({"type":"string","pattern":"a","maxLength":2})", {R"("a")", R"("ab")", R"("ba")"}, {R"("b")", R"("bba")"}},
      {R"({"type":"string","pattern":"^[a-z]*$","allOf":[{"pattern":"x$"},{"minLength":2}]})",
       {R"("ax")", R"("xxx")"}, {R"("x")", R"("xa")", R"("Xx")"}},
      {R"({"enum":["a","ab","\u4f60\"",""]})", {R"("a")", R"("")", "\"\u4f60\\\"\""}, {R"("b")", "\"\u4f60\""}},
      {R"({"type":"string","not":{"enum":["a","b"]}})", {R"("c")", R"("ab")", R"("")"}, {R"("a")", R"("b")", "1"}},
      {R"({"type":"string","format":"x-mine"})", {R"("what you like")"}, {"1"}},
  };
  for (const Case& test : cases) ASSERT_NO_FATAL_FAILURE(Check(test));
}

TEST(JsonSchemaTest, Formats) {
  const std::vector<Case> cases = {
      {R"({"type":"string","format":"date"})",
       {R"("2024-02-29")", R"("2000-02-29")", R"("1999-12-31")"},
       {R"("2023-02-29")", R"("1900-02-29")", R"("2024-04-31")", R"("0000-01-01")", R"("2024-1-1")", R"("2024-00-10")"}},
      {R"({"type":"string","format":"date-time"})",
       {R"("2026-11-29T21:16:00Z")", R"("1996-12-19t16:39:57.123-08:00")", R"("2026-11-29T21:16:00z")"},
       {R"("2026-11-29T24:00:00Z")", R"("2026-11-29")", R"("2026-11-29T21:16:00")", R"("2026-02-30T00:00:00Z")"}},
      {R"({"type":"string","format":"uuid"})",
       {R"("123e4567-e89b-12d3-A456-426614174000")"},
       {R"("123e4567e89b12d3a456426614174000")", R"("123e4567-e89b-12d3-a456-42661417400g")"}},
      {R"({"type":"string","format":"ipv4"})", {R"("0.0.0.0")", R"("255.249.199.99")"},
       {R"("256.1.1.1")", R"("01.1.1.1")", R"("1.1.1")", R"("1.1.1.1.1")"}},
      {R"({"type":"string","format":"ipv6"})",
       {R"("::")", R"("::1")", R"("2001:db8::8a2e:370:7334")", R"("1:2:3:4:5:6:7:8")", R"("::ffff:1.2.3.4")", R"("1::")"},
       {R"("1:2:3")", R"("1::2::3")", R"("12345::")", R"("1:2:3:4:5:6:7:8:9")", R"(":1")"}},
      {R"({"type":"string","format":"email"})", {R"("joe.b+c@d-e.example.org")"},
       {R"("joe")", R"("a@b@c")", R"("a@-b.c")", R"("a..b@c.d")", R"("a@b.")", R"(".a@b")"}},
      {R"({"type":"string","format":"hostname"})", {R"("a")", R"("a-b.example.com")"}, {R"("-a.b")", R"("a_b")", R"("a..b")", R"("xn--a.b")"}},
      {R"({"type":"string","format":"uri"})",
       {R"("https://a.example/b?c#d")", R"("mailto:a@b.c")", R"("http://[::1]:80/")", R"("urn:a:b")"},
       {R"("//a/b")", R"("a b:c")", R"("http://a b/")", R"("http://a/%zz")", R"("")"}},
      {R"({"type":"string","format":"uri-reference"})", {R"("")", R"("../a?b")", R"("//h/p")", R"("#f")"}, {R"("a b")", R"("\\")"}},
      {R"({"type":"string","format":"duration"})", {R"("P1Y2M3DT4H5M6S")", R"("PT1M")", R"("P2W")"},
       {R"("P")", R"("PT")", R"("P1D2Y")", R"("1D")", R"("P1WT1H")"}},
      {R"({"type":"string","format":"json-pointer"})", {R"("")", R"("/a~0b/~1")"}, {R"("a")", R"("/~2")", R"("/~")"}},
      {R"({"type":"string","format":"date","minLength":10,"pattern":"^2026"})", {R"("2026-01-31")"}, {R"("2025-01-31")"}},
  };
  for (const Case& test : cases) ASSERT_NO_FATAL_FAILURE(Check(test));
}

TEST(JsonSchemaTest, Numbers) {
  const std::vector<Case> cases = {
      {R"({"type":"number"})", {"0", "-0.0", "1e+300", "1e-07", "12.5E3", "-1234567890123456789012"},
       {"01", "+1", ".5", "1.", "1e", "0x1", "1e999", "NaN", "-"}},
      {R"({"type":"integer","minimum":0,"exclusiveMaximum":1000,"multipleOf":25})", {"0", "25", "975"},
       {"1000", "24", "-25", "-0", "0025", "25.0", "25.5"}},
      {R"({"type":"number","exclusiveMinimum":0,"maximum":1})", {"0.5", "1", "1.0", "1e-07", "0.001"},
       {"0", "0.0", "-0", "1.01", "1e1", "-1e-5", "-0.0"}},
      {R"({"type":"number","multipleOf":0.01,"minimum":-1})", {"0.07", "19.99", "-1", "3"}, {"0.001", "-1.01", "1.999"}},
      {R"({"enum":[1,2.5,1e18,-3]})", {"1", "2.5", "1e+18", "1000000000000000000", "-3"}, {"2", "25", "-1", "1.0", "1e0", "-3.0"}},
      // A constant is spelled as the schema spells it: 1.0 breaks readers that are typed.
      {R"({"const":7})", {"7"}, {"7.0", "7e0", "8"}},
      {R"({"const":7.0})", {"7", "7.0"}, {"8"}},
      {R"({"type":"number","enum":[7,0.5]})", {"7", "0.5"}, {"7.0"}},
      {R"({"type":"number","not":{"const":7}})", {"6", "7.5", "6.99", "1e3"}, {"7", "7.0"}},
      {R"({"type":"array","items":{"not":{"enum":[1,2]}},"maxItems":1})", {"[3]", "[1.5]", "[\"a\"]"}, {"[1]", "[2.0]"}},
      {R"({"type":["integer","null"],"minimum":-9223372036854775808,"maximum":9223372036854775807})",
       {"9223372036854775807", "-9223372036854775808", "null"}, {"9223372036854775808", "-9223372036854775809"}},
      {R"({"not":{"type":"integer"},"type":"number"})", {"1.5", "-0.25", "0.30000000000000004", "0.9"}, {"1", "1.0", "1e2", "0", "-3.00", "0.99999999999999999", "12345678901234567890.5"}},
      {R"({"oneOf":[{"type":"number","multipleOf":5},{"type":"number","multipleOf":3}]})", {"5", "9", "-10"}, {"15", "0", "7", "1.5"}},
      {R"({"minimum":5})", {"5", "\"a\"", "null", "{}", "[]"}, {"4"}},
  };
  for (const Case& test : cases) ASSERT_NO_FATAL_FAILURE(Check(test));
}

TEST(JsonSchemaTest, Arrays) {
  const std::vector<Case> cases = {
      {R"({"type":"array","prefixItems":[{"type":"integer"},{"type":"null"}]})", {"[]", "[1]", "[1,null]", "[1, null, {}]"}, {"[null]", "[1,2]"}},
      {R"({"type":"array","prefixItems":[{"type":"integer"},false]})", {"[]", "[1]"}, {"[1,null]"}},
      {R"({"type":"array","items":{"type":"integer"},"minItems":1,"maxItems":2})", {"[1]", "[1,2]", "[\n  1,\n  2\n]"}, {"[]", "[1,2,3]", "[1,]", "[,1]"}},
      {R"({"type":"array","contains":{"type":"integer"},"minContains":2,"maxContains":3})",
       {"[1,2]", "[null,1,\"a\",2,3]"}, {"[]", "[1]", "[1,2,3,4]", "[null]"}},
      {R"({"type":"array","contains":{"const":1}})", {"[1]", "[2,1,2]"}, {"[]", "[2]"}},
      {R"({"type":"array","items":{"enum":["a","b",1]},"uniqueItems":true,"minItems":2})",
       {R"(["a","b"])", R"([1,"b","a"])"}, {R"(["a"])", R"(["a","a"])", R"([1,"a",1])"}},
      {R"({"type":"array","items":{"enum":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]},"uniqueItems":true,"maxItems":2})",
       {"[20,1]", "[7]"}, {"[7,7]", "[1,2,3]", "[21]"}},
      {R"({"type":"array","uniqueItems":true,"maxItems":1})", {"[]", "[{}]"}, {"[1,1]"}},
      {R"({"type":"array","items":[{"type":"integer"}],"additionalItems":false})", {"[]", "[1]"}, {"[1,1]", "[null]"}},
      {R"({"type":"array","minItems":300,"items":{"const":0}})", {}, {"[0]"}},
      {R"({"type":"array","not":{"items":{"type":"integer"}}})", {"[null]", "[1,\"a\",2]"}, {"[]", "[1,2]"}},
  };
  for (const Case& test : cases) ASSERT_NO_FATAL_FAILURE(Check(test));
}

TEST(JsonSchemaTest, Objects) {
  const std::vector<Case> cases = {
      {R"({"type":"object","properties":{"a\"\n\u4f60":{"const":1}},"required":["a\"\n\u4f60"],"additionalProperties":false})",
       {"{\"a\\\"\\n\u4f60\":1}"}, {"{}", R"({"a":1})"}},
      {R"({"type":"object","properties":{"a":{"type":"integer"}}})",
       {R"({"a":1,"b":2})", R"({"b":"x","c":null})", R"({"aa":null})", "{ \"a\": 1 }"},
       {R"({"a":"x"})", R"({"b":1,"a":"x"})", R"({"\u0061":"x"})", R"({"a":1,"a":"x"})", R"({"b":1,})"}},
      {R"({"type":"object","properties":{"a":false}})", {"{}", R"({"b":1})"}, {R"({"a":1})"}},
      {R"({"type":"object","required":["x","y"],"additionalProperties":{"type":"integer"}})",
       {R"({"x":1,"y":2})", R"({"y":2,"z":0,"x":1})"}, {R"({"x":1})", R"({"x":1,"y":null})", R"({"x":1,"x":2})"}},
      {R"({"type":"object","minProperties":1,"maxProperties":2})", {R"({"a":1})", R"({"a":1,"b":2})"}, {"{}", R"({"a":1,"b":2,"c":3})"}},
      {R"({"type":"object","properties":{"a":true,"b":true,"c":true},"additionalProperties":false,"minProperties":2})",
       {R"({"a":1,"c":2})", R"({"a":1,"b":1,"c":2})"}, {"{}", R"({"b":1})"}},
      {R"({"type":"object","patternProperties":{"^a":{"type":"integer"},"b$":{"minimum":5}},"properties":{"ab":{"maximum":7}}})",
       {R"({"ab":6})", R"({"a":1,"b":9,"c":null})", R"({"axb":5})"}, {R"({"ab":8})", R"({"ab":4})", R"({"axb":1})", R"({"a":null})"}},
      {R"({"type":"object","propertyNames":{"pattern":"^[a-z]+$","maxLength":2}})", {"{}", R"({"ab":1})"}, {R"({"abc":1})", R"({"A":1})"}},
      {R"({"type":"object","dependentRequired":{"a":["b"]},"properties":{"a":true,"b":true}})",
       {"{}", R"({"a":1,"b":2})", R"({"b":1})"}, {R"({"a":1})"}},
      {R"({"type":"object","dependentSchemas":{"a":{"properties":{"b":{"type":"null"}}}}})",
       {R"({"b":1})", R"({"b":null,"a":1})"}, {R"({"a":1,"b":2})", R"({"b":2,"a":1})"}},
      {R"({"type":"object","properties":{"a":true},"unevaluatedProperties":false})", {R"({"a":1})"}, {R"({"b":1})"}},
      {R"({"type":"object","allOf":[{"$ref":"#/$defs/b"}],"properties":{"a":true},"unevaluatedProperties":false,
          "$defs":{"b":{"properties":{"b":{"type":"null"}},"patternProperties":{"^x":true},"anyOf":[{"required":["b"]},{"required":["a"]}]}}})",
       {R"({"a":1})", R"({"a":1,"b":null,"x1":2})"}, {R"({"b":1})", R"({"a":1,"c":1})", "{}"}},
      {R"({"type":"object","allOf":[{"additionalProperties":{"type":"null"}}],"unevaluatedProperties":false})",
       {R"({"a":null})"}, {R"({"a":1})"}},
      {R"({"type":"object","allOf":[{"properties":{"a":true}}],"unevaluatedProperties":{"type":"integer"}})",
       {R"({"a":null,"b":1})"}, {R"({"b":null})"}},
      {R"({"const":{"b":[1,{"c":null}],"a":"x"}})", {R"({"b":[1,{"c":null}],"a":"x"})", R"({"b": [1, {"c": null}], "a": "x"})"}, {R"({"b":[1],"a":"x"})"}},
      {R"({"type":"object","not":{"required":["a"]}})", {"{}", R"({"b":1})"}, {R"({"a":1})", R"({"b":1,"a":2})"}},
  };
  for (const Case& test : cases) ASSERT_NO_FATAL_FAILURE(Check(test));
}

TEST(JsonSchemaTest, Combinations) {
  const std::vector<Case> cases = {
      {R"({"$defs":{"n":{"type":"object","properties":{"next":{"$ref":"#/$defs/n"}},"additionalProperties":false}},"$ref":"#/$defs/n"})",
       {"{}", R"({"next":{"next":{}}})"}, {R"({"next":null})", R"({"next":{"x":1}})"}},
      {R"({"$id":"https://a.example/s","$defs":{"x~/y%":{"$anchor":"here","type":"null"}},
          "prefixItems":[{"$ref":"#/$defs/x~0~1y%25"},{"$ref":"#here"},{"$ref":"https://a.example/s#/$defs/x~0~1y%25"}],"type":"array"})",
       {"[null,null,null]"}, {"[1]", "[null,1]", "[null,null,1]"}},
      {R"({"type":"object","properties":{"k":{"enum":["a","b"]}},"required":["k"],
          "if":{"properties":{"k":{"const":"a"}}},"then":{"required":["x"]},"else":{"properties":{"x":false}}})",
       {R"({"k":"a","x":1})", R"({"k":"b"})"}, {R"({"k":"a"})", R"({"k":"b","x":1})"}},
      {R"({"oneOf":[{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"],"additionalProperties":false},
                    {"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"integer"}},"additionalProperties":false}]})",
       {"{}", R"({"b":1})", R"({"a":1,"b":1})"}, {R"({"a":1})"}},
      {R"({"anyOf":[{"required":["a"]},{"required":["b"]}],"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"null"}},"additionalProperties":false})",
       {R"({"a":1})", R"({"b":null})", R"({"a":1,"b":null})"}, {"{}", R"({"a":null})"}},
      {R"({"allOf":[{"properties":{"a":{"minimum":1}}},{"properties":{"a":{"maximum":3}},"required":["a"]}],"type":"object"})",
       {R"({"a":2})"}, {R"({"a":0})", R"({"a":4})", "{}"}},
      {R"({"oneOf":[{"type":"null"},{"type":"object","properties":{"left":{"$ref":"#"},"kind":{"const":"a"}},"required":["left","kind"]},
                    {"type":"object","properties":{"left":{"$ref":"#"},"kind":{"const":"b"}},"required":["left","kind"]}]})",
       {"null", R"({"left":{"left":null,"kind":"b"},"kind":"a"})"}, {R"({"left":1,"kind":"a"})", R"({"left":null,"kind":"c"})"}},
      {"true", {"1", "[{}]", "null"}, {"", "x", "{"}},
      {R"({"type":"object","properties":{"a":{"$ref":"#"}},"additionalProperties":false})", {R"({"a":{"a":{}}})"}, {R"({"a":1})"}},
      {R"({"title":"t","x-order":1,"nullable":true,"readOnly":true,"contentEncoding":"base64","type":"string"})", {R"("a")"}, {"null"}},
  };
  for (const Case& test : cases) ASSERT_NO_FATAL_FAILURE(Check(test));
}

struct Refusal {
  const char* schema;
  const char* field;   // its end; "" where there is none
  StatusCode code;
};

TEST(JsonSchemaTest, WhatCannotBeEnforcedIsRefusedByName) {
  constexpr StatusCode kUnsupported = StatusCode::kUnimplemented;
  constexpr StatusCode kWrong = StatusCode::kInvalidArgument;
  const Refusal kRefusals[] = {
      {R"({"$ref":"other.json"})", "#/$ref", kUnsupported},
      {R"({"$dynamicRef":"#a"})", "#/$dynamicRef", kUnsupported},
      {R"({"properties":{"a":{"$id":"b","$ref":"#/c"}}})", "#/properties/a/$id", kUnsupported},
      {R"({"anyOf":[{"properties":{"a":true}},{}],"unevaluatedProperties":false})", "#/unevaluatedProperties", kUnsupported},
      {R"({"contains":true,"unevaluatedItems":false})", "#/unevaluatedItems", kUnsupported},
      {R"({"type":"string","format":"iri"})", "#/format", kUnsupported},
      {R"({"type":"string","pattern":"(?=a)b"})", "#/pattern", kUnsupported},
      {R"({"type":"string","pattern":"(a{1000}){1000}"})", "#/pattern", kUnsupported},
      {R"({"properties":{"l":{"type":"array","uniqueItems":true}}})", "#/properties/l/uniqueItems", kUnsupported},
      {R"({"type":"array","uniqueItems":true,"items":{"enum":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]}})", "#/uniqueItems", kUnsupported},
      {R"({"type":"object","minProperties":2})", "#/minProperties", kUnsupported},
      {R"({"type":"object","not":{"additionalProperties":{"type":"string"}}})", "#/not", kUnsupported},
      {R"({"properties":{"p":{"oneOf":[{"type":"object"},{"additionalProperties":{"type":"null"}}]}}})", "#/properties/p/oneOf", kUnsupported},
      {R"({"type":"number","multipleOf":0.0123457})", "#/multipleOf", kUnsupported},
      {R"({"type":"array","minItems":2000000})", "#/minItems", kUnsupported},
      {R"({"type":"strin"})", "#/type", kWrong},
      {R"({"type":[]})", "#/type", kWrong},
      {R"({"items":"string"})", "#/items", kWrong},
      {R"({"properties":[]})", "#/properties", kWrong},
      {R"({"properties":{"a/b":1}})", "#/properties/a~1b", kWrong},
      {R"({"required":"a"})", "#/required", kWrong},
      {R"({"anyOf":[]})", "#/anyOf", kWrong},
      {R"({"oneOf":[1]})", "#/oneOf/0", kWrong},
      {R"({"minLength":-1})", "#/minLength", kWrong},
      {R"({"maxItems":1.5})", "#/maxItems", kWrong},
      {R"({"minimum":"1"})", "#/minimum", kWrong},
      {R"({"exclusiveMinimum":true})", "#/exclusiveMinimum", kWrong},
      {R"({"multipleOf":0})", "#/multipleOf", kWrong},
      {R"({"pattern":"("})", "#/pattern", kWrong},
      {R"({"$ref":"#/nowhere"})", "#/$ref", kWrong},
      {R"({"$ref":"#"})", "#/$ref", kWrong},
      {R"({"allOf":[{"$ref":"#"}]})", "#/$ref", kWrong},
      {R"({"enum":1})", "#/enum", kWrong},
      {R"({"enum":[123456789012345678901]})", "", kWrong},
      {R"({"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]})", "", kWrong},   // no value is finite
      {R"([])", "", kWrong},
      {R"({"allOf":[{"type":"string"},{"type":"integer"}]})", "", kWrong},
      {R"({"type":)", "", StatusCode::kCorruption},
  };
  for (const Refusal& refusal : kRefusals) {
    const Result<Grammar> grammar = CompileJsonSchemaText(refusal.schema);
    ASSERT_FALSE(grammar.ok()) << refusal.schema;
    const Status& error = grammar.error();
    EXPECT_EQ(error.code(), refusal.code) << refusal.schema << ": " << error.ToString();
    EXPECT_EQ(error.field(), refusal.field) << refusal.schema << ": " << error.ToString();
    if (refusal.code != kUnsupported) continue;
    EXPECT_EQ(error.reason(), "unsupported_keyword") << refusal.schema;
    const std::string keyword = error.field().substr(error.field().rfind('/') + 1);
    EXPECT_NE(error.message().find(keyword), std::string::npos) << error.message();
  }
}

// Data that looks like a schema with an anchor was taken for what a reference names, so that anything was accepted.
TEST(JsonSchemaTest, AnchorsAreThoseOfSchemas) {
  const std::vector<Case> cases = {
      {R"({"properties":{"k":{"const":{"$anchor":"a"}},"v":{"$ref":"#a"}},"$defs":{"z":{"$anchor":"a","type":"integer"}}})",
       {R"({"v":1})"}, {R"({"v":"x"})"}},
      {R"({"examples":[{"$anchor":"a"}],"default":{"$anchor":"a"},"enum":[{"$anchor":"a"},5,"x"],"$ref":"#a",
           "$defs":{"z":{"$anchor":"a","type":"integer"}}})",
       {"5"}, {R"("x")", R"({"$anchor":"a"})"}},
      // Another resource's.
      {R"({"$defs":{"a":{"$id":"http://x/a","$anchor":"f","type":"string"},"b":{"$anchor":"f","type":"integer"}},"$ref":"#f"})",
       {"5"}, {R"("x")"}},
      // Properties that are named as keywords.
      {R"({"properties":{"const":{"$anchor":"a","type":"integer"},"v":{"$ref":"#a"}}})", {R"({"v":1})"}, {R"({"v":"x"})"}},
      {R"({"properties":{"$id":{"$anchor":"a","type":"integer"},"v":{"$ref":"#a"}}})", {R"({"v":1})"}, {R"({"v":"x"})"}},
      {R"({"properties":{"$anchor":{"type":"string"},"v":{"$anchor":"w","type":"integer"}},"required":["v"]})",
       {R"({"$anchor":"w","v":1})"}, {R"({"$anchor":1,"v":1})"}},
  };
  for (const Case& test : cases) ASSERT_NO_FATAL_FAILURE(Check(test));
}

TEST(JsonSchemaTest, AnyObject) {
  const Result<Grammar> grammar = AnyJsonObject();
  ASSERT_TRUE(grammar.ok()) << grammar.error().ToString();
  ByteMatcher matcher(*grammar);
  for (const char* text : {"{}", R"({"a":[1,{"b":null}],"a":2})", "{\n  \"x\": true\n}"}) {
    matcher.Reset();
    EXPECT_TRUE(matcher.AcceptBytes(text) && matcher.IsAccepting()) << text;
  }
  for (const char* text : {"[]", "1", "{\"a\"}", "{} "}) {
    matcher.Reset();
    EXPECT_FALSE(matcher.AcceptBytes(text) && matcher.IsAccepting()) << text;
  }
}

std::string Nested(int depth) {
  std::string out = R"({"type":"null"})";
  for (int i = 0; i < depth; ++i) out = StrCat(R"({"anyOf":[)", out, ",", out, "]}");
  return out;
}

std::string Chain(int length, const char* form) {
  std::string out = R"({"$defs":{)";
  for (int i = 0; i < length; ++i) {
    out += StrCat(i ? "," : "", "\"d", i, R"(":{")", form, R"(":[{"$ref":"#/$defs/d)", i + 1, R"("},{"$ref":"#/$defs/d)", i + 1, R"("}]})");
  }
  return out + StrCat(R"(,"d)", length, R"(":{"type":"object","properties":{"a":{"$ref":"#/$defs/d0"}}}},"$ref":"#/$defs/d0"})");
}

TEST(JsonSchemaTest, HostileSchemasEndSoon) {
  std::string optional = R"({"type":"object","additionalProperties":false,"properties":{)";
  for (int i = 0; i < 2000; ++i) optional += StrCat(i ? "," : "", "\"p", i, R"(":{"type":"integer"})");
  std::string branches = R"({"oneOf":[)";
  for (int i = 0; i < 300; ++i) {
    branches += StrCat(i ? "," : "", R"({"type":"object","properties":{"k":{"const":"k)", i, R"("},"v":{"minimum":)", i, R"(}},"required":["k"]})");
  }
  std::string patterns = R"({"type":"object","patternProperties":{)";
  for (int i = 0; i < 30; ++i) patterns += StrCat(i ? "," : "", "\"", char('a' + i % 26), ".{", i, R"(}b":{"minimum":)", i, "}");
  std::string all = R"({"type":"string","allOf":[)";
  for (int i = 0; i < 20; ++i) all += StrCat(i ? "," : "", R"({"pattern":"a.{)", i + 5, R"(}b"})");
  std::string recursive = R"({"$ref":"#/$defs/a","$defs":{)";
  for (const char* name : {"a", "b", "c"}) {
    recursive += StrCat(name[0] == 'a' ? "" : ",", "\"", name, R"(":{"oneOf":[{"type":"null"},{"type":"object","required":[)");
    for (int i = 0; i < 12; ++i) recursive += StrCat(i ? "," : "", "\"p", i, "\"");
    recursive += R"(],"properties":{)";
    for (int i = 0; i < 12; ++i) recursive += StrCat(i ? "," : "", "\"p", i, R"(":{"$ref":"#/$defs/)", std::string(1, "abc"[i % 3]), "\"}");
    recursive += R"(}},{"type":"object","required":["p0"],"properties":{"p0":{"$ref":"#/$defs/b"}}}]})";
  }
  // A name of a megabyte over thousands of schemas: the place of each has it.
  const std::string name(1'000'000, 'k');
  std::string places = StrCat(R"({"$ref":"#/$defs/)", name, R"(","$defs":{")", name, R"(":{"anyOf":[)");
  for (int i = 0; i < 30'000; ++i) places += StrCat(i ? "," : "", R"({"type":"string","maxLength":)", i, "}");
  std::string anchors = StrCat(R"({"type":"string","x":{")", name, R"(":[)");
  for (int i = 0; i < 200'000; ++i) anchors += StrCat(i ? "," : "", "{}");
  const std::string kHostile[] = {
      places + "]}}}",
      anchors + "]}}",
      recursive + "}}",
      optional + "}}",
      branches + "]}",
      patterns + "}}",
      all + "]}",
      Nested(14),
      Chain(40, "anyOf"),
      Chain(40, "allOf"),
      Chain(40, "oneOf"),
      Chain(2000, "allOf"),
      R"({"type":"array","maxItems":1000000,"minItems":999999,"items":{"type":"array","maxItems":1000000}})",
      R"({"type":"string","minLength":1000000,"maxLength":1000000})",
      R"({"type":"string","pattern":"a.{900}b","maxLength":19000})",
      R"({"type":"string","pattern":"^(\\w+\\s?)*$","minLength":5000})",
      R"({"type":"array","contains":{"type":"integer"},"minContains":900000})",
      R"({"type":"object","maxProperties":1000000})",
      R"({"type":"number","minimum":-1e300,"maximum":1e300})",
      R"({"type":"number","exclusiveMinimum":1e-300,"maximum":1.7976931348623157e308})",
      R"({"not":{"not":{"not":{"$ref":"#/$defs/x"}}},"$defs":{"x":{"not":{"$ref":"#"}}}})",
      R"({"type":"object","required":["a","b","c","d","e","f","g","h"],"minProperties":9,"maxProperties":2000})",
      R"({"properties":{"a":{"allOf":[{"$ref":"#"},{"not":{"$ref":"#"}}]}}})",
  };
  for (const std::string& source : kHostile) {
    const auto begin = std::chrono::steady_clock::now();
    const Result<Grammar> grammar = CompileJsonSchemaText(source);
    const auto spent = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    EXPECT_LT(spent, 60) << source.substr(0, 80);   // some seconds at most, sanitizers aside
    std::printf("%6.2f s  %s  %s\n", spent, source.substr(0, 60).c_str(),
                grammar.ok() ? "read" : Printable(grammar.error().message(), 100).c_str());
  }
}

TEST(JsonSchemaTest, EnumsOfManyValuesAreLinear) {
  std::string source = R"({"enum":[)";
  for (int i = 0; i < 100'000; ++i) source += StrCat(i ? "," : "", "\"value-", i * 7919, "\"");
  for (int i = 0; i < 20'000; ++i) source += StrCat(",", i * 17);
  const auto begin = std::chrono::steady_clock::now();
  const Result<Grammar> grammar = CompileJsonSchemaText(source + "]}");
  const auto spent = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  ASSERT_TRUE(grammar.ok()) << grammar.error().ToString();
  std::printf("%.2f s, %zu states\n", spent, grammar->state_count());
  EXPECT_LT(spent, 60);
  ByteMatcher matcher(*grammar);
  EXPECT_TRUE(matcher.AcceptBytes(StrCat("\"value-", 99'999 * 7919, "\"")) && matcher.IsAccepting());
  matcher.Reset();
  EXPECT_FALSE(matcher.AcceptBytes("\"value-1\"") && matcher.IsAccepting());
  matcher.Reset();
  EXPECT_TRUE(matcher.AcceptBytes(StrCat(19'999 * 17)) && matcher.IsAccepting());
}

}  // namespace
}  // namespace pano::grammar
