#include "app/inference/signature.h"

#include <gtest/gtest.h>

#include "app/api/testing/api_harness.h"
#include "app/inference/inference.h"

namespace pano::inference {
namespace {

std::string Text(const std::vector<TensorSpec>& specs) {
  std::string text;
  for (const TensorSpec& spec : specs) {
    text += (text.empty() ? "" : " ") + spec.name + " " + std::string(DatatypeName(spec.datatype)) + ShapeText(spec.shape);
  }
  return text;
}

TEST(Signature, OfEachKindOfModel) {
  api::testing::ApiHarness api({});
  api.AddPredictor("e", encoder::Task::kEmbedding, {}, /*tokenizer=*/false);
  api.AddPredictor("c", encoder::Task::kSequenceClassification, {"x", "y", "z"});
  api.AddPredictor("i", encoder::Task::kImageText, {}, /*tokenizer=*/false);
  api.AddPredictor("t", encoder::Task::kSequenceToSequence, {}, /*tokenizer=*/false);
  const auto of = [&](const char* name) { return SignatureOf(**api.models.Find(name)); };
  EXPECT_EQ(Text(of("m").inputs), "text BYTES[-1]");
  EXPECT_EQ(Text(of("m").outputs), "text BYTES[-1]");
  EXPECT_EQ(Text(of("e").inputs), "input_ids INT64[-1,-1] attention_mask INT64[-1,-1] token_type_ids INT64[-1,-1]");
  EXPECT_EQ(Text(of("e").outputs), "last_hidden_state FP32[-1,-1,2] sentence_embedding FP32[-1,2]");
  EXPECT_EQ(Text(of("c").inputs),
            "input_ids INT64[-1,-1] attention_mask INT64[-1,-1] token_type_ids INT64[-1,-1] text BYTES[-1]");
  EXPECT_EQ(Text(of("c").outputs), "logits FP32[-1,3]");
  EXPECT_EQ(Text(of("i").outputs), "image_embeds FP32[-1,2] text_embeds FP32[-1,2] logits_per_image FP32[-1,-1]");
  EXPECT_TRUE(of("i").FindInput("pixel_values"));
  EXPECT_TRUE(of("t").FindInput("decoder_input_ids"));
  EXPECT_FALSE(of("m").FindOutput("logits"));
}

TEST(Signature, InputsAreComparedWithIt) {
  const Signature signature = {{{"input_ids", Datatype::kInt64, {-1, -1}}, {"pixel_values", Datatype::kFp32, {-1, 1, 2}}}, {}};
  const auto refusal = [&](const std::vector<Tensor>& inputs) {
    const Status status = CheckInputs(signature, inputs);
    return status.ok() ? "" : std::string(status.message());
  };
  const Tensor ids = {"input_ids", Datatype::kInt64, {1, 2}, {}, {}};
  EXPECT_EQ(refusal({ids}), "");
  EXPECT_EQ(refusal({ids, ids}), "the input 'input_ids' comes twice");
  EXPECT_EQ(refusal({{"nonsense", Datatype::kInt64, {1}, {}, {}}}),
            "the model has no input 'nonsense': it takes 'input_ids', 'pixel_values'");
  EXPECT_EQ(refusal({{"input_ids", Datatype::kFp32, {1, 2}, {}, {}}}),
            "the input 'input_ids' is FP32, and the model takes INT64");
  EXPECT_EQ(refusal({{"input_ids", Datatype::kInt64, {2}, {}, {}}}),
            "the input 'input_ids' has the shape [2], and the model takes [-1,-1]");
  EXPECT_EQ(refusal({{"pixel_values", Datatype::kFp32, {5, 1, 3}, {}, {}}}),
            "the input 'pixel_values' has the shape [5,1,3], and the model takes [-1,1,2]");
}

}  // namespace
}  // namespace pano::inference
