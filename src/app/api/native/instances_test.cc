#include "app/api/native/instances.h"

#include <gtest/gtest.h>

#include "app/api/native/dialect.h"
#include "app/api/native/predictions.h"
#include "app/api/testing/api_harness.h"
#include "base/strings.h"

namespace pano::api::native {
namespace {

using encoder::Task;
using testing::At;

// This dialect over fakes.
using Harness = testing::HarnessOf<MakeDialect>;

std::string Predictions(Harness& api, std::string_view model, std::string body) {
  auto exchange = api.Post(StrCat("/v1/models/", model, "/predict"), std::move(body));
  json::Value answer = exchange->json();
  return exchange->status() == 200 ? json::Dump(At(answer, "predictions"))
                                   : At(answer, "error/message").as_string();
}

TEST(Instances, Embeddings) {
  Harness api;
  api.AddPredictor("e", Task::kEmbedding);
  EXPECT_EQ(Predictions(api, "e", R"({"instances":["a",{"text":"ab"},{"ids":[1,2]},
      {"input_ids":[1,2,3],"attention_mask":[1,1,0],"token_type_ids":[0,0,1]}]})"),
            R"([{"embedding":[353.0,2.0]},{"embedding":[451.0,3.0]},{"embedding":[3.0,2.0]},)"
            R"({"embedding":[3.0,3.0]}])");
  EXPECT_EQ(Predictions(api, "e", R"({"instances":[{"ids":[4,5]}],
      "parameters":{"outputs":["last_hidden_state"]}})"),
            R"([{"outputs":{"last_hidden_state":[[4.0,0.0],[5.0,1.0]]}}])");
  json::Value answer = api.Post("/v1/models/e@1/predict", R"({"instances":["a"]})")->json();
  EXPECT_EQ(At(answer, "model"), "e");
  EXPECT_EQ(At(answer, "version"), "1");
  EXPECT_EQ(At(answer, "usage/prompt_tokens"), 2);
  EXPECT_TRUE(At(answer, "timings/queue_ms").is_number());
}

TEST(Instances, Classification) {
  Harness api;
  api.AddPredictor("c", Task::kSequenceClassification, {"no", "yes"});
  // Logits (3, 4): e / (1 + e) of the second.
  EXPECT_EQ(Predictions(api, "c", R"({"instances":[{"ids":[3]}]})"),
            R"([{"label":"yes","score":0.7310586,"scores":{"no":0.26894143,"yes":0.7310586}}])");
  api.AddPredictor("many", Task::kSequenceClassification, {"a", "b"}, true,
                   "multi_label_classification");
  EXPECT_EQ(Predictions(api, "many", R"({"instances":[{"ids":[7]}]})"),
            R"([{"label":"b","score":0.7310586,"scores":{"a":0.5,"b":0.7310586}}])");
  api.AddPredictor("price", Task::kSequenceClassification, {"price"}, true, "regression");
  EXPECT_EQ(Predictions(api, "price", R"({"instances":[{"ids":[5]}]})"),
            R"([{"label":"price","score":5.0,"scores":{"price":5.0}}])");
}

TEST(Instances, TokenClassification) {
  Harness api;
  api.AddPredictor("t", Task::kTokenClassification, {"O", "X", "Y"});
  // Special tokens and those that the mask leaves out get no label; logits of 'a' (97) are (6, 0,
  // 1).
  EXPECT_EQ(Predictions(api, "t", R"({"instances":["a"]})"),
            R"([[{"index":1,"token":"a","token_id":97,"label":"O","score":0.9908675}]])");
  EXPECT_EQ(Predictions(api, "t", R"({"instances":[{"ids":[97,98],"attention_mask":[0,1]}]})"),
            R"([[{"index":1,"token":"b","token_id":98,"label":"Y","score":0.66524094}]])");
}

TEST(Instances, MaskedTokens) {
  Harness api;
  api.AddPredictor("mlm", Task::kMaskedLm);
  std::string body = R"({"instances":[{"ids":[1,3,1]}],
      "parameters":{"mask_token_id":3,"top_k":2}})";
  // Logits count 3, 4, 5, 6, 0 ...: of the 1000, every seventh has 6.
  std::string answer = Predictions(api, "mlm", body);
  EXPECT_TRUE(answer.starts_with(R"([{"masks":[{"index":1,"candidates":[{"token":"\u0003",)"))
      << answer;
  EXPECT_EQ(Predictions(api, "mlm", R"({"instances":["a"]})"),
            "no tokenizer says what a masked token is: give 'mask_token_id'");
  EXPECT_EQ(Predictions(api, "mlm", R"({"instances":["a"],"parameters":{"mask_token_id":98}})"),
            "instances[0]: no token in it is masked (b)");
}

