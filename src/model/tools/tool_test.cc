#include "model/tools/tool.h"

#include <gtest/gtest.h>

#include <string>

#include "base/strings.h"

namespace pano::tools {
namespace {

Result<Tools> Read(std::string_view text, const ToolLimits& limits = {}) {
  return ReadTools(json::Parse(text).value(), limits);
}

TEST(Tool, IsReadInOpenAisShape) {
  const auto tools = Read(R"([{"type":"function","function":{"name":"f","description":"d","strict":true,
      "parameters":{"type":"object","properties":{"a":{"type":"string"}}}}},{"name":"g"}])");
  ASSERT_TRUE(tools.ok()) << tools.error().message();
  ASSERT_EQ(tools->size(), 2u);
  EXPECT_EQ((*tools)[0].name, "f");
  EXPECT_EQ((*tools)[0].description, "d");
  EXPECT_TRUE((*tools)[0].strict);
  EXPECT_TRUE((*tools)[1].parameters.is_null());
  EXPECT_EQ(FindTool(*tools, "g"), &(*tools)[1]);
  EXPECT_EQ(FindTool(*tools, "h"), nullptr);
  const std::string shown = json::Dump(ToolsJson(*tools));
  EXPECT_NE(shown.find(R"({"type":"function","function":{"name":"g","parameters":)"), std::string::npos)
      << shown;
}

TEST(Tool, DefinitionsThatAreNoneAreRefusedByPlace) {
  struct Case {
    const char* text;
    const char* field;
  };
  const Case cases[] = {
      {R"({})", "tools"},
      {R"([1])", "tools[0]"},
      {R"([{}])", "tools[0].name"},
      {R"([{"type":"function"}])", "tools[0].function"},
      {R"([{"type":"web_search"}])", "tools[0].type"},
      {R"([{"type":"function","function":[]}])", "tools[0].function"},
      {R"([{"type":"function","function":{"name":""}}])", "tools[0].function.name"},
      {R"([{"type":"function","function":{"name":"a b"}}])", "tools[0].function.name"},
      {R"([{"name":"f"},{"name":"f"}])", "tools[1].name"},
      {R"([{"name":"f","description":1}])", "tools[0].description"},
      {R"([{"name":"f","strict":1}])", "tools[0].strict"},
      {R"([{"name":"f","parameters":"x"}])", "tools[0].parameters"},
      {R"([{"name":"f","parameters":{"type":"string"}}])", "tools[0].parameters.type"},
      {R"([{"name":"f","parameters":{"properties":[]}}])", "tools[0].parameters.properties"},
      {R"([{"name":"f","parameters":{"required":[1]}}])", "tools[0].parameters.required"},
  };
  for (const Case& c : cases) {
    const auto tools = Read(c.text);
    ASSERT_FALSE(tools.ok()) << c.text;
    EXPECT_EQ(tools.error().field(), c.field) << tools.error().message();
    EXPECT_EQ(tools.error().code(), StatusCode::kInvalidArgument);
  }
}

TEST(Tool, LimitsAreHeld) {
  EXPECT_FALSE(Read(R"([{"name":"a"},{"name":"b"}])", {.tools_max = 1}).ok());
  EXPECT_FALSE(Read(StrCat(R"([{"name":")", std::string(65, 'a'), R"("}])")).ok());
  EXPECT_TRUE(Read(StrCat(R"([{"name":")", std::string(64, 'a'), R"("}])")).ok());
  EXPECT_FALSE(Read(R"([{"name":"a","parameters":{"x":"yyyyyyyy"}}])", {.schema_bytes_max = 10}).ok());
}

}  // namespace
}  // namespace pano::tools
