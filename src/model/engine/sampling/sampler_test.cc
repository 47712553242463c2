#include "model/engine/sampling/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "base/env.h"
#include "base/json.h"
#include "base/random.h"
#include "base/strings.h"
#include "base/testing/known_answers.h"
#include "model/engine/sampling/softmax.h"

namespace pano::engine {
namespace {

constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();

std::vector<float> RandomLogits(uint64_t seed, size_t count, double scale = 3) {
  Random random(seed);
  std::vector<float> logits(count);
  for (float& x : logits) x = static_cast<float>(random.Normal() * scale);
  return logits;
}

TEST(Softmax, ExponentialIsExactToAFewUlp) {
  for (float z = -86.9f; z <= 0.0f; z += 0.0137f) {
    double want = std::exp(static_cast<double>(z));
    EXPECT_NEAR(static_cast<double>(ExpNegative(z)) / want, 1.0, 4e-7) << z;
  }
  EXPECT_EQ(ExpNegative(0.0f), 1.0f);
  EXPECT_EQ(ExpNegative(kMinusInfinity), 0.0f);
  EXPECT_TRUE(std::isnan(ExpNegative(std::numeric_limits<float>::quiet_NaN())));
}

TEST(Softmax, TopLogprobsAreTheBestInOrder) {
  std::vector<float> logits = {1, 5, 3, 5, -2, kMinusInfinity};
  auto top = TopLogprobs(logits, 6.0, 3);
  ASSERT_EQ(top.size(), 3u);
  EXPECT_EQ(top[0].id, 1);
  EXPECT_EQ(top[1].id, 3);
  EXPECT_EQ(top[2].id, 2);
  EXPECT_FLOAT_EQ(top[0].logprob, -1.0f);
  EXPECT_EQ(TopLogprobs(logits, 0, 99).size(), 6u);
}

// Known answers of the original implementations.
class SamplingGolden : public testing::Test {
 protected:
  void SetUp() override {
    if (answers_.absent()) GTEST_SKIP() << answers_.absence();
    auto text = ReadFile(answers_.path());
    ASSERT_TRUE(text.ok()) << text.status().ToString();
    auto parsed = json::Parse(*text);
    ASSERT_TRUE(parsed.ok()) << parsed.status().ToString();
    file_ = std::move(parsed).value();
    for (const auto& [name, values] : file_.Find("vectors")->as_object()) {
      for (const json::Value& value : values.as_array()) {
        vectors_[name].push_back(value.is_string() ? -std::numeric_limits<double>::infinity()
                                                   : value.as_double());
      }
    }
  }

  static SamplingParams ReadParams(const json::Value& value) {
    SamplingParams params;
    for (const auto& [key, v] : value.as_object()) {
      if (key == "logit_bias") {
        for (const auto& [id, bias] : v.as_object()) {
          params.logit_bias[static_cast<TokenId>(*ParseInt(id))] =
              static_cast<float>(bias.as_double());
        }
        continue;
      }
      auto number = static_cast<float>(v.as_double());
      if (key == "repetition_penalty") params.repetition_penalty = number;
      if (key == "frequency_penalty") params.frequency_penalty = number;
      if (key == "presence_penalty") params.presence_penalty = number;
      if (key == "temperature") params.temperature = number;
      if (key == "top_k") params.top_k = static_cast<int32_t>(v.as_int());
      if (key == "top_p") params.top_p = number;
      if (key == "min_p") params.min_p = number;
      if (key == "typical_p") params.typical_p = number;
    }
    return params;
  }

  SharedAnswers answers_{PANO_SOURCE_DIR, "golden/sampling/cases.json"};
  json::Value file_;
  // As float. The vectors are double; around 30,000, where one of them lies, a float is a multiple of
  // 1/512. So the largest logit moves to 0 first (`centred`), which changes no probability. In
  // "extreme_55" it is what the others would be lost against.
  std::vector<float> Floats(const std::string& name, bool centred) const {
    const std::vector<double>& vector = vectors_.at(name);
    double by = centred && name != "extreme_55" ? std::ranges::max(vector) : 0.0;
    std::vector<float> logits;
    for (double x : vector) logits.push_back(static_cast<float>(x - by));
    return logits;
  }

