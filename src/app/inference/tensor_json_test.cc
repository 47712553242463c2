#include "app/inference/tensor_json.h"

#include <gtest/gtest.h>

#include <limits>

namespace pano::inference {
namespace {

Tensor Empty(Datatype datatype, Shape shape) { return {"x", datatype, std::move(shape), {}, {}}; }

std::string RoundTrip(Datatype datatype, Shape shape, const char* text) {
  Tensor tensor = Empty(datatype, std::move(shape));
  const Status status = ReadJson(json::Parse(text).value(), tensor);
  if (!status.ok()) return std::string(status.message());
  std::string out;
  AppendJson(tensor, out);
  return out;
}

TEST(TensorJson, TakesFlatListsAndNestedOnes) {
  EXPECT_EQ(RoundTrip(Datatype::kInt64, {2, 2}, "[1,2,3,4]"), "[1,2,3,4]");
  EXPECT_EQ(RoundTrip(Datatype::kInt64, {2, 2}, "[[1,2],[3,4]]"), "[1,2,3,4]");
  EXPECT_EQ(RoundTrip(Datatype::kInt64, {0}, "[]"), "[]");
  EXPECT_EQ(RoundTrip(Datatype::kInt64, {}, "7"), "[7]");
  EXPECT_EQ(RoundTrip(Datatype::kBytes, {2}, R"(["a","\u00e9"])"), "[\"a\",\"\xc3\xa9\"]");
}

TEST(TensorJson, EachDatatypeHasItsRange) {
  EXPECT_EQ(RoundTrip(Datatype::kBool, {3}, "[true,0,1]"), "[true,false,true]");
  EXPECT_EQ(RoundTrip(Datatype::kUint8, {2}, "[0,255]"), "[0,255]");
  EXPECT_EQ(RoundTrip(Datatype::kInt8, {2}, "[-128,127]"), "[-128,127]");
  EXPECT_EQ(RoundTrip(Datatype::kUint16, {1}, "[65535]"), "[65535]");
  EXPECT_EQ(RoundTrip(Datatype::kInt16, {1}, "[-32768]"), "[-32768]");
  EXPECT_EQ(RoundTrip(Datatype::kUint32, {1}, "[4294967295]"), "[4294967295]");
  EXPECT_EQ(RoundTrip(Datatype::kInt32, {1}, "[-2147483648]"), "[-2147483648]");
  EXPECT_EQ(RoundTrip(Datatype::kUint64, {1}, "[9223372036854775807]"), "[9223372036854775807]");
  EXPECT_EQ(RoundTrip(Datatype::kFp32, {2}, "[1,0.1]"), "[1.0,0.1]");
  EXPECT_EQ(RoundTrip(Datatype::kFp64, {1}, "[1e300]"), "[1e+300]");
  EXPECT_EQ(RoundTrip(Datatype::kUint8, {1}, "[256]"), "its data must be UINT8, not 256");
  EXPECT_EQ(RoundTrip(Datatype::kUint64, {1}, "[-1]"), "its data must be UINT64, not -1");
  EXPECT_EQ(RoundTrip(Datatype::kInt64, {1}, "[1.5]"), "its data must be INT64, not 1.5");
  EXPECT_EQ(RoundTrip(Datatype::kFp32, {1}, "[1e300]"), "its data must be FP32, not 1e+300");
  EXPECT_EQ(RoundTrip(Datatype::kInt64, {1}, "[\"1\"]"), "its data must be INT64, not string");
  EXPECT_EQ(RoundTrip(Datatype::kBytes, {1}, "[1]"), "its data must be BYTES, not 1");
  EXPECT_EQ(RoundTrip(Datatype::kFp16, {1}, "[1]"), "FP16 comes as binary data only");
}

TEST(TensorJson, DataHaveExactlyTheirShape) {
  EXPECT_EQ(RoundTrip(Datatype::kInt64, {2, 2}, "[1,2,3]"), "it has 3 elements, and its shape [2,2] takes 4");
  const std::string otherwise = "its data are lists of other sizes than its shape [2,2]";
  EXPECT_EQ(RoundTrip(Datatype::kInt64, {2, 2}, "[[1,2],[3]]"), otherwise);
  EXPECT_EQ(RoundTrip(Datatype::kInt64, {2, 2}, "[[1,2],3]"), otherwise);
  EXPECT_EQ(RoundTrip(Datatype::kInt64, {2, 2}, "[[[1],[2]],[[3],[4]]]"), otherwise);
  EXPECT_EQ(RoundTrip(Datatype::kInt64, {2, 2}, "[1,2,3,[4]]"), otherwise);
  EXPECT_EQ(RoundTrip(Datatype::kInt64, {2}, "7"), "its data must be a list, not integer");
  EXPECT_NE(RoundTrip(Datatype::kInt64, {int64_t{1} << 40}, "[1]"), "");
}

TEST(TensorJson, NumbersKeepTheirKindAndHalvesTheirValue) {
  Tensor tensor = Empty(Datatype::kFp16, {6});
  // 1, -2, the smallest subnormal, infinity, NaN, 65504.
  for (const uint16_t bits : std::initializer_list<uint16_t>{0x3c00, 0xc000, 0x0001, 0x7c00, 0x7e00, 0x7bff}) {
    tensor.bytes.append(reinterpret_cast<const char*>(&bits), sizeof bits);
  }
  std::string out;
  AppendJson(tensor, out);
  EXPECT_EQ(out, "[1.0,-2.0,5.9604645e-08,null,null,65504.0]");
  Tensor brain = Empty(Datatype::kBf16, {1});
  const uint16_t bits = 0x3fc0;
  brain.bytes.assign(reinterpret_cast<const char*>(&bits), sizeof bits);
  out.clear();
  AppendJson(brain, out);
  EXPECT_EQ(out, "[1.5]");
}

TEST(TensorJson, NestsByShapeAndRowByRow) {
  const std::vector<float> numbers = {1, 2, 3, 4, 5, 6};
  const Tensor tensor = FloatTensor("y", {1, 3, 2}, numbers);
  std::string out;
  AppendNestedJson(tensor, out);
  EXPECT_EQ(out, "[[[1.0,2.0],[3.0,4.0],[5.0,6.0]]]");
  out.clear();
  AppendRowJson(tensor, 0, out);
  EXPECT_EQ(out, "[[1.0,2.0],[3.0,4.0],[5.0,6.0]]");
  out.clear();
  AppendRowJson(TextTensor("t", {2}, {"a", "b"}), 1, out);
  EXPECT_EQ(out, "\"b\"");
}

}  // namespace
}  // namespace pano::inference
