// Requests for an adapter: they carry it into its base's engine, hold the base while they run, and are
// told when it is gone.
#include <gtest/gtest.h>

#include "app/api/openai/dialect.h"
#include "app/api/testing/api_harness.h"
#include "model/nn/bound_adapter.h"

namespace pano::api::openai {
namespace {

using testing::At;

class AdapterCalls : public ::testing::Test {
 protected:
  void SetUp() override {
    base_ = api_.models.Find("m").value();
    api_.AddAdapter("tuned", "m", adapter_);
  }
  std::shared_ptr<testing::FakeExchange> Ask(const std::string& body) {
    return api_.Post("/v1/completions", body);
  }

  testing::HarnessOf<MakeDialect> api_;
  models::ModelVersionPtr base_;
  const std::shared_ptr<const nn::BoundAdapter> adapter_ = std::make_shared<nn::BoundAdapter>();
};

TEST_F(AdapterCalls, CarryTheAdapterIntoTheBasesEngine) {
  api_.engine->answer = "x";
  const struct {
    const char* body;
    const nn::BoundAdapter* adapter;
    const char* model;
  } cases[] = {
      {R"({"model":"tuned","prompt":"hi","max_tokens":1})", adapter_.get(), "tuned"},
      {R"({"model":"m","prompt":"hi","max_tokens":1})", nullptr, "m"},
      {R"({"prompt":"hi","max_tokens":1})", nullptr, "m"},
  };
  for (const auto& c : cases) {
    const auto exchange = Ask(c.body);
    ASSERT_EQ(exchange->status(), 200) << exchange->body();
    EXPECT_EQ(At(exchange->json(), "model"), c.model);
    EXPECT_EQ(api_.engine->submitted.back().request.adapter.get(), c.adapter) << c.body;
    EXPECT_EQ(api_.records.back().model, c.model);
  }
  EXPECT_EQ(Ask(R"({"model":"tune","prompt":"hi"})")->status(), 404);
}

TEST_F(AdapterCalls, AreListedWithTheModelThatTheyChange) {
  const json::Value list = api_.Get("/v1/models")->json();
  EXPECT_TRUE(At(list, "data/0/parent").is_null());
  EXPECT_EQ(At(list, "data/1/id"), "tuned");
  EXPECT_EQ(At(list, "data/1/parent"), "m");
}

TEST_F(AdapterCalls, HoldTheBaseWhileTheyRun) {
  const std::weak_ptr<const models::ModelVersion> base = base_;
  const auto exchange = Ask(R"({"model":"tuned","prompt":"hi","max_tokens":4})");
  EXPECT_FALSE(exchange->answered());
  (void)api_.models.Remove({"m", "1"});
  base_.reset();
  EXPECT_FALSE(base.expired());
  api_.engine->Say(0, "yo");
  api_.engine->Finish(0, engine::FinishReason::kStop);
  exchange->Run();
  EXPECT_EQ(exchange->status(), 200) << exchange->body();
}

TEST_F(AdapterCalls, AreRefusedWhenTheBaseIsGone) {
  (void)api_.models.Remove({"m", "1"});
  base_.reset();
  const auto exchange = Ask(R"({"model":"tuned","prompt":"hi","max_tokens":4})");
  EXPECT_EQ(exchange->status(), 503) << exchange->body();
  EXPECT_EQ(At(exchange->json(), "error/code"), "model_not_loaded");
  EXPECT_TRUE(api_.engine->submitted.empty());
}

}  // namespace
}  // namespace pano::api::openai
