#include "model/train/data/tokens_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/random.h"
#include "base/strings.h"
#include "model/format/weights.h"

namespace pano::train {
namespace {

using ::testing::HasSubstr;

const RowLimits kLimits{.vocab_size = 50, .length_max = 8, .token_types = 2, .label_count = 3, .head_labels = {}};

class TokensSourceTest : public testing::Test {
 protected:
  TokensSourceTest() : folder_(StrCat(testing::TempDir(), "tokens-", RandomHex(4))) { std::filesystem::create_directories(folder_); }
  ~TokensSourceTest() override { std::filesystem::remove_all(folder_); }

  std::string Lines(const std::string& text) {
    const std::string path = StrCat(folder_, "/", ++count_, ".jsonl");
    EXPECT_TRUE(WriteFile(path, text).ok());
    return path;
  }
  std::string Tensors(const std::vector<std::pair<std::string, tensor::Shape>>& tensors, const std::vector<int64_t>& values) {
    std::vector<format::SafetensorsEntry> entries;
    size_t at = 0;
    for (const auto& [name, shape] : tensors) {
      tensor::TensorView view;
      view.dtype = tensor::DType::kI64;
      view.shape = shape;
      view.data = reinterpret_cast<const std::byte*>(values.data() + at);
      view.bytes = static_cast<size_t>(view.elements()) * 8;
      at += static_cast<size_t>(view.elements());
      entries.push_back({name, view});
    }
    const std::string path = StrCat(folder_, "/", ++count_, ".safetensors");
    EXPECT_TRUE(format::WriteSafetensors(path, entries).ok());
    return path;
  }

