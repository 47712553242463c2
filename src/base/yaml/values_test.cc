#include "base/yaml/values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pano::yaml {
namespace {

using ::testing::HasSubstr;

template <typename T>
void ExpectWrong(const Result<T>& result, std::string_view field, const std::string& words) {
  ASSERT_FALSE(result.ok()) << words;
  EXPECT_EQ(result.error().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(result.error().field(), field);
  EXPECT_THAT(result.error().message(), HasSubstr(words));
}

TEST(YamlValues, FailuresNamePlaceAndLine) {
  const YAML::Node root = YAML::Load("a: 1\nb:\n  wieght: 2");
  const Status status = CheckKeys(root["b"], "b", {"weight", "size"});
  EXPECT_EQ(status.field(), "b.wieght");
  EXPECT_EQ(status.message(), "b.wieght: there is no such setting; did you mean 'weight'? (line 3)");
  EXPECT_THAT(CheckKeys(root, "", {"a", "c"}).message(), HasSubstr("b: there is no such setting; there are a, c"));
  EXPECT_EQ(Wrong(YAML::Node(YAML::NodeType::Undefined), "x", "is missing").message(), "x: is missing");
  EXPECT_EQ(Wrong(root, "", "is empty").message(), "is empty (line 1)");
}

TEST(YamlValues, Mappings) {
  const auto entries = Entries(YAML::Load("{b: 1, a: 2}"), "m", 2);
  ASSERT_TRUE(entries.ok());
  EXPECT_EQ(entries->at(0).first, "b");
  EXPECT_EQ(entries->at(1).second.Scalar(), "2");
  EXPECT_TRUE(Entries(YAML::Load("~"), "m", 2)->empty());
  ExpectWrong(Entries(YAML::Load("[a]"), "m", 2), "m", "expected a mapping");
  ExpectWrong(Entries(YAML::Load("{a: 1, a: 2}"), "m", 2), "m.a", "stands twice");
  ExpectWrong(Entries(YAML::Load("{[a]: 1}"), "m", 2), "m", "no text");
  ExpectWrong(Entries(YAML::Load("{a: 1, b: 2, c: 3}"), "m", 2), "m", "3 entries of at most 2");
  ExpectWrong(Entries(YAML::Load("{\"a\\nb\": 1, \"a\\nb\": 2}"), "", 2), "a\\x0ab", "stands twice");
  EXPECT_FALSE(CheckKeys(YAML::Load("~"), "m", {}).ok());
  EXPECT_TRUE(CheckKeys(YAML::Load("{}"), "m", {}).ok());
}

TEST(YamlValues, TextsAndLists) {
  EXPECT_EQ(*Text(YAML::Load("07"), "t"), "07");
  for (const char* text : {"''", "[a]", "{a: b}", "~", "\"\\xff\\xc0\""}) {
    const YAML::Node node = YAML::Load(text);
    if (node.IsScalar() && !node.Scalar().empty()) continue;  // yaml-cpp writes escapes as UTF-8
    ExpectWrong(Text(node, "t"), "t", "expected a text");
  }
  ExpectWrong(Text(YAML::Node(std::string("\xff")), "t"), "t", "expected a text");
  EXPECT_EQ(*Texts(YAML::Load("a"), "t", 2), std::vector<std::string>{"a"});
  EXPECT_EQ(*Texts(YAML::Load("[a, b]"), "t", 2), (std::vector<std::string>{"a", "b"}));
  ExpectWrong(Texts(YAML::Load("[]"), "t", 2), "t", "1 to 2");
  ExpectWrong(Texts(YAML::Load("[a, b, c]"), "t", 2), "t", "1 to 2");
  ExpectWrong(Texts(YAML::Load("[a, []]"), "t", 2), "t[1]", "expected a text");
}

TEST(YamlValues, NumbersAndSwitches) {
  EXPECT_EQ(*Integer(YAML::Load("-3"), "n", -3, 4), -3);
  for (const char* text : {"5", "-4", "1.5", "x", "99999999999999999999", "''", "[1]", "~"}) {
    ExpectWrong(Integer(YAML::Load(text), "n", -3, 4), "n", "a whole number from -3 to 4");
  }
  ExpectWrong(Integer(YAML::Load("1.5"), "n", 0, 4), "n", "not '1.5'");
  EXPECT_EQ(*Number(YAML::Load("0.5"), "n", 0, 1), 0.5);
  for (const char* text : {"1.5", ".nan", "nan", "inf", "x", "[1]"}) {
    ExpectWrong(Number(YAML::Load(text), "n", 0, 1), "n", "a number from 0 to 1");
  }
  EXPECT_TRUE(*Bool(YAML::Load("true"), "b"));
  EXPECT_FALSE(*Bool(YAML::Load("false"), "b"));
  for (const char* text : {"yes", "1", "True", "[true]", "~"}) {
    ExpectWrong(Bool(YAML::Load(text), "b"), "b", "true or false");
  }
}

}  // namespace
}  // namespace pano::yaml
