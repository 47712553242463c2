// Bodies of any kind at every route that takes one: an answer in the agreed shape must come back.
#include <string>

#include "app/api/testing/api_harness.h"
#include "base/check.h"
#include "base/json.h"

using pano::api::testing::ApiHarness;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  constexpr const char* kPaths[] = {"/v1/models/m/predict", "/v1/chat/completions",
                                    "/v1/completions", "/v1/tokenize", "/v1/detokenize"};
  static ApiHarness& api = *new ApiHarness;  // lives as long as the process
  api.engine->Reset();
  api.records.clear();
  api.engine->answer = "ok";
  std::string body(reinterpret_cast<const char*>(data) + 1, size - 1);
  auto exchange = api.Post(kPaths[data[0] % 5], std::move(body));
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
