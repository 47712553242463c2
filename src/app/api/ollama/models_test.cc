#include "app/api/ollama/models.h"

#include <gtest/gtest.h>

#include "app/api/ollama/dialect.h"
#include "app/api/ollama/model_names.h"
#include "app/api/testing/api_harness.h"
#include "app/api/testing/fake_catalog.h"

namespace pano::api::ollama {
namespace {

using testing::At;

// This dialect over fakes.
using Harness = testing::HarnessOf<MakeDialect>;

TEST(OllamaModels, TagsListModelsAndTheirOtherNames) {
  Harness api;
  ASSERT_TRUE(api.models.AddAlias({"llama3:8b", "m"}).ok());
  const json::Value list = api.Get("/api/tags")->json();
  ASSERT_EQ(At(list, "models").as_array().size(), 2u);
  EXPECT_EQ(At(list, "models/0/name"), "m:latest");
  EXPECT_EQ(At(list, "models/0/model"), "m:latest");
  EXPECT_EQ(At(list, "models/1/name"), "llama3:8b");
  EXPECT_EQ(At(list, "models/0/digest").as_string().size(), 64u);
  EXPECT_EQ(At(list, "models/0/digest"), At(list, "models/1/digest"));
  EXPECT_EQ(At(list, "models/0/modified_at"), "2023-11-14T22:13:20Z");
  for (const char* name : {"format", "family", "families", "parameter_size", "quantization_level"}) {
    EXPECT_TRUE(At(list, "models/0/details").Find(name)) << name;
  }
}

TEST(OllamaModels, PsHasThoseThatAreLoaded) {
  Harness api;
  testing::FakeCatalog catalog;
  catalog.versions = {{.target = {"idle", "1"}}};
  api.api->SetCatalog(&catalog);
  EXPECT_EQ(At(api.Get("/api/tags")->json(), "models").as_array().size(), 2u);
  const json::Value list = api.Get("/api/ps")->json();
  ASSERT_EQ(At(list, "models").as_array().size(), 1u);
  EXPECT_EQ(At(list, "models/0/name"), "m:latest");
  EXPECT_EQ(At(list, "models/0/context_length"), 128);
}

TEST(OllamaModels, ShowSaysWhetherTheTemplateTakesTools) {
  Harness api;
  const auto add = [&](const char* id, const char* text, const char* tool_text) {
    auto version = std::make_shared<models::Generator>();
    version->id = version->label = id;
    version->engine = api.models.Find("m").value()->AsGenerator()->engine;
    version->chat_template = jinja::ChatTemplate::Parse(text).value();
    version->tool_format = tools::ToolFormat::Detect(text);
    if (tool_text) version->tool_template = jinja::ChatTemplate::Parse(tool_text).value();
    ASSERT_TRUE(api.models.Add(std::move(version)).ok());
  };
  constexpr char kPlain[] = "{% for m in messages %}{{ m.content }}{% endfor %}";
  constexpr char kTools[] = "{% if tools %}{% for t in tools %}{{ t | tojson }}{% endfor %}{% endif %}";
  add("plain", kPlain, nullptr);
  add("with", kTools, nullptr);
  add("own", kPlain, kTools);
  const auto capabilities = [&](std::string_view id) {
    return json::Dump(At(api.Post("/api/show", StrCat(R"({"model":")", id, R"("})"))->json(), "capabilities"));
  };
  EXPECT_EQ(capabilities("plain"), R"(["completion"])");
  EXPECT_EQ(capabilities("with"), R"(["completion","tools"])");
  EXPECT_EQ(capabilities("own"), R"(["completion","tools"])");
}

TEST(OllamaModels, ShowTakesEitherName) {
  Harness api;
  for (const char* body : {R"({"model":"m"})", R"({"name":"m:latest"})", R"({"model":"m:latest","verbose":true})"}) {
    auto exchange = api.Post("/api/show", body);
    ASSERT_EQ(exchange->status(), 200) << exchange->body();
    EXPECT_EQ(json::Dump(At(exchange->json(), "capabilities")), R"(["completion"])");
    EXPECT_EQ(At(exchange->json(), "model_info").Find("general.context_length")->as_int(), 128);
  }
  // Where one model is served a name of another type was none, and the model was shown.
  for (const char* body : {R"({"model":5})", R"({"model":["m"]})", R"({"name":{}})", "[]", "7", R"({"verbose":"x"})", R"({"modle":"m"})"}) {
    auto exchange = api.Post("/api/show", body);
    EXPECT_EQ(exchange->status(), 400) << body;
  }
  auto missing = api.Post("/api/show", R"({"model":"nosuch"})");
  EXPECT_EQ(missing->status(), 404);
  EXPECT_TRUE(At(missing->json(), "error").is_string());
}

TEST(OllamaModels, TheVersionIsOneThatClientsCompare) {
  Harness api;
  const std::string version = At(api.Get("/api/version")->json(), "version").as_string();
  EXPECT_EQ(std::count(version.begin(), version.end(), '.'), 2);
  EXPECT_EQ(TaggedName("a"), "a:latest");
  EXPECT_EQ(TaggedName("a:8b"), "a:8b");
}

TEST(OllamaModels, WhatChangesModelsIsRefusedByName) {
  Harness api;
  for (const char* path : {"/api/pull", "/api/push", "/api/create", "/api/copy"}) {
    auto exchange = api.Post(path, R"({"model":"m"})");
    EXPECT_EQ(exchange->status(), 501) << path;
    EXPECT_TRUE(At(exchange->json(), "error").as_string().starts_with(path));
  }
  EXPECT_EQ(api.Send(testing::ApiHarness::MakeRequest("DELETE", "/api/delete", R"({"model":"m"})"))->status(), 501);
}

}  // namespace
}  // namespace pano::api::ollama
