#include "pano/plan/make_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/env.h"
#include "pano/plan/explain.h"
#include "pano/plan/interview.h"

namespace pano::plan {
namespace {

using ::testing::HasSubstr;

PlanOptions Options(std::string model, std::string hardware) {
  PlanOptions o;
  o.model = std::move(model);
  o.hardware = std::move(hardware);
  return o;
}

int64_t Byte(const json::Value& answer, const char* part) { return answer.Find("memory")->Find(part)->as_int(); }

TEST(MakePlan, PartsAddUpAndShapesAreAsDescribed) {
  PlanOptions o = Options("layers=32,hidden=4096,heads=32,kv-heads=8,ffn=14336,vocab=128256,context=8192", "8xA100-80G");
  o.concurrency = 16;
  const auto answer = MakePlan(o);
  ASSERT_TRUE(answer.ok()) << answer.error().ToString();
  const json::Value& j = answer->json;
  EXPECT_TRUE(j.Find("fits")->as_bool());
  EXPECT_EQ(j.Find("parameters")->as_int(), 8030261248);
  int64_t sum = 0;
  for (const char* part : {"weights", "kv", "activations", "workspace", "optimizer", "gradients", "other"}) sum += Byte(j, part);
  EXPECT_EQ(sum, Byte(j, "total"));
  for (const char* key : {"dp", "tp", "pp", "cp", "ep", "zero", "global_batch", "micro_batch", "seq", "recompute", "sequence_parallel",
                          "schedule", "virtual_stages", "dtype", "flash_attention"}) {
    EXPECT_TRUE(j.Find("plan")->Find(key)) << key;
  }
  for (const char* key : {"ttft_ms", "itl_ms", "tokens_s", "requests_day", "usd_per_million_tokens"}) EXPECT_GT(j.Find("predicted")->Find(key)->as_double(), 0) << key;
  for (const Figure& figure : answer->figures) {
    EXPECT_THAT(figure.how, ::testing::AnyOf("derived", "measured", "simulated"));
    EXPECT_FALSE(figure.formula.empty()) << figure.name;
  }
  EXPECT_THAT(FormatAnswer(*answer, 80), HasSubstr("It fits"));
  EXPECT_THAT(FormatExplanation(*answer), HasSubstr("Assumed:"));
}

TEST(MakePlan, WhatDoesNotFitIsSaidSo) {
  PlanOptions o = Options("70B", "1xA100-80G");
  o.context = 2048;
  const auto answer = MakePlan(o);
  ASSERT_TRUE(answer.ok()) << answer.error().ToString();
  EXPECT_FALSE(answer->json.Find("fits")->as_bool());
  EXPECT_THAT(FormatAnswer(*answer, 80), HasSubstr("does NOT fit"));
  o.weights = "q4_k";
  EXPECT_TRUE(MakePlan(o)->json.Find("fits")->as_bool());
}

TEST(MakePlan, TrainingIsSearchedAndEvaluated) {
  PlanOptions o = Options("7B", "64xA100-80G");
  o.task = "train";
  o.global_batch = 256;
  o.context = 2048;
  const auto answer = MakePlan(o);
  ASSERT_TRUE(answer.ok()) << answer.error().ToString();
  const double step = answer->json.Find("predicted")->Find("step_s")->as_double();
  EXPECT_GT(step, 0);
  const std::string path = ::testing::TempDir() + "/plans.jsonl";
  ASSERT_TRUE(WriteFile(path, json::Dump(*answer->json.Find("plan")) + "\n{\"dp\": 3}\nnonsense\n\n{\"dp\": 64, \"global_batch\": 256, \"seq\": 2048}\n").ok());
  std::vector<json::Value> rows;
  ASSERT_TRUE(EvaluatePlans(o, path, [&](const json::Value& row) { rows.push_back(row); }).ok());
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[0].Find("predicted")->Find("step_s")->as_double(), step);
  EXPECT_THAT(rows[1].Find("error")->as_string(), HasSubstr("3 cards"));
  EXPECT_TRUE(rows[2].Find("error"));
  EXPECT_GE(rows[3].Find("predicted")->Find("step_s")->as_double(), 0.0);
  o.task = "finetune-lora";
  const auto lora = MakePlan(o);
  ASSERT_TRUE(lora.ok());
  EXPECT_LT(Byte(lora->json, "optimizer"), Byte(answer->json, "weights") / 4 + Byte(answer->json, "optimizer"));
}

TEST(MakePlan, TheStarterModelOnThisMachine) {
  PlanOptions o = Options(PANO_SOURCE_DIR "/models/starter", "cpu");
  o.context = 256;
  o.concurrency = 4;
  const auto answer = MakePlan(o);
  ASSERT_TRUE(answer.ok()) << answer.error().ToString();
  const json::Value* command = answer->json.Find("command");
  ASSERT_TRUE(command);
  EXPECT_EQ(command->as_array()[1].as_string(), "serve");
  EXPECT_THAT(json::Dump(*command), HasSubstr("\"--kv-blocks\",\"32\""));
  EXPECT_GT(Byte(answer->json, "kv"), 0);
}

// At the edge of the memory that is given: what fits to the byte fits, with a byte less it does not.
TEST(MakePlan, NothingFitsThatIsAByteLarger) {
  struct Case {
    const char* model;
    const char* hardware;
    const char* task;
  };
  for (const Case& one : {Case{PANO_SOURCE_DIR "/models/starter", "cpu", "serve"}, Case{"7B", "1xT4-16G", "serve"}, Case{"7B", "2xL4-24G", "serve"},
                          Case{"70B", "8xA100-80G", "serve"}}) {
    PlanOptions o = Options(one.model, one.hardware);
    o.context = 256;
    o.concurrency = 3;
    if (one.hardware != std::string_view("cpu")) {   // a fixed division, so that the same plan is asked three times
      o.tensor_parallel = one.hardware[0] - '0';
      o.pipeline_parallel = 1;
    }
    const auto first = MakePlan(o);
    ASSERT_TRUE(first.ok()) << one.hardware << ": " << first.error().ToString();
    const int64_t total = Byte(first->json, "total");
    for (const auto& [memory, fits] : {std::pair{total, true}, {total - 1, false}, {int64_t{1}, false}}) {
      o.memory = memory;
      const auto answer = MakePlan(o);
      ASSERT_TRUE(answer.ok()) << answer.error().ToString();
      EXPECT_EQ(Byte(answer->json, "capacity"), memory) << one.model << " on " << one.hardware;
      EXPECT_EQ(answer->json.Find("fits")->as_bool(), fits) << one.model << " on " << one.hardware << " in " << memory << " of " << total;
    }
  }
}

// Whatever plan is found: the cards of it hold at least the parameters, shared as evenly as can be, and the keys and
// values of one context, counted apart from the planner.
TEST(MakePlan, WhatFitsHoldsAtLeastItsWeightsAndKeys) {
  int fitting = 0, others = 0;
  for (const int64_t layers : {8, 40, 80}) {
    for (const int64_t heads : {8, 64}) {
      for (const char* hardware : {"1xT4-16G", "2xL4-24G", "4xA100-80G", "8xH100-80G"}) {
        for (const int64_t concurrency : {1, 200}) {
          const int64_t hidden = heads * 128, ffn = 4 * hidden, context = 4096;
          PlanOptions o = Options("layers=" + std::to_string(layers) + ",hidden=" + std::to_string(hidden) + ",heads=" + std::to_string(heads) +
                                      ",kv-heads=8,ffn=" + std::to_string(ffn) + ",vocab=32000,context=4096", hardware);
          o.concurrency = concurrency;
          const auto answer = MakePlan(o);
          ASSERT_TRUE(answer.ok()) << o.model << " on " << hardware << ": " << answer.error().ToString();
          const json::Value& plan = *answer->json.Find("plan");
          const auto size = [&](const char* key) { return plan.Find(key)->as_double(); };
          const double cards = size("tp") * size("pp");
          const double weights = 2.0 * static_cast<double>(layers * (2 * hidden * hidden + 2 * hidden * 1024 + 3 * hidden * ffn));
          const double keys = 2.0 * 2 * static_cast<double>(layers * 1024 * context) * std::ceil(static_cast<double>(concurrency) / size("dp"));
          const double least = (weights + keys) / cards;
          EXPECT_GE(static_cast<double>(Byte(answer->json, "total")), least) << o.model << " on " << hardware;
          const bool fits = answer->json.Find("fits")->as_bool();
          EXPECT_TRUE(!fits || least <= static_cast<double>(Byte(answer->json, "capacity"))) << o.model << " on " << hardware;
          ++(fits ? fitting : others);
        }
      }
    }
  }
  EXPECT_GT(fitting, 8);
  EXPECT_GT(others, 8);
}

TEST(MakePlan, BadInputIsAClearWord) {
  auto why = [](PlanOptions o) {
    const auto answer = MakePlan(o);
    EXPECT_FALSE(answer.ok());
    return answer.ok() ? "" : answer.error().message();
  };
  EXPECT_THAT(why(Options("", "cpu")), HasSubstr("--model is missing"));
  EXPECT_THAT(why(Options("7B", "0xA100-80G")), HasSubstr("no number of cards"));
  EXPECT_THAT(why(Options("7B", "8xB52")), HasSubstr("no accelerator 'B52' is known"));
  EXPECT_THAT(why(Options("/nowhere", "8xA100-80G")), HasSubstr("no model folder"));
  EXPECT_THAT(why(Options("layers=1000000000,hidden=64,heads=1", "8xA100-80G")), HasSubstr("num_hidden_layers"));
  PlanOptions o = Options("7B", "8xA100-80G");
  o.context = 1 << 30;
  EXPECT_THAT(why(o), HasSubstr("the model has a context of 4096"));
  o = Options("7B", "8xA100-80G");
  o.tensor_parallel = 3;
  EXPECT_THAT(why(o), HasSubstr("does not divide"));
  o = Options("7B", "8xA100-80G");
  o.weights = "q9";
  EXPECT_THAT(why(o), HasSubstr("'q9' is no type"));
  o = Options("7B", "8xA100-80G");
  o.task = "train";
  EXPECT_THAT(why(o), HasSubstr("--global-batch is missing"));
  o = Options("7B", "8xA100-80G");
  o.slo = "p99=1";
  EXPECT_THAT(why(o), HasSubstr("ttft=TIME"));
}

TEST(Guide, KnowsTheHardwareThatIsNamed) {
  const auto guide = ExplainGuide("8xL4-24G");
  ASSERT_TRUE(guide.ok()) << guide.error().ToString();
  EXPECT_THAT(*guide, testing::HasSubstr("On 8xL4-24G [derived]"));
  EXPECT_THAT(*guide, testing::HasSubstr("a second card from there"));
  EXPECT_THAT(*ExplainGuide("2xT4-16G"), testing::HasSubstr("in bf16, 32 clients: one card does not hold that"));
  EXPECT_FALSE(ExplainGuide("8xFOO").ok());
}

TEST(Guide, SaysBothNumbersAndWhySix) {
  const auto guide = ExplainGuide();
  ASSERT_TRUE(guide.ok()) << guide.error().ToString();
  EXPECT_THAT(*guide, HasSubstr("420.0 GB = 391.155 GiB"));
  EXPECT_THAT(*guide, HasSubstr("5.25: six cards"));
  EXPECT_THAT(*guide, HasSubstr("1.16 a second"));
}

TEST(Interview, AsksAgainAndTakesDefaults) {
  std::vector<std::string> answers = {"fly", "serve", "", "8xA100-80G", "many", "16", "", ""};
  size_t next = 0;
  const auto o = Interview([&](const std::string&) -> std::optional<std::string> {
    return next < answers.size() ? std::optional(answers[next++]) : std::nullopt;
  }, "7B");
  ASSERT_TRUE(o.ok()) << o.error().ToString();
  EXPECT_EQ(o->model, "7B");
  EXPECT_EQ(o->concurrency, 16);
  EXPECT_EQ(o->max_tokens, 64);
  EXPECT_FALSE(Interview([](const std::string&) { return std::nullopt; }, "7B").ok());
}

}  // namespace
}  // namespace pano::plan
