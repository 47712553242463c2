#include "model/tokenizer/train/train_tokenizer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "base/strings.h"
#include "base/testing/file_tree.h"
#include "model/tokenizer/formats/load.h"
#include "model/tokenizer/tokenizer.h"

namespace pano::tokenizer {
namespace {

const std::vector<std::string> kText = {
    "low low low low low lower lower newest newest newest newest newest newest\n",
    "widest widest widest caf\u00e9 \u4f60\u597d\n", "The Caf\u00c9 is the newest, the lowest; 'tis 42!\n"};

TokenizerRecipe RecipeFor(TrainedType type, int64_t vocab) {
  TokenizerRecipe recipe;
  recipe.type = type;
  recipe.vocab = vocab;
  return recipe;
}

Result<TrainedTokenizer> Train(const std::vector<std::string>& text, const TokenizerRecipe& recipe,
                               TrainTokenizerOptions options = {}) {
  const auto source = SequencesOf(text);
  return TrainTokenizer(*source, recipe, options);
}

TokenizerPtr Load(const Result<TrainedTokenizer>& trained) {
  EXPECT_TRUE(trained.ok()) << trained.error().ToString();
  if (!trained.ok()) return nullptr;
  auto loaded = TokenizerFromJson(json::Dump(trained->file), nullptr);
  EXPECT_TRUE(loaded.ok()) << loaded.error().ToString();
  return loaded.ok() ? *loaded : nullptr;
}

TEST(TrainTokenizer, BytesComeBackWhateverTheyAre) {
  TokenizerRecipe recipe = RecipeFor(TrainedType::kByteBpe, 290);
  recipe.special = {{"<|endoftext|>"}};
  const TokenizerPtr tokenizer = Load(Train(kText, recipe));
  ASSERT_TRUE(tokenizer);
  EXPECT_EQ(tokenizer->vocab_size(), 290);
  EXPECT_TRUE(tokenizer->IsSpecial(0));
  for (std::string_view text : {"lowest newer", " two  spaces\n\n\ttab", "caf\u00e9 \u4f60\u597d \U0001F600"}) {
    const auto ids = tokenizer->Encode(text);
    ASSERT_TRUE(ids.ok());
    EXPECT_EQ(tokenizer->Decode(*ids, true).value(), text);
  }
}

// The committed starter model's vocabulary was learnt in this order.
TEST(TrainTokenizer, TheOtherTieRuleNumbersBytesByTheirValue) {
  TokenizerRecipe recipe = RecipeFor(TrainedType::kByteBpe, 263);
  recipe.special = {{"<|endoftext|>"}};
  recipe.min_frequency = 2;
  recipe.tie_rule = TieRule::kLexicographic;
  const TokenizerPtr tokenizer = Load(Train({kText[0] + kText[1].substr(0, 20)}, recipe));
  ASSERT_TRUE(tokenizer);
  EXPECT_EQ(tokenizer->Bytes(1), std::string(1, '\0'));
  EXPECT_EQ(tokenizer->Bytes(1 + 'a'), "a");
  std::vector<std::string> learnt;
  for (int32_t id = 257; id < tokenizer->vocab_size(); ++id) learnt.push_back(tokenizer->Bytes(id));
  // "es" and "st" stand 9 times each, 'e' is the smaller; " n" and " low" 6 times.
  EXPECT_EQ(learnt, (std::vector<std::string>{"es", "est", "lo", "low", " n", " low"}));
}

TEST(TrainTokenizer, LearningStopsWherePairsAreTooRare) {
  TokenizerRecipe recipe = RecipeFor(TrainedType::kByteBpe, 4096);
  recipe.min_frequency = 2;
  EXPECT_EQ(Train({"ab ab"}, recipe)->vocab_size, 257);   // "ab" twice, " ab" once
  recipe.min_frequency = 0;
  EXPECT_EQ(Train({"ab ab"}, recipe)->vocab_size, 258);
  recipe.initial_bytes = false;
  EXPECT_EQ(Train({"ab ab"}, recipe)->vocab_size, 5);     // a, b, space and two merges
}

TEST(TrainTokenizer, ALimitedAlphabetKeepsWhatIsFrequent) {
  TokenizerRecipe recipe = RecipeFor(TrainedType::kWordPiece, 12);
  recipe.limit_alphabet = 3;
  const TokenizerPtr tokenizer = Load(Train({"aaa aab abc abd"}, recipe));
  ASSERT_TRUE(tokenizer);
  EXPECT_EQ(tokenizer->Find("[UNK]"), 1);
  EXPECT_TRUE(tokenizer->Find("a") && tokenizer->Find("b") && tokenizer->Find("c"));
  EXPECT_FALSE(tokenizer->Find("d") || tokenizer->Find("##d"));
  EXPECT_EQ(tokenizer->Encode("abd").value(), std::vector<TokenId>{1});
}

TEST(TrainTokenizer, WordPiecesAreLowerCaseUnlessTold) {
  TokenizerRecipe recipe = RecipeFor(TrainedType::kWordPiece, 100);
  const TokenizerPtr lower = Load(Train(kText, recipe));
  ASSERT_TRUE(lower);
  EXPECT_EQ(lower->Encode("CAF\u00c9").value(), lower->Encode("cafe").value());
  recipe.lowercase = false;
  const TokenizerPtr kept = Load(Train(kText, recipe));
  ASSERT_TRUE(kept);
  EXPECT_NE(kept->Encode("The").value(), kept->Encode("the").value());
}

TEST(TrainTokenizer, UnigramKeepsEveryCharacterOfTheText) {
  TokenizerRecipe recipe = RecipeFor(TrainedType::kUnigram, 60);
  recipe.special = {{"<s>", "</s>"}};   // the unknown token comes first by itself
  recipe.initial_alphabet = {"\u00df"};
  const Result<TrainedTokenizer> trained = Train(kText, recipe);
  const TokenizerPtr tokenizer = Load(trained);
  ASSERT_TRUE(tokenizer);
  EXPECT_EQ(tokenizer->Find("<unk>"), 0);
  EXPECT_EQ(tokenizer->Find("<s>"), 1);
  for (const char* character : {"\u00e9", "\u4f60", "T", "'", "\n", "\u00df"}) {
    EXPECT_TRUE(tokenizer->Find(character)) << character;
  }
  const std::vector<TokenId> ids = tokenizer->Encode(kText[2]).value();
  for (TokenId id : ids) EXPECT_NE(id, 0);
  double total = 0;   // scores are log-probabilities of what is left of the model
  const json::Array& vocab = trained->file.Find("model")->Find("vocab")->as_array();
  for (size_t id = 3; id < vocab.size(); ++id) total += std::exp(vocab[id].as_array()[1].as_double());
  EXPECT_LT(total, 1.1);
  EXPECT_GT(total, 0.5);
}

TEST(TrainTokenizer, TheFileDoesNotDependOnThreads) {
  std::vector<std::string> text;
  for (int i = 0; i < 400; ++i) text.push_back(StrCat(kText[static_cast<size_t>(i) % 3], i * 7919 % 1000, " words\n"));
  for (TrainedType type : {TrainedType::kByteBpe, TrainedType::kWordPiece, TrainedType::kUnigram}) {
    TrainTokenizerOptions one, three;
    one.threads = 1;
    three.threads = 3;
    const auto a = Train(text, RecipeFor(type, 320), one), b = Train(text, RecipeFor(type, 320), three);
    ASSERT_TRUE(a.ok() && b.ok());
    EXPECT_EQ(json::Dump(a->file), json::Dump(b->file));
  }
}

TEST(TrainTokenizer, OptionsWriteTheirPartOfTheFile) {
  TokenizerRecipe recipe = RecipeFor(TrainedType::kByteBpe, 270);
  recipe.nfc = true;
  recipe.lowercase = true;
  recipe.qwen2_split = true;
  recipe.prefix_space = true;
  const Result<TrainedTokenizer> trained = Train({"Cafe\u0301 cafe\u0301 CAFE\u0301"}, recipe);
  const TokenizerPtr tokenizer = Load(trained);
  ASSERT_TRUE(tokenizer);
  EXPECT_EQ(trained->file.Find("normalizer")->Find("normalizers")->as_array().size(), 2u);
  EXPECT_EQ(tokenizer->Encode("CAFE\u0301").value(), tokenizer->Encode("caf\u00e9").value());
}

TEST(TrainTokenizer, WhatCannotBeIsRefusedByKey) {
  const auto field = [](const TokenizerRecipe& recipe, const std::vector<std::string>& text = kText) {
    const Result<TrainedTokenizer> trained = Train(text, recipe);
    return trained.ok() ? std::string("ok") : trained.error().field();
  };
  using enum TrainedType;
  EXPECT_EQ(field(RecipeFor(kByteBpe, 255)), "vocab");
  EXPECT_EQ(field(RecipeFor(kByteBpe, 1 << 30)), "vocab");
  EXPECT_EQ(field(RecipeFor(kWordPiece, 10)), "vocab");   // more characters than that
  EXPECT_EQ(field(RecipeFor(kUnigram, 10)), "vocab");
  TokenizerRecipe recipe = RecipeFor(kByteBpe, 300);
  recipe.special = {{"<a>", "<a>"}};
  EXPECT_EQ(field(recipe), "special");
  recipe = RecipeFor(kUnigram, 300);
  recipe.min_frequency = 5;
  EXPECT_EQ(field(recipe), "min_frequency");
  recipe = RecipeFor(kUnigram, 300);
  recipe.max_token_length = 1000;
  EXPECT_EQ(field(recipe), "max_token_length");
  recipe = RecipeFor(kWordPiece, 300);
  recipe.tie_rule = TieRule::kLexicographic;
  EXPECT_EQ(field(recipe), "tie_rule");
  recipe = RecipeFor(kWordPiece, 300);
  recipe.initial_alphabet = {"ab"};
  EXPECT_EQ(field(recipe), "initial_alphabet");
}

TEST(TrainTokenizer, TextThatIsNoneIsNamed) {
  MemoryEnv env;
  PutFile(env, "/a", "fine\nalso fine\n");
  PutFile(env, "/b", "fine\nnot \xff fine\n");
  const TokenizerRecipe recipe = RecipeFor(TrainedType::kByteBpe, 300);
  const auto source = LinesOfFiles({"/a", "/b"}, 1000, env);
  const Result<TrainedTokenizer> trained = TrainTokenizer(*source, recipe, {});
  ASSERT_FALSE(trained.ok());
  EXPECT_EQ(trained.error().code(), StatusCode::kCorruption);
  EXPECT_TRUE(trained.error().message().starts_with("/b:2:")) << trained.error().message();
  EXPECT_EQ(Train({"", ""}, recipe).error().code(), StatusCode::kInvalidArgument);
}

TEST(TrainTokenizer, LimitsAndCancellationEndIt) {
  const TokenizerRecipe recipe = RecipeFor(TrainedType::kUnigram, 60);
  TrainTokenizerOptions options;
  options.limits.word_bytes_max = 16;
  EXPECT_EQ(Train(kText, recipe, options).error().code(), StatusCode::kExhausted);
  options = {};
  std::set<std::string> stages;
  options.progress = [&](const TokenizerProgress& progress) {
    stages.emplace(progress.stage);
    return progress.stage != "pieces";
  };
  EXPECT_EQ(Train(kText, recipe, options).error().code(), StatusCode::kCancelled);
  EXPECT_EQ(stages, (std::set<std::string>{"words", "pieces"}));
}

}  // namespace
}  // namespace pano::tokenizer
