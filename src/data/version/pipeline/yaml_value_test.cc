#include "data/version/pipeline/yaml_value.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace pano::pipeline {
namespace {

json::Value Parsed(const std::string& text) {
  const auto document = ParseYaml(text);
  EXPECT_TRUE(document.ok()) << document.error().message();
  return document.ok() ? document->root : json::Value();
}

TEST(YamlValue, ResolvesPlainScalarsAsDvcDoes) {
  const auto number = [](const char* text) { return ResolvePlainScalar(text); };
  EXPECT_EQ(number("0o17"), json::Value(15));
  EXPECT_EQ(number("017"), json::Value(17));
  EXPECT_EQ(number("1_000"), json::Value(1000));
  EXPECT_EQ(number("0b11"), json::Value(3));
  EXPECT_EQ(number("0x1F"), json::Value(31));
  EXPECT_EQ(number("-0"), json::Value(0));
  EXPECT_EQ(number("1e3"), json::Value(1000.0));
  EXPECT_EQ(number("1e-3"), json::Value(0.001));
  EXPECT_EQ(number("+.5"), json::Value(0.5));
  EXPECT_EQ(number("5."), json::Value(5.0));
  EXPECT_EQ(number("1.e3"), json::Value(1000.0));
  EXPECT_EQ(number("12e03"), json::Value(12000.0));
  EXPECT_EQ(number("TRUE"), json::Value(true));
  EXPECT_TRUE(number("~").is_null());
  EXPECT_TRUE(std::isnan(number(".nan").as_double()));
  EXPECT_LT(number("-.inf").as_double(), 0);
  for (const char* text : {"yes", "on", "1:30", "0o8", "_1", "1e", "nUll", "0b", "0x", "-", ".",
                           "1.2.3", "2001-01-01", "+", "e3"}) {
    EXPECT_TRUE(number(text).is_string()) << text;
  }
  EXPECT_EQ(number("123456789012345678901234567890").as_double(), 123456789012345678901234567890.0);
}

TEST(YamlValue, ReadsListsMappingsAndQuotes) {
  const json::Value root = Parsed("a: [1, 'two', \"3\"]\nb:\n  c: null\n  d: !!str 5\n");
  EXPECT_EQ(json::Dump(root), R"({"a":[1,"two","3"],"b":{"c":null,"d":"5"}})");
  EXPECT_TRUE(Parsed("").is_null());
}

TEST(YamlValue, ExpandsAliasesAndMerges) {
  const json::Value root = Parsed("base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3\nlist: [*b]\n");
  EXPECT_EQ(json::Dump(*root.Find("use")), R"({"y":3,"x":1})");
  EXPECT_EQ(json::Dump(*root.Find("list")), R"([{"x":1,"y":2}])");
}

TEST(YamlValue, AliasesThatMultiplyEndBeforeMemoryDoes) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j) bomb += (j > 0 ? ", " : "") + before;
    bomb += "]\n";
  }
  const auto document = ParseYaml(bomb, {.nodes_max = 100'000});
  ASSERT_FALSE(document.ok());
  EXPECT_NE(document.error().message().find("more than 100000 values"), std::string::npos);
}

TEST(YamlValue, SaysTheLine) {
  for (const char* text : {"a: 1\nb: [1\n", "a: 1\na: 2\n", "a: 1\n\tb: 2\n", "a: 1\n---\nb: 2\n",
                           "a: 1\n? [x]\n: 2\n"}) {
    const auto document = ParseYaml(text);
    ASSERT_FALSE(document.ok()) << text;
    EXPECT_NE(document.error().message().find("line "), std::string::npos)
        << text << document.error().message();
  }
  const auto deep = ParseYaml(std::string(200, '[') + std::string(200, ']'));
  ASSERT_FALSE(deep.ok());
  EXPECT_NE(deep.error().message().find("deeper than 64"), std::string::npos);
}

TEST(YamlValue, KnowsWhereKeysStand) {
  const auto document = ParseYaml("stages:\n  a:\n    cmd: x\n    deps:\n    - d\n");
  ASSERT_TRUE(document.ok());
  EXPECT_EQ(document->Where("dvc.yaml", "stages.a.deps[0]"), "dvc.yaml:4: ");
  EXPECT_EQ(document->Where("dvc.yaml", "stages.a.nothing"), "dvc.yaml:2: ");
  EXPECT_EQ(document->Where("dvc.yaml", "vars"), "dvc.yaml: ");
}

}  // namespace
}  // namespace pano::pipeline
