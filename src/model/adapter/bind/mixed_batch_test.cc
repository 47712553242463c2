// Loaded models of all kinds of weights, products and states: a sequence beside others with other
// adapters and none is what it is alone, to the bit, whatever the threads.
#include <gtest/gtest.h>

#include <cstring>

#include "base/env.h"
#include "base/random.h"
#include "base/strings.h"
#include "base/testing/known_answers.h"
#include "base/threads.h"
#include "infra/collective/in_process.h"
#include "model/adapter/bind/bind_adapter.h"
#include "model/adapter/bind/testing/adapted_batch.h"
#include "model/adapter/bind/testing/drawn_adapter.h"
#include "model/nn/load.h"

namespace pano::adapter {
namespace {

using nn::BoundAdapter;
using nn::TokenId;
using testing::AdaptedBatch;

// One model with two adapters bound to it, computed on `threads`. Confined to the test's thread.
class Bound {
 public:
  Bound(const format::ModelFiles& files, nn::LoadOptions options, int threads,
        const std::vector<std::string>& adapters)
      : pool_(threads) {
    model_ = nn::LoadModel(files, options, pool_).value();
    const auto modules = BaseModules::Of(files).value();
    const BindOptions bind{.halves = options.compute == nn::Compute::kFast};
    for (const std::string& path : adapters) {
      auto bound = BindAdapter(*LoadAdapter(path, modules).value(), *model_, bind);
      EXPECT_TRUE(bound.ok()) << bound.error().ToString();
      adapters_.push_back(std::move(bound).value());
    }
  }
  nn::Model& model() { return *model_; }
  // 0: none; i: the i-th.
  const BoundAdapter* adapter(size_t i) const { return i == 0 ? nullptr : adapters_[i - 1].get(); }

 private:
  ComputePool pool_;
  std::unique_ptr<nn::Model> model_;
  std::vector<std::shared_ptr<const BoundAdapter>> adapters_;
};

class MixedBatch : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = JoinPath(::testing::TempDir(), StrCat("mixed-batch-", RandomHex(6)));
    ASSERT_TRUE(Env::Real().MakeFolder(folder_).ok());
  }
  void TearDown() override { (void)Env::Real().RemoveTree(folder_); }

  std::vector<std::string> DrawAdapters(const std::string& base) {
    std::vector<std::string> paths;
    const std::vector<std::string> all = {"q_proj", "k_proj",    "v_proj", "o_proj",
                                          "up_proj", "gate_proj", "down_proj"};
    for (const int64_t rank : {5, 16}) {
      paths.push_back(JoinPath(folder_, RandomHex(6)));
      const Status written = testing::WriteDrawnAdapter(
          paths.back(), base, rank, static_cast<uint64_t>(rank),
          rank == 5 ? all : std::vector<std::string>{"q_proj", "v_proj"});
      EXPECT_TRUE(written.ok()) << written.ToString();
    }
    return paths;
  }

  static std::vector<std::vector<TokenId>> Prompts(int64_t vocab) {
    std::vector<std::vector<TokenId>> prompts;
    for (const size_t length : {33u, 1u, 17u, 40u, 5u, 33u}) {
      std::vector<TokenId>& prompt = prompts.emplace_back();
      for (size_t t = 0; t < length; ++t) {
        prompt.push_back(static_cast<TokenId>((t * 37 + 11) % static_cast<size_t>(vocab)));
      }
    }
    return prompts;
  }

  void Check(const std::string& base, nn::LoadOptions options) {
    const format::ModelFiles files = format::OpenModel(base).value();
    const std::vector<std::string> adapters = DrawAdapters(base);
    Bound one(files, options, 1, adapters), three(files, options, 3, adapters);
    const auto prompts = Prompts(one.model().vocab_size());
    const size_t of[] = {0, 1, 2, 1, 0, 2};
    std::vector<const BoundAdapter*> rows;
    for (size_t i : of) rows.push_back(three.adapter(i));
    AdaptedBatch batch(three.model(), rows);
    std::vector<AdaptedBatch> alone;
    for (size_t i : of) alone.emplace_back(one.model(), std::vector{one.adapter(i)});
    std::vector<std::vector<TokenId>> tokens = prompts;
    std::vector<float> first;  // of the first sequence: the base's prompt of 33
    for (int step = 0; step < 4; ++step) {  // the prompts, then a token each
      const std::vector<float> together = batch.Feed(tokens);
      size_t at = 0;
      for (size_t i = 0; i < rows.size(); ++i) {
        const std::vector<float> own = alone[i].Feed({tokens[i]});
        ASSERT_LE(at + own.size(), together.size());
        EXPECT_EQ(std::memcmp(own.data(), &together[at], own.size() * sizeof(float)), 0)
            << "sequence " << i << " in step " << step;
        at += own.size();
        if (step == 0 && i == 0) first = own;
        if (step == 0 && i == 5) {
          EXPECT_NE(own, first) << "the adapter does nothing";
        }
        tokens[i] = {static_cast<TokenId>((static_cast<int>(i) + step * 7) % 50)};
      }
      EXPECT_EQ(at, together.size());
    }
  }

  std::string folder_;
};

TEST_F(MixedBatch, EqualsItsSequencesAloneOverTheStarter) {
  const std::string starter = StrCat(PANO_SOURCE_DIR, "/models/starter");
  if (!FileExists(starter + "/config.json")) GTEST_SKIP() << "no " << starter;
  for (const nn::Compute compute : {nn::Compute::kF32, nn::Compute::kFast}) {
    for (const nn::KvType kv : {nn::KvType::kF32, nn::KvType::kF16, nn::KvType::kInt8}) {
      SCOPED_TRACE(StrCat(compute == nn::Compute::kF32 ? "f32" : "fast", ", state type ",
                          static_cast<int>(kv)));
      Check(starter, {.compute = compute, .kv_type = kv});
    }
  }
}

TEST_F(MixedBatch, EqualsItsSequencesAloneOverQuantisedFiles) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, "golden/gguf");
  for (const char* file : {"llama/llama-q8_0.gguf", "llama/llama-q4_0.gguf", "llama/llama-f16.gguf",
                           "qwen2/qwen2-q4_0.gguf", "llama_kquants/llama_kquants-kmix.gguf",
                           "gemma2/gemma2-q8_0.gguf"}) {
    for (const nn::Compute compute : {nn::Compute::kF32, nn::Compute::kFast}) {
      SCOPED_TRACE(StrCat(file, compute == nn::Compute::kF32 ? " f32" : " fast"));
      Check(JoinPath(answers.path(), file), {.compute = compute, .kv_type = nn::KvType::kInt8});
      answers.Compared(1);
    }
  }
}

// A rank has its part of the weights: adapters would have to be cut as well. Refused, not ignored.
TEST_F(MixedBatch, RanksTakeNone) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, "golden/training/base/llama");
  const format::ModelFiles files = format::OpenModel(answers.path()).value();
  const auto group = collective::CreateInProcessGroup(2);
  ComputePool pool(1);
  nn::LoadOptions options;
  options.communicator = group[0].get();
  const auto model = nn::LoadModel(files, options, pool);
  ASSERT_TRUE(model.ok()) << model.error().ToString();
  const auto adapter =
      LoadAdapter(DrawAdapters(answers.path()).front(), BaseModules::Of(files).value()).value();
  const Status refused = BindAdapter(*adapter, **model).error();
  EXPECT_EQ(refused.code(), StatusCode::kUnimplemented) << refused.ToString();
  EXPECT_NE(refused.message().find("ranks"), std::string::npos);
  answers.Compared(1);
}

}  // namespace
}  // namespace pano::adapter
