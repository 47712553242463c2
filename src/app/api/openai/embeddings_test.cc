#include "app/api/openai/embeddings.h"

#include <gtest/gtest.h>

#include <cmath>

#include "app/api/openai/dialect.h"
#include "app/api/testing/api_harness.h"
#include "base/strings.h"
#include "model/batch/testing/fake_encoder.h"
#include "model/serving/queue_room.h"

namespace pano::api::openai {
namespace {

using encoder::Task;
using testing::At;
using testing::FakePredictor;

// This dialect over fakes.
using Harness = testing::HarnessOf<MakeDialect>;

class EmbeddingsTest : public ::testing::Test {
 protected:
  std::shared_ptr<testing::FakeExchange> Post(std::string body) {
    return api_.Post("/v1/embeddings", std::move(body));
  }
  Harness api_;
  FakePredictor* predictor_ = api_.AddPredictor("e", Task::kEmbedding);
};

TEST_F(EmbeddingsTest, TakesAllFourShapes) {
  // The fake's embedding is (sum of ids, number of ids); "<s>" is 256.
  EXPECT_EQ(json::Dump(At(Post(R"({"model":"e","input":"ab"})")->json(), "data")),
            R"([{"object":"embedding","index":0,"embedding":[451.0,3.0]}])");
  json::Value body = Post(R"({"model":"e","input":["a","ab"]})")->json();
  EXPECT_EQ(json::Dump(At(body, "data/1/embedding")), "[451.0,3.0]");
  EXPECT_EQ(At(body, "data/1/index"), 1);
  EXPECT_EQ(At(body, "object"), "list");
  EXPECT_EQ(At(body, "model"), "e");
  EXPECT_EQ(json::Dump(At(body, "usage")), R"({"prompt_tokens":5,"total_tokens":5})");
  EXPECT_EQ(json::Dump(At(Post(R"({"model":"e","input":[7,8]})")->json(), "data/0/embedding")),
            "[15.0,2.0]");
  EXPECT_EQ(
      json::Dump(At(Post(R"({"model":"e","input":[[7],[8,9]]})")->json(), "data/1/embedding")),
      "[17.0,2.0]");
  EXPECT_EQ(api_.records.back().route, "/v1/embeddings");
  EXPECT_EQ(api_.records.back().model, "e");
  EXPECT_EQ(api_.api->WaitUntilIdle(std::chrono::milliseconds(0)), true);
}

TEST_F(EmbeddingsTest, Base64IsLittleEndianFloat32) {
  // 15 = 0x41700000, 2 = 0x40000000
  json::Value body = Post(R"({"model":"e","input":[7,8],"encoding_format":"base64"})")->json();
  EXPECT_EQ(At(body, "data/0/embedding"), "AABwQQAAAEA=");
  EXPECT_EQ(FloatsBase64({}), "");
  EXPECT_EQ(FloatsBase64({1.0f}), "AACAPw==");
  EXPECT_EQ(FloatsBase64({1.0f, -2.5f, 0.1f}), "AACAPwAAIMDNzMw9");
}

TEST_F(EmbeddingsTest, RefusesByName) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"model":"e"})", "input"},
      {R"({"model":"e","input":[]})", "input"},
      {R"({"model":"e","input":[1,"a"]})", "input"},
      {R"({"model":"e","input":[5000]})", "input"},
      {R"({"model":"e","input":[[1],[]]})", "input"},
      {R"({"model":"e","input":"a","encoding_format":"int8"})", "encoding_format"},
      {R"({"model":"e","input":"a","dimensions":3})", "dimensions"},
      {R"({"model":"m","input":"a"})", "model"},
      {R"({"input":"a"})", "model"},  // two are served
  };
  for (const auto& [body, param] : cases) {
    auto exchange = Post(body);
    EXPECT_EQ(exchange->status(), 400) << body;
    EXPECT_EQ(At(exchange->json(), "error/param"), param) << body;
  }
  EXPECT_EQ(Post(R"({"model":"e","input":"a","dimensions":2,"user":"u"})")->status(), 200);
  EXPECT_EQ(At(Post(R"({"model":"m","input":"a"})")->json(), "error/code"), "model_only_generates");
  api_.AddPredictor("c", Task::kSequenceClassification, {"a", "b"});
  EXPECT_EQ(At(Post(R"({"model":"c","input":"a"})")->json(), "error/code"),
            "model_makes_no_embeddings");
}

