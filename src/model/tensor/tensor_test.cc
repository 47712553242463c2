#include "model/tensor/tensor.h"

#include <gtest/gtest.h>

namespace pano::tensor {
namespace {

constexpr int64_t kHuge = int64_t{1} << 62;

TEST(DTypeTest, NamesGoBothWays) {
  for (size_t i = 0; i < kDTypeCount; ++i) {
    auto dtype = static_cast<DType>(i);
    EXPECT_EQ(DTypeByName(Describe(dtype).name), dtype);
  }
  EXPECT_EQ(DTypeByName("F8_E4M3"), std::nullopt);
  EXPECT_EQ(DTypeByName("f32"), std::nullopt);
  EXPECT_EQ(DTypeByName(""), std::nullopt);
  EXPECT_EQ(Describe(DType::kBF16).block_bytes, 2u);
  EXPECT_EQ(Describe(DType::kQ8_0).block_elements, 32u);
}

TEST(ShapeTest, Text) {
  EXPECT_EQ(ShapeText({}), "[]");
  EXPECT_EQ(ShapeText({2, 3}), "[2, 3]");
}

TEST(ShapeTest, ElementCount) {
  EXPECT_EQ(ElementCount({}).value(), 1);
  EXPECT_EQ(ElementCount({2, 3, 4}).value(), 24);
  EXPECT_EQ(ElementCount({5, 0}).value(), 0);
  EXPECT_EQ(ElementCount({kHuge, 1}).value(), kHuge);
  EXPECT_EQ(ElementCount({kHuge, 2}).error().code(), StatusCode::kCorruption);
  EXPECT_EQ(ElementCount({-1}).error().code(), StatusCode::kCorruption);
  // A zero hides no overflow of the other sizes.
  EXPECT_EQ(ElementCount({0, kHuge, kHuge}).error().code(), StatusCode::kCorruption);
}

TEST(ShapeTest, ByteSize) {
  EXPECT_EQ(ByteSize(DType::kF32, {5, 5}).value(), 100u);
  EXPECT_EQ(ByteSize(DType::kI64, {}).value(), 8u);
  EXPECT_EQ(ByteSize(DType::kQ8_0, {3, 64}).value(), 3u * 2 * 34);
  EXPECT_EQ(ByteSize(DType::kQ8_0, {64, 3}).error().code(), StatusCode::kCorruption);
  EXPECT_EQ(ByteSize(DType::kQ8_0, {}).error().code(), StatusCode::kCorruption);
  EXPECT_EQ(ByteSize(DType::kF64, {kHuge}).error().code(), StatusCode::kCorruption);
  EXPECT_NE(ByteSize(DType::kQ8_0, {64, 3}).error().message().find("Q8_0"), std::string::npos);
}

TEST(TensorViewTest, ReadsThroughItsType) {
  const float values[] = {1, 2, 3, 4};
  TensorView view{DType::kF32, {2, 2}, reinterpret_cast<const std::byte*>(values), sizeof values};
  EXPECT_EQ(view.elements(), 4);
  EXPECT_EQ(view.as<float>()[3], 4);
}

}  // namespace
}  // namespace pano::tensor
