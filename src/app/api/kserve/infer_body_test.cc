#include "app/api/kserve/infer_body.h"

#include <gtest/gtest.h>

namespace pano::api::kserve {
namespace {

using inference::Shape;
using std::string_literals::operator""s;

// A body whose JSON is `text`, with `raw` behind it, as `infer`; the refusal, or "".
std::string Read(const std::string& text, const std::string& raw, InferBody& infer) {
  json::Value body;
  const Status status = ReadInferBody(text + raw, text.size(), {}, body, infer);
  return status.ok() ? "" : std::string(status.message());
}
std::string Read(const std::string& text, const std::string& raw = "") {
  InferBody infer;
  return Read(text, raw, infer);
}

TEST(InferBody, TakesTensorsInJsonAndBehindIt) {
  InferBody infer;
  ASSERT_EQ(Read(R"({"id":"r","inputs":[{"name":"a","shape":[1,2],"datatype":"INT64","parameters":{"binary_data_size":16}},)"
                 R"({"name":"b","shape":[2],"datatype":"FP32","data":[1,2.5]},)"
                 R"({"name":"c","shape":[1],"datatype":"BYTES","parameters":{"binary_data_size":8}}],)"
                 R"("outputs":[{"name":"x","parameters":{"binary_data":false}},{"name":"y"}],)"
                 R"("parameters":{"binary_data_output":true,"max_tokens":3}})",
                 "\x01\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0\x04\0\0\0Once"s, infer),
            "");
  EXPECT_EQ(infer.request.id, "r");
  EXPECT_EQ(infer.request.inputs[0].As<int64_t>(), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(infer.request.inputs[0].shape, (Shape{1, 2}));
  EXPECT_EQ(infer.request.inputs[1].As<float>(), (std::vector<float>{1, 2.5}));
  EXPECT_EQ(infer.request.inputs[2].texts, std::vector<std::string>{"Once"});
  EXPECT_EQ(infer.request.outputs, (std::vector<std::string>{"x", "y"}));
  EXPECT_FALSE(infer.forms.IsBinary("x"));
  EXPECT_TRUE(infer.forms.IsBinary("y"));
}

TEST(InferBody, TensorsFillTheBodyExactly) {
  const std::string one = R"({"inputs":[{"name":"a","shape":[1],"datatype":"INT32","parameters":{"binary_data_size":4}}]})";
  EXPECT_EQ(Read(one, "1234"), "");
  EXPECT_EQ(Read(one, "123"), "the input 'a': its 'binary_data_size' is 4, and 3 bytes are left in the body");
  EXPECT_EQ(Read(one, "12345"), "1 bytes of the body belong to no input");
  EXPECT_EQ(Read(R"({"inputs":[{"name":"a","shape":[1],"datatype":"INT32","parameters":{"binary_data_size":5}}]})", "12345"),
            "the input 'a': it has 5 bytes of data, and INT32 [1] takes 4");
  EXPECT_EQ(Read(R"({"inputs":[{"name":"a","shape":[1],"datatype":"INT32","parameters":{"binary_data_size":-4}}]})", "1234"),
            "the input 'a': its 'binary_data_size' must be a number of bytes");
  EXPECT_EQ(Read(R"({"inputs":[{"name":"a","shape":[4611686018427387904,4],"datatype":"INT64","parameters":{"binary_data_size":0}}]})"),
            "the input 'a': its shape [4611686018427387904,4] has more than 268435456 elements");
  EXPECT_EQ(Read(R"({"inputs":[{"name":"a","shape":[1],"datatype":"INT32","data":[1],"parameters":{"binary_data_size":4}}]})", "1234"),
            "the input 'a': it has both 'data' and binary data");
}

TEST(InferBody, TheJsonEndsWhereTheHeaderSays) {
  json::Value body;
  InferBody infer;
  const std::string bytes = R"({"inputs":[{"name":"a","shape":[1],"datatype":"INT64","data":[1]}]})";
  EXPECT_FALSE(ReadInferBody(bytes, bytes.size() + 1, {}, body, infer).ok());
  EXPECT_FALSE(ReadInferBody(bytes, bytes.size() - 1, {}, body, infer).ok());
  EXPECT_FALSE(ReadInferBody(bytes, size_t{0}, {}, body, infer).ok());
  infer = {};
  EXPECT_TRUE(ReadInferBody(bytes, std::nullopt, {}, body, infer).ok());
}

TEST(InferBody, RefusesByName) {
  EXPECT_EQ(Read("[]"), "the body has to be a JSON object, not array");
  EXPECT_EQ(Read("{}"), "'inputs' must be a list of tensors");
  EXPECT_EQ(Read(R"({"inputs":[]})"), "'inputs' is an empty list");
  EXPECT_EQ(Read(R"({"inputs":[{}]})"), "inputs[0] has no 'name'");
  EXPECT_EQ(Read(R"({"inputs":[1]})"), "inputs[0] has no 'name'");
  EXPECT_EQ(Read(R"({"inputs":[{"name":"a"}]})"), "the input 'a': its 'datatype' is missing");
  EXPECT_EQ(Read(R"({"inputs":[{"name":"a","datatype":"INT128"}]})"), "the input 'a': 'INT128' is no datatype");
  EXPECT_EQ(Read(R"({"inputs":[{"name":"a","datatype":"INT64"}]})"), "the input 'a': its 'shape' must be a list of sizes");
  EXPECT_EQ(Read(R"({"inputs":[{"name":"a","datatype":"INT64","shape":[1.5]}]})"), "the input 'a': its 'shape' must be a list of sizes");
  EXPECT_EQ(Read(R"({"inputs":[{"name":"a","datatype":"INT64","shape":[1]}]})"), "the input 'a': its 'data' is missing");
  EXPECT_EQ(Read(R"({"inputs":[{"name":"a","datatype":"INT64","shape":[1],"data":[1],"parameters":{"shared_memory_region":"x"}}]})"),
            "the input 'a': 'shared_memory_region' is not supported");
  EXPECT_EQ(Read(R"({"inputs":[{"name":"a","datatype":"INT64","shape":[1],"data":[1]}],"outputs":[{"name":"b","parameters":{"classification":2}}]})"),
            "the output 'b': 'classification' is not supported");
  EXPECT_EQ(Read(R"({"id":7,"inputs":[]})"), "'id' must be a string");
  std::string many = R"({"inputs":[)";
  for (int i = 0; i < 65; ++i) many += std::string(i ? "," : "") + "{}";
  EXPECT_EQ(Read(many + "]}"), "'inputs' has 65 tensors, at most 64 are taken");
}

}  // namespace
}  // namespace pano::api::kserve