TEST_F(EmbeddingsTest, DimensionsCutAndNormaliseAgain) {
  // The fake's vector of [3, 4] is (7, 2); its models have two numbers, so a wider one is cut here.
  auto* wide = api_.AddPredictor("w", Task::kEmbedding);
  wide->mutable_info().outputs[1].size = 4;
  json::Value whole = Post(R"({"model":"w","input":[3,4]})")->json();
  EXPECT_EQ(json::Dump(At(whole, "data/0/embedding")), "[7.0,2.0,0.0,0.0]");
  json::Value body = Post(R"({"model":"w","input":[3,4],"dimensions":2})")->json();
  const json::Value cut = At(body, "data/0/embedding");
  ASSERT_EQ(cut.as_array().size(), 2u);
  EXPECT_NEAR(cut.as_array()[0].as_double(), 7 / std::sqrt(53.0), 1e-6);
  EXPECT_NEAR(cut.as_array()[1].as_double(), 2 / std::sqrt(53.0), 1e-6);
  EXPECT_EQ(json::Dump(At(Post(R"({"model":"w","input":[3,4],"dimensions":4})")->json(), "data/0/embedding")),
            "[7.0,2.0,0.0,0.0]");
  for (const char* dimensions : {"1", "3", "6", "0", "2.5"}) {
    auto refused = Post(StrCat(R"({"model":"w","input":[3,4],"dimensions":)", dimensions, "}"));
    EXPECT_EQ(At(refused->json(), "error/param"), "dimensions") << dimensions;
  }
}

TEST_F(EmbeddingsTest, TextsAreCutOnRequestOnly) {
  std::string text(100, 'a');
  auto refused = Post(R"({"model":"e","input":["a",")" + text + R"("]})");
  EXPECT_EQ(refused->status(), 400);
  EXPECT_EQ(At(refused->json(), "error/code"), "context_length_exceeded");
  EXPECT_EQ(At(refused->json(), "error/message"),
            "input[1]: This model's maximum context length is 64 tokens, and the text has 101; "
            "\"truncate\": true cuts what is too long");
  json::Value cut = Post(R"({"model":"e","truncate":true,"input":")" + text + R"("})")->json();
  // "<s>" and 63 times 'a'
  EXPECT_EQ(json::Dump(At(cut, "data/0/embedding")), "[6367.0,64.0]");
  EXPECT_EQ(At(cut, "usage/prompt_tokens"), 64);
}

TEST_F(EmbeddingsTest, AFullQueueSaysWhenToComeBack) {
  predictor_->refusal = Status(StatusCode::kExhausted, "the queue is full");
  auto exchange = Post(R"({"model":"e","input":"a"})");
  EXPECT_EQ(exchange->status(), 429);
  EXPECT_EQ(exchange->header("Retry-After"), "9");
}

// A predictor that is full says so before anybody has read the request.
class FullPredictor final : public batch::Predictor, public serving::QueueRoom {
 public:
  Status CheckRoom() override { return full ? serving::QueueIsFull(3) : Status(); }
  Result<std::shared_ptr<batch::Prediction>> Submit(batch::PredictRequest) override {
    ++submitted;
    return serving::QueueIsFull(3);
  }
  void Cancel(const std::string&) override {}
  bool Drain(Duration) override { return true; }
  serving::Stats GetStats() const override { return {}; }
  std::vector<serving::TenantStats> GetTenantStats() const override { return {}; }
  int64_t RetryAfterSeconds() const override { return 4; }
  const encoder::EncoderInfo& info() const override { return encoder_.info(); }

