#include "app/api/document/openapi.h"

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
using Harness = api::testing::HarnessOf<AllDialects>;

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
    if (route.IsVariant() || route.transport != api::Transport::kHttp) continue;  // not in the document
    const json::Value* path = document.Find("paths")->Find(route.pattern);
    ASSERT_TRUE(path) << route.pattern;
    const json::Value* operation = path->Find(ToLower(route.method));
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
  EXPECT_EQ(At(schemas, "PredictRequest/properties/parameters/anyOf/0/$ref"),
            "#/components/schemas/PredictParameters");
  EXPECT_EQ(At(schemas, "ChatCompletionRequest/properties/logprobs/type/0"), "boolean");
  EXPECT_EQ(At(schemas, "CompletionRequest/properties/logprobs/type/0"), "integer");
}

// The parsers take null for a field that is not there, so the document says so of each such field,
// and of no required one.
TEST(OpenApi, WhatIsTakenAsNullIsNullable) {
  Harness api;
  json::Value schemas = At(api.Get("/openapi.json")->json(), "components/schemas");
  auto nullable = [](const json::Value& schema) {
    if (const json::Value* type = schema.Find("type")) {
      return type->is_array() && type->as_array().back() == json::Value("null");
    }
    if (const json::Value* any = schema.Find("anyOf")) {
      return At(any->as_array().back(), "type") == json::Value("null");
    }
    return !schema.Find("$ref");  // anything
  };
  int optional = 0;
  for (const char* name : {"ChatCompletionRequest", "CompletionRequest", "EmbeddingsRequest",
                           "PredictRequest", "PredictParameters", "InstancesRequest",
                           "InstancesParameters", "TokenizeRequest", "DetokenizeRequest",
                           "StreamOptions", "ResponseFormat"}) {
    const json::Value& schema = *schemas.Find(name);
    const json::Value* required = schema.Find("required");
    for (const auto& [field, member] : schema.Find("properties")->as_object()) {
      bool needed = required && std::find(required->as_array().begin(), required->as_array().end(),
                                          json::Value(field)) != required->as_array().end();
      EXPECT_NE(nullable(member), needed) << name << "." << field;
      optional += !needed;
    }
  }
  EXPECT_GT(optional, 80);
}

TEST(OpenApi, StreamsSayWhatTheirEventsAre) {
  Harness api;
  json::Value document = api.Get("/openapi.json")->json();
  json::Value content =
      At(*document.Find("paths")->Find("/v1/chat/completions"), "post/responses/200/content");
  const json::Value* reference = content.Find("text/event-stream")->Find("schema")->Find("$ref");
  ASSERT_TRUE(reference);
  json::Value stream = At(document, reference->as_string().substr(2));
  EXPECT_EQ(At(stream, "type"), "string");
  EXPECT_EQ(At(stream, "contentSchema/$ref"), "#/components/schemas/ChatCompletionEvent");
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
