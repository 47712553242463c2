#include "app/api/predict.h"

#include <cmath>
#include <utility>

#include "app/api/answer.h"
#include "app/api/context.h"
#include "app/api/generation_request.h"
#include "app/api/predict_instances.h"
#include "app/api/prompt_text.h"
#include "app/api/schema.h"
#include "app/api/sse_writer.h"
#include "base/random.h"
#include "base/strings.h"

namespace pano::api {
namespace {

using json::Value;

// A predict call, read and checked.
struct PredictCall {
  ModelVersionPtr version;
  Parameters parameters;
  std::vector<Prompt> prompts;
  std::string id;
};

Refusal ReadPredict(Context& context, Call& call, PredictCall& predict) {
  if (Refusal refusal = FindModel(context, call, predict.version)) return refusal;
  if (Refusal refusal = CheckGenerates(*predict.version)) return refusal;
  if (Refusal refusal = ReadFields(call.body, kPredictBody, Unknown::kIgnore, predict.parameters)) {
    return refusal;
  }
  const Value* parameters = call.body.Find("parameters");
  if (parameters && !parameters->is_null()) {
    if (Refusal refusal =
            ReadFields(*parameters, kPredictParameters, Unknown::kRefuse, predict.parameters)) {
      return refusal;
    }
  }
  const Value& inputs = *call.body.Find("inputs");
  json::Array texts = inputs.is_array() ? inputs.as_array() : json::Array{inputs};
  if (texts.empty()) return BadField("inputs", "'inputs' is an empty list");
  for (const Value& text : texts) {
    if (Refusal refusal = EncodeText(*predict.version, text.as_string(), "inputs",
                                     predict.prompts.emplace_back())) {
      return refusal;
    }
  }
  predict.id = StrCat("predict-", RandomHex(12));
  return {};
}

Value AlternativesJson(const ModelVersion& version, const std::vector<engine::TokenLogprob>& top) {
  Value list{json::Array()};
  for (const engine::TokenLogprob& one : top) {
    Value entry;
    entry.Set("token", TokenText(version, one.id));
    entry.Set("token_id", one.id);
    entry.Set("probability", FloatJson(std::exp(one.logprob)));
    entry.Set("logprob", FloatJson(one.logprob));
    list.Append(std::move(entry));
  }
  return list;
}

Value OutputJson(const ModelVersion& version, const Parameters& parameters, const Output& output) {
  Value body;
  body.Set("text", output.text);
  body.Set("finish_reason", engine::FinishReasonName(output.reason));
  if (parameters.return_token_ids) {
    Value ids{json::Array()};
    for (const Output::Token& token : output.tokens) ids.Append(token.id);
    body.Set("token_ids", std::move(ids));
  }
  if (!parameters.logprobs) return body;
  Value tokens{json::Array()};
  for (const Output::Token& token : output.tokens) {
    Value entry;
    entry.Set("token", TokenText(version, token.id));
    entry.Set("token_id", token.id);
    entry.Set("probability", FloatJson(std::exp(token.logprob)));
    entry.Set("logprob", FloatJson(token.logprob));
    entry.Set("top", AlternativesJson(version, token.top));
    tokens.Append(std::move(entry));
  }
  body.Set("logprobs", std::move(tokens));
  return body;
}

void RespondPredict(Call& call, const PredictCall& predict, const Answer& answer) {
  if (Refusal refusal = answer.Check()) return call.Fail(*refusal);
  Value outputs{json::Array()};
  for (const Output& output : answer.outputs) {
    outputs.Append(OutputJson(*predict.version, predict.parameters, output));
  }
  Value body;
  body.Set("id", predict.id);
  body.Set("model", predict.version->id);
  body.Set("version", predict.version->version);
  body.Set("outputs", std::move(outputs));
  body.Set("usage", UsageJson(answer.TotalUsage()));
  body.Set("timings", TimingsJson(answer.TotalTimings()));
  call.RespondJson(body);
}

// A streamed predict: `progress` for each token, `done` or `error` for each output.
class PredictStream final : public GenerationSink {
 public:
  PredictStream(CallPtr call, PredictCall predict, std::chrono::milliseconds keep_alive)
      : request_id_(call->request().id),
        predict_(std::move(predict)),
        writer_(std::make_shared<SseWriter>(std::move(call), keep_alive)) {
    writer_->Begin();
  }

