#include "app/api/tfserving/predict_body.h"

#include <gtest/gtest.h>

namespace pano::api::tfserving {
namespace {

using inference::Datatype;
using inference::Shape;

inference::Signature Encoder() {
  return {{{"input_ids", Datatype::kInt64, {-1, -1}}, {"attention_mask", Datatype::kInt64, {-1, -1}}, {"text", Datatype::kBytes, {-1}}},
          {{"logits", Datatype::kFp32, {-1, 2}}}};
}
inference::Signature Text() { return {{{"text", Datatype::kBytes, {-1}}}, {{"text", Datatype::kBytes, {-1}}}}; }

Status Read(const char* text, const inference::Signature& signature, PredictRequest& predict) {
  return ReadPredict(json::Parse(text).value(), signature, predict);
}

std::string Refusal(const char* text, const inference::Signature& signature = Encoder()) {
  PredictRequest predict;
  Status status = Read(text, signature, predict);
  return status.ok() ? "" : std::string(status.message());
}

TEST(PredictBody, RowsBecomeColumns) {
  PredictRequest predict;
  ASSERT_TRUE(Read(R"({"instances":[{"input_ids":[1,2],"attention_mask":[1,0]},{"attention_mask":[1,1],"input_ids":[3,4]}]})",
                   Encoder(), predict).ok());
  EXPECT_TRUE(predict.rows);
  ASSERT_EQ(predict.request.inputs.size(), 2u);
  EXPECT_EQ(predict.request.inputs[0].shape, (Shape{2, 2}));
  EXPECT_EQ(predict.request.inputs[0].As<int64_t>(), (std::vector<int64_t>{1, 2, 3, 4}));
  EXPECT_EQ(predict.request.inputs[1].As<int64_t>(), (std::vector<int64_t>{1, 0, 1, 1}));
}

TEST(PredictBody, ColumnsAreWholeTensors) {
  PredictRequest predict;
  ASSERT_TRUE(Read(R"({"signature_name":"logits","inputs":{"input_ids":[[1],[2],[3]]}})", Encoder(), predict).ok());
  EXPECT_FALSE(predict.rows);
  EXPECT_EQ(predict.signature_name, "logits");
  EXPECT_EQ(predict.request.inputs[0].shape, (Shape{3, 1}));
}

TEST(PredictBody, TextsComeAsTheyAreOrInBase64) {
  for (const char* body : {R"({"instances":[{"text":{"b64":"T25jZQ=="}}]})", R"({"instances":[{"text":"Once"}]})",
                           R"({"instances":["Once"]})", R"({"instances":[{"b64":"T25jZQ=="}]})",
                           R"({"inputs":{"text":["Once"]}})", R"({"inputs":["Once"]})"}) {
    PredictRequest predict;
    ASSERT_TRUE(Read(body, Text(), predict).ok()) << body;
    EXPECT_EQ(predict.request.inputs[0].texts, std::vector<std::string>{"Once"}) << body;
  }
  PredictRequest predict;   // a model that takes more: a bare text is its text
  ASSERT_TRUE(Read(R"({"instances":["a","b"]})", Encoder(), predict).ok());
  EXPECT_EQ(predict.request.inputs[0].name, "text");
}

TEST(PredictBody, RefusesByName) {
  EXPECT_EQ(Refusal(R"({})"), "one of 'instances' and 'inputs' is needed");
  EXPECT_EQ(Refusal(R"({"instances":[1],"inputs":[1]})"), "one of 'instances' and 'inputs' is needed");
  EXPECT_EQ(Refusal(R"({"instances":[]})"), "'instances' is an empty list");
  EXPECT_EQ(Refusal(R"({"instances":[{"nonsense":1}]})"),
            "the model has no input 'nonsense': it takes input_ids, attention_mask, text");
  EXPECT_EQ(Refusal(R"({"instances":[{"input_ids":[1]},{"input_ids":[1,2]}]})"),
            "the input 'input_ids': its data are lists of other sizes than its shape [2,1]");
  EXPECT_EQ(Refusal(R"({"instances":[{"input_ids":[1]},{"attention_mask":[1]}]})"),
            "instances[1] has other inputs than instances[0]");
  EXPECT_EQ(Refusal(R"({"instances":[{"input_ids":[1]},"a"]})"), "instances[1] has other inputs than instances[0]");
  EXPECT_EQ(Refusal(R"({"instances":[[1,2]]})"),
            "the model has several inputs, and 'instances' does not say which it gives: input_ids, attention_mask, text");
  EXPECT_EQ(Refusal(R"({"instances":[{"text":{"b64":"!"}}]})"), "the input 'text': its 'b64' is no base64");
  EXPECT_EQ(Refusal(R"({"instances":["a"],"output_filter":1})"), "unknown field 'output_filter'");
  EXPECT_NE(Refusal(R"({"inputs":{"input_ids":[[[[[[[[[[1]]]]]]]]]]}})"), "");
}

}  // namespace
}  // namespace pano::api::tfserving
