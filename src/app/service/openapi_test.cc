#include "app/api/openapi.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "app/api/testing/api_harness.h"
#include "app/service/dialects.h"
#include "base/strings.h"

namespace pano::service {
namespace {

using api::testing::At;

// Every dialect over fakes.
class Harness : public api::testing::ApiHarness {
 public:
  explicit Harness(std::vector<std::string> keys = {}, api::Options options = {})
      : ApiHarness(AllDialects(), std::move(keys), options) {}
};

// Every "$ref" in the document.
void CollectReferences(const json::Value& value, std::set<std::string>& out) {
  if (value.is_array()) {
    for (const json::Value& item : value.as_array()) CollectReferences(item, out);
  } else if (value.is_object()) {
    for (const auto& [key, member] : value.as_object()) {
      if (key == "$ref") out.insert(member.as_string());
      CollectReferences(member, out);
    }
  }
}

TEST(OpenApi, DescribesEveryRoute) {
  Harness api;
  json::Value document = api.Get("/openapi.json")->json();
  EXPECT_EQ(At(document, "openapi"), "3.1.0");
  EXPECT_TRUE(At(document, "info/title").is_string());
  EXPECT_TRUE(At(document, "info/version").is_string());
  std::set<std::string> ids;
  api::RouteTable table = std::move(api::RouteTable::Create(AllDialects())).value();
  for (const api::Route& route : table.routes()) {
    if (!route.query.empty()) continue;  // not in the document
    const json::Value* path = document.Find("paths")->Find(route.pattern);
    ASSERT_TRUE(path) << route.pattern;
    const json::Value* operation = path->Find(route.method == "GET" ? "get" : "post");
    ASSERT_TRUE(operation) << route.pattern;
    EXPECT_TRUE(ids.insert(operation->Find("operationId")->as_string()).second);
    EXPECT_TRUE(operation->Find("responses")->Find("200"));
    EXPECT_TRUE(operation->Find("responses")->Find("default"));
    EXPECT_EQ(route.method == "POST", operation->Find("requestBody") != nullptr);
    size_t parameters =
        static_cast<size_t>(std::count(route.pattern.begin(), route.pattern.end(), '{'));
    const json::Value* listed = operation->Find("parameters");
    EXPECT_EQ(listed ? listed->as_array().size() : 0, parameters) << route.pattern;
  }
}

TEST(OpenApi, EveryReferenceLeadsSomewhere) {
  Harness api;
  json::Value document = api.Get("/openapi.json")->json();
  std::set<std::string> references;
  CollectReferences(document, references);
  EXPECT_GT(references.size(), 10u);
  for (const std::string& reference : references) {
    ASSERT_TRUE(reference.starts_with("#/"));
    EXPECT_FALSE(At(document, reference.substr(2)).is_null()) << reference;
  }
}

TEST(OpenApi, SchemasComeFromTheTable) {
  Harness api;
  json::Value schemas = At(api.Get("/openapi.json")->json(), "components/schemas");
  EXPECT_EQ(At(schemas, "PredictParameters/additionalProperties"), false);
  EXPECT_EQ(At(schemas, "PredictParameters/properties/temperature/maximum"), 2);
  EXPECT_EQ(At(schemas, "PredictRequest/required/0"), "inputs");
  EXPECT_EQ(schemas.Find("PredictRequest")
                ->Find("properties")
                ->Find("parameters")
                ->Find("$ref")
                ->as_string(),
            "#/components/schemas/PredictParameters");
  EXPECT_EQ(At(schemas, "ChatCompletionRequest/properties/logprobs/type"), "boolean");
  EXPECT_EQ(At(schemas, "CompletionRequest/properties/logprobs/type"), "integer");
}

std::vector<std::string_view> Names(const json::Value& object) {
  std::vector<std::string_view> names;
  for (const auto& [name, member] : object.as_object()) names.push_back(name);
  return names;
}

// The order once followed the folders, and the document's bytes changed when a folder was divided.
TEST(OpenApi, MembersStandInTheDeclaredOrder) {
  api::DocumentOrder order = OpenApiOrder();
  api::RouteTable table = std::move(api::RouteTable::Create(AllDialects())).value();
  json::Value declared = api::MakeOpenApi(table, AllDialects(), order, "1");
  json::Value path_items = At(declared, "paths");
  std::vector<std::string_view> paths = Names(path_items);
  json::Value schemas = At(declared, "components/schemas");
  std::vector<std::string_view> names = Names(schemas);
  // Every name that is declared exists and stands at its place; what is not declared follows.
  ASSERT_GE(paths.size(), order.paths.size());
  ASSERT_GE(names.size(), order.schemas.size());
  EXPECT_TRUE(std::equal(order.paths.begin(), order.paths.end(), paths.begin()));
  EXPECT_TRUE(std::equal(order.schemas.begin(), order.schemas.end(), names.begin()));
}

TEST(OpenApi, TheOrderOfDialectsChangesNothingThatIsDeclared) {
  std::vector<api::Dialect> dialects = AllDialects();
  std::reverse(dialects.begin(), dialects.end());
  api::RouteTable table = std::move(api::RouteTable::Create(dialects)).value();
  api::DocumentOrder order = OpenApiOrder();
  json::Value document = api::MakeOpenApi(table, dialects, order, "1");
  json::Value paths = At(document, "paths");
  std::vector<std::string_view> names = Names(paths);
  EXPECT_TRUE(std::equal(order.paths.begin(), order.paths.end(), names.begin()));
  // Without an order the dialects' own shows: the check above can fail.
  json::Value other = At(api::MakeOpenApi(table, dialects, {}, "1"), "paths");
  names = Names(other);
  EXPECT_FALSE(std::equal(order.paths.begin(), order.paths.end(), names.begin()));
}

}  // namespace
}  // namespace pano::service
