// A real server over real sockets, with the golden encoders: their known answers through the API.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <thread>

#include "app/http/client.h"
#include "app/service/service.h"
#include "base/env.h"
#include "base/shared_folder.h"
#include "base/strings.h"
#include "base/testing/known_answers.h"
#include "model/format/weights.h"

namespace pano::service {
namespace {

using json::Value;

// A golden model that is served, beside its inputs and known answers.
class Golden {
 public:
  explicit Golden(std::string_view model, Duration delay = std::chrono::milliseconds(2))
      : known(PANO_SOURCE_DIR, StrCat("golden/models/", model)) {
    const std::string& folder = known.path();
    ServiceOptions options;
    options.models.push_back({"m", folder});
    options.load.load.compute = nn::Compute::kF32;
    options.load.predictor.batch.delay = delay;
    options.http.port = 0;
    options.threads = 2;
    Result<std::unique_ptr<Service>> started = Service::Start(std::move(options));
    EXPECT_TRUE(started.ok()) << started.error().message();
    if (started.ok()) service = std::move(started).value();
    answers = format::OpenSafetensors({folder + "/expected.safetensors"}).value();
  }

  Value Post(std::string_view path, const Value& body) const {
    http::Client client(http::ParseUrl(StrCat("127.0.0.1:", service->port())).value());
    Result<http::ClientResponse> response = client.Send(
        {"POST", std::string(path), {{"Content-Type", "application/json"}}, json::Dump(body)});
    if (!response.ok()) return response.error().message();
    return json::Parse(response->body).value_or(Value(response->body));
  }

  // The golden batch as instances.
  Value Instances() const {
    Value list{json::Array()};
    for (const char* name : {"input_ids", "pixel_values"}) {
      const tensor::TensorView* view = answers->Find(name);
      for (int64_t i = 0; view && i < view->shape[0]; ++i) list.Append(Instance(name, i));
    }
    return list;
  }

  SharedAnswers known;
  std::unique_ptr<Service> service;
  std::shared_ptr<const format::Weights> answers;

 private:
  // Part `row` of a tensor's first dimension, nested as it is.
  static Value Nested(const tensor::TensorView& view, size_t dimension, int64_t& at) {
    if (dimension == view.shape.size()) {
      int64_t place = at++;
      if (view.dtype == tensor::DType::kI64) return view.as<int64_t>()[place];
      return static_cast<double>(view.as<float>()[place]);
    }
    Value list{json::Array()};
    for (int64_t i = 0; i < view.shape[dimension]; ++i) {
      list.Append(Nested(view, dimension + 1, at));
    }
    return list;
  }
  Value Instance(std::string_view first, int64_t row) const {
    Value instance;
    bool image = first == "pixel_values";
    for (const char* name :
         {"input_ids", "attention_mask", "token_type_ids", "decoder_input_ids", "pixel_values"}) {
      const tensor::TensorView* view = answers->Find(name);
      if (!view || image != (std::string_view(name) == "pixel_values")) continue;
      int64_t at = row * (view->elements() / view->shape[0]);
      instance.Set(name, Nested(*view, 1, at));
    }
    return instance;
  }
};

void Flatten(const Value& value, std::vector<double>& out) {
  if (value.is_number()) out.push_back(value.as_double());
  if (!value.is_array()) return;
  for (const Value& item : value.as_array()) Flatten(item, out);
}

// Whether the numbers are those of the tensor, within 2e-5 of its largest.
void ExpectNear(const std::vector<double>& got, const tensor::TensorView& want, const char* what) {
  ASSERT_EQ(static_cast<int64_t>(got.size()), want.elements()) << what;
  double most = 0, off = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    double wanted = static_cast<double>(want.as<float>()[i]);
    most = std::max(most, std::abs(wanted));
    off = std::max(off, std::abs(got[i] - wanted));
  }
  EXPECT_LE(off, 2e-5 * most) << what;
  EXPECT_GT(most, 0) << what;
}

class Encoders : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string data = JoinPath(SharedFolder(PANO_SOURCE_DIR), "data");
    if (!IsDirectory(data)) GTEST_SKIP() << "no shared data: PANO_SHARED or ../shared";
  }
};

