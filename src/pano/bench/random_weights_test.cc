#include "pano/bench/random_weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <set>

#include "base/threads.h"
#include "model/nn/testing/tiny_families.h"
#include "model/tensor/blocks.h"
#include "model/tensor/packed.h"
#include "pano/bench/weight_type.h"

namespace pano::bench {
namespace {

using tensor::DType;
using Part = ModelTensor::Part;

std::vector<ModelTensor> Tensors(int64_t rows, int64_t columns) {
  const auto deviation = static_cast<float>(1 / std::sqrt(static_cast<double>(columns)));
  return {{"m", {rows, columns}, Part::kMatrix, 1.0, 0.0f, deviation},
          {"n", {columns}, Part::kVector, 1.0, 1.0f, 0.0f},
          {"b", {columns}, Part::kVector, 1.0, 0.0f, 0.02f}};
}

std::vector<float> Decoded(const format::Weights& weights, const std::string& name) {
  const tensor::TensorView& view = *weights.Find(name);
  std::vector<float> values(static_cast<size_t>(view.elements()));
  if (tensor::IsPacked(view.dtype)) {
    const auto columns = static_cast<size_t>(view.shape[1]);
    for (size_t at = 0; at < values.size(); at += columns) {
      tensor::UnpackRow(view, at / columns, &values[at]);
    }
    return values;
  }
  tensor::DecoderOf(view.dtype)(view.data, values.size(), values.data());
  return values;
}

TEST(RandomWeightsTest, AreNormalWhateverTheType) {
  ComputePool pool(2);
  for (DType dtype : {DType::kF32, DType::kF16, DType::kBF16, DType::kQ8_0, DType::kQ4_0,
                      DType::kW8X16, DType::kQ4GX16}) {
    SCOPED_TRACE(tensor::Describe(dtype).name);
    const int64_t columns = 896;
    auto weights = MakeRandomWeights(Tensors(300, columns), dtype, 7, pool);
    ASSERT_TRUE(weights.ok()) << weights.error().ToString();
    EXPECT_EQ((*weights)->Find("m")->dtype, dtype);
    double sum = 0, squares = 0;
    const std::vector<float> values = Decoded(**weights, "m");
    for (float value : values) {
      sum += static_cast<double>(value);
      squares += static_cast<double>(value) * static_cast<double>(value);
    }
    const auto count = static_cast<double>(values.size());
    EXPECT_NEAR(sum / count, 0, 2e-3);
    EXPECT_NEAR(squares / count * static_cast<double>(columns), 1, 0.05);
    EXPECT_EQ(Decoded(**weights, "n"), std::vector<float>(static_cast<size_t>(columns), 1.0f));
    EXPECT_NE(Decoded(**weights, "b"), std::vector<float>(static_cast<size_t>(columns), 0.0f));
  }
}

TEST(RandomWeightsTest, FollowFromTheSeedAlone) {
  auto bytes = [](uint64_t seed, int threads) {
    ComputePool pool(threads);
    auto weights = MakeRandomWeights(Tensors(130, 320), DType::kQ8_0, seed, pool);
    const tensor::TensorView& view = *weights.value()->Find("m");
    return std::vector<std::byte>(view.data, view.data + view.bytes);
  };
  EXPECT_EQ(bytes(1, 1), bytes(1, 3));
  EXPECT_NE(bytes(1, 1), bytes(2, 1));
}

// Rows that were alike would tie in the head.
TEST(RandomWeightsTest, NoTwoRowsAreAlike) {
  ComputePool pool(2);
  auto weights = MakeRandomWeights(Tensors(5000, 512), DType::kQ4_0, 1, pool);
  const tensor::TensorView& view = *weights.value()->Find("m");
  const size_t row = view.bytes / 5000;
  std::set<std::string_view> rows;
  for (size_t i = 0; i < 5000; ++i) {
    rows.insert({reinterpret_cast<const char*>(view.data + i * row), row});
  }
  EXPECT_EQ(rows.size(), 5000u);
}

TEST(RandomWeightsTest, TypesFollowTheConverter) {
  const ModelTensor matrix{"m", {8, 64}, Part::kMatrix}, odd{"m", {8, 63}, Part::kMatrix},
      head{"h", {8, 64}, Part::kHead}, tied{"h", {8, 64}, Part::kTiedHead},
      router{"r", {8, 64}, Part::kSmall}, norm{"n", {64}, Part::kVector};
  EXPECT_EQ(TensorTypeFor(matrix, DType::kQ4_0), DType::kQ4_0);
  EXPECT_EQ(TensorTypeFor(matrix, DType::kTQ1_0), DType::kQ8_0);
  EXPECT_EQ(TensorTypeFor(odd, DType::kQ4_0), DType::kF16);
  EXPECT_EQ(TensorTypeFor(head, DType::kQ4_0), DType::kQ8_0);
  EXPECT_EQ(TensorTypeFor(head, DType::kF16), DType::kF16);
  EXPECT_EQ(TensorTypeFor(tied, DType::kQ4_0), DType::kQ4_0);
  EXPECT_EQ(TensorTypeFor(matrix, DType::kQ4GX16), DType::kQ4GX16);
  EXPECT_EQ(TensorTypeFor(matrix, DType::kQ4_KX16), DType::kQ8_0);
  EXPECT_EQ(TensorTypeFor({"e", {8, 64}, Part::kTable}, DType::kQ4GX16), DType::kF16);
  EXPECT_EQ(TensorTypeFor(router, DType::kQ4_0), DType::kF32);
  EXPECT_EQ(TensorTypeFor(norm, DType::kQ4_0), DType::kF32);
}

TEST(RandomWeightsTest, NamesOfTypes) {
  for (const char* name : {"f32", "f16", "bf16", "q8_0", "q4_0", "Q4_0", "w8a8", "q4g"}) {
    EXPECT_TRUE(ParseWeightType(name).ok()) << name;
  }
  EXPECT_THAT(ParseWeightType("q9").error().message(), ::testing::HasSubstr("q8_0"));
  EXPECT_FALSE(ParseWeightType("i32").ok());
}

TEST(RandomWeightsTest, TooMuchIsAnError) {
  ComputePool pool(1);
  std::vector<ModelTensor> tensors;
  for (int i = 0; i < 3; ++i) {
    tensors.push_back(
        {StrCat("m", i), {int64_t{1} << 24, int64_t{1} << 24}, Part::kMatrix, 1.0, 0.0f, 1.0f});
  }
  EXPECT_EQ(MakeRandomWeights(tensors, DType::kF32, 1, pool).error().code(),
            StatusCode::kExhausted);
  for (int i = 3; i < 70'000; ++i) tensors.push_back(tensors[0]);
  EXPECT_FALSE(MakeRandomWeights(tensors, DType::kF32, 1, pool).ok());
}

}  // namespace
}  // namespace pano::bench
