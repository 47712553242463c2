#include "pano/bench/tensor_list.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/threads.h"
#include "model/nn/encoder/encoder.h"
#include "model/nn/families/family.h"
#include "model/nn/load.h"
#include "model/nn/testing/tiny_families.h"
#include "pano/bench/encoder_bench.h"
#include "pano/bench/random_weights.h"
#include "pano/bench/sequence_batch.h"
#include "pano/bench/shape.h"

namespace pano::bench {
namespace {

// The loader refuses a tensor too many and a tensor too few: a model that loads was listed right.
void ExpectLoads(format::ModelFiles files) {
  ComputePool pool(2);
  auto tensors = ListTensors(files);
  ASSERT_TRUE(tensors.ok()) << tensors.error().ToString();
  auto weights = MakeRandomWeights(*tensors, tensor::DType::kF32, 1, pool);
  ASSERT_TRUE(weights.ok()) << weights.error().ToString();
  files.weights = *weights;
  auto model = nn::LoadModel(files, {}, pool);
  ASSERT_TRUE(model.ok()) << model.error().ToString();
  auto batch = SequenceBatch::Create(**model, pool, 2, 12);
  ASSERT_TRUE(batch.ok()) << batch.error().ToString();
  const std::vector<nn::TokenId> prompt = {1, 5, 9, 2};
  auto seconds = batch->Prefill(prompt);
  ASSERT_TRUE(seconds.ok()) << seconds.error().ToString();
  for (int i = 0; i < 8; ++i) {
    seconds = batch->Decode();
    ASSERT_TRUE(seconds.ok()) << seconds.error().ToString();
  }
  EXPECT_EQ(batch->generated().size(), 8u);
}

TEST(TensorListTest, EveryFamilyLoadsAndSteps) {
  std::set<std::string> tried;
  for (const auto& [name, files] : nn::testing::TinyDecoders()) {
    SCOPED_TRACE(name);
    ExpectLoads(files);
    tried.insert(name);
  }
  for (const nn::Family* family : nn::Families()) {
    EXPECT_TRUE(tried.contains(std::string(family->name))) << family->name;
  }
}

TEST(TensorListTest, SaysHowATokenUsesATensor) {
  using Part = ModelTensor::Part;
  const auto tensors = ListTensors(nn::testing::ShapeOf(
      R"({"model_type":"mixtral","vocab_size":64,"hidden_size":64,"num_hidden_layers":1,
          "num_attention_heads":4,"num_key_value_heads":2,"intermediate_size":96,"num_local_experts":8,
          "num_experts_per_tok":2,"tie_word_embeddings":false})"));
  ASSERT_TRUE(tensors.ok()) << tensors.error().ToString();
  std::map<Part, int> parts;
  for (const ModelTensor& tensor : *tensors) {
    ++parts[tensor.part];
    const bool expert = tensor.name.find("experts") != std::string::npos;
    EXPECT_EQ(tensor.used_share, expert ? 0.25 : 1.0) << tensor.name;
    if (tensor.part == Part::kVector) {
      EXPECT_EQ(tensor.mean, 1.0f) << tensor.name;
    }
  }
  EXPECT_EQ(parts[Part::kTable], 1);
  EXPECT_EQ(parts[Part::kHead], 1);
  EXPECT_EQ(parts[Part::kTiedHead], 0);
  EXPECT_EQ(parts[Part::kSmall], 1);           // the router
  EXPECT_EQ(parts[Part::kMatrix], 4 + 3 * 8);  // attention, experts
  EXPECT_EQ(parts[Part::kVector], 3);
}

TEST(TensorListTest, NormsMultiplyByOne) {
  for (const auto& [name, files] : nn::testing::TinyDecoders()) {
    if (name != "gemma2") continue;  // stores the weight less one
    const auto tensors = ListTensors(files);
    ASSERT_TRUE(tensors.ok());
    for (const ModelTensor& tensor : *tensors) {
      if (tensor.part == ModelTensor::Part::kVector) {
        EXPECT_EQ(tensor.mean, 0.0f) << tensor.name;
      }
    }
  }
}

TEST(TensorListTest, EncodersLoadToo) {
  const std::string sizes =
      R"("vocab_size":64,"hidden_size":64,"num_hidden_layers":2,"num_attention_heads":4,)"
      R"("intermediate_size":96,"max_position_embeddings":64)";
  for (const std::string& config :
       {StrCat(R"({"model_type":"bert","architectures":["BertModel"],)", sizes, "}"),
        StrCat(R"({"model_type":"bert","architectures":["BertForMaskedLM"],)", sizes, "}"),
        StrCat(R"({"model_type":"bert","architectures":["BertForSequenceClassification"],)", sizes,
               "}"),
        StrCat(R"({"model_type":"roberta","architectures":["RobertaModel"],)", sizes, "}"),
        StrCat(R"({"model_type":"modernbert","architectures":["ModernBertModel"],)", sizes, "}"),
        std::string(R"({"model_type":"t5","architectures":["T5EncoderModel"],"vocab_size":64,
                        "d_model":64,"d_kv":16,"d_ff":96,"num_layers":2,"num_heads":4})")}) {
    SCOPED_TRACE(config);
    format::ModelFiles files = nn::testing::ShapeOf(config);
    ComputePool pool(2);
    auto tensors = ListTensors(files);
    ASSERT_TRUE(tensors.ok()) << tensors.error().ToString();
    auto weights = MakeRandomWeights(*tensors, tensor::DType::kF32, 1, pool);
    ASSERT_TRUE(weights.ok());
    files.weights = *weights;
    auto model = encoder::LoadEncoder(files, {}, pool);
    ASSERT_TRUE(model.ok()) << model.error().ToString();
    auto rows =
        MeasureEncoder(**model, {.batches = {1, 3}, .tokens = 10, .repetitions = 1, .seconds = 0},
                       [](double, std::string_view) {});
    ASSERT_TRUE(rows.ok()) << rows.error().ToString();
    EXPECT_EQ(rows->size(), 2u);
  }
}

}  // namespace
}  // namespace pano::bench