  std::string folder_;
  int count_ = 0;
};

TEST_F(TokensSourceTest, FilesFollowEachOther) {
  const std::string a = Lines("{\"input_ids\": [1, 2, 3], \"labels\": [-100, 2, 3]}\n\n{\"input_ids\": [4], \"attention_mask\": [1]}");
  const std::string b = Tensors({{"input_ids", {2, 3}}, {"position_ids", {2, 3}}}, {5, 6, 7, 8, 9, 10, 0, 1, 0, 0, 1, 2});
  auto source = OpenTokens({a, b}, Task::kCausalLm, {}, kLimits);
  ASSERT_TRUE(source.ok()) << source.error().ToString();
  ASSERT_EQ((*source)->size(), 4);
  EXPECT_EQ((*source)->Read(0)->sequences[0].labels, (std::vector<int32_t>{-100, 2, 3}));
  EXPECT_EQ((*source)->Read(1)->sequences[0].attention_mask, (std::vector<uint8_t>{1}));
  EXPECT_EQ((*source)->Read(2)->sequences[0].position_ids, (std::vector<int32_t>{0, 1, 0}));
  EXPECT_EQ((*source)->Read(3)->sequences[0].input_ids, (std::vector<int32_t>{8, 9, 10}));
  EXPECT_EQ((*source)->Version(), (*OpenTokens({a, b}, Task::kCausalLm, {}, kLimits))->Version());
  EXPECT_NE((*source)->Version(), (*OpenTokens({b, a}, Task::kCausalLm, {}, kLimits))->Version());
}

TEST_F(TokensSourceTest, PairsAndLabels) {
  auto preference = OpenTokens({Lines(R"({"chosen.input_ids": [1, 2], "chosen.completion_mask": [0, 1], "rejected.input_ids": [3]})")},
                               Task::kPreference, {}, kLimits);
  ASSERT_TRUE(preference.ok()) << preference.error().ToString();
  EXPECT_EQ((*preference)->Read(0)->sequences[1].input_ids, (std::vector<int32_t>{3}));
  auto embedding = OpenTokens({Lines(R"({"anchor.input_ids": [1], "positive.input_ids": [2], "negative.input_ids": [3], "negative_2.input_ids": [4]})")},
                              Task::kEmbedding, {}, kLimits);
  ASSERT_TRUE(embedding.ok()) << embedding.error().ToString();
  EXPECT_EQ((*embedding)->Read(0)->sequences.size(), 4u);
  auto classes = OpenTokens({Tensors({{"input_ids", {2, 2}}, {"labels", {2}}}, {1, 2, 3, 4, 2, 0})}, Task::kSequenceClassification, {}, kLimits);
  ASSERT_TRUE(classes.ok()) << classes.error().ToString();
  EXPECT_EQ((*classes)->Read(0)->label, 2);
  const std::vector<HeadRecipe> heads = {{.name = "mood", .task = Task::kSequenceClassification, .labels = {"a", "b"}},
                                         {.name = "name", .task = Task::kTokenClassification, .labels = {"a"}}};
  RowLimits limits = kLimits;
  limits.head_labels = {2, 1};
  auto several = OpenTokens({Lines(R"({"input_ids": [1, 2], "mood.labels": 1, "name.labels": [0, -100]})")}, Task::kSequenceClassification, heads, limits);
  ASSERT_TRUE(several.ok()) << several.error().ToString();
  EXPECT_EQ((*several)->Read(0)->heads, (std::vector<HeadLabels>{{1}, {0, -100}}));
}

TEST_F(TokensSourceTest, RefusalsNameFileAndLine) {
  const std::pair<const char*, const char*> rows[] = {
      {"{\"input_ids\": [1, 50]}", ":2: input_ids 50 is not below 50"},
      {"{\"input_ids\": [1, -1]}", ":2: input_ids -1"},
      {"{\"input_ids\": []}", ":2: input_ids is empty"},
      {"{\"labels\": [1]}", ":2: input_ids is empty"},
      {"{\"input_ids\": [1, 2], \"labels\": [1]}", ":2: labels has 1 entries for 2 tokens"},
      {"{\"input_ids\": [1,1,1,1,1,1,1,1,1]}", ":2: has 9 tokens, the model takes 8"},
      {"{\"input_ids\": [1], \"attention_mask\": [2]}", ":2: attention_mask holds 2"},
      {"{\"input_ids\": [1], \"token_type_ids\": [2]}", ":2: token_type_ids 2"},
      {"{\"input_ids\": [1.5]}", ":2: input_ids holds what is no whole number"},
      {"{\"input_ids\": 1}", ":2: input_ids is no list"},
      {"{\"input_id\": [1]}", "did you mean 'input_ids'?"},
      {"[1]", ":2: is no JSON object"},
      {"{\"input_ids\": [1", ":2: "},
      {"{\"input_ids\": [99999999999]}", "which is no id"},
  };
  for (const auto& [line, words] : rows) {
    const auto source = OpenTokens({Lines(StrCat("{\"input_ids\": [1]}\n", line, "\n"))}, Task::kCausalLm, {}, kLimits);
    ASSERT_FALSE(source.ok()) << line;
    EXPECT_THAT(std::string(source.error().message()), HasSubstr(words)) << line;
  }
  EXPECT_THAT(std::string(OpenTokens({Lines("\n")}, Task::kCausalLm, {}, kLimits).error().message()), HasSubstr("has no rows"));
  EXPECT_EQ(OpenTokens({folder_ + "/none.jsonl"}, Task::kCausalLm, {}, kLimits).error().code(), StatusCode::kNotFound);
  EXPECT_THAT(OpenTokens({Tensors({{"input_ids", {4}}}, {1, 2, 3, 4})}, Task::kCausalLm, {}, kLimits).error().ToString(),
              HasSubstr("expected whole numbers [rows, length]"));
  EXPECT_THAT(OpenTokens({Tensors({{"input_ids", {2, 1}}, {"labels", {1, 1}}}, {1, 2, 3})}, Task::kCausalLm, {}, kLimits).error().ToString(),
              HasSubstr("rows, others"));
  EXPECT_THAT(OpenTokens({Tensors({{"input_ids", {2, 1}}}, {1, 77})}, Task::kCausalLm, {}, kLimits).error().ToString(),
              HasSubstr("row 1: input_ids 77"));
}

}  // namespace
}  // namespace pano::train
