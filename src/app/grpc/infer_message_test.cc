#include "app/grpc/infer_message.h"

#include <gtest/gtest.h>

#include <inference.pb.h>

#include "app/grpc/handlers.h"

namespace pano::grpc {
namespace {

namespace proto = ::inference;
using pano::inference::Shape;
using std::string_literals::operator""s;

proto::ModelInferRequest::InferInputTensor& Add(proto::ModelInferRequest& message, const char* name, const char* datatype,
                                                const std::vector<int64_t>& shape) {
  auto* input = message.add_inputs();
  input->set_name(name);
  input->set_datatype(datatype);
  for (const int64_t size : shape) input->add_shape(size);
  return *input;
}

std::string Refusal(const proto::ModelInferRequest& message) {
  InferMessage infer;
  const Status status = ReadInferMessage(message.SerializeAsString(), infer);
  return status.ok() ? "" : std::string(status.message());
}

TEST(InferMessage, TakesRawContents) {
  proto::ModelInferRequest message;
  message.set_model_name("m");
  message.set_model_version("3");
  message.set_id("r");
  (*message.mutable_parameters())["max_tokens"].set_int64_param(8);
  (*message.mutable_parameters())["temperature"].set_double_param(0.5);
  (*message.mutable_parameters())["stop"].set_string_param("x");
  Add(message, "text", "BYTES", {1});
  Add(message, "ids", "INT64", {1, 1});
  message.add_raw_input_contents("\x04\0\0\0Once"s);
  message.add_raw_input_contents("\x07\0\0\0\0\0\0\0"s);
  message.add_outputs()->set_name("text");
  InferMessage infer;
  ASSERT_TRUE(ReadInferMessage(message.SerializeAsString(), infer).ok());
  EXPECT_EQ(infer.model_name, "m");
  EXPECT_EQ(infer.model_version, "3");
  EXPECT_EQ(infer.request.id, "r");
  EXPECT_EQ(infer.request.inputs[0].texts, std::vector<std::string>{"Once"});
  EXPECT_EQ(infer.request.inputs[1].As<int64_t>(), std::vector<int64_t>{7});
  EXPECT_EQ(infer.request.outputs, std::vector<std::string>{"text"});
  EXPECT_EQ(*infer.request.parameters.Find("max_tokens"), json::Value(8));
  EXPECT_EQ(*infer.request.parameters.Find("temperature"), json::Value(0.5));
  EXPECT_EQ(*infer.request.parameters.Find("stop"), json::Value("x"));
}

TEST(InferMessage, TakesTypedContents) {
  proto::ModelInferRequest message;
  Add(message, "a", "INT64", {2}).mutable_contents()->add_int64_contents(-1);
  message.mutable_inputs(0)->mutable_contents()->add_int64_contents(2);
  Add(message, "b", "UINT8", {1}).mutable_contents()->add_uint_contents(255);
  Add(message, "c", "BOOL", {1}).mutable_contents()->add_bool_contents(true);
  Add(message, "d", "FP32", {1}).mutable_contents()->add_fp32_contents(1.5f);
  Add(message, "e", "BYTES", {1}).mutable_contents()->add_bytes_contents("t");
  Add(message, "f", "INT16", {1}).mutable_contents()->add_int_contents(-5);
  InferMessage infer;
  const Status status = ReadInferMessage(message.SerializeAsString(), infer);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(infer.request.inputs[0].As<int64_t>(), (std::vector<int64_t>{-1, 2}));
  EXPECT_EQ(infer.request.inputs[1].bytes, "\xff");
  EXPECT_EQ(infer.request.inputs[2].bytes, "\x01");
  EXPECT_EQ(infer.request.inputs[3].As<float>(), std::vector<float>{1.5f});
  EXPECT_EQ(infer.request.inputs[4].texts, std::vector<std::string>{"t"});
  EXPECT_EQ(infer.request.inputs[5].As<int16_t>(), std::vector<int16_t>{-5});
}

TEST(InferMessage, RefusesByName) {
  proto::ModelInferRequest message;
  EXPECT_EQ(Refusal(message), "there is no input");
  auto& input = Add(message, "a", "INT64", {2});
  EXPECT_EQ(Refusal(message), "the input 'a': it has 0 elements in 'contents' of its datatype, and INT64 [2] takes 2");
  input.set_datatype("INT128");
  EXPECT_EQ(Refusal(message), "the input 'a': 'INT128' is no datatype");
  input.set_datatype("INT64");
  message.add_raw_input_contents(std::string(15, 'x'));
  EXPECT_EQ(Refusal(message), "the input 'a': it has 15 bytes of data, and INT64 [2] takes 16");
  input.mutable_contents()->add_int64_contents(1);
  EXPECT_EQ(Refusal(message), "the input 'a': it has both 'contents' and raw_input_contents");
  message.add_raw_input_contents("");
  EXPECT_EQ(Refusal(message), "there are 2 raw_input_contents for 1 inputs");
  message.clear_raw_input_contents();
  input.set_datatype("INT8");
  input.mutable_shape()->Set(0, 1);
  input.mutable_contents()->add_int_contents(300);
  EXPECT_EQ(Refusal(message), "the input 'a': its data must be INT8, not 300");
  input.mutable_shape()->Set(0, int64_t{1} << 60);
  EXPECT_NE(Refusal(message).find("more than 268435456 elements"), std::string::npos);
  input.mutable_shape()->Set(0, 1);
  (*input.mutable_parameters())["binary_data_size"].set_int64_param(1);  // as KServe's client has it
  (*input.mutable_parameters())["shared_memory_region"].set_string_param("x");
  EXPECT_EQ(Refusal(message), "the input 'a': 'shared_memory_region' is not supported");
  InferMessage infer;
  EXPECT_FALSE(ReadInferMessage("\xff\xff\xff", infer).ok());
}

TEST(InferMessage, AnswersInRawContents) {
  const std::vector<float> numbers = {1, 2};
  const inference::InferResponse response{"e", "1", "r", {inference::FloatTensor("x", {1, 2}, numbers), inference::TextTensor("t", {1}, {"ab"})}};
  proto::ModelInferResponse message;
  ASSERT_TRUE(message.ParseFromString(WriteInferMessage(response)));
  EXPECT_EQ(message.model_name(), "e");
  EXPECT_EQ(message.id(), "r");
  EXPECT_EQ(message.outputs(0).datatype(), "FP32");
  EXPECT_EQ(message.outputs(0).shape(1), 2);
  EXPECT_EQ(message.raw_output_contents(0), "\0\0\x80\x3f\0\0\0\x40"s);
  EXPECT_EQ(message.raw_output_contents(1), "\x02\0\0\0ab"s);
  proto::ModelStreamInferResponse streamed;
  ASSERT_TRUE(streamed.ParseFromString(WriteStreamMessage({"m", "1", "r", {}}, /*final=*/true)));
  EXPECT_TRUE(streamed.infer_response().parameters().at("triton_final_response").bool_param());
  ASSERT_TRUE(streamed.ParseFromString(StreamError("no", "r")));
  EXPECT_EQ(streamed.error_message(), "no");
  EXPECT_EQ(streamed.infer_response().id(), "r");
}

}  // namespace
}  // namespace pano::grpc