TEST(Instances, Images) {
  Harness api;
  api.AddPredictor("i", Task::kImageClassification, {"cat", "dog"}, false);
  EXPECT_EQ(Predictions(api, "i", R"({"instances":[{"pixel_values":[[[1,1],[1,0.0]]]}]})"),
            R"([{"label":"dog","score":0.7310586,"scores":{"cat":0.26894143,"dog":0.7310586}}])");
  EXPECT_EQ(Predictions(api, "i", R"({"instances":[{"image":{"b64":"AA=="}}]})"),
            "instances[0]: 'image': image files are not decoded here: send 'pixel_values', resized "
            "and normalised");
  EXPECT_EQ(Predictions(api, "i", R"({"instances":[{"pixel_values":[[[1,1]]]}]})"),
            "instances[0]: 'pixel_values' must be numbers as [1][2][2], normalised");
  EXPECT_EQ(Predictions(api, "i", R"({"instances":["a"]})"),
            "instances[0]: the model takes no text");
}

TEST(Instances, TextsAndImages) {
  Harness api;
  api.AddPredictor("clip", Task::kImageText);
  EXPECT_EQ(Predictions(api, "clip", R"({"instances":[{"ids":[4]},{"ids":[5]},
      {"pixel_values":[[[1,1],[1,0]]]}]})"),
            R"([{"text_embeds":[4.0,1.0]},{"text_embeds":[5.0,1.0]},)"
            R"({"image_embeds":[3.0,4.0],"logits_per_image":[3.0,4.0]}])");
  EXPECT_EQ(Predictions(api, "clip", R"({"instances":[{"ids":[4]}],
      "parameters":{"outputs":["image_embeds"]}})"),
            "these inputs do not lead to 'image_embeds'");
}

TEST(Instances, SequenceToSequenceNeedsToBeToldWhat) {
  Harness api;
  api.AddPredictor("t5", Task::kSequenceToSequence);
  EXPECT_EQ(Predictions(api, "t5", R"({"instances":["a"]})"),
            "models that turn a text into another cannot generate here yet: say by \"parameters\": "
            "{\"outputs\": [...]} which of encoder_last_hidden_state, logits to answer");
  std::string raw = R"("parameters":{"outputs":"logits"})";
  EXPECT_EQ(Predictions(api, "t5", StrCat(R"({"instances":["a"],)", raw, "}")),
            "each text needs 'decoder_input_ids': this model has a decoder");
  EXPECT_EQ(Predictions(api, "t5",
                        StrCat(R"({"instances":[{"ids":[1],"decoder_input_ids":[2]}],)", raw, "}")),
            R"([{"outputs":{"logits":[[2.0,3.0,4.0]]}}])");
}

TEST(Instances, RefusesByName) {
  Harness api;
  api.AddPredictor("e", Task::kEmbedding);
  const std::pair<const char*, const char*> cases[] = {
      {R"({"instances":[]})", "'instances' is an empty list"},
      {R"({"instances":"a"})", "'instances' must be a list, not string"},
      {R"({"instances":[1]})", "instances[0]: must be a text or an object"},
      {R"({"instances":["a",{}]})",
       "instances[1]: 'text', 'input_ids' or 'pixel_values' is missing"},
      {R"({"instances":[{"txt":"a"}]})", "instances[0]: unknown field 'txt'; did you mean 'text'?"},
      {R"({"instances":[{"text":"a","ids":[1]}]})",
       "instances[0]: either a text or its ids, not both"},
      {R"({"instances":[{"pair":"a"}]})", "instances[0]: 'text' must be a string"},
      {R"({"instances":[{"ids":[1.5]}]})",
       "instances[0]: 'input_ids' must be a list of integers from 0 to 2147483647"},
      {R"({"instances":[{"ids":[1],"attention_mask":[2]}]})",
       "instances[0]: 'attention_mask' must be a list of integers from 0 to 1"},
      {R"({"instances":[{"ids":[1],"attention_mask":[0]}]})",
       "instances[0]: the attention mask leaves every token out"},
      {R"({"instances":[{"ids":[1,2],"token_type_ids":[0]}]})",
       "instances[0]: there are 1 token types for 2 tokens"},
      {R"({"instances":[{"ids":[1],"decoder_input_ids":[1]}]})",
       "instances[0]: 'decoder_input_ids': the model has no decoder"},
      {R"({"instances":[{"pixel_values":[]}]})",
       "instances[0]: 'pixel_values': the model takes no images"},
      {R"({"instances":["a"],"parameters":{"temperature":1}})", "unknown field 'temperature'"},
      {R"({"instances":["a"],"parameters":{"outputs":["logits"]}})",
       "outputs: the model has no 'logits', it has last_hidden_state, sentence_embedding"},
      {R"({"instances":["a"],"stream":true})", "predictions come whole, they are not streamed"},
  };
  for (const auto& [body, message] : cases) EXPECT_EQ(Predictions(api, "e", body), message) << body;
}

}  // namespace
}  // namespace pano::api::native
