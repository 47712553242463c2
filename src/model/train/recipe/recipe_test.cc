#include "model/train/recipe/recipe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/env.h"
#include "base/strings.h"
#include "model/train/recipe/recipe_keys.h"

namespace pano::train {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kLeast[] = "task: causal_lm\nmodel: base\ndata: {train: a.txt}\nsteps: 3\n";

Recipe Read(const std::string& text) {
  auto recipe = ParseRecipe(text, "r.yaml");
  EXPECT_TRUE(recipe.ok()) << recipe.error().ToString();
  return recipe.ok() ? *recipe : Recipe();
}

TEST(Recipe, EveryKeyIsRead) {
  const Recipe r = Read(R"(
task: preference
model: {config: {model_type: llama, rope_theta: 1e4, tie: true, name: "7"}, init: random}
data: {train: [a, b], validation: c, format: tokens, shuffle: false, length: 64}
batch: {sequences: 6, accumulate: 2}
epochs: 3
seed: 9
precision: bf16
optimizer: {name: adamw_8bit, lr: 1e-3, betas: [0.8, 0.95], eps: 1e-6, weight_decay: 0.1, no_decay: [Norm, emb], clip: 0.5}
schedule: {name: wsd, warmup_steps: 2, decay_steps: 4, decay: 1-sqrt, total_steps: 20, min_lr_ratio: 0.1}
dpo: {beta: 0.2}
checkpoint: {every: 5, keep: 3}
evaluate: {every: 7, patience: 2}
)");
  EXPECT_EQ(r.task, Task::kPreference);
  EXPECT_EQ(json::Dump(r.model.config), R"({"model_type":"llama","rope_theta":10000.0,"tie":true,"name":"7"})");
  EXPECT_EQ(r.data.train, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(r.data.format, DataFormat::kTokens);
  EXPECT_FALSE(r.data.shuffle);
  EXPECT_EQ(r.batch.sequences * r.batch.accumulate, 12);
  EXPECT_TRUE(r.optimizer.eight_bit);
  EXPECT_EQ(r.optimizer.beta2, 0.95);
  EXPECT_EQ(r.optimizer.no_decay, (std::vector<std::string>{"norm", "emb"}));
  EXPECT_EQ(r.schedule.decay, Recipe::Schedule::Decay::kOneMinusSqrt);
  EXPECT_EQ(r.precision, Precision::kBf16);
  EXPECT_EQ(r.dpo_beta, 0.2);
  EXPECT_EQ(r.evaluate.patience, 2);
}

TEST(Recipe, Adapters) {
  EXPECT_FALSE(Read(kLeast).adapter.has_value());
  for (const char* empty : {"adapter: {}\n", "adapter:\n"}) {
    const Recipe r = Read(StrCat(kLeast, empty));
    ASSERT_TRUE(r.adapter.has_value());
    EXPECT_TRUE(r.adapter->all_linear);
  }
  const Recipe list = Read(StrCat(kLeast, "adapter: {r: 4, alpha: 8, targets: [q_proj, v_proj], rslora: true, modules_to_save: [score]}\n"));
  EXPECT_EQ(list.adapter->targets.size(), 2u);
  EXPECT_FALSE(list.adapter->targets_pattern);
  EXPECT_FALSE(list.adapter->all_linear);
  EXPECT_TRUE(Read(StrCat(kLeast, "adapter: {targets: '.*q_proj'}\n")).adapter->targets_pattern);
}

TEST(Recipe, Heads) {
  const Recipe r = Read("task: sequence_classification\nmodel: b\ndata: {train: a}\nsteps: 1\n"
                        "heads: {mood: {labels: [good, bad]}, names: {task: token_classification, labels: 3, weight: 0.5}}\n");
  ASSERT_EQ(r.heads.size(), 2u);
  EXPECT_EQ(r.heads[1].labels[2], "LABEL_2");
  EXPECT_EQ(r.heads[1].weight, 0.5);
}

TEST(Recipe, RefusalsNameFileLineAndKey) {
  const std::string least = kLeast;
  const std::pair<std::string, const char*> rows[] = {
      {least + "stpes: 4\n", "r.yaml:5: stpes: there is no such key; did you mean 'steps'?"},
      {least + "lr: 4\n", "r.yaml:5: lr: there is no such key here; did you mean 'optimizer.lr'?"},
      {least + "optimizer:\n  lr: fast\n", "r.yaml:6: optimizer.lr: expected a number"},
      {least + "optimizer:\n  wieght_decay: 1\n", "r.yaml:6: optimizer.wieght_decay: there is no such key; did you mean 'weight_decay'?"},
      {least + "optimizer: 3\n", "r.yaml:5: optimizer: expected a mapping"},
      {least + "optimizer: {betas: [1]}\n", "r.yaml:5: optimizer.betas: expected two numbers"},
      {least + "steps: 4\n", "r.yaml:5: steps: stands twice"},
      {least + "epochs: 4\n", "r.yaml:5: epochs: there are steps already"},
      {least + "dpo: {beta: 1}\n", "r.yaml:5: dpo.beta: says nothing for task causal_lm"},
      {least + "vocab: 5\n", "r.yaml:5: vocab: says nothing for task causal_lm"},
      {least + "schedule: {name: cosin}\n", "r.yaml:5: schedule.name: 'cosin' is none of"},
      {least + "schedule: {decay_steps: 4}\n", "r.yaml:5: schedule.decay_steps: is of the wsd schedule"},
      {least + "schedule: {name: wsd, decay_steps: 4}\n", "r.yaml:5: schedule: warmup_steps and decay_steps are 4 together"},
      {least + "teacher: x\n", "r.yaml:5: teacher: is reserved"},
      {least + "evaluate: {every: 2}\n", "r.yaml:5: evaluate.every: needs data.validation"},
      {least + "adapter: {from: x, r: 2}\n", "r.yaml:5: adapter.r: the folder of adapter.from says it"},
      {"task: token_classification\nmodel: b\ndata: {train: a}\nsteps: 1\nheads: {x: {labels: 2}}\nadapter: {r: 2}\n", "r.yaml:6: adapter: several heads"},
      {least + "a: &x 1\n", "r.yaml:5: anchors"},
      {least + "a: [1\n", "r.yaml:"},
      {"task: distill\n", "r.yaml:1: task: 'distill' is reserved"},
      {"task: causal\n", "did you mean 'causal_lm'?"},
      {"- 1\n", "r.yaml:1: a recipe is a mapping"},
      {"", "r.yaml:1: a recipe is a mapping"},
      {"task: causal_lm\nmodel: {init: random}\ndata: {train: a}\nsteps: 1\n", "model: is missing"},
      {"task: causal_lm\nmodel: {config: {a: 1}}\ndata: {train: a}\nsteps: 1\n", "without 'init: random'"},
      {"task: causal_lm\nmodel: b\nsteps: 1\n", "r.yaml:1: data.train: is missing"},
      {"task: causal_lm\nmodel: b\ndata: {train: a, format: pairs}\nsteps: 1\n", "r.yaml:3: data.format: is not one that task causal_lm reads"},
      {"task: tokenizer\ndata: {train: a}\n", "vocab: is missing"},
      {"task: tokenizer\ndata: {train: a}\nvocab: 9\nmodel: x\n", "r.yaml:4: model: says nothing for task tokenizer"},
  };
  for (const auto& [text, words] : rows) {
    const auto recipe = ParseRecipe(text, "r.yaml");
    ASSERT_FALSE(recipe.ok()) << text;
    EXPECT_EQ(recipe.error().code(), StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(std::string(recipe.error().message()), StartsWith("r.yaml:")) << text;
    EXPECT_THAT(std::string(recipe.error().message()), HasSubstr(words)) << text;
  }
}

TEST(Recipe, EveryKeyIsDocumented) {
  const std::string table = RecipeKeysMarkdown();
  for (const RecipeKey& key : RecipeKeys()) {
    EXPECT_THAT(key.help, ::testing::EndsWith(".")) << key.path;
    EXPECT_THAT(table, HasSubstr(StrCat("`", key.path, "`")));
  }
  const auto page = ReadFile(StrCat(PANO_SOURCE_DIR, "/docs/training.md"));
  ASSERT_TRUE(page.ok());
  EXPECT_THAT(*page, HasSubstr(table)) << "docs/training.md lists other keys: pano train keys prints the table";
}

}  // namespace
}  // namespace pano::train