  std::map<std::string, std::vector<double>> vectors_;
};

TEST_F(SamplingGolden, Distributions) {
  Distribution distribution;
  size_t count = 0;
  for (const json::Value& golden : file_.Find("cases")->as_array()) {
    SCOPED_TRACE(json::Dump(*golden.Find("params")) + " on " + golden.Find("vector")->as_string());
    SamplingParams params = ReadParams(*golden.Find("params"));
    // The repetition penalty alone depends on where zero is.
    const std::string& name = golden.Find("vector")->as_string();
    const bool centred = params.repetition_penalty == 1.0f;
    std::vector<float> logits = Floats(name, centred);
    const double tolerance = name == "offset_60" && !centred ? 1e-2 : 1e-6;
    TokenHistory history;
    if (const json::Value* ids = golden.Find("history")) {
      for (const json::Value& id : ids->as_array()) {
        history.AddOutput(static_cast<TokenId>(id.as_int()));
      }
    }
    AdjustLogits(params, history, logits);
    distribution.Build(logits, params);
    auto got = distribution.Probabilities();
    std::vector<double> want(logits.size());
    const auto& ids = golden.Find("ids")->as_array();
    const auto& probs = golden.Find("probs")->as_array();
    for (size_t i = 0; i < ids.size(); ++i) {
      want[static_cast<size_t>(ids[i].as_int())] = probs[i].as_double();
    }
    std::vector<double> have(logits.size());
    for (auto [id, p] : got) have[static_cast<size_t>(id)] = p;
    if (golden.Find("tie_at_cut")->as_bool()) {
      std::ranges::sort(want);
      std::ranges::sort(have);
    }
    for (size_t i = 0; i < want.size(); ++i) ASSERT_NEAR(have[i], want[i], tolerance) << i;
    auto finite = std::ranges::count_if(got, [&](const auto& entry) {
      return logits[static_cast<size_t>(entry.first)] != kMinusInfinity;
    });
    EXPECT_EQ(finite, golden.Find("kept")->as_int());
    answers_.Compared(want.size());
    ++count;
  }
  RecordProperty("cases", static_cast<int>(count));
  EXPECT_GT(count, 200u);
}

TEST_F(SamplingGolden, Logprobs) {
  Sampler sampler;
  for (const json::Value& golden : file_.Find("logprobs")->as_array()) {
    std::vector<float> logits = Floats(golden.Find("vector")->as_string(), /*centred=*/true);
    const auto& values = golden.Find("logprobs")->as_array();
    answers_.Compared(values.size());
    for (size_t i = 0; i < logits.size(); ++i) {
      auto scored = sampler.Score(static_cast<TokenId>(i), 0, logits);
      ASSERT_TRUE(scored.ok());
      const json::Value& want = values[i];
      if (want.is_string()) {
        EXPECT_EQ(scored->logprob, kMinusInfinity);
      } else {
        double tolerance = 1e-6 * std::max(1.0, std::abs(want.as_double()));
        EXPECT_NEAR(static_cast<double>(scored->logprob), want.as_double(), tolerance);
      }
    }
  }
}

// The fast selections against sorting everything, at sizes where they differ.
TEST(Distribution, FiltersAgreeWithSorting) {
  for (size_t size : {100u, 3000u, 20000u}) {
    for (float p : {0.05f, 0.5f, 0.9f, 0.999f}) {
      std::vector<float> logits = RandomLogits(size, size);
      SamplingParams params;
      params.top_p = p;
      Distribution distribution;
      distribution.Build(logits, params);
      std::vector<double> weights(size);
      for (size_t i = 0; i < size; ++i) weights[i] = std::exp(static_cast<double>(logits[i]));
      double total = std::accumulate(weights.begin(), weights.end(), 0.0);
      std::ranges::sort(weights, std::greater<>());
      size_t keep = 0;
      for (double sum = 0; sum < static_cast<double>(p) * total; ++keep) sum += weights[keep];
      EXPECT_NEAR(static_cast<double>(distribution.Probabilities().size()),
                  static_cast<double>(keep), 1.0) << size << " " << p;
    }
    for (int32_t k : {1, 50, 600, 2999}) {
      SamplingParams params;
      params.top_k = k;
      Distribution distribution;
      distribution.Build(RandomLogits(size, size), params);
      EXPECT_EQ(distribution.Probabilities().size(), std::min<size_t>(static_cast<size_t>(k), size));
    }
  }
}

TEST(Distribution, DrawsByInverseCdfInIdOrder) {
  for (bool filtered : {false, true}) {
    std::vector<float> logits = RandomLogits(9, 1000);
    SamplingParams params;
    if (filtered) params.min_p = 1e-7f;
    Distribution distribution;
    distribution.Build(logits, params);
    auto probabilities = distribution.Probabilities();
    double below = 0;
    for (auto [id, p] : probabilities) {
      if (p > 1e-9) {
        EXPECT_EQ(distribution.Draw(below + p / 2), id);
      }
      below += p;
    }
    EXPECT_EQ(distribution.Draw(0.0), probabilities.front().first);
    EXPECT_GE(distribution.Draw(std::nextafter(1.0, 0.0)), 0);
  }
}

TEST(Distribution, IsNeverEmpty) {
  std::vector<float> logits = {kMinusInfinity, 2.0f, kMinusInfinity, 2.0f};
  for (float extreme : {0.0f, 1e-30f, 1.0f}) {
    SamplingParams params;
    params.top_p = extreme;
    params.typical_p = extreme;
    params.min_p = 1.0f;
    Distribution distribution;
    distribution.Build(logits, params);
    EXPECT_EQ(distribution.Draw(0.3) % 2, 1);
  }
}

DrawnToken Draw(const SamplingParams& params, std::vector<float> logits, uint64_t position = 0,
                std::span<const TokenId> masked = {}) {
  TokenHistory history;
  DrawInput input;
  input.params = &params;
  input.history = &history;
  input.masked = masked;
  input.seed = 42;
  input.position = position;
  input.top_logprobs = 2;
  Sampler sampler;
  auto drawn = sampler.Draw(input, logits);
  EXPECT_TRUE(drawn.ok());
  return drawn.ok() ? *drawn : DrawnToken{};
}

TEST(Sampler, GreedyTakesTheLowestOfEquals) {
  SamplingParams params;
  params.temperature = 0;
  EXPECT_EQ(Draw(params, {1, 4, 4, 2}).id, 1);
  params.logit_bias[2] = 0.5f;
  DrawnToken drawn = Draw(params, {1, 4, 4, 2});
  EXPECT_EQ(drawn.id, 2);
  // What is reported is raw.
  EXPECT_EQ(drawn.top[0].id, 1);
  EXPECT_FLOAT_EQ(drawn.logprob, drawn.top[0].logprob);
}

TEST(Sampler, MaskedTokensAreNotDrawnUnlessNothingElseIsLeft) {
  SamplingParams params;
  params.temperature = 0;
  std::vector<TokenId> masked = {1};
  EXPECT_EQ(Draw(params, {1, 4, 3}, 0, masked).id, 2);
  masked = {0, 1, 2};
  EXPECT_EQ(Draw(params, {1, 4, 3}, 0, masked).id, 1);
}

TEST(Sampler, DrawsFollowTheDistributionAndThePositionAlone) {
  SamplingParams params;
  std::vector<float> logits = {0.0f, 1.0f, 2.0f};
  double total = 1 + std::exp(1.0) + std::exp(2.0);
  std::vector<int> counts(3);
  for (uint64_t position = 0; position < 20000; ++position) {
    TokenId id = Draw(params, logits, position).id;
    ++counts[static_cast<size_t>(id)];
    if (position % 500 == 0) {
      EXPECT_EQ(Draw(params, logits, position).id, id);
    }
  }
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(counts[i] / 20000.0, std::exp(static_cast<double>(i)) / total, 0.01);
  }
}

TEST(Sampler, BrokenLogitsAreAnError) {
  SamplingParams params;
  TokenHistory history;
  DrawInput input;
  input.params = &params;
  input.history = &history;
  Sampler sampler;
  for (float broken : {std::numeric_limits<float>::quiet_NaN(),
                       std::numeric_limits<float>::infinity()}) {
    std::vector<float> logits = {1.0f, broken, 2.0f};
    EXPECT_EQ(sampler.Draw(input, logits).status().code(), StatusCode::kInternal);
  }
  std::vector<float> nothing(5, kMinusInfinity);
  EXPECT_FALSE(sampler.Draw(input, nothing).ok());
}

TEST(Sampler, FrequencyAndPresenceSeeTheOutputOnly) {
  SamplingParams params;
  params.frequency_penalty = 1.0f;
  params.presence_penalty = 0.5f;
  params.repetition_penalty = 2.0f;
  std::vector<TokenId> prompt = {0, 1};
  TokenHistory history(prompt);
  history.AddOutput(1);
  history.AddOutput(1);
  history.AddOutput(2);
  std::vector<float> logits = {4, 4, -1, 4};
  AdjustLogits(params, history, logits);
  EXPECT_EQ(logits, (std::vector<float>{2, 2 - 2.5f, -2 - 1.5f, 4}));
}

}  // namespace
}  // namespace pano::engine
