#include "model/train/lm_recipe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/env.h"
#include "base/random.h"
#include "base/strings.h"
#include "model/format/weights.h"
#include "model/train/schedule.h"

namespace pano::train {
namespace {

TEST(LmRecipe, StarterRecipeIsRead) {
  auto recipe = LoadLmRecipe(PANO_SOURCE_DIR "/recipes/starter.yaml");
  ASSERT_TRUE(recipe.ok()) << recipe.error().ToString();
  EXPECT_EQ(recipe->name, "starter");
  ASSERT_EQ(recipe->files.size(), 1u);
  EXPECT_EQ(recipe->files[0].licence, "CDLA-Sharing-1.0");
  EXPECT_EQ(recipe->dtype, "float16");
  recipe->model.vocab_size = recipe->vocab_size;
  auto spec = MakeModelSpec(recipe->model);
  ASSERT_TRUE(spec.ok()) << spec.error().ToString();
  EXPECT_LE(spec->parameter_count(), 4'000'000);
  EXPECT_FALSE(recipe->samples.prompts.empty());
}

TEST(LmRecipe, RefusalsNameTheKey) {
  struct Case {
    std::string yaml;
    std::string_view expected;
  };
  for (const Case& c : {
           Case{"seed: 1", "name is missing"},
           Case{"name: a\nepoch: 3", "epoch is no known key"},
           Case{"name: a\ntraining: {epochs: many}", "epochs is no such number"},
           Case{"name: a\ntraining: {dropout: 1.5}", "dropout must lie in"},
           Case{"name: a\ntraining: {rows: 3, shards: 2}", "rows is no multiple"},
           Case{"name: a\nmodel: {context: 16}", "row_tokens is longer"},
           Case{"name: a\nmodel: {heads: 7}", "does not split"},
           Case{"name: a\nmodel: {kv_heads: 5}", "evenly"},
           Case{"name: a\nmodel: [1]", "is no mapping"},
           Case{"name: a\nmodel: {family: [1]}", "family is no text"},
           Case{"name: a\ndtype: int4", "dtype is none of"},
           Case{"name: a\ncorpus: {files: [{path: x}]}", "licence is missing"},
           Case{"name: a\nsamples: {prompts: [{a: b}]}", "no text"},
           Case{"- a", "is no mapping"},
           Case{"name: [", "[recipe]"},
           Case{"", "is no mapping"},
       }) {
    auto recipe = ParseLmRecipe(c.yaml);
    ASSERT_FALSE(recipe.ok()) << c.yaml;
    EXPECT_EQ(recipe.error().code(), StatusCode::kInvalidArgument);
    EXPECT_NE(recipe.error().message().find(c.expected), std::string::npos)
        << recipe.error().message();
  }
}

TEST(LmRecipe, AnyFamilyThatIsWritten) {
  auto recipe = ParseLmRecipe("name: a\nmodel: {family: qwen3, hidden: 64, heads: 4, kv_heads: 2}");
  ASSERT_TRUE(recipe.ok()) << recipe.error().ToString();
  recipe->model.vocab_size = 300;
  auto spec = MakeModelSpec(recipe->model);
  ASSERT_TRUE(spec.ok()) << spec.error().ToString();
  EXPECT_EQ(spec->config.qk_norm, nn::QkNorm::kHead);
  EXPECT_EQ(spec->hf_config.Find("model_type")->as_string(), "qwen3");
  for (const char* family : {"falcon", "mamba"}) {  // has no way back, is none
    auto refused = ParseLmRecipe(StrCat("name: a\nmodel: {family: ", family, "}"));
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code(), StatusCode::kUnimplemented);
  }
}

TEST(LmRecipe, TextIsTheOneThatIsNamed) {
  std::string folder = StrCat(testing::TempDir(), "recipe-", RandomHex(4));
  std::filesystem::create_directories(folder);
  ASSERT_TRUE(WriteFile(folder + "/a.txt", "abc").ok());
  LmRecipe recipe;
  recipe.files.push_back({"a.txt", 3, Sha256Hex("abc"), "", "own"});
  auto text = LoadText(recipe, folder, {});
  ASSERT_TRUE(text.ok()) << text.error().ToString();
  EXPECT_EQ(*text, "abc\n");
  recipe.files[0].sha256 = Sha256Hex("abd");
  EXPECT_EQ(LoadText(recipe, folder, {}).error().code(), StatusCode::kCorruption);
  EXPECT_TRUE(LoadText(recipe, folder, {folder + "/a.txt"}).ok()) << "--data is used as it is";
  recipe.files[0].path = "b.txt";
  const Status missing = LoadText(recipe, folder, {}).error();
  EXPECT_EQ(missing.code(), StatusCode::kNotFound);
  EXPECT_THAT(missing.message(), testing::HasSubstr("name a text with --data FILE"));
  std::filesystem::remove_all(folder);
}

TEST(Sha256, KnownAnswers) {
  EXPECT_EQ(Sha256Hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256Hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(Sha256Hex(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Schedule, WarmsUpAndFallsToTheEnd) {
  EXPECT_DOUBLE_EQ(LearningRateFraction(1, 100, 10, 0.1), 0.1);
  EXPECT_DOUBLE_EQ(LearningRateFraction(10, 100, 10, 0.1), 1.0);
  EXPECT_NEAR(LearningRateFraction(55, 100, 10, 0.1), 0.55, 1e-12);
  EXPECT_NEAR(LearningRateFraction(100, 100, 10, 0.1), 0.1, 1e-12);
  EXPECT_NEAR(LearningRateFraction(1, 1, 0, 0.1), 0.1, 1e-12);
}

}  // namespace
}  // namespace pano::train
