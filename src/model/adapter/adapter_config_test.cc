#include "model/adapter/adapter_config.h"

#include <gtest/gtest.h>

#include <string>

#include "base/strings.h"
#include "base/testing/memory_env.h"

namespace pano::adapter {
namespace {

std::string Text(std::string_view more) {
  return StrCat(R"({"peft_type":"LORA","target_modules":["q_proj"])", more.empty() ? "" : ",", more,
                "}");
}

TEST(AdapterConfig, MissingKeysTakeTheDefaults) {
  auto c = ParseAdapterConfig(R"({"target_modules":["q_proj"]})");
  ASSERT_TRUE(c.ok()) << c.error().ToString();
  EXPECT_EQ(c->r, 8);
  EXPECT_EQ(c->alpha, 8);
  EXPECT_EQ(c->bias, BiasMode::kNone);
  EXPECT_FALSE(c->rslora || c->dora || c->lora_bias || c->fan_in_fan_out);
  EXPECT_TRUE(c->exclude.empty() && c->layers_to_transform.empty() && c->modules_to_save.empty());
}

TEST(AdapterConfig, WhatSaysNothingIsHarmless) {
  for (const char* more :
       {R"("inference_mode":true)", R"("auto_mapping":{"base_model_class":"X"})",
        R"("revision":"main")", R"("peft_version":"9.9")", R"("loftq_config":{})",
        R"("megatron_core":"megatron.core")", R"("qalora_group_size":16)", R"("use_qalora":false)",
        R"("layer_replication":null)", R"("future_option":null)", R"("future_option":false)",
        R"("future_option":[])", R"("future_option":{})", R"("future_option":"")",
        R"("init_lora_weights":"gaussian")", R"("init_lora_weights":false)",
        R"("init_lora_weights":"eva","eva_config":{"rho":2.0})", R"("lora_dropout":0.05)"}) {
    auto c = ParseAdapterConfig(Text(more));
    EXPECT_TRUE(c.ok()) << more << ": " << c.error().ToString();
  }
}

TEST(AdapterConfig, WhatIsNotDoneIsRefusedByName) {
  const std::pair<const char*, const char*> cases[] = {
      {R"("peft_type":"LOHA")", "peft_type"},
      {R"("layer_replication":[[0,2],[1,3]])", "layer_replication"},
      {R"("use_qalora":true)", "use_qalora"},
      {R"("use_bdlora":{"nblocks":2})", "use_bdlora"},
      {R"("alora_invocation_tokens":[1,2])", "alora_invocation_tokens"},
      {R"("target_parameters":["experts.up"])", "target_parameters"},
      {R"("megatron_config":{"a":1})", "megatron_config"},
      {R"("init_lora_weights":"pissa_niter_4")", "init_lora_weights"},
      {R"("init_lora_weights":"loftq")", "init_lora_weights"},
      {R"("future_option":true)", "future_option"},
      {R"("use_doras":1)", "did you mean 'use_dora'"},
      {R"("task_type":"TELEPATHY")", "task_type"},
  };
  for (const auto& [more, key] : cases) {
    auto c = ParseAdapterConfig(Text(more));
    ASSERT_FALSE(c.ok()) << more;
    EXPECT_EQ(c.error().code(), StatusCode::kUnimplemented) << more;
    EXPECT_NE(c.error().message().find(key), std::string::npos) << c.error().message();
  }
}

TEST(AdapterConfig, WrongKindsAndRangesNameTheKey) {
  const std::pair<const char*, const char*> cases[] = {
      {R"("r":0)", "r: "},
      {R"("r":-4)", "r: "},
      {R"("r":1e9)", "r: "},
      {R"("r":"8")", "r: "},
      {R"("r":2.5)", "r: "},
      {R"("r":true)", "r: "},
      {R"("lora_alpha":"16")", "lora_alpha: "},
      {R"("lora_alpha":1e300)", "lora_alpha: "},
      {R"("lora_dropout":2)", "lora_dropout: "},
      {R"("use_rslora":"yes")", "use_rslora: "},
      {R"("bias":"some")", "bias: "},
      {R"("bias":1)", "bias: "},
      {R"("target_modules":5)", "target_modules: "},
      {R"("target_modules":[5])", "target_modules: "},
      {R"("target_modules":[])", "target_modules: "},
      {R"("target_modules":[""])", "target_modules: "},
      {R"("rank_pattern":[1])", "rank_pattern: "},
      {R"("rank_pattern":{"q":0})", "rank_pattern: 'q'"},
      {R"("alpha_pattern":{"q":"a"})", "alpha_pattern: 'q'"},
      {R"("layers_to_transform":["a"])", "layers_to_transform: "},
      {R"("layers_to_transform":[-1])", "layers_to_transform: "},
      {R"("layers_pattern":"h")", "layers_pattern: "},
      {R"("target_modules":"a","layers_to_transform":[1])", "layers_to_transform: "},
      {R"("trainable_token_indices":{"e":"a"})", "trainable_token_indices: "},
      {R"("lora_bias":true,"use_dora":true)", "lora_bias: "},
  };
  for (const auto& [more, key] : cases) {
    auto c = ParseAdapterConfig(Text(more));
    ASSERT_FALSE(c.ok()) << more;
    EXPECT_EQ(c.error().code(), StatusCode::kCorruption) << more;
    EXPECT_TRUE(c.error().message().starts_with(key)) << c.error().message();
  }
  for (const char* text : {"", "[]", "{", "null", "\"a\""}) {
    EXPECT_FALSE(ParseAdapterConfig(text).ok()) << text;
  }
}

TEST(AdapterConfig, ClassifiersSaveTheirHeads) {
  auto c = ParseAdapterConfig(Text(R"("task_type":"TOKEN_CLS","modules_to_save":["score"])"));
  ASSERT_TRUE(c.ok());
  EXPECT_EQ(c->modules_to_save, (std::vector<std::string>{"score", "classifier"}));
}

TEST(AdapterConfig, IsWrittenAsItIsRead) {
  AdapterConfig c;
  c.r = 4;
  c.alpha = 2.5;
  c.dropout = 0.1;
  c.rslora = true;
  c.bias = BiasMode::kLoraOnly;
  c.targets.names = {"q_proj", "k_proj"};
  c.exclude.regex = ".*0.*";
  c.layers_to_transform = {1, 3};
  c.layers_pattern = {"layers"};
  c.rank_pattern = {{"z", 3}, {"a", 5}};
  c.alpha_pattern = {{"b", 0.5}};
  c.modules_to_save = {"lm_head"};
  c.trainable_tokens = {{"embed_tokens", {5, 2}}};
  c.task_type = "CAUSAL_LM";
  c.base_model = "models/x";
  const std::string text = AdapterConfigText(c);
  auto read = ParseAdapterConfig(text);
  ASSERT_TRUE(read.ok()) << read.error().ToString();
  EXPECT_EQ(AdapterConfigText(*read), text);
  EXPECT_EQ(read->r, 4);
  EXPECT_EQ(read->alpha, 2.5);
  EXPECT_EQ(read->rank_pattern[0].key, "z");  // in the order of the file
  EXPECT_EQ(read->trainable_tokens[0].rows, (std::vector<int64_t>{5, 2}));
  EXPECT_EQ(text.find("lora_bias"), std::string::npos);  // older versions do not know it
}

TEST(AdapterConfig, FailuresNameTheFile) {
  MemoryEnv env;
  ASSERT_TRUE(env.MakeFolder("a").ok());
  auto c = ReadAdapterConfig("a", env);
  EXPECT_EQ(c.error().code(), StatusCode::kNotFound);
  EXPECT_NE(c.error().message().find("a/adapter_config.json"), std::string::npos);
  ASSERT_TRUE(WriteFile("a/adapter_config.json", R"({"r":"x","target_modules":["q"]})", env).ok());
  c = ReadAdapterConfig("a", env);
  EXPECT_TRUE(c.error().message().starts_with("a/adapter_config.json: r: "))
      << c.error().message();
}

}  // namespace
}  // namespace pano::adapter
