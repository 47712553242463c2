#include "app/api/ollama/generate.h"

#include <gtest/gtest.h>

#include "app/api/ollama/dialect.h"
#include "app/api/testing/api_harness.h"
#include "app/api/testing/bracket_template.h"
#include "app/api/testing/submitted_prompt.h"
#include "base/strings.h"

namespace pano::api::ollama {
namespace {

using testing::At;
using testing::PromptText;

// This dialect over fakes.
using Harness = testing::HarnessOf<MakeDialect>;

constexpr char kPath[] = "/api/generate";

TEST(OllamaGenerate, AnswersAPrompt) {
  Harness api;
  api.engine->answer = "yo";
  auto exchange = api.Post(kPath, R"({"model":"m","stream":false,"prompt":"hi"})");
  ASSERT_EQ(exchange->status(), 200) << exchange->body();
  EXPECT_EQ(At(exchange->json(), "response"), "yo");
  EXPECT_EQ(At(exchange->json(), "done"), true);
  EXPECT_EQ(At(exchange->json(), "done_reason"), "stop");
  // All tokens, for a request that goes on: <s> h i y o.
  EXPECT_EQ(json::Dump(At(exchange->json(), "context")), "[256,104,105,121,111]");
}

TEST(OllamaGenerate, TheTemplateStandsAroundThePromptUnlessRaw) {
  Harness api;
  auto* engine = api.AddModel("t", "1", true, std::make_shared<testing::BracketTemplate>());
  engine->answer = "x";
  api.Post(kPath, R"({"model":"t","prompt":"hi","system":"S"})");
  api.Post(kPath, R"({"model":"t","prompt":"hi","raw":true})");
  api.Post(kPath, R"({"model":"t","prompt":"hi","context":[256,104]})");
  ASSERT_EQ(engine->submitted.size(), 3u);
  EXPECT_EQ(PromptText(engine->submitted[0].request), "[system]S[user]hi[assistant]");
  EXPECT_EQ(PromptText(engine->submitted[1].request), "<s>hi");
  EXPECT_EQ(PromptText(engine->submitted[2].request), "<s>h[user]hi[assistant]");
}

TEST(OllamaGenerate, AContextGoesOnWithoutASecondBeginning) {
  Harness api;
  api.engine->answer = "x";
  auto exchange = api.Post(kPath, R"({"prompt":"hi","context":[256,104],"stream":true})");
  EXPECT_EQ(PromptText(api.engine->submitted[0].request), "<s>hhi");
  EXPECT_NE(exchange->body().find("\"context\":[256,104,104,105,120]"), std::string::npos) << exchange->body();
  auto outside = api.Post(kPath, R"({"prompt":"hi","context":[258]})");
  EXPECT_EQ(outside->body(), R"({"error":"context: the model has no token 258"})");
  EXPECT_EQ(api.Post(kPath, R"({"prompt":"hi","context":["a"]})")->status(), 400);
}

TEST(OllamaGenerate, WithoutAPromptTheModelIsLoaded) {
  Harness api;
  for (const char* body : {R"({"model":"m"})", R"({"model":"m","prompt":"","keep_alive":"5m"})"}) {
    auto exchange = api.Post(kPath, body);
    EXPECT_EQ(json::Dump(exchange->json()),
              R"({"model":"m","created_at":"1970-01-01T00:00:00Z","response":"","done":true,"done_reason":"load"})");
  }
  EXPECT_TRUE(api.engine->submitted.empty());
}

TEST(OllamaGenerate, WhatIsNotDoneIsRefusedByName) {
  Harness api;
  const auto ask = [&](std::string more) {
    return api.Post(kPath, StrCat(R"({"prompt":"hi",)", more, "}"))->body();
  };
  EXPECT_EQ(ask(R"("suffix":"x")"), R"({"error":"'suffix' is not supported here"})");
  EXPECT_EQ(ask(R"("template":"{{ .Prompt }}")"), R"({"error":"'template' is not supported here"})");
  EXPECT_EQ(ask(R"("images":["aGk="])"), R"({"error":"images are not supported here"})");
  EXPECT_EQ(ask(R"("raw":true,"system":"S")"), R"({"error":"'system' has no place in a 'raw' prompt"})");
  EXPECT_EQ(ask(R"("messages":[])"), R"({"error":"unknown field 'messages'"})");
  EXPECT_TRUE(api.engine->submitted.empty());
}

}  // namespace
}  // namespace pano::api::ollama
