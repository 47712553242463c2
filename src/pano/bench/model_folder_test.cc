#include "pano/bench/model_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

#include "base/env.h"
#include "base/strings.h"
#include "base/threads.h"
#include "model/convert/convert.h"
#include "model/nn/load.h"
#include "model/nn/testing/tiny_families.h"
#include "pano/bench/random_weights.h"
#include "pano/bench/tensor_list.h"

namespace pano::bench {
namespace {

constexpr const char* kStarter = PANO_SOURCE_DIR "/models/starter";

class ModelFolderTest : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  format::ModelFiles Model(int64_t rows, tensor::DType dtype) {
    format::ModelFiles files = nn::testing::ShapeOf(StrCat(
        R"({"model_type":"qwen2","architectures":["Qwen2ForCausalLM"],"hidden_size":64,
            "num_hidden_layers":2,"num_attention_heads":4,"num_key_value_heads":2,
            "intermediate_size":96,"max_position_embeddings":128,"tie_word_embeddings":true,
            "bos_token_id":9,"eos_token_id":9,"vocab_size":)",
        rows, "}"));
    const std::vector<ModelTensor> tensors = ListTensors(files).value();
    files.weights = MakeRandomWeights(tensors, dtype, 3, pool_).value();
    return files;
  }
  std::vector<float> LogitsOf(const format::ModelFiles& files) {
    nn::LoadOptions options;
    options.compute = nn::Compute::kF32;
    auto model = nn::LoadModel(files, options, pool_);
    EXPECT_TRUE(model.ok()) << model.error().ToString();
    auto state = (*model)->CreateState((*model)->state_layout().Uniform(1));
    const std::vector<nn::TokenId> ids = {5, 17, 2, 63};
    const std::vector<nn::BlockId> table = {0};
    nn::SequenceSlice slice;
    slice.tokens = ids;
    slice.tables.assign((*model)->state_layout().groups.size(), table);
    nn::Logits logits;
    EXPECT_TRUE((*model)->Forward({{slice}}, **state, logits).ok());
    return {logits.data(), logits.data() + logits.rows() * logits.vocab()};
  }
  std::string Path(const std::string& name) const { return JoinPath(folder_, name); }

  ComputePool pool_{2};
  const std::string folder_ = StrCat(::testing::TempDir(), "pano_folder_", ::getpid());
};

TEST_F(ModelFolderTest, LoadsAgainWithTheSameLogits) {
  for (tensor::DType dtype : {tensor::DType::kF32, tensor::DType::kF16, tensor::DType::kBF16}) {
    const std::string path = Path(StrCat("m", static_cast<int>(dtype)));
    const format::ModelFiles files = Model(2100, dtype);
    const Status status = WriteModelFolder(files, kStarter, path);
    ASSERT_TRUE(status.ok()) << status.ToString();
    auto read = format::OpenModel(path);
    ASSERT_TRUE(read.ok()) << read.error().ToString();
    EXPECT_EQ(read->config.Find("eos_token_id")->as_int(), 0);  // the tokenizer's, not the shape's
    EXPECT_EQ(LogitsOf(*read), LogitsOf(files));
  }
}

TEST_F(ModelFolderTest, BecomesGguf) {
  ASSERT_TRUE(WriteModelFolder(Model(2100, tensor::DType::kF32), kStarter, Path("m")).ok());
  auto report =
      convert::Convert({.model = Path("m"), .out = Path("m.gguf"), .type = tensor::DType::kQ8_0});
  ASSERT_TRUE(report.ok()) << report.error().ToString();
  auto read = format::OpenModel(Path("m.gguf"));
  ASSERT_TRUE(read.ok()) << read.error().ToString();
  EXPECT_EQ(read->metadata.Find("tokenizer.ggml.tokens")->as_array().size(), 2100u);
  EXPECT_EQ(LogitsOf(*read).size(), 4u * 2100u);
}

TEST_F(ModelFolderTest, SmallVocabularyHasNoTokenizer) {
  ASSERT_TRUE(WriteModelFolder(Model(64, tensor::DType::kF32), kStarter, Path("m")).ok());
  EXPECT_FALSE(FileExists(Path("m/tokenizer.json")));
  EXPECT_TRUE(FileExists(Path("m/model.safetensors")));
}

TEST_F(ModelFolderTest, RefusalsLeaveNothing) {
  const format::ModelFiles files = Model(64, tensor::DType::kF32);
  EXPECT_THAT(WriteModelFolder(Model(64, tensor::DType::kQ8_0), kStarter, Path("m")).message(),
              ::testing::HasSubstr("Q8_0"));
  EXPECT_FALSE(WriteModelFolder(files, kStarter, Path("none/m")).ok());
  EXPECT_FALSE(WriteModelFolder(files, Path("no-tokenizer"), Path("m")).ok());
  EXPECT_EQ(WriteModelFolder(files, kStarter, folder_).code(), StatusCode::kAlreadyExists);
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST(PadTokenizerTest, FillsUpAndRefusesWhatIsNone) {
  const json::Value tokenizer = json::Parse(R"({"model":{"vocab":{"a":0,"b":2}}})").value();
  const json::Value padded = PadTokenizer(tokenizer, 5).value();
  const json::Value& vocabulary = *padded.Find("model")->Find("vocab");
  EXPECT_EQ(vocabulary.as_object().size(), 4u);
  EXPECT_EQ(vocabulary.Find("<unused4>")->as_int(), 4);
  EXPECT_EQ(PadTokenizer(tokenizer, 2).error().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(PadTokenizer(json::Object{}, 2).error().code(), StatusCode::kCorruption);
}

}  // namespace
}  // namespace pano::bench