  bool full = true;
  int submitted = 0;

 private:
  batch::testing::FakeEncoder encoder_{Task::kEmbedding};
};

TEST_F(EmbeddingsTest, AFullQueueRefusesWhatNobodyHasRead) {
  auto version = std::make_shared<models::Predictor>();
  version->id = version->label = "full";
  version->vocab_size = 300;
  version->context_length = 64;
  version->tokenizer = std::make_shared<testing::FakeTokenizer>();
  auto owned = std::make_unique<FullPredictor>();
  FullPredictor* predictor = owned.get();
  version->predictor = std::move(owned);
  ASSERT_TRUE(api_.models.Add(std::move(version)).ok());

  auto early = Post(R"({"model":"full","input":"a"})");
  const auto record = api_.records.back();
  EXPECT_EQ(predictor->submitted, 0);
  predictor->full = false;  // it fills up meanwhile: the answer is the same
  auto late = Post(R"({"model":"full","input":"a"})");
  EXPECT_EQ(predictor->submitted, 1);
  for (const auto& exchange : {early, late}) {
    EXPECT_EQ(exchange->status(), 429);
    EXPECT_EQ(exchange->header("Retry-After"), "4");
    EXPECT_EQ(At(exchange->json(), "error/message"), "[engine] the queue is full: 3 requests wait");
  }
  EXPECT_EQ(json::Dump(early->json()), json::Dump(late->json()));
  EXPECT_EQ(record.model, "full");
  EXPECT_EQ(record.model, api_.records.back().model);
  EXPECT_EQ(record.route, api_.records.back().route);

  predictor->full = true;  // mistakes that are seen without reading it stay what they are
  EXPECT_EQ(Post(R"({"model":"full","input")")->status(), 400);
  EXPECT_EQ(At(Post(R"({"model":"nobody","input":"a"})")->json(), "error/code"), "model_not_found");
  EXPECT_EQ(Post(R"({"model":"e","input":"a"})")->status(), 200);
}

TEST_F(EmbeddingsTest, SaysHowUrgentItIs) {
  EXPECT_EQ(Post(R"({"model":"e","input":"a"})")->status(), 200);
  EXPECT_EQ(predictor_->priority, 0);
  EXPECT_EQ(predictor_->queue_timeout, std::nullopt);
  EXPECT_EQ(Post(R"({"model":"e","input":"a","priority":3,"queue_timeout_ms":20})")->status(), 200);
  EXPECT_EQ(predictor_->priority, 3);
  EXPECT_EQ(predictor_->queue_timeout, std::chrono::milliseconds(20));
  for (const char* field : {R"("priority":-1)", R"("priority":65)", R"("priority":"high")", R"("queue_timeout_ms":0)"}) {
    EXPECT_EQ(Post(StrCat(R"({"model":"e","input":"a",)", field, "}"))->status(), 400) << field;
  }
}

TEST_F(EmbeddingsTest, DeadlinesAndClientsThatGo) {
  predictor_->hold = true;
  auto late = Post(R"({"model":"e","input":"a","timeout_ms":5})");
  EXPECT_EQ(predictor_->deadlines.back(), api_.clock.Now() + std::chrono::milliseconds(5));
  EXPECT_FALSE(late->answered());
  predictor_->FailAll(Status(StatusCode::kDeadline, "the deadline passed"));
  late->Run();
  EXPECT_EQ(late->status(), 504);
  auto gone = Post(R"({"model":"e","input":"a"})");
  EXPECT_FALSE(api_.api->WaitUntilIdle(std::chrono::milliseconds(0)));
  gone->Disconnect();
  EXPECT_TRUE(predictor_->cancelled(0));
  EXPECT_EQ(api_.records.back().status, 499);
  EXPECT_TRUE(api_.api->WaitUntilIdle(std::chrono::milliseconds(0)));
}

}  // namespace
}  // namespace pano::api::openai
