// Adapters of the known answers, and of a small drawn base, whose files are then damaged one way
// after another.
#include "model/adapter/adapter.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "base/env.h"
#include "base/json.h"
#include "base/strings.h"
#include "base/testing/known_answers.h"
#include "model/adapter/linear_changes.h"
#include "model/adapter/testing/known_adapters.h"
#include "model/adapter/testing/tiny_adapter.h"
#include "model/format/weights.h"

namespace pano::adapter {
namespace {

Result<std::shared_ptr<const BaseModules>> ModulesAt(const std::string& path) {
  PANO_ASSIGN_OR_RETURN(const format::ModelFiles files, format::OpenModel(path));
  return BaseModules::Of(files);
}

// Every public case, over the base that it names.
TEST(GoldenAdapters, AllAreRead) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, "golden/training");
  testing::ForEachKnownAdapter(answers, {"lora", "lora_gguf"}, [&](const testing::KnownAdapter& known) {
    auto modules = ModulesAt(known.base_path);
    ASSERT_TRUE(modules.ok()) << modules.error().ToString();
    auto adapter = LoadAdapter(known.path, *modules);
    ASSERT_TRUE(adapter.ok()) << adapter.error().ToString();
    const LinearChanges changes = ByEntry(**adapter);
    EXPECT_FALSE(changes.linear.empty() && changes.others.empty());
    answers.Compared((*adapter)->changes().size());
  });
}

class TinyAdapters : public ::testing::Test {
 protected:
  void SetUp() override {
    auto base = BaseModules::Of(model_.files);
    ASSERT_TRUE(base.ok()) << base.error().ToString();
    base_ = *base;
    adapter_.AddQueries();
  }
  // What is said of the adapter; "" when it is read.
  std::string Refusal() const {
    auto made = adapter_.Make(base_);
    return made.ok() ? "" : made.error().message();
  }
  void ExpectRefused(std::string_view word, std::string_view name) const {
    const std::string text = Refusal();
    EXPECT_NE(text.find(word), std::string::npos) << "'" << text << "' lacks '" << word << "'";
    EXPECT_NE(text.find(name), std::string::npos) << "'" << text << "' lacks '" << name << "'";
    EXPECT_EQ(std::ranges::count(text, '\n'), 0);
  }
  void SetConfig(std::string_view more) {
    adapter_.config = StrCat(R"({"r":3,"lora_alpha":6,)", more, "}");
  }

  testing::TinyModel model_;
  testing::TinyAdapter adapter_;
  std::shared_ptr<const BaseModules> base_;
  const std::string q0_ = "model.layers.0.self_attn.q_proj";
};

TEST_F(TinyAdapters, GiveTheirMatricesByEntry) {
  auto made = adapter_.Make(base_);
  ASSERT_TRUE(made.ok()) << made.error().ToString();
  ASSERT_EQ((*made)->changes().size(), 2u);
  const LinearChanges changes = ByEntry(**made);
  ASSERT_EQ(changes.linear.size(), 2u);
  EXPECT_TRUE(changes.others.empty());
  const LinearChange& first = changes.linear[0];
  const nn::TensorEntry& entry = base_->entries(first.stack)[first.entry];
  EXPECT_EQ(entry.role, nn::TensorRole::kQuery);
  EXPECT_EQ(entry.layer, 0);
  EXPECT_EQ(first.rank, 3);
  EXPECT_DOUBLE_EQ(first.scale, 2);
  const tensor::TensorView& b =
      *adapter_.weights->Find(StrCat("base_model.model.", q0_, ".lora_B.weight"));
  EXPECT_EQ(first.b, Floats(b));
}

