#include "app/api/native/predict.h"

#include <cmath>
#include <utility>

#include "app/api/generation_call.h"
#include "app/api/native/bodies.h"
#include "app/api/native/predict_instances.h"
#include "app/api/prompt_text.h"
#include "app/api/sse_writer.h"
#include "app/models/token_text.h"
#include "base/random.h"
#include "base/strings.h"

namespace pano::api::native {
namespace {

using json::Value;

// A predict call, read and checked.
using PredictCall = GenerationCall;

Status ReadPredict(Context& context, Call& call, PredictCall& predict) {
  PANO_ASSIGN_OR_RETURN(predict.version, FindGenerator(context, call));
  PANO_RETURN_IF_ERROR(ReadFields(call.body, PredictBody(), predict.parameters));
  const Value* parameters = call.body.Find("parameters");
  if (parameters && !parameters->is_null()) {
    PANO_RETURN_IF_ERROR(ReadFields(*parameters, PredictParameters(), predict.parameters));
    PANO_ASSIGN_OR_RETURN(predict.constraint, ReadConstraint(*parameters));
  }
  const Value* stream_options = call.body.Find("stream_options");
  if (stream_options && !stream_options->is_null()) {
    PANO_RETURN_IF_ERROR(ReadFields(*stream_options, PredictStreamOptions(), predict.parameters));
  }
  const Value& inputs = *call.body.Find("inputs");
  json::Array texts = inputs.is_array() ? inputs.as_array() : json::Array{inputs};
  if (texts.empty()) return BadField("inputs", "'inputs' is an empty list");
  for (const Value& text : texts) {
    PANO_RETURN_IF_ERROR(
        EncodeText(*predict.version, text.as_string(), "inputs", predict.prompts.emplace_back()));
  }
  predict.id = StrCat("predict-", RandomHex(12));
  // A stream shows each token's probability whether it was asked for alternatives or not.
  predict.logprobs =
      static_cast<int32_t>(predict.parameters.logprobs.value_or(predict.parameters.stream ? 0 : -1));
  return {};
}

Value AlternativesJson(const models::ModelVersion& version,
                       const std::vector<engine::TokenLogprob>& top) {
  Value list{json::Array()};
  for (const engine::TokenLogprob& one : top) {
    Value entry;
    entry.Set("token", models::TokenText(version, one.id));
    entry.Set("token_id", one.id);
    entry.Set("probability", FloatJson(std::exp(one.logprob)));
    entry.Set("logprob", FloatJson(one.logprob));
    list.Append(std::move(entry));
  }
  return list;
}

Value OutputJson(const models::ModelVersion& version, const Parameters& parameters,
                 const Output& output) {
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
    entry.Set("token", models::TokenText(version, token.id));
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
    if (Status status = CheckFinish(event); !status.ok()) return Error(index, status);
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
  if (Status status = ReadPredict(context, *call, predict); !status.ok()) return call->Fail(status);
  StartGeneration<PredictCall>(
      context, call, std::move(predict),
      {.stream =
           [keep_alive = context.options.keep_alive](CallPtr to, PredictCall read) {
             return std::make_unique<PredictStream>(std::move(to), std::move(read), keep_alive);
           },
       .whole = RespondPredict});
}

}  // namespace pano::api::native
