#include "app/api/openai/rerank.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "app/api/openai/dialect.h"
#include "app/api/testing/api_harness.h"
#include "base/strings.h"

namespace pano::api::openai {
namespace {

using encoder::Task;
using testing::At;
using testing::FakePredictor;

// This dialect over fakes.
using Harness = testing::HarnessOf<MakeDialect>;

class RankingTest : public ::testing::Test {
 protected:
  std::shared_ptr<testing::FakeExchange> Post(std::string path, std::string body) {
    return api_.Post(std::move(path), std::move(body));
  }
  static double Sigmoid(double logit) { return static_cast<float>(1 / (1 + std::exp(-logit))); }
  // What the fake makes of a pair: its ids' sum modulo 7.
  double LogitOf(const std::string& query, const std::string& document) {
    json::Value score = api_.Post("/v1/score", StrCat(R"({"model":"r","text_1":")", query, R"(","text_2":")",
                                                      document, R"("})"))->json();
    return At(score, "data/0/score").as_double();
  }

  Harness api_;
  FakePredictor* ranker_ = api_.AddPredictor("c", Task::kSequenceClassification, {"relevant"});
  // The same with its numbers as they are.
  FakePredictor* regression_ =
      api_.AddPredictor("r", Task::kSequenceClassification, {"relevant"}, true, "regression");
};

TEST_F(RankingTest, DocumentsComeInTheOrderOfTheirScores) {
  auto exchange = Post("/v1/rerank", R"({"model":"r","query":"q","documents":["a","b",{"text":"c"},"d","h"]})");
  ASSERT_EQ(exchange->status(), 200) << exchange->body();
  const json::Value body = exchange->json();
  EXPECT_EQ(At(body, "model"), "r");
  EXPECT_EQ(At(body, "object"), "list");
  const json::Value results = At(body, "results");
  ASSERT_EQ(results.as_array().size(), 5u);
  const char* documents[] = {"a", "b", "c", "d", "h"};
  std::set<int64_t> seen;
  double before = 1e9;
  for (const json::Value& result : results.as_array()) {
    const int64_t index = At(result, "index").as_int();
    const double score = At(result, "relevance_score").as_double();
    EXPECT_LE(score, before);
    EXPECT_EQ(score, LogitOf("q", documents[index]));
    EXPECT_FALSE(result.Find("document"));
    before = score;
    seen.insert(index);
  }
  EXPECT_EQ(seen.size(), 5u);
  EXPECT_GT(At(body, "usage/total_tokens").as_int(), 10);
  EXPECT_EQ(At(body, "usage/total_tokens"), At(body, "usage/prompt_tokens"));
}

// Seven letters have seven different sums modulo 7; 'h' is 'a' + 7, so those two are equal.
TEST_F(RankingTest, EqualScoresKeepTheOrderOfTheRequest) {
  const json::Value body =
      Post("/v1/rerank", R"({"model":"r","query":"q","documents":["h","a","h","a"]})")->json();
  for (int64_t i = 0; i < 4; ++i) EXPECT_EQ(At(body, StrCat("results/", i, "/index")), i);
}

TEST_F(RankingTest, TopNAndDocumentsOnRequest) {
  const json::Value body = Post("/rerank", R"({"model":"c","query":"q","documents":["a","b","c"],"top_n":2,)"
                                           R"("return_documents":true})")->json();
  const json::Value results = At(body, "results");
  ASSERT_EQ(results.as_array().size(), 2u);
  const char* documents[] = {"a", "b", "c"};
  for (const json::Value& result : results.as_array()) {
    EXPECT_EQ(At(result, "document/text"), documents[At(result, "index").as_int()]);
    EXPECT_NEAR(At(result, "relevance_score").as_double(),
                Sigmoid(LogitOf("q", documents[At(result, "index").as_int()])), 1e-6);
  }
  EXPECT_EQ(At(Post("/v2/rerank", R"({"model":"c","query":"q","documents":["a"],"top_n":9})")->json(),
               "results/0/index"), 0);
}

TEST_F(RankingTest, ScoresPairByPair) {
  const json::Value one = Post("/v1/score", R"({"model":"c","text_1":"q","text_2":["a","b"]})")->json();
  EXPECT_EQ(At(one, "object"), "list");
  EXPECT_EQ(At(one, "data/1/object"), "score");
  EXPECT_EQ(At(one, "data/1/index"), 1);
  EXPECT_NEAR(At(one, "data/1/score").as_double(), Sigmoid(LogitOf("q", "b")), 1e-6);
  const json::Value two = Post("/score", R"({"model":"r","text_1":["p","q"],"text_2":["a","b"]})")->json();
  EXPECT_EQ(At(two, "data/0/score").as_double(), LogitOf("p", "a"));
  EXPECT_EQ(At(two, "data/1/score").as_double(), LogitOf("q", "b"));
  EXPECT_EQ(At(Post("/v1/score", R"({"model":"c","text_1":["a","b"],"text_2":["a","b","c"]})")->json(),
               "error/param"), "text_2");
}

TEST_F(RankingTest, RefusesByName) {
  api_.AddPredictor("two", Task::kSequenceClassification, {"a", "b"});
  api_.AddPredictor("e", Task::kEmbedding);
  const std::pair<const char*, const char*> cases[] = {
      {R"({"model":"c","documents":["a"]})", "query"},
      {R"({"model":"c","query":"q"})", "documents"},
      {R"({"model":"c","query":"q","documents":[]})", "documents"},
      {R"({"model":"c","query":"q","documents":[1]})", "documents"},
      {R"({"model":"c","query":"q","documents":[{"body":"a"}]})", "documents"},
      {R"({"model":"c","query":"q","documents":["a"],"top_n":0})", "top_n"},
      {R"({"model":"c","query":"q","documents":["a"],"rank_fields":["x"]})", "rank_fields"},
      {R"({"model":"two","query":"q","documents":["a"]})", "model"},
      {R"({"model":"e","query":"q","documents":["a"]})", "model"},
      {R"({"model":"m","query":"q","documents":["a"]})", "model"},
  };
  for (const auto& [body, param] : cases) {
    auto exchange = Post("/v1/rerank", body);
    EXPECT_EQ(exchange->status(), 400) << body;
    EXPECT_EQ(At(exchange->json(), "error/param"), param) << exchange->body();
  }
  EXPECT_EQ(At(Post("/v1/rerank", R"({"model":"two","query":"q","documents":["a"]})")->json(), "error/code"),
            "model_does_not_score_pairs");
  // A text that is too long says which, and that it can be cut.
  const std::string text(100, 'a');
  auto refused = Post("/v1/rerank", StrCat(R"({"model":"c","query":"q","documents":["b",")", text, R"("]})"));
  EXPECT_EQ(At(refused->json(), "error/code"), "context_length_exceeded");
  EXPECT_TRUE(At(refused->json(), "error/message").as_string().starts_with("documents[1]: "));
  EXPECT_EQ(Post("/v1/rerank", StrCat(R"({"model":"c","truncate":true,"query":"q","documents":[")", text,
                                      R"("]})"))->status(), 200);
}

// 4 MiB of a query beside 1024 documents would be 4 GiB to read.
TEST_F(RankingTest, WhatIsReadAgainAndAgainIsBounded) {
  std::string documents = R"("a")";
  for (int i = 1; i < 1000; ++i) documents += R"(,"a")";
  auto refused = Post("/v1/rerank", StrCat(R"({"model":"c","truncate":true,"query":")", std::string(20000, 'q'),
                                           R"(","documents":[)", documents, "]}"));
  EXPECT_EQ(refused->status(), 400);
  EXPECT_EQ(At(refused->json(), "error/param"), "query");
}

}  // namespace
}  // namespace pano::api::openai