  bool OnEvent(size_t input, engine::Event event) override {
    int64_t index = static_cast<int64_t>(input) * predict_.parameters.n.value_or(1) + event.index;
    if (event.kind == engine::Event::Kind::kToken) Progress(index, event);
    if (event.kind == engine::Event::Kind::kFinish) Finish(index, event);
    return true;
  }

  void OnEnd() override { writer_->Finish(status_); }

 private:
  void Finish(int64_t index, const engine::Event& event) {
    if (!event.text.empty()) Rest(index, event.text);
    if (Refusal refusal = CheckFinish(event)) return Error(index, *refusal);
    Value body;
    body.Set("index", index);
    body.Set("finish_reason", engine::FinishReasonName(event.reason));
    body.Set("usage", UsageJson(event.usage));
    body.Set("timings", TimingsJson(event.timings));
    writer_->Event("done", body);
  }

  void Progress(int64_t index, const engine::Event& event) {
    Value body;
    body.Set("index", index);
    body.Set("token", event.text);
    body.Set("token_id", event.token_id);
    body.Set("probability", FloatJson(std::exp(event.logprob)));
    body.Set("logprob", FloatJson(event.logprob));
    if (predict_.parameters.logprobs.value_or(0) > 0) {
      body.Set("top", AlternativesJson(*predict_.version, event.top));
    }
    writer_->Event("progress", body);
  }

  // Text that was held back and turned out to be no stop string: it belongs to no single token.
  void Rest(int64_t index, const std::string& text) {
    Value body;
    body.Set("index", index);
    body.Set("token", text);
    body.Set("token_id", nullptr);
    body.Set("probability", nullptr);
    body.Set("logprob", nullptr);
    writer_->Event("progress", body);
  }

  void Error(int64_t index, const Failure& failure) {
    status_ = failure.HttpStatus();
    Value body = ErrorJson(failure, request_id_);
    body.Set("index", index);
    writer_->Event("error", body);
  }

  const std::string request_id_;
  const PredictCall predict_;
  const std::shared_ptr<SseWriter> writer_;
  int status_ = 200;
};

}  // namespace

void Predict(Context& context, CallPtr call) {
  const Value* instances = call->body.Find("instances");
  if (instances && !instances->is_null()) return PredictInstances(context, std::move(call));
  PredictCall predict;
  if (Refusal refusal = ReadPredict(context, *call, predict)) return call->Fail(*refusal);

  // A stream shows each token's probability whether it was asked for alternatives or not.
  int32_t logprobs = static_cast<int32_t>(
      predict.parameters.logprobs.value_or(predict.parameters.stream ? 0 : -1));
  std::vector<engine::Request> requests;
  RequestFrame frame{
      predict.parameters,         *predict.version,    kPredictParameters, predict.id,
      call->principal.tenant,     context.clock.Now(), logprobs,           -1,
      context.options.choices_max};
  if (Refusal refusal = MakeEngineRequests(frame, predict.prompts, requests)) {
    return call->Fail(*refusal);
  }
  auto keep_alive =
      std::chrono::duration_cast<std::chrono::milliseconds>(context.options.keep_alive);
  ModelVersionPtr version = predict.version;
  Refusal refusal = Generation::Start(
      context.generations, call, version, std::move(requests),
      [&]() -> std::unique_ptr<GenerationSink> {
        if (predict.parameters.stream) {
          return std::make_unique<PredictStream>(call, std::move(predict), keep_alive);
        }
        size_t inputs = predict.prompts.size();
        auto n = static_cast<int32_t>(predict.parameters.n.value_or(1));
        return std::make_unique<AnswerCollector>(
            inputs, n, [call, predict = std::move(predict)](Answer answer) {
              RespondPredict(*call, predict, answer);
            });
      });
  if (refusal) call->Fail(*refusal);
}

}  // namespace pano::api
