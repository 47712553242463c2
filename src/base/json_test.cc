#include "base/json.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/strings.h"

namespace pano::json {
namespace {

TEST(Json, ParsesEveryKindAndKeepsMemberOrder) {
  auto v = Parse(R"({"b":[1,-2.5,true,null,"x\u00e9\n"],"a":{}})");
  ASSERT_TRUE(v.ok()) << v.error().ToString();
  EXPECT_EQ(v->as_object()[0].first, "b");
  const Array& items = v->Find("b")->as_array();
  EXPECT_EQ(items[0].as_int(), 1);
  EXPECT_EQ(items[1].as_double(), -2.5);
  EXPECT_TRUE(items[2].as_bool());
  EXPECT_TRUE(items[3].is_null());
  EXPECT_EQ(items[4].as_string(), "x\xC3\xA9\n");
  EXPECT_EQ(v->Find("missing"), nullptr);
}

TEST(Json, RefusesWhatIsNotJson) {
  for (const char* text : {"", "{", "[1,]", "{\"a\":1,}", "nul", "1 2", "\"\xff\"", "NaN", "01"}) {
    EXPECT_EQ(Parse(text).error().code(), StatusCode::kCorruption) << text;
  }
}

TEST(Json, LimitsDepth) {
  auto nested = [](size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(Parse(nested(64)).ok());
  EXPECT_FALSE(Parse(nested(65)).ok());
  EXPECT_FALSE(Parse(std::string(1000000, '[')).ok());
}

TEST(Json, ReadsPythonsNanOnlyWhenAsked) {
  ParseOptions options;
  options.allow_nan = true;
  auto v = Parse(R"([NaN, -Infinity, Infinity, "NaN"])", options);
  ASSERT_TRUE(v.ok());
  EXPECT_TRUE(std::isnan(v->as_array()[0].as_double()));
  EXPECT_EQ(v->as_array()[1].as_double(), -INFINITY);
  EXPECT_EQ(v->as_array()[2].as_double(), INFINITY);
  EXPECT_EQ(v->as_array()[3].as_string(), "NaN");
}

// transformers writes int(1e30) for "no limit" into tokenizer_config.json: more than 64 bits hold.
TEST(Json, NumbersBeyond64BitsAreDoubles) {
  auto number = [](std::string_view text, bool allow_nan = false) {
    ParseOptions options;
    options.allow_nan = allow_nan;
    const Result<Value> v = Parse(StrCat("{\"n\": ", text, "}"), options);
    return v.ok() ? *v->Find("n") : Value();
  };
  for (bool allow_nan : {false, true}) {
    EXPECT_EQ(number("1000000000000000019884624838656", allow_nan), Value(1e30));
    EXPECT_EQ(number("-1000000000000000019884624838656", allow_nan), Value(-1e30));
    EXPECT_EQ(number("9223372036854775807", allow_nan), Value(INT64_MAX));
    EXPECT_EQ(number("-9223372036854775808", allow_nan), Value(INT64_MIN));
    EXPECT_EQ(number("-9223372036854775809", allow_nan), Value(-9223372036854775808.0));
    EXPECT_EQ(number("18446744073709551616", allow_nan), Value(18446744073709551616.0));
    EXPECT_EQ(number("1" + std::string(300, '0'), allow_nan), Value(1e300));
    EXPECT_EQ(number("1e-999", allow_nan), Value(0.0));
    EXPECT_TRUE(number("01000000000000000000000000", allow_nan).is_null());
    EXPECT_TRUE(number("-", allow_nan).is_null());
  }
  // Python reads what no double holds as an infinity, or keeps it whole; a request gets a refusal.
  EXPECT_TRUE(number("1e999").is_null());
  EXPECT_EQ(number("1e999", true), Value(HUGE_VAL));
  EXPECT_EQ(number("-1" + std::string(400, '0'), true), Value(-HUGE_VAL));
  // Other members stay what they are, and what looks like a number in a text too.
  const Value other = *Parse(R"({"a": [7, 2.5], "1e999": "-99999999999999999999", "b": 99999999999999999999})");
  EXPECT_EQ(other.Find("a")->as_array()[0].as_int(), 7);
  EXPECT_EQ(other.Find("a")->as_array()[1].as_double(), 2.5);
  EXPECT_EQ(other.Find("1e999")->as_string(), "-99999999999999999999");
}

TEST(Json, IgnoresAByteOrderMark) {
  EXPECT_EQ(Parse("\xef\xbb\xbf[1]")->as_array().size(), 1u);
  EXPECT_FALSE(Parse("\xef\xbb\xbf").ok());
  EXPECT_FALSE(Parse("\xef\xbb\xbf\xef\xbb\xbf[1]").ok());
  EXPECT_FALSE(Parse("[\xef\xbb\xbf 1]").ok());
}

TEST(Json, DumpsAndParsesBackTheSame) {
  std::string text = R"({"a":[1,2.0,0.1,-1e-07,"q\"\\\u0001é"],"b":{"c":null},"d":[],"e":true})";
  auto v = Parse(text);
  ASSERT_TRUE(v.ok());
  auto again = Parse(Dump(*v));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(*v, *again);
  EXPECT_EQ(Dump(*v), text);
  DumpOptions pretty;
  pretty.indent = 2;
  EXPECT_EQ(Dump(*Parse("{\"a\":[1]}"), pretty), "{\n  \"a\": [\n    1\n  ]\n}");
  DumpOptions ascii;
  ascii.ascii = true;
  EXPECT_EQ(Dump(Value("é😀"), ascii), "\"\\u00e9\\ud83d\\ude00\"");
}

TEST(Json, LastOfRepeatedKeysWins) { EXPECT_EQ(Parse(R"({"a":1,"a":2})")->Find("a")->as_int(), 2); }

}  // namespace
}  // namespace pano::json
