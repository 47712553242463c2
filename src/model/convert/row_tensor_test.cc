#include "model/convert/row_tensor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "model/tensor/half.h"

namespace pano::convert {
namespace {

using tensor::DType;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

tensor::TensorView ViewOf(const std::vector<float>& values, tensor::Shape shape) {
  return {DType::kF32, std::move(shape), reinterpret_cast<const std::byte*>(values.data()),
          values.size() * sizeof(float)};
}

Result<std::vector<std::byte>> Written(const RowTensor& tensor) {
  PANO_RETURN_IF_ERROR(CheckRows(tensor));
  std::vector<std::byte> out;
  PANO_RETURN_IF_ERROR(StreamOf(tensor).write([&](std::span<const std::byte> bytes) {
    out.insert(out.end(), bytes.begin(), bytes.end());
    return Status();
  }));
  return out;
}

std::vector<float> Floats(const RowTensor& tensor) {
  const std::vector<std::byte> bytes = Written(tensor).value();
  std::vector<float> out(bytes.size() / sizeof(float));
  std::memcpy(out.data(), bytes.data(), bytes.size());
  return out;
}

const std::vector<float> kA = {1, 2, 3, 4, 5, 6};  // [3, 2]
const std::vector<float> kB = {7, 8};

RowTensor Base() {
  RowTensor tensor;
  tensor.name = "t";
  tensor.shape = {3, 2};
  tensor.sources = {{"a", ViewOf(kA, {3, 2}), 2}, {"b", ViewOf(kB, {1, 2}), 2}};
  tensor.place = [](int64_t row) { return RowPlace{0, row}; };
  return tensor;
}

TEST(RowTensorTest, GathersShiftsTurnsAndConverts) {
  RowTensor tensor = Base();
  EXPECT_THAT(Floats(tensor), ElementsAre(1, 2, 3, 4, 5, 6));
  tensor.place = [](int64_t row) { return row == 1 ? RowPlace{1, 0} : RowPlace{0, 2 - row}; };
  tensor.offset = 0.5f;
  EXPECT_THAT(Floats(tensor), ElementsAre(5.5, 6.5, 7.5, 8.5, 1.5, 2.5));
  RowTensor turned = Base();
  turned.shape = {2, 3};
  turned.sources = {{"a", ViewOf(kA, {3, 2}), 3, /*transposed=*/true}};
  turned.place = [](int64_t row) { return RowPlace{0, row}; };
  EXPECT_THAT(Floats(turned), ElementsAre(1, 3, 5, 2, 4, 6));
  tensor = Base();
  tensor.dtype = DType::kF16;
  const std::vector<std::byte> bytes = Written(tensor).value();
  ASSERT_EQ(bytes.size(), 12u);
  uint16_t last = 0;
  std::memcpy(&last, bytes.data() + 10, 2);
  EXPECT_EQ(tensor::HalfToFloat(last), 6);
}

TEST(RowTensorTest, LongTensorsComeInPieces) {
  std::vector<float> values(2'000'000);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  RowTensor tensor = Base();
  tensor.shape = {2000, 1000};
  tensor.sources = {{"a", ViewOf(values, {2000, 1000}), 1000}};
  tensor.place = [](int64_t row) { return RowPlace{0, row}; };
  EXPECT_EQ(Floats(tensor), values);
}

TEST(RowTensorTest, NamesWhatIsWrong) {
  auto words = [](const RowTensor& tensor) { return Written(tensor).error().message(); };
  RowTensor tensor = Base();
  tensor.place = [](int64_t) { return RowPlace{1, 1}; };
  EXPECT_THAT(words(tensor), HasSubstr("tensor 't': row 0 is not in b"));
  tensor = Base();
  tensor.sources[1].row_length = 3;
  EXPECT_THAT(words(tensor), HasSubstr("tensor 'b': shape [1, 2] has no rows of 2"));
  tensor = Base();
  tensor.dtype = DType::kQ8_0;
  EXPECT_THAT(words(tensor), HasSubstr("no multiple of Q8_0's block"));
  tensor = Base();
  tensor.dtype = DType::kF16;
  const std::vector<float> large = {1, 2, 3, 1e6f, 5, 6};
  tensor.sources[0].view = ViewOf(large, {3, 2});
  EXPECT_THAT(words(tensor), HasSubstr("tensor 't': the value 1e+06 does not fit F16"));
  tensor = Base();
  tensor.sources[0].view.dtype = DType::kI32;
  EXPECT_THAT(words(tensor), HasSubstr("tensor 'a': type I32 is not converted to F32"));
}

}  // namespace
}  // namespace pano::convert
