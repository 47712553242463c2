#include "app/inference/tensor.h"

#include <gtest/gtest.h>

namespace pano::inference {
namespace {

using std::string_literals::operator""s;

Tensor Empty(Datatype datatype, Shape shape) { return {"x", datatype, std::move(shape), {}, {}}; }

std::string Refusal(std::string_view raw, Tensor tensor) {
  const Status status = ReadRaw(raw, tensor);
  return status.ok() ? "" : std::string(status.message());
}

TEST(Tensor, EveryDatatypeGoesThereAndBack) {
  for (size_t i = 0; i < kDatatypes; ++i) {
    const auto datatype = static_cast<Datatype>(i);
    EXPECT_EQ(FindDatatype(DatatypeName(datatype)), datatype);
    if (datatype == Datatype::kBytes) continue;
    std::string raw;
    for (size_t byte = 0; byte < 6 * ElementBytes(datatype); ++byte) raw.push_back(static_cast<char>(byte));
    Tensor tensor = Empty(datatype, {2, 3});
    ASSERT_TRUE(ReadRaw(raw, tensor).ok()) << DatatypeName(datatype);
    std::string back;
    AppendRaw(tensor, back);
    EXPECT_EQ(back, raw);
    EXPECT_EQ(RawBytes(tensor), raw.size());
  }
  EXPECT_FALSE(FindDatatype("INT128"));
  EXPECT_FALSE(FindDatatype(""));
}

TEST(Tensor, TextsAreLedByTheirLength) {
  Tensor tensor = Empty(Datatype::kBytes, {3});
  const std::string raw = "\x04\0\0\0Once\0\0\0\0\x02\0\0\0\xff\0"s;
  ASSERT_TRUE(ReadRaw(raw, tensor).ok());
  EXPECT_EQ(tensor.texts, (std::vector<std::string>{"Once", "", "\xff\0"s}));
  std::string back;
  AppendRaw(tensor, back);
  EXPECT_EQ(back, raw);
  EXPECT_EQ(RawBytes(tensor), raw.size());
}

TEST(Tensor, DataHaveExactlyTheBytesOfTheirShape) {
  EXPECT_EQ(Refusal("1234567", Empty(Datatype::kInt64, {1})), "it has 7 bytes of data, and INT64 [1] takes 8");
  EXPECT_EQ(Refusal("123456789", Empty(Datatype::kInt64, {1})), "it has 9 bytes of data, and INT64 [1] takes 8");
  EXPECT_NE(Refusal("", Empty(Datatype::kFp32, {int64_t{1} << 40})), "");
  EXPECT_NE(Refusal("", Empty(Datatype::kFp32, {-1})), "");
  EXPECT_EQ(Refusal("\x05\0\0\0Once"s, Empty(Datatype::kBytes, {1})), "text 0 says that it has 5 bytes, and 4 are left");
  EXPECT_EQ(Refusal("\xff\xff\xff\xff"s, Empty(Datatype::kBytes, {1})),
            "text 0 says that it has 4294967295 bytes, and 0 are left");
  EXPECT_EQ(Refusal("\0\0\0\0x"s, Empty(Datatype::kBytes, {1})), "1 bytes are left behind the 1 texts of its shape");
  EXPECT_EQ(Refusal("\0\0"s, Empty(Datatype::kBytes, {1})), "2 bytes cannot hold the 1 texts of its shape");
  EXPECT_EQ(Refusal("", Empty(Datatype::kBytes, {1 << 20})), "it has 1048576 texts, at most 65536 are taken");
}

TEST(Tensor, AnswersAreMadeOfFloatsAndTexts) {
  const std::vector<float> numbers = {1.5f, -2.0f};
  const Tensor floats = FloatTensor("y", {1, 2}, numbers);
  EXPECT_EQ(floats.As<float>(), numbers);
  EXPECT_EQ(RawBytes(floats), 8u);
  EXPECT_EQ(RawBytes(TextTensor("z", {1}, {"abc"})), 7u);
}

}  // namespace
}  // namespace pano::inference
