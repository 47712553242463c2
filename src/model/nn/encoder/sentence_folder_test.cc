#include "model/nn/encoder/sentence_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "model/format/weights.h"

namespace pano::encoder {
namespace {

using ::testing::HasSubstr;

// A folder of its own for each test, gone after it.
class SentenceFolderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "sentence_" +
              ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_ + "/1_Pooling");
    std::filesystem::create_directories(folder_ + "/2_Dense");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void Write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ + "/" + name, std::ios::binary) << text;
  }
  void WriteModules(const std::string& more) {
    Write("modules.json", R"([{"path": "", "type": "sentence_transformers.models.Transformer"},
      {"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"})" +
                              more + "]");
  }
  std::string Error() { return ReadSentenceFolder(folder_, 8).error().ToString(); }
  std::string folder_;
};

TEST_F(SentenceFolderTest, NoModulesNoFolder) {
  auto read = ReadSentenceFolder(folder_, 8);
  ASSERT_TRUE(read.ok());
  EXPECT_FALSE(read->has_value());
}

TEST_F(SentenceFolderTest, PoolsAndNormalises) {
  WriteModules(R"(, {"path": "2_Normalize", "type": "sentence_transformers.models.Normalize"})");
  Write("1_Pooling/config.json",
        R"({"word_embedding_dimension": 8, "pooling_mode_mean_tokens": false,
                                     "pooling_mode_lasttoken": true})");
  Write("sentence_bert_config.json", R"({"max_seq_length": 20})");
  auto read = ReadSentenceFolder(folder_, 8);
  ASSERT_TRUE(read.ok()) << read.error().ToString();
  EXPECT_EQ((*read)->head.pooling, Pooling::kLast);
  EXPECT_EQ((*read)->pooling, "lasttoken");
  EXPECT_EQ((*read)->advised_length, 20);
  ASSERT_EQ((*read)->head.stages.size(), 1u);
  EXPECT_EQ((*read)->head.stages[0].kind, Stage::Kind::kUnitLength);
}

TEST_F(SentenceFolderTest, DenseHasItsOwnWeights) {
  WriteModules(R"(, {"path": "2_Dense", "type": "sentence_transformers.models.Dense"})");
  Write("1_Pooling/config.json",
        R"({"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false})");
  Write("2_Dense/config.json", R"({"in_features": 8, "out_features": 3, "bias": true})");
  const std::vector<float> weight(24, 0.5f), bias(3, 0.25f);
  auto view = [](const std::vector<float>& values, tensor::Shape shape) {
    return tensor::TensorView{tensor::DType::kF32, std::move(shape),
                              reinterpret_cast<const std::byte*>(values.data()),
                              values.size() * sizeof(float)};
  };
  ASSERT_TRUE(format::WriteSafetensors(
                  folder_ + "/2_Dense/model.safetensors",
                  {{"linear.weight", view(weight, {3, 8})}, {"linear.bias", view(bias, {3})}})
                  .ok());
  auto read = ReadSentenceFolder(folder_, 8);
  ASSERT_TRUE(read.ok()) << read.error().ToString();
  nn::ModelConfig tower;
  tower.hidden_size = 8;
  auto head = BindSentenceHead(**read, tower);
  ASSERT_TRUE(head.ok()) << head.error().ToString();
  EXPECT_EQ(head->size, 3);
  ASSERT_EQ(head->stages.size(), 2u);  // and its tanh
  EXPECT_EQ(head->stages[0].dense.bias[1], 0.25f);
}

TEST_F(SentenceFolderTest, RefusesByName) {
  WriteModules(R"(, {"path": "2", "type": "sentence_transformers.models.LSTM"})");
  Write("1_Pooling/config.json", R"({"pooling_mode_mean_tokens": true})");
  EXPECT_THAT(Error(), HasSubstr("'sentence_transformers.models.LSTM' is not supported"));
  WriteModules(R"(, {"path": "../x", "type": "sentence_transformers.models.Dense"})");
  EXPECT_THAT(Error(), HasSubstr("leaves the folder"));
  WriteModules("");
  Write("1_Pooling/config.json",
        R"({"pooling_mode_mean_tokens": true, "pooling_mode_max_tokens": true})");
  EXPECT_THAT(Error(), HasSubstr("2 pooling modes at once"));
  Write("1_Pooling/config.json", R"({"pooling_mode_weightedmean_tokens": true})");
  EXPECT_THAT(Error(), HasSubstr("pooling_mode_weightedmean_tokens = true is not supported"));
  Write("1_Pooling/config.json", R"({"word_embedding_dimension": 9})");
  EXPECT_THAT(Error(), HasSubstr("is 9, the model's rows have 8"));
  Write("modules.json", R"({"a": 1})");
  EXPECT_THAT(Error(), HasSubstr("is no list"));
}

}  // namespace
}  // namespace pano::encoder
