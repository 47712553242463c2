#include "app/inference/inference.h"

#include <gtest/gtest.h>

#include "app/api/dialect.h"
#include "app/api/testing/api_harness.h"

namespace pano::inference {
namespace {

using api::testing::FakePredictor;

Tensor Ids(std::string name, Shape shape, const std::vector<int64_t>& values) {
  Tensor tensor{std::move(name), Datatype::kInt64, std::move(shape), {}, {}};
  tensor.bytes.assign(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(int64_t));
  return tensor;
}

// A protocol of one route, whose requests and answers are the test's own values. Confined to its thread.
class Harness {
 public:
  Harness() : api(std::vector<api::Dialect>{{.name = "test", .routes = {MakeRoute()}}}) {}

  std::shared_ptr<api::testing::FakeExchange> Ask(const std::string& model, InferRequest asked) {
    request = std::move(asked);
    response = {};
    auto exchange = api.Post("/infer/" + model, "{}");
    exchange->Run();
    return exchange;
  }
  std::string Refusal(const std::string& model, InferRequest asked) {
    auto exchange = Ask(model, std::move(asked));
    if (exchange->status() == 200) return "";
    return std::to_string(exchange->status()) + " " + api::testing::At(exchange->json(), "error/message").as_string();
  }

  InferRequest request;
  InferResponse response;
  api::testing::ApiHarness api;

