// Adapters over the starter model, drawn and written as PEFT does.
#include "model/adapter/bind/bind_adapter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/random.h"
#include "base/strings.h"
#include "base/threads.h"
#include "model/adapter/bind/testing/drawn_adapter.h"
#include "model/nn/decoder.h"
#include "model/nn/load.h"
#include "model/nn/sequence_runner.h"

namespace pano::adapter {
namespace {

class BindAdapterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    starter_ = StrCat(PANO_SOURCE_DIR, "/models/starter");
    if (!FileExists(starter_ + "/config.json")) GTEST_SKIP() << "no " << starter_;
    folder_ = JoinPath(::testing::TempDir(), StrCat("bind-adapter-", RandomHex(6)));
    const Status written = testing::WriteDrawnAdapter(
        folder_, starter_, 6, 1,
        {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"});
    ASSERT_TRUE(written.ok()) << written.ToString();
    files_ = format::OpenModel(starter_).value();
    nn::LoadOptions options;
    options.compute = nn::Compute::kF32;
    model_ = nn::LoadModel(files_, options, pool_).value();
    adapter_ = LoadAdapter(folder_, BaseModules::Of(files_).value()).value();
  }
  void TearDown() override { (void)Env::Real().RemoveTree(folder_); }

  std::vector<float> Logits(const nn::BoundAdapter* adapter) {
    std::vector<nn::TokenId> tokens;
    for (int i = 0; i < 40; ++i) tokens.push_back((i * 37 + 11) % 2000);
    auto runner = nn::SequenceRunner::Create(*model_, 40, adapter);
    std::vector<float> logits;
    const Status fed = runner->Feed(tokens, 0, [&](size_t, std::span<const float> row) {
      logits.insert(logits.end(), row.begin(), row.end());
    });
    EXPECT_TRUE(fed.ok());
    return logits;
  }
  static double Distance(const std::vector<float>& a, const std::vector<float>& b) {
    double worst = 0, largest = 0;
    for (size_t i = 0; i < a.size(); ++i) {
      worst = std::max(worst, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
      largest = std::max(largest, std::abs(static_cast<double>(b[i])));
    }
    return worst / largest;
  }

  std::string starter_, folder_;
  ComputePool pool_{2};
  format::ModelFiles files_;
  std::unique_ptr<nn::Model> model_;
  std::shared_ptr<const Adapter> adapter_;
};

TEST_F(BindAdapterTest, HalvesTakeHalfTheBytesAndAreNear) {
  const auto whole = BindAdapter(*adapter_, *model_).value();
  const auto halves = BindAdapter(*adapter_, *model_, {.halves = true}).value();
  EXPECT_EQ(halves->weights.bytes() * 2, whole->weights.bytes());
  const std::vector<float> exact = Logits(whole.get());
  EXPECT_GT(Distance(Logits(nullptr), exact), 0.05);
  const double distance = Distance(Logits(halves.get()), exact);
  EXPECT_GT(distance, 0);
  EXPECT_LT(distance, 3e-3);
}

// The layer by its formula: what the adapter's file says, in double.
TEST_F(BindAdapterTest, ALayerIsItsFormula) {
  const auto bound = BindAdapter(*adapter_, *model_).value();
  const nn::Decoder& decoder = *model_->AsDecoder();
  const ops::Linear& linear = decoder.weights().layers[1].down;
  const ops::LinearChange* change = bound->weights.Find(linear);
  ASSERT_TRUE(change && change->low_rank.present());
  const ModuleChange* module = nullptr;
  for (const ModuleChange& one : adapter_->changes()) {
    if (one.name.ends_with("layers.1.mlp.down_proj")) module = &one;
  }
  ASSERT_TRUE(module);
  const std::vector<double> a = Doubles(*module->a), b = Doubles(*module->b);
  EXPECT_EQ(change->low_rank.scale, 2.0f);  // alpha / r
  EXPECT_EQ(change->low_rank.rank, 6u);
  for (size_t row : {size_t{0}, size_t{17}, linear.out() - 1}) {
    for (size_t j = 0; j < 6; ++j) {
      EXPECT_EQ(static_cast<double>(change->low_rank.BValue(row, j)), b[row * 6 + j]);
    }
  }
  std::vector<float> first(linear.in());
  ops::DequantizeRow(change->low_rank.a, 3, first.data());
  for (size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(static_cast<double>(first[i]), a[3 * linear.in() + i]);
  }
}

TEST_F(BindAdapterTest, LoadingIsReadingAndBinding) {
  const auto bound = BindAdapter(*adapter_, *model_).value();
  const auto loaded = LoadBoundAdapter(folder_, BaseModules::Of(files_).value(), *model_);
  ASSERT_TRUE(loaded.ok()) << loaded.error().ToString();
  EXPECT_EQ(Logits(loaded->get()), Logits(bound.get()));
  EXPECT_EQ((*loaded)->weights.bytes(), bound->weights.bytes());
}

// Twice the file has to fit, and it is not opened before that is known: what lies there is no adapter.
TEST_F(BindAdapterTest, LoadingLooksAtTheMemoryFirst) {
  const std::string file = JoinPath(folder_, "adapter_model.safetensors");
  const auto modules = BaseModules::Of(files_).value();
  const uint64_t bytes = Env::Real().Stat(file)->bytes;
  EXPECT_TRUE(LoadBoundAdapter(folder_, modules, *model_, {.bytes_left = 2 * bytes}).ok());
  ASSERT_TRUE(WriteFile(file, std::string(bytes, 'x')).ok());
  const Status refused = LoadBoundAdapter(folder_, modules, *model_, {.bytes_left = 2 * bytes - 1}).error();
  EXPECT_EQ(refused.code(), StatusCode::kExhausted) << refused.ToString();
  EXPECT_NE(refused.message().find(file), std::string::npos);
  EXPECT_NE(LoadBoundAdapter(folder_, modules, *model_).error().code(), StatusCode::kExhausted);
  EXPECT_EQ(LoadBoundAdapter(folder_ + "-none", modules, *model_).error().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace pano::adapter