TEST_F(TinyAdapters, EveryTensorHasAPlaceOrIsNamed) {
  const std::pair<const char*, const char*> strangers[] = {
      {"model.layers.0.self_attn.k_proj.lora_A.weight", "does not target"},
      {"model.layers.7.self_attn.q_proj.lora_A.weight", "the base has no module"},
      {"model.layers.0.self_attn.q_proj.lora_C.weight", "the base has no module"},
      {"model.layers.0.self_attn.q_proj.lora_B.bias", "lora_bias"},
      {"model.layers.0.self_attn.q_proj.lora_magnitude_vector", "use_dora"},
      {"model.layers.0.self_attn.q_proj.lora_embedding_A", "is no embedding"},
      {"model.embed_tokens.lora_A.weight", "is no linear layer"},
      {"model.layers.0.self_attn.q_proj.weight", "modules_to_save"},
      {"model.layers.0.self_attn.q_proj.bias", "bias is 'none'"},
      {"model.layers.0.self_attn.q_proj.base_layer.bias", "bias is 'none'"},
      {"model.embed_tokens.token_adapter.trainable_tokens_delta", "trainable_token_indices"},
      {"model.norm.modules_to_save.bias", "the base has no module"},
      {"model.norm.something", "no part of an adapter"},
  };
  for (const auto& [key, word] : strangers) {
    SCOPED_TRACE(key);
    adapter_.Add(key, {1, 1});
    ExpectRefused(word, "tiny");
    adapter_.Remove(key);
  }
  ASSERT_EQ(Refusal(), "");
  adapter_.weights->Add("layers.lora_A.weight", {1}, {1});
  ExpectRefused("does not begin with 'base_model.model.'", "layers.lora_A.weight");
}

TEST_F(TinyAdapters, ShapesMustBeTheBasesAndTheRankTheConfigurations) {
  adapter_.Add(q0_ + ".lora_A.weight", {3, 47});
  ExpectRefused("[3, 47]", q0_);
  adapter_.Add(q0_ + ".lora_A.weight", {4, 48});
  ExpectRefused("needs [3, 48]", q0_);
  adapter_.Add(q0_ + ".lora_A.weight", {3, 48});
  adapter_.Add(q0_ + ".lora_B.weight", {80, 4});
  ExpectRefused("needs [80, 3]", q0_);
  adapter_.Add(q0_ + ".lora_B.weight", {240});
  ExpectRefused("needs [80, 3]", q0_);
  adapter_.Add(q0_ + ".lora_B.weight", {80, 3});
  EXPECT_EQ(Refusal(), "");
  adapter_.config = R"({"r":65536,"lora_alpha":6,"target_modules":["q_proj"]})";
  ExpectRefused("needs [65536, 48]", q0_);
}

TEST_F(TinyAdapters, WhatIsAskedForMustBeThere) {
  adapter_.Remove(q0_ + ".lora_B.weight");
  ExpectRefused("A but no B", q0_);
  adapter_.Remove(q0_ + ".lora_A.weight");
  ExpectRefused("has no matrices for it", q0_);
  SetConfig(R"("target_modules":["q_proj"],"layers_to_transform":[1])");
  EXPECT_EQ(Refusal(), "");
  SetConfig(R"("target_modules":["q_proj"],"layers_to_transform":[1],"use_dora":true)");
  ExpectRefused("lora_magnitude_vector", "q_proj");
  SetConfig(R"("target_modules":["q_proj"],"layers_to_transform":[1],"lora_bias":true)");
  ExpectRefused("lora_B.bias", "q_proj");
}

TEST_F(TinyAdapters, AllLinearMeansEveryLayer) {
  SetConfig(R"("target_modules":"all-linear")");
  ExpectRefused("has no matrices for it", "target_modules");
  testing::TinyAdapter all;
  for (const BaseModule& module : base_->all()) {
    if (module.kind != ModuleKind::kLinear || module.tied) continue;
    all.AddPair(module.name, module.out, module.in);
  }
  all.config = R"({"r":3,"lora_alpha":6,"target_modules":"all-linear"})";
  auto made = all.Make(base_);
  ASSERT_TRUE(made.ok()) << made.error().ToString();
  EXPECT_EQ((*made)->changes().size(), 14u);
}

