#include "app/api/ollama/embed.h"

#include <gtest/gtest.h>

#include <cmath>

#include "app/api/ollama/dialect.h"
#include "app/api/testing/api_harness.h"
#include "base/strings.h"

namespace pano::api::ollama {
namespace {

using testing::At;

// This dialect over fakes.
using Harness = testing::HarnessOf<MakeDialect>;

double LengthOf(const json::Value& row) {
  double sum = 0;
  for (const json::Value& x : row.as_array()) sum += x.as_double() * x.as_double();
  return std::sqrt(sum);
}

TEST(OllamaEmbed, GivesRowsOfLengthOne) {
  Harness api;
  api.AddPredictor("e", encoder::Task::kEmbedding);
  auto exchange = api.Post("/api/embed", R"({"model":"e:latest","input":["abc","d"],"keep_alive":"5m"})");
  ASSERT_EQ(exchange->status(), 200) << exchange->body();
  const json::Value rows = At(exchange->json(), "embeddings");
  ASSERT_EQ(rows.as_array().size(), 2u);
  for (const json::Value& row : rows.as_array()) EXPECT_NEAR(LengthOf(row), 1, 1e-6);
  EXPECT_EQ(At(exchange->json(), "model"), "e");
  EXPECT_GT(At(exchange->json(), "prompt_eval_count").as_int(), 3);
  EXPECT_TRUE(At(exchange->json(), "total_duration").is_int());

  auto cut = api.Post("/api/embed", R"({"model":"e","input":"abc","dimensions":1})");
  EXPECT_NEAR(std::abs(At(cut->json(), "embeddings/0/0").as_double()), 1, 1e-6);
  EXPECT_EQ(At(cut->json(), "embeddings/0").as_array().size(), 1u);
}

TEST(OllamaEmbed, NothingToEmbedIsNothing) {
  Harness api;
  api.AddPredictor("e", encoder::Task::kEmbedding);
  EXPECT_EQ(json::Dump(At(api.Post("/api/embed", R"({"model":"e","input":[]})")->json(), "embeddings")), "[]");
  EXPECT_EQ(api.Post("/api/embeddings", R"({"model":"e","prompt":""})")->body(), R"({"embedding":[]})");
  EXPECT_EQ(Normalized({0, 0}, 2), (std::vector<float>{0, 0}));
}

TEST(OllamaEmbed, TheOlderRouteGivesOneRow) {
  Harness api;
  api.AddPredictor("e", encoder::Task::kEmbedding);
  auto exchange = api.Post("/api/embeddings", R"({"model":"e","prompt":"abc"})");
  ASSERT_EQ(exchange->status(), 200) << exchange->body();
  EXPECT_GT(At(exchange->json(), "embedding").as_array().size(), 0u);
}

TEST(OllamaEmbed, LongTextsAreCutUnlessRefused) {
  Harness api;
  api.AddPredictor("e", encoder::Task::kEmbedding);
  const std::string text(5000, 'a');
  EXPECT_EQ(api.Post("/api/embed", StrCat(R"({"model":"e","input":")", text, "\"}"))->status(), 200);
  auto refused = api.Post("/api/embed", StrCat(R"({"model":"e","truncate":false,"input":")", text, "\"}"));
  EXPECT_EQ(refused->status(), 400);
  EXPECT_NE(refused->body().find("maximum context length is"), std::string::npos) << refused->body();
}

TEST(OllamaEmbed, SaysWhatIsWrong) {
  Harness api;
  api.AddPredictor("e", encoder::Task::kEmbedding);
  api.AddPredictor("c", encoder::Task::kSequenceClassification, {"a", "b"});
  EXPECT_EQ(api.Post("/api/embed", R"({"model":"nosuch","input":"x"})")->status(), 404);
  EXPECT_EQ(api.Post("/api/embed", R"({"model":"m","input":"x"})")->status(), 400);  // it generates
  EXPECT_EQ(api.Post("/api/embed", R"({"model":"c","input":"x"})")->status(), 400);
  EXPECT_EQ(api.Post("/api/embed", R"({"model":"e"})")->body(), R"({"error":"'input' is missing"})");
  EXPECT_EQ(api.Post("/api/embed", R"({"model":"e","input":"x","dimensions":100000})")->status(), 400);
  EXPECT_EQ(api.Post("/api/embed", R"({"model":"e","input":[1]})")->status(), 400);
}

}  // namespace
}  // namespace pano::api::ollama
