#include "pano/eval_tensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/format/weights.h"

namespace pano::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

template <typename T>
format::SafetensorsEntry Entry(const char* name, tensor::DType dtype, tensor::Shape shape,
                               const std::vector<T>& values) {
  return {name,
          {dtype, std::move(shape), reinterpret_cast<const std::byte*>(values.data()),
           values.size() * sizeof(T)}};
}

class EvalTensorsTest : public ::testing::Test {
 protected:
  Result<encoder::EncoderBatch> Read(const std::vector<format::SafetensorsEntry>& entries) {
    const std::string path = ::testing::TempDir() + "eval_tensors_in.safetensors";
    EXPECT_TRUE(format::WriteSafetensors(path, entries).ok());
    return ReadInputs(path);
  }
  const std::vector<int64_t> ids_ = {1, 2, 3, 4, 5, 6};
};

TEST_F(EvalTensorsTest, ReadsTextsAndImages) {
  const std::vector<int32_t> mask = {1, 1, 0, 1, 1, 1};
  const std::vector<float> pixels(2 * 3 * 2 * 4, 0.5f);
  auto batch = Read({Entry("input_ids", tensor::DType::kI64, {2, 3}, ids_),
                     Entry("attention_mask", tensor::DType::kI32, {2, 3}, mask),
                     Entry("decoder_input_ids", tensor::DType::kI64, {3, 2}, ids_),
                     Entry("pixel_values", tensor::DType::kF32, {2, 3, 2, 4}, pixels)});
  ASSERT_TRUE(batch.ok()) << batch.error().ToString();
  ASSERT_EQ(batch->texts.size(), 2u);
  EXPECT_THAT(batch->texts[0].ids, ElementsAre(1, 2, 3));
  EXPECT_THAT(batch->texts[0].mask, ElementsAre(1, 1, 0));
  EXPECT_TRUE(batch->texts[0].types.empty());
  EXPECT_EQ(batch->decoder_ids.size(), 3u);
  EXPECT_EQ(batch->images[1].size(), 24u);
  EXPECT_EQ(batch->image_shape->width, 4);
}

TEST_F(EvalTensorsTest, NamesWhatIsWrong) {
  auto error = [&](const std::vector<format::SafetensorsEntry>& entries) {
    return Read(entries).error().ToString();
  };
  const std::vector<int64_t> huge = {int64_t{1} << 40}, two = {2};
  const std::vector<float> half = {0.5f};
  EXPECT_THAT(error({Entry("input_ids", tensor::DType::kI64, {6}, ids_)}),
              HasSubstr("input_ids: shape [6]"));
  EXPECT_THAT(error({Entry("input_ids", tensor::DType::kI64, {1, 1}, huge)}),
              HasSubstr("outside 32 bits"));
  EXPECT_THAT(error({Entry("input_ids", tensor::DType::kF32, {1, 1}, half)}),
              HasSubstr("type F32"));
  EXPECT_THAT(error({Entry("input_ids", tensor::DType::kI64, {2, 3}, ids_),
                     Entry("attention_mask", tensor::DType::kI64, {3, 2}, ids_)}),
              HasSubstr("is not that of input_ids, [2, 3]"));
  EXPECT_THAT(error({Entry("input_ids", tensor::DType::kI64, {1, 1}, two),
                     Entry("attention_mask", tensor::DType::kI64, {1, 1}, two)}),
              HasSubstr("attention_mask[0] has the value 2"));
  EXPECT_THAT(error({Entry("pixel_values", tensor::DType::kF32, {1}, half)}),
              HasSubstr("pixel_values: shape [1]"));
}

TEST_F(EvalTensorsTest, WritesRowsWithTheirShapes) {
  const std::string path = ::testing::TempDir() + "eval_tensors_out.safetensors";
  ASSERT_TRUE(
      WriteOutputs({{"logits", true, 2, {{1, 2, 3, 4}}}, {"pooled", false, 1, {{5}, {6}}}}, path)
          .ok());
  auto file = format::OpenSafetensors({path});
  ASSERT_TRUE(file.ok());
  EXPECT_THAT((*file)->Find("logits")->shape, ElementsAre(1, 2, 2));
  EXPECT_THAT((*file)->Find("pooled")->shape, ElementsAre(2, 1));
  EXPECT_EQ((*file)->Find("logits")->as<float>()[3], 4.0f);
}

}  // namespace
}  // namespace pano::cli