TEST_F(Encoders, KnownAnswersThroughPredict) {
  const std::pair<const char*, std::vector<std::string>> cases[] = {
      {"sentence_mean", {"sentence_embedding", "last_hidden_state"}},
      {"bert_seqcls", {"logits"}},
      {"bert_tokcls", {"logits"}},
      {"roberta_seqcls", {"logits"}},
      {"t5", {"logits"}},
      {"vit", {"logits"}},
      {"clip", {"image_embeds", "text_embeds", "logits_per_image"}},
  };
  for (const auto& [model, outputs] : cases) {
    Golden golden(model);
    Value names{json::Array()};
    for (const std::string& name : outputs) names.Append(name);
    Value body;
    body.Set("instances", golden.Instances());
    body.Set("parameters", Value(json::Object{{"outputs", std::move(names)}}));
    Value answer = golden.Post("/v1/models/m/predict", body);
    const Value* predictions = answer.Find("predictions");
    ASSERT_TRUE(predictions) << model << ": " << json::Dump(answer);
    for (const std::string& name : outputs) {
      std::vector<double> got;
      for (const Value& one : predictions->as_array()) {
        const Value* numbers = one.Find("outputs")->Find(name);
        if (numbers) Flatten(*numbers, got);
      }
      ExpectNear(got, *golden.answers->Find(name), StrCat(model, " ", name).c_str());
      golden.known.Compared(got.size());
    }
  }
}

TEST_F(Encoders, ClassifiersNameTheirLabels) {
  Golden golden("bert_seqcls");
  Value body;
  body.Set("instances", golden.Instances());
  Value answer = golden.Post("/v1/models/m/predict", body);
  const Value& one = answer.Find("predictions")->as_array()[0];
  double sum = 0;
  for (const auto& [label, score] : one.Find("scores")->as_object()) sum += score.as_double();
  EXPECT_NEAR(sum, 1, 1e-5);
  EXPECT_EQ(one.Find("scores")->Find(one.Find("label")->as_string())->as_double(),
            one.Find("score")->as_double());
  golden.known.Compared(one.Find("scores")->as_object().size());
}

// Callers that share batches get what each would get alone, to the bit.
TEST_F(Encoders, BatchesDoNotShow) {
  Golden golden("sentence_mean", std::chrono::milliseconds(20));
  auto embed = [&](int64_t seed) {
    Value ids{json::Array()};
    for (int64_t i = 0; i < 3 + seed * 5; ++i) ids.Append((seed * 31 + i * 7) % 300 + 1);
    Value body;
    body.Set("input", std::move(ids));
    body.Set("encoding_format", "base64");
    Value answer = golden.Post("/v1/embeddings", body);
    const Value* data = answer.Find("data");
    return data ? data->as_array()[0].Find("embedding")->as_string() : json::Dump(answer);
  };
  std::vector<std::string> alone, together(8);
  for (int64_t seed = 0; seed < 8; ++seed) alone.push_back(embed(seed));
  {
    std::vector<std::jthread> threads;
    for (size_t seed = 0; seed < together.size(); ++seed) {
      threads.emplace_back([&, seed] { together[seed] = embed(static_cast<int64_t>(seed)); });
    }
  }
  EXPECT_EQ(alone, together);
  golden.known.Compared(alone.size());
  EXPECT_EQ(alone[0].size(), 344u);  // 64 float32
  EXPECT_LT(golden.service->models().List()[0]->service().GetStats().steps, 16);
  std::string metrics = golden.service->metrics().Text();
  EXPECT_NE(metrics.find("pano_step_sequences_sum{model=\"m\"} 16"), std::string::npos) << metrics;
  EXPECT_NE(metrics.find("route=\"/v1/embeddings\""), std::string::npos);
  EXPECT_TRUE(golden.service->Drain(std::chrono::seconds(10)));
}

}  // namespace
}  // namespace pano::service