 private:
  api::Route MakeRoute() {
    return {.method = "POST",
            .pattern = "/infer/{id}",
            .access = api::Access::ModelInPath(auth::Permission::kPredict),
            .handler = [this](api::Context& context, api::CallPtr call) {
              StartInference(context, std::move(call), std::move(request), [this](api::Call& answered, InferResponse whole) {
                response = std::move(whole);
                answered.RespondJson(json::Value(true));
              });
            }};
  }
};

InferRequest With(std::vector<Tensor> inputs, std::vector<std::string> outputs = {}) {
  return {"r-7", {}, std::move(inputs), std::move(outputs)};
}

TEST(Inference, LooksAtRows) {
  Harness harness;
  harness.api.AddPredictor("e", encoder::Task::kEmbedding);
  ASSERT_EQ(harness.Refusal("e", With({Ids("input_ids", {2, 2}, {1, 2, 3, 4})})), "");
  EXPECT_EQ(harness.response.model_name, "e");
  EXPECT_EQ(harness.response.model_version, "1");
  EXPECT_EQ(harness.response.id, "r-7");
  ASSERT_EQ(harness.response.outputs.size(), 2u);
  EXPECT_EQ(harness.response.outputs[0].shape, (Shape{2, 2, 2}));
  EXPECT_EQ(harness.response.outputs[0].As<float>(), (std::vector<float>{1, 0, 2, 1, 3, 0, 4, 1}));
  EXPECT_EQ(harness.response.outputs[1].name, "sentence_embedding");
  EXPECT_EQ(harness.response.outputs[1].As<float>(), (std::vector<float>{3, 2, 7, 2}));
}

TEST(Inference, MasksAndOutputsAreHeeded) {
  Harness harness;
  harness.api.AddPredictor("e", encoder::Task::kEmbedding);
  ASSERT_EQ(harness.Refusal("e", With({Ids("input_ids", {1, 3}, {1, 2, 3}), Ids("attention_mask", {1, 3}, {1, 1, 0}),
                                       Ids("token_type_ids", {1, 3}, {0, 1, 1})},
                                      {"sentence_embedding"})),
            "");
  ASSERT_EQ(harness.response.outputs.size(), 1u);
  EXPECT_EQ(harness.response.outputs[0].As<float>(), (std::vector<float>{3, 3}));
}

TEST(Inference, TextsOfDifferentLengthsAreFilledUp) {
  Harness harness;
  harness.api.AddPredictor("e", encoder::Task::kEmbedding);
  ASSERT_EQ(harness.Refusal("e", With({TextTensor("text", {2}, {"a", "abc"})}, {"last_hidden_state"})), "");
  const Tensor& states = harness.response.outputs[0];
  EXPECT_EQ(states.shape, (Shape{2, 4, 2}));  // "<s>" leads each
  const std::vector<float> numbers = states.As<float>();
  EXPECT_EQ(std::vector<float>(numbers.begin() + 4, numbers.begin() + 8), (std::vector<float>{0, 0, 0, 0}));
  EXPECT_EQ(numbers[2], 'a');
}

TEST(Inference, RowsAreRefusedByName) {
  Harness harness;
  harness.api.AddPredictor("e", encoder::Task::kEmbedding);
  const Tensor ids = Ids("input_ids", {1, 2}, {1, 2});
  EXPECT_EQ(harness.Refusal("e", With({Ids("attention_mask", {1, 1}, {1})})),
            "400 the input 'attention_mask' goes with 'input_ids'");
  EXPECT_EQ(harness.Refusal("e", With({ids, Ids("attention_mask", {1, 1}, {1})})),
            "400 the input 'attention_mask' has the shape [1,1], and 'input_ids' [1,2]");
  EXPECT_EQ(harness.Refusal("e", With({ids, Ids("attention_mask", {1, 2}, {1, 2})})),
            "400 the input 'attention_mask' has 2 at [0,1], and takes 0 to 1");
  EXPECT_EQ(harness.Refusal("e", With({Ids("input_ids", {1, 1}, {-5})})),
            "400 the input 'input_ids' has -5 at [0,0], and takes 0 to 2147483647");
  EXPECT_EQ(harness.Refusal("e", With({Ids("input_ids", {2, 1}, {1, 1000})})),
            "400 input_ids[1]: token 1000 is outside the vocabulary of 1000");
  EXPECT_EQ(harness.Refusal("e", With({Ids("input_ids", {0, 4}, {})})), "400 the input 'input_ids' has no row");
  EXPECT_EQ(harness.Refusal("e", With({Ids("input_ids", {4, 0}, {})})),
            "400 the input 'input_ids' has rows without a token");
  EXPECT_EQ(harness.Refusal("e", With({Ids("input_ids", {257, 1}, std::vector<int64_t>(257, 1))})),
            "400 the input 'input_ids' has 257 rows, at most 256 go into one request");
  EXPECT_EQ(harness.Refusal("e", With({ids, TextTensor("text", {1}, {"a"})})), "400 either 'text' or 'input_ids', not both");
  EXPECT_EQ(harness.Refusal("e", With({})), "400 the input 'input_ids' is missing");
  EXPECT_EQ(harness.Refusal("e", With({TextTensor("text", {1}, {"\xff"})})), "400 text[0] is no UTF-8");
  EXPECT_EQ(harness.Refusal("e", With({ids}, {"logits"})),
            "400 the model has no output 'logits': it gives last_hidden_state, sentence_embedding");
  EXPECT_EQ(harness.Refusal("e", With({ids}, {"sentence_embedding", "sentence_embedding"})),
            "400 the output 'sentence_embedding' is asked for twice");
  EXPECT_TRUE(harness.Refusal("nosuch", With({ids})).starts_with("404 "));
}

TEST(Inference, LongRowsAreRefusedUnlessTheyMayBeCut) {
  Harness harness;
  harness.api.AddPredictor("e", encoder::Task::kEmbedding);
  const Tensor ids = Ids("input_ids", {1, 65}, std::vector<int64_t>(65, 1));
  EXPECT_TRUE(harness.Refusal("e", With({ids})).starts_with("400 input_ids[0]: "));
  InferRequest request = With({ids}, {"last_hidden_state"});
  request.parameters = json::Parse(R"({"truncate":true})").value();
  EXPECT_EQ(harness.Refusal("e", request), "");
  EXPECT_EQ(harness.response.outputs[0].shape, (Shape{1, 64, 2}));
}

TEST(Inference, ImagesAndTextsMeet) {
  Harness harness;
  harness.api.AddPredictor("i", encoder::Task::kImageText, {}, /*tokenizer=*/false);
  const std::vector<float> pixels = {1, 2, 3, 4};
  ASSERT_EQ(harness.Refusal("i", With({FloatTensor("pixel_values", {1, 1, 2, 2}, pixels),
                                       Ids("input_ids", {2, 1}, {7, 8})})),
            "");
  ASSERT_EQ(harness.response.outputs.size(), 3u);
  EXPECT_EQ(harness.response.outputs[1].shape, (Shape{2, 2}));
  EXPECT_EQ(harness.response.outputs[2].shape, (Shape{1, 2}));
  EXPECT_EQ(harness.Refusal("i", With({Ids("input_ids", {1, 1}, {7})}, {"image_embeds"})),
            "400 these inputs do not lead to 'image_embeds'");
}

TEST(Inference, ContinuesTexts) {
  Harness harness;
  harness.api.engine->answer = " upon";
  InferRequest request = With({TextTensor("text", {2}, {"Once", "Twice"})});
  request.parameters = json::Parse(R"({"max_tokens":8,"temperature":0,"timeout":1500})").value();
  ASSERT_EQ(harness.Refusal("m", request), "");
  EXPECT_EQ(harness.response.outputs[0].name, "text");
  EXPECT_EQ(harness.response.outputs[0].shape, Shape{2});
  EXPECT_EQ(harness.response.outputs[0].texts, (std::vector<std::string>{" upon", " upon"}));
  const engine::Request& sent = harness.api.engine->submitted[0].request;
  EXPECT_EQ(sent.max_tokens, 8);
  EXPECT_EQ(sent.sampling.temperature, 0);
  EXPECT_EQ(sent.deadline, harness.api.clock.Now() + std::chrono::milliseconds(2));  // of microseconds, upwards
  EXPECT_EQ(harness.api.records.back().tokens.completion, 10);
}

TEST(Inference, TextsAreRefusedByName) {
  Harness harness;
  const Tensor text = TextTensor("text", {1}, {"a"});
  const auto with = [&](const char* parameters) {
    InferRequest request = With({text});
    request.parameters = json::Parse(parameters).value();
    return harness.Refusal("m", request);
  };
  EXPECT_EQ(with(R"({"max_token":8})"), "400 unknown field 'max_token'; did you mean 'max_tokens'?");
  EXPECT_TRUE(with(R"({"n":2})").starts_with("400 unknown field 'n'"));
  EXPECT_EQ(with(R"({"sequence_id":3})"), "400 'sequence_id': models keep no state between requests here");
  EXPECT_EQ(with(R"({"sequence_id":"","sequence_start":true})"),
            "400 'sequence_id': models keep no state between requests here");
  EXPECT_EQ(harness.Refusal("m", With({})), "400 the input 'text' is missing");
  EXPECT_EQ(harness.Refusal("m", With({TextTensor("text", {0}, {})})), "400 the input 'text' has no element");
  EXPECT_EQ(harness.Refusal("m", With({TextTensor("text", {257}, std::vector<std::string>(257, "a"))})),
            "400 the input 'text' has 257 elements, at most 256 are taken");
  EXPECT_EQ(harness.Refusal("m", With({text}, {"logits"})), "400 the model has no output 'logits': it gives 'text'");
  EXPECT_EQ(harness.Refusal("m", With({TextTensor("text", {1}, {"\xc3"})})), "400 text[0] is no UTF-8");
  harness.api.engine->refuse_from = 0;
  EXPECT_EQ(harness.Refusal("m", With({text})), "429 the queue is full");
}

}  // namespace
}  // namespace pano::inference
