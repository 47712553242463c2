#include "pano/type_choice/measure_types.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/threads.h"
#include "model/convert/convert.h"
#include "model/format/testing/temp_folder.h"
#include "model/nn/testing/tiny_families.h"
#include "pano/bench/model_folder.h"
#include "pano/bench/random_weights.h"
#include "pano/bench/tensor_list.h"
#include "pano/type_choice/built_in_text.h"

namespace pano::type_choice {
namespace {

using ::testing::HasSubstr;

constexpr const char* kStarter = PANO_SOURCE_DIR "/models/starter";

class MeasureTypesTest : public ::testing::Test {
 protected:
  MeasureRequest Request(std::vector<std::string> types) {
    return {.model = kStarter,
            .scratch = scratch_.path(),
            .types = std::move(types),
            .work = {.prompt_tokens = 32, .generated_tokens = 8}};
  }

  format::TempFolder scratch_;
  ComputePool pool_{2};
};

TEST_F(MeasureTypesTest, ErrorsAreThoseOfTheTypesAndRatesAreThere) {
  const auto measured = MeasureTypes(Request({"q8_0", "q4_0"}), pool_);
  ASSERT_TRUE(measured.ok()) << measured.error().ToString();
  EXPECT_EQ(measured->model, kStarter);
  EXPECT_EQ(measured->source.type, "f16");
  EXPECT_EQ(measured->prompt_tokens, 32);
  EXPECT_GE(measured->rounds, 1);
  EXPECT_GT(measured->text_tokens, 500);
  ASSERT_EQ(measured->candidates.size(), 2u);
  const Candidate &eight = measured->candidates[0], &four = measured->candidates[1];
  EXPECT_EQ(eight.type, "q8_0");
  EXPECT_NEAR(eight.bits_per_weight, 8.5, 0.1);
  EXPECT_NEAR(four.bits_per_weight, 4.5, 0.1);
  // The source in fast mode is nearly the source; four bits are much further away than eight.
  EXPECT_LT(measured->source.mean_kl, 1e-3);
  EXPECT_GT(eight.mean_kl, 0);
  EXPECT_LT(eight.mean_kl, 0.005);
  EXPECT_GT(four.mean_kl, 5 * eight.mean_kl);
  EXPECT_NEAR(eight.perplexity_ratio, 1, 0.01);
  for (const Candidate* c : {&measured->source, &eight, &four}) {
    EXPECT_GT(c->prefill, 0) << c->type;
    EXPECT_GT(c->decode, 0) << c->type;
  }
}

TEST_F(MeasureTypesTest, TheTextIsTheCallers) {
  MeasureRequest request = Request({"q8_0"});
  for (int i = 0; i < 40; ++i) request.text += "One day, a little girl named Lily went to the park. ";
  const auto own = MeasureTypes(request, pool_);
  ASSERT_TRUE(own.ok()) << own.error().ToString();
  format::TempFolder scratch;
  request.text.clear();
  request.scratch = scratch.path();
  const auto built_in = MeasureTypes(request, pool_);
  ASSERT_TRUE(built_in.ok()) << built_in.error().ToString();
  EXPECT_NE(own->text_tokens, built_in->text_tokens);
  EXPECT_NE(own->candidates[0].mean_kl, built_in->candidates[0].mean_kl);
}

TEST_F(MeasureTypesTest, ATypeThatTheModelCannotHaveIsNamedWithTheReason) {
  format::ModelFiles files = nn::testing::ShapeOf(
      R"({"model_type":"qwen2","architectures":["Qwen2ForCausalLM"],"hidden_size":64,
          "num_hidden_layers":1,"num_attention_heads":4,"num_key_value_heads":2,
          "intermediate_size":96,"max_position_embeddings":128,"tie_word_embeddings":true,
          "vocab_size":2048})");
  const auto tensors = bench::ListTensors(files).value();
  files.weights = bench::MakeRandomWeights(tensors, tensor::DType::kF16, 3, pool_).value();
  format::TempFolder folder;
  MeasureRequest request = Request({"q4_k", "q8_0"});
  request.model = folder.Path("small");
  ASSERT_TRUE(bench::WriteModelFolder(files, kStarter, request.model).ok());
  const auto measured = MeasureTypes(request, pool_);
  ASSERT_TRUE(measured.ok()) << measured.error().ToString();
  ASSERT_EQ(measured->candidates.size(), 2u);
  EXPECT_THAT(measured->candidates[0].unusable, HasSubstr("no multiple of the block of 256"));
  EXPECT_EQ(measured->candidates[0].prefill, 0);
  EXPECT_EQ(measured->candidates[1].unusable, "");
  EXPECT_GT(measured->candidates[1].prefill, 0);
}

TEST_F(MeasureTypesTest, AGgufFileIsReadOnce) {
  format::TempFolder folder;
  const std::string gguf = folder.path() + "/m.gguf";
  ASSERT_TRUE(convert::Convert({.model = kStarter, .out = gguf}).ok());
  MeasureRequest request = Request({"q8_0"});
  request.model = gguf;
  const auto measured = MeasureTypes(request, pool_);
  ASSERT_TRUE(measured.ok()) << measured.error().ToString();
  EXPECT_EQ(measured->model, scratch_.path() + "/source");
  EXPECT_TRUE(std::filesystem::exists(measured->model + "/model.safetensors"));
  EXPECT_LT(measured->candidates[0].mean_kl, 0.005);
}

TEST_F(MeasureTypesTest, RefusesWhatItCannotMeasure) {
  MeasureRequest request = Request({"q8_0"});
  request.text = "too short";
  auto measured = MeasureTypes(request, pool_);
  ASSERT_FALSE(measured.ok());
  EXPECT_THAT(measured.error().message(), HasSubstr("needs at least 64"));
  request.text.clear();
  request.model = "/nowhere";
  EXPECT_FALSE(MeasureTypes(request, pool_).ok());
  // Without a tokenizer there is no text.
  format::TempFolder folder;
  for (const char* name : {"config.json", "model.safetensors"}) {
    std::filesystem::copy_file(std::string(kStarter) + "/" + name, folder.path() + "/" + name);
  }
  request.model = folder.path();
  measured = MeasureTypes(request, pool_);
  ASSERT_FALSE(measured.ok());
  EXPECT_THAT(measured.error().message(), HasSubstr("has no tokenizer"));
}

TEST(BuiltInText, IsLongEnoughForAnyTokenizer) {
  EXPECT_GT(BuiltInText().size(), 10 * kTextTokensMin);
}

}  // namespace
}  // namespace pano::type_choice