TEST_F(TinyAdapters, ValuesMustBeNumbers) {
  std::vector<float> values(240, 1.0f);
  values[17] = std::numeric_limits<float>::quiet_NaN();
  adapter_.weights->Add(StrCat("base_model.model.", q0_, ".lora_B.weight"), {80, 3}, values);
  ExpectRefused("value 17 is nan", q0_);
}

TEST_F(TinyAdapters, NamesMayLeaveThePrefixOut) {
  testing::TinyAdapter bare;
  for (int64_t layer = 0; layer < testing::TinyModel::kLayers; ++layer) {
    bare.AddPair(StrCat("layers.", layer, ".self_attn.q_proj"), 80, 48);
  }
  auto made = bare.Make(base_);
  ASSERT_TRUE(made.ok()) << made.error().ToString();
  EXPECT_EQ((*made)->changes()[0].module->name, q0_);
  // The same module under both names is one too many.
  bare.AddPair(q0_, 80, 48);
  const std::string text = bare.Make(base_).error().message();
  EXPECT_NE(text.find("the same module"), std::string::npos) << text;
}

TEST_F(TinyAdapters, TrainableTokensAreRowsOfTheEmbedding) {
  SetConfig(R"("target_modules":["q_proj"],"trainable_token_indices":[5,60])");
  ExpectRefused("has no rows", "trainable_token_indices");
  adapter_.Add("model.embed_tokens.token_adapter.trainable_tokens_delta", {2, 48});
  ASSERT_EQ(Refusal(), "");
  SetConfig(R"("target_modules":["q_proj"],"trainable_token_indices":{"embed_tokens":[5,61]})");
  ExpectRefused("the vocabulary has 61", "trainable_token_indices");
  SetConfig(R"("target_modules":["q_proj"],"trainable_token_indices":[5])");
  ExpectRefused("needs [1, 48]", "trainable_token_indices");
}

TEST_F(TinyAdapters, WeightTyingIsRefusedWhereItWouldShow) {
  SetConfig(R"("target_modules":["q_proj"],"ensure_weight_tying":true)");
  EXPECT_EQ(Refusal(), "");
  SetConfig(R"("target_modules":["q_proj"],"ensure_weight_tying":true,"modules_to_save":["embed_tokens"])");
  adapter_.Add("model.embed_tokens.weight", {61, 48});
  ExpectRefused("ensure_weight_tying", "embed_tokens");
}

TEST(LoadAdapter, NamesTheFileThatIsMissing) {
  const std::string folder = StrCat(::testing::TempDir(), "load_adapter.", getpid());
  (void)Env::Real().RemoveTree(folder);
  ASSERT_TRUE(Env::Real().MakeFolder(folder).ok());
  testing::TinyModel model;
  auto base = BaseModules::Of(model.files);
  ASSERT_TRUE(base.ok());
  const auto refusal = [&] { return LoadAdapter(folder, *base).error(); };
  EXPECT_EQ(refusal().code(), StatusCode::kNotFound);
  EXPECT_NE(refusal().message().find("adapter_config.json"), std::string::npos);
  ASSERT_TRUE(WriteFile(JoinPath(folder, kConfigFile), R"({"target_modules":["q_proj"]})").ok());
  EXPECT_EQ(refusal().code(), StatusCode::kNotFound);
  EXPECT_NE(refusal().message().find("adapter_model.safetensors"), std::string::npos);
  ASSERT_TRUE(WriteFile(JoinPath(folder, "adapter_model.bin"), "pickle").ok());
  EXPECT_EQ(refusal().code(), StatusCode::kUnimplemented);
  EXPECT_NE(refusal().message().find("adapter_model.bin: pickled"), std::string::npos);
  ASSERT_TRUE(WriteFile(JoinPath(folder, kWeightsFile), "not tensors").ok());
  EXPECT_EQ(refusal().code(), StatusCode::kCorruption);
  EXPECT_NE(refusal().message().find("adapter_model.safetensors"), std::string::npos);
  EXPECT_TRUE(Env::Real().RemoveTree(folder).ok());
}

}  // namespace
}  // namespace pano::adapter
