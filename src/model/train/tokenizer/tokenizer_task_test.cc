#include "model/train/tokenizer/tokenizer_task.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "base/testing/fault_env.h"
#include "base/testing/file_tree.h"
#include "base/testing/memory_env.h"

namespace pano::train {
namespace {

constexpr std::string_view kText = "low low lower newest newest\nwidest widest\n";

Result<Recipe> Parsed(std::string_view keys) {
  return ParseRecipe(StrCat("task: tokenizer\ndata: {train: /text}\n", keys), "r.yaml");
}

TEST(TokenizerTask, WritesWhatTransformersReads) {
  MemoryEnv env;
  PutFile(env, "/text", kText);
  const Result<Recipe> recipe = Parsed("type: wordpiece\nvocab: 40\nlowercase: false\n");
  ASSERT_TRUE(recipe.ok()) << recipe.error().message();
  const auto trained = RunTokenizerTask(*recipe, recipe->data.train, "/out", {}, env);
  ASSERT_TRUE(trained.ok()) << trained.error().message();
  EXPECT_EQ(trained->sequences, 2u);
  const json::Value file = json::Parse(ReadFile("/out/tokenizer.json", 1 << 20, env).value()).value();
  EXPECT_EQ(file, trained->file);
  EXPECT_EQ(*file.Find("normalizer")->Find("lowercase"), json::Value(false));
  const json::Value config = json::Parse(ReadFile("/out/tokenizer_config.json", 1 << 20, env).value()).value();
  EXPECT_EQ(*config.Find("mask_token"), json::Value("[MASK]"));
  EXPECT_EQ(*config.Find("cls_token"), json::Value("[CLS]"));
}

TEST(TokenizerTask, FailuresNameTheLineOfTheRecipe) {
  MemoryEnv env;
  PutFile(env, "/text", kText);
  const auto failure = [&](std::string_view keys) {
    const Result<Recipe> recipe = Parsed(keys);
    if (!recipe.ok()) return recipe.error().message();
    const auto trained = RunTokenizerTask(*recipe, recipe->data.train, "/out", {}, env);
    return trained.ok() ? std::string("ok") : trained.error().message();
  };
  EXPECT_TRUE(failure("type: unigram\nvocab: 5\n").starts_with("r.yaml:4: vocab: ")) << failure("type: unigram\nvocab: 5\n");
  EXPECT_TRUE(failure("vocab: 300\nspecial: [a, a]\n").starts_with("r.yaml:4: special: "));
  EXPECT_TRUE(failure("type: unigram\nvocab: 50\ntie_rule: lexicographic\n").starts_with("r.yaml:5: tie_rule: "));
  EXPECT_EQ(failure("vocab: 300\n"), "ok");
  EXPECT_NE(failure("type: byte_bpe\n").find("vocab"), std::string::npos);
}

TEST(TokenizerTask, NothingIsWrittenWhereTextOrDiskFail) {
  MemoryEnv env;
  PutFile(env, "/text", "fine\n\xff\n");
  const Result<Recipe> recipe = Parsed("vocab: 300\n");
  ASSERT_TRUE(recipe.ok());
  EXPECT_TRUE(RunTokenizerTask(*recipe, recipe->data.train, "/out", {}, env).error().message().starts_with("/text:2:"));
  EXPECT_FALSE(env.Stat("/out").ok());
  PutFile(env, "/text", kText);
  // Whatever call of the file system fails, there is a reason, and no torn tokenizer.json.
  for (int64_t call = 0; call < 40; ++call) {
    FaultEnv broken(env, {.fail_at = call});
    const auto trained = RunTokenizerTask(*recipe, recipe->data.train, "/out", {}, broken);
    if (trained.ok()) continue;
    EXPECT_FALSE(trained.error().message().empty());
    const Result<std::string> text = ReadFile("/out/tokenizer.json", 1 << 20, env);
    if (text.ok()) {
      EXPECT_TRUE(json::Parse(*text).ok());
    }
    (void)env.RemoveTree("/out");
  }
}

}  // namespace
}  // namespace pano::train
