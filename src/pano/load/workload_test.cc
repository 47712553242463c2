#include "pano/load/workload.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace pano::load {
namespace {

TEST(Workload, IdsStayInTheVocabularyAndRepeatWithTheSeed) {
  WorkloadOptions options;
  options.model = "m";
  options.prompt_tokens = 500;
  options.vocab_size = 7;
  const http::ClientRequest request = MakeRequest(options, 3);
  EXPECT_EQ(request.target, "/v1/completions");
  EXPECT_EQ(request.body, MakeRequest(options, 3).body);
  EXPECT_NE(request.body, MakeRequest(options, 4).body);
  options.seed = 2;
  EXPECT_NE(request.body, MakeRequest(options, 3).body);
  const auto body = json::Parse(request.body);
  ASSERT_TRUE(body.ok());
  const json::Array& ids = body->Find("prompt")->as_array();
  EXPECT_EQ(ids.size(), 500u);
  for (const json::Value& id : ids) EXPECT_TRUE(id.as_int() >= 0 && id.as_int() < 7);
  EXPECT_TRUE(body->Find("stream")->as_bool());
  EXPECT_TRUE(body->Find("ignore_eos")->as_bool());
  EXPECT_TRUE(body->Find("stream_options")->Find("include_usage")->as_bool());
  EXPECT_EQ(body->Find("return_token_ids"), nullptr);
}

TEST(Workload, SendsWordsAndTheKey) {
  WorkloadOptions options;
  options.model = "m";
  options.dialect = Dialect::kPredict;
  options.api_key = "k";
  options.prompt_tokens = 3;
  options.ignore_eos = false;
  const http::ClientRequest request = MakeRequest(options, 0);
  EXPECT_EQ(request.target, "/v1/models/m/predict");
  EXPECT_EQ(request.headers.back().second, "Bearer k");
  const auto body = json::Parse(request.body);
  const std::string& text = body->Find("inputs")->as_string();
  EXPECT_EQ(std::count(text.begin(), text.end(), ' '), 2);
  EXPECT_EQ(body->Find("parameters")->Find("ignore_eos"), nullptr);
}

}  // namespace
}  // namespace pano::load
