#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/api/api.h"
#include "app/api/testing/fake_exchange.h"
#include "app/models/testing/fake_engine.h"
#include "app/models/testing/fake_predictor.h"
#include "app/models/testing/fake_tokenizer.h"
#include "base/check.h"
#include "base/strings.h"

namespace pano::api::testing {

using models::testing::FakeEngine;
using models::testing::FakePredictor;
using models::testing::FakeTokenizer;

// An API that speaks some dialects, over fakes: one model "m" unless a test adds more. Confined to
// the thread of the test.
class ApiHarness {
 public:
  explicit ApiHarness(const std::vector<Dialect>& dialects, std::vector<std::string> keys = {},
                      Options options = {})
      : ApiHarness(std::move(auth::MakeApiKeyAuthenticator(std::move(keys))).value(), dialects,
                   std::move(options)) {}

  ApiHarness(std::unique_ptr<auth::Authenticator> authenticator,
             const std::vector<Dialect>& dialects, Options options = {}) {
    engine = AddModel("m", "1");
    Hooks hooks;
    hooks.record = [this](const RequestRecord& r) {
      records.push_back({std::string(r.model), std::string(r.route), r.status, r.tokens});
    };
    hooks.administer = [this](const RequestRecord& r) {
      administered.emplace_back(StrCat(r.method, " ", r.route, " ", r.model));
      return administer ? administer() : OkStatus();
    };
    hooks.metrics_text = [] { return std::string("pano_up 1\n"); };
    api = std::move(Api::Create(dialects, std::move(options), models, std::move(authenticator),
                                std::move(hooks), clock))
              .value();
  }

  // Connections keep what serves them and are kept by it; a server closes them when it stops.
  ~ApiHarness() {
    for (const auto& sent : sent_) {
      if (auto exchange = sent.lock()) exchange->Release();
    }
  }
  ApiHarness(const ApiHarness&) = delete;
  ApiHarness& operator=(const ApiHarness&) = delete;

  // What the template of a fake model says of calls and reasoning: Hermes' marks.
  static constexpr std::string_view kToolMarks = "tools <tool_call> <think> </think>";

  // The fakes of a model live as long as the harness's host.
  FakeEngine* AddModel(std::string id, std::string version, bool tokenizer = true,
                       jinja::ChatTemplatePtr chat_template = nullptr,
                       std::string_view tool_marks = kToolMarks) {
    auto model = std::make_shared<models::Generator>();
    model->id = std::move(id);
    model->version = std::move(version);
    model->label = model->id;
    model->created = 1700000000;
    model->vocab_size = 258;
    model->context_length = 128;
    if (tokenizer) {
      model->tokenizer = std::make_shared<FakeTokenizer>();
      model->grammars = std::make_shared<constraints::Vocabulary>(model->tokenizer, model->vocab_size);
      model->chat_grammars = model->grammars;
    }
    model->chat_template = std::move(chat_template);
    if (model->chat_template) model->tool_format = tools::ToolFormat::Detect(tool_marks);
    auto fake = std::make_unique<FakeEngine>();
    FakeEngine* borrowed = fake.get();
    model->engine = std::move(fake);
    PANO_CHECK(models.Add(std::move(model)).ok());
    return borrowed;
  }
  // One over the model `parent`, whose engine computes it.
  void AddAdapter(std::string id, const std::string& parent,
                  std::shared_ptr<const nn::BoundAdapter> adapter) {
    const models::ModelVersionPtr version = models.Find(parent).value();
    const models::Generator& base = *version->AsGenerator();
    auto model = std::make_shared<models::Generator>();
    model->id = std::move(id);
    model->label = model->id;
    model->parent = parent;
    model->vocab_size = base.vocab_size;
    model->context_length = base.context_length;
    model->tokenizer = base.tokenizer;
    model->engine = base.engine;
    model->adapter = std::move(adapter);
    model->base = models::GeneratorPtr(version, &base);
    PANO_CHECK(models.Add(std::move(model)).ok());
  }

  // A model that looks at whole inputs.
  FakePredictor* AddPredictor(std::string id, encoder::Task task,
                              std::vector<std::string> labels = {}, bool tokenizer = true,
                              std::string problem_type = "") {
    auto encoder = std::make_unique<batch::testing::FakeEncoder>(task, std::move(labels));
    encoder->mutable_info().problem_type = std::move(problem_type);
    auto model = std::make_shared<models::Predictor>();
    model->id = std::move(id);
    model->label = model->id;
    if (encoder->info().text) {
      model->vocab_size = encoder->info().text->vocab_size;
      model->context_length = encoder->info().text->max_length;
    }
    if (tokenizer) model->tokenizer = std::make_shared<FakeTokenizer>();
    auto fake = std::make_unique<FakePredictor>(std::move(encoder));
    FakePredictor* borrowed = fake.get();
    model->predictor = std::move(fake);
    PANO_CHECK(models.Add(std::move(model)).ok());
    return borrowed;
  }

  static http::Request MakeRequest(std::string method, std::string path, std::string body = "") {
    http::Request request;
    request.method = std::move(method);
    request.target = path;
    request.path = std::move(path);
    request.headers = {{"Host", "127.0.0.1:8080"}};
    if (request.method == "POST") request.headers.emplace_back("Content-Type", "application/json");
    request.body = std::move(body);
    request.id = "req-1";
    return request;
  }

  std::shared_ptr<FakeExchange> Send(http::Request request) {
    auto exchange = std::make_shared<FakeExchange>(std::move(request));
    sent_.push_back(exchange);
    api->Handle(exchange);
    exchange->Run();
    return exchange;
  }
  std::shared_ptr<FakeExchange> Get(std::string path) {
    return Send(MakeRequest("GET", std::move(path)));
  }
  std::shared_ptr<FakeExchange> Post(std::string path, std::string body) {
    return Send(MakeRequest("POST", std::move(path), std::move(body)));
  }

  struct Record {
    std::string model;
    std::string route;
    int status;
    TokenCounts tokens;
  };

  ManualClock clock;
  models::ModelHost models;
  FakeEngine* engine = nullptr;
  std::vector<Record> records;
  std::vector<std::string> administered;       // "POST /v1/models/{id}/load m", before it happens
  std::function<Status()> administer = {};     // what comes of that; empty: it may happen
  std::unique_ptr<Api> api;

 private:
  std::vector<std::weak_ptr<FakeExchange>> sent_;
};

inline std::vector<Dialect> ListOf(Dialect dialect) { return {std::move(dialect)}; }
inline std::vector<Dialect> ListOf(std::vector<Dialect> dialects) { return dialects; }

// The harness of one dialect or of several: `kMake` gives a Dialect or a list of them.
//   using Harness = testing::HarnessOf<MakeDialect>;
// Confined to the thread of its test.
template <auto kMake>
class HarnessOf : public ApiHarness {
 public:
  explicit HarnessOf(std::vector<std::string> keys = {}, Options options = {})
      : ApiHarness(ListOf(kMake()), std::move(keys), options) {}
};

// The value at a path of names and indices, "choices/0/text"; null where there is none.
inline json::Value At(const json::Value& value, std::string_view path) {
  const json::Value* here = &value;
  for (std::string_view part : Split(path, '/')) {
    if (here->is_array()) {
      std::optional<int64_t> index = ParseInt(part);
      if (!index || *index < 0 || static_cast<size_t>(*index) >= here->as_array().size()) return {};
      here = &here->as_array()[static_cast<size_t>(*index)];
    } else {
      here = here->Find(part);
      if (!here) return {};
    }
  }
  return *here;
}

}  // namespace pano::api::testing
