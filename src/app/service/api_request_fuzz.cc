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
  constexpr const char* kPaths[] = {"/v1/models/m/predict", "/v1/chat/completions",
                                    "/v1/completions", "/v1/tokenize", "/v1/detokenize",
                                    "/v1/embeddings", "/v1/models/e/predict",
                                    "/v1/models/t/predict", "/v1/models/i/predict"};
  constexpr size_t kGenerating = 5;  // what follows is for other models
  static ApiHarness& generator =
      *new ApiHarness(pano::service::AllDialects());  // these live as long as the process
  static ApiHarness& predictors = *[] {
    using pano::encoder::Task;
    auto* harness = new ApiHarness(pano::service::AllDialects());
    harness->AddPredictor("e", Task::kEmbedding);
    harness->AddPredictor("t", Task::kTokenClassification, {"a", "b", "c"});
    harness->AddPredictor("i", Task::kImageText);
    return harness;
  }();
  size_t path = data[0] % std::size(kPaths);
  ApiHarness& api = path < kGenerating ? generator : predictors;
  api.engine->Reset();
  api.records.clear();
  api.engine->answer = "ok";
  std::string body(reinterpret_cast<const char*>(data) + 1, size - 1);
  auto exchange = api.Post(kPaths[path], std::move(body));
  exchange->Run();
  PANO_CHECK(exchange->answered());
  PANO_CHECK(api.api->WaitUntilIdle(std::chrono::milliseconds(0)));
  if (exchange->streaming()) {
    PANO_CHECK(exchange->finished());
    return 0;
  }
  pano::json::Value answer = exchange->json();
  PANO_CHECK(answer.is_object());
  PANO_CHECK((exchange->status() == 200) == (answer.Find("error") == nullptr));
  PANO_CHECK(exchange->status() != 500);
  return 0;
}
