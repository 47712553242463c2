// Bodies of any kind at every route that takes one: an answer in the agreed shape must come back.
#include <iterator>
#include <string>

#include "app/api/testing/api_harness.h"
#include "app/service/dialects.h"
#include "base/check.h"
#include "base/json.h"

using pano::api::testing::ApiHarness;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  // A route, and whether it is asked of a model that generates. The first byte of an input is the place here: new
  // routes go to the end, so that the corpus keeps its meaning.
  struct Target {
    const char* path;
    bool generates;
  };
  constexpr Target kTargets[] = {
      {"/v1/models/m/predict", true},  {"/v1/chat/completions", true}, {"/v1/completions", true},
      {"/v1/tokenize", true},          {"/v1/detokenize", true},       {"/v1/embeddings", false},
      {"/v1/models/e/predict", false}, {"/v1/models/t/predict", false}, {"/v1/models/i/predict", false},
      {"/v1/responses", true},         {"/v1/rerank", false},          {"/v1/score", false},
      {"/v1/messages", true},          {"/api/chat", true},            {"/api/generate", true},
      {"/api/embed", false},
      {"/v1/models/e:predict", false}, {"/v2/models/e/infer", false},  {"/v2/models/i/infer", false},
      {"/v2/models/m/generate", true}, {"/v2/models/m/infer", true},
  };
  static ApiHarness& generator =
      *new ApiHarness(pano::service::AllDialects());  // these live as long as the process
  static ApiHarness& predictors = *[] {
    using pano::encoder::Task;
    auto* harness = new ApiHarness(pano::service::AllDialects());
    harness->AddPredictor("e", Task::kEmbedding);
    harness->AddPredictor("t", Task::kTokenClassification, {"a", "b", "c"});
    harness->AddPredictor("i", Task::kImageText);
    harness->AddPredictor("c", Task::kSequenceClassification, {"relevant"});
    return harness;
  }();
  const Target& target = kTargets[data[0] % std::size(kTargets)];
  ApiHarness& api = target.generates ? generator : predictors;
  api.engine->Reset();
  api.records.clear();
  api.engine->answer = "ok";
  std::string body(reinterpret_cast<const char*>(data) + 1, size - 1);
  auto exchange = api.Post(target.path, std::move(body));
  exchange->Run();
  PANO_CHECK(exchange->answered());
  PANO_CHECK(api.api->WaitUntilIdle(std::chrono::milliseconds(0)));
  if (exchange->streaming()) {
    PANO_CHECK(exchange->finished());
    return 0;
  }
  pano::json::Value answer = exchange->json();
  PANO_CHECK(answer.is_object());
  // A response has a member of that name, which is null.
  const pano::json::Value* error = answer.Find("error");
  PANO_CHECK((exchange->status() == 200) == (error == nullptr || error->is_null()));
  PANO_CHECK(exchange->status() != 500);
  return 0;
}
