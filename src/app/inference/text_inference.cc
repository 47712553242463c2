#include "app/inference/text_inference.h"

#include <utility>
#include <vector>

#include "app/api/answer.h"
#include "app/api/failure.h"
#include "app/api/fields.h"
#include "app/api/generation.h"
#include "app/api/generation_request.h"
#include "app/api/prompt_text.h"
#include "app/inference/parameters.h"
#include "base/random.h"
#include "base/strings.h"
#include "base/utf8.h"

namespace pano::inference {
namespace {

// Requests to the engine, with what they hold until they are answered.
struct Plan {
  std::vector<engine::Request> requests;
  size_t held_bytes = 0;
};

Status CheckOutputs(const InferRequest& request) {
  for (size_t i = 0; i < request.outputs.size(); ++i) {
    if (request.outputs[i] != "text") {
      return api::BadField("outputs", StrCat("the model has no output '", Printable(request.outputs[i]),
                                             "': it gives 'text'"));
    }
    if (i > 0) return api::BadField("outputs", "the output 'text' is asked for twice");
  }
  return {};
}

// REQUIRES: the inputs were checked against the signature.
Status MakePlan(const api::Context& context, const api::Call& call, const models::Generator& version,
                const InferRequest& request, bool stream, Plan& plan) {
  PANO_RETURN_IF_ERROR(CheckOutputs(request));
  api::Parameters parameters;
  bool truncate = false;
  PANO_RETURN_IF_ERROR(ReadParameters(request.parameters, version, parameters, truncate));
  parameters.stream = stream;
  const Tensor* text = nullptr;
  for (const Tensor& input : request.inputs) {
    if (input.name == "text") text = &input;
  }
  if (!text) return api::BadField("text", "the input 'text' is missing");
  if (text->texts.empty()) return api::BadField("text", "the input 'text' has no element");
  if (stream && text->texts.size() != 1) {
    return api::BadField("text", StrCat("a stream continues one text, and the input 'text' has ", text->texts.size()));
  }
  // Before texts are read: each may be long.
  if (static_cast<int64_t>(text->texts.size()) > api::kInputsMax) {
    return api::BadField("text", StrCat("the input 'text' has ", text->texts.size(), " elements, at most ",
                                        api::kInputsMax, " are taken"));
  }
  std::vector<api::Prompt> prompts;
  for (const std::string& one : text->texts) {
    if (!Utf8Valid(one)) return api::BadField("text", StrCat("text[", prompts.size(), "] is no UTF-8"));
    PANO_RETURN_IF_ERROR(api::EncodeText(version, one, "text", prompts.emplace_back()));
  }
  plan.held_bytes = api::HeldBytes(prompts);
  return api::MakeEngineRequests({.parameters = parameters,
                                  .version = version,
                                  .id = StrCat("infer-", RandomHex(12)),
                                  .tenant = call.principal.tenant,
                                  .now = context.clock.Now(),
                                  .choices_max = context.options.choices_max},
                                 prompts, plan.requests);
}

// Events of the engine as pieces of text.
class PieceGeneration final : public api::GenerationSink {
 public:
  explicit PieceGeneration(std::unique_ptr<PieceSink> sink) : sink_(std::move(sink)) {}
  bool OnEvent(size_t, engine::Event event) override {
    if (event.kind == engine::Event::Kind::kPromptLogprobs) return true;
    if (!event.text.empty()) {
      any_ = true;
      sink_->OnPiece(std::move(event.text));
    }
    if (event.kind != engine::Event::Kind::kFinish) return true;
    status_ = api::CheckFinish(event);
    if (status_.ok() && !any_ && event.reason == engine::FinishReason::kDeadline) {
      status_ = Status(StatusCode::kDeadline, "the time of the request passed before the first token");
    }
    return true;
  }
  void OnEnd() override { sink_->OnEnd(status_); }

 private:
  const std::unique_ptr<PieceSink> sink_;
  bool any_ = false;
  Status status_;
};

}  // namespace

void StartTexts(api::Context& context, api::CallPtr call, models::GeneratorPtr version,
                InferRequest request, std::function<void(api::Call&, InferResponse)> respond) {
  Plan plan;
  if (Status status = MakePlan(context, *call, *version, request, /*stream=*/false, plan); !status.ok()) {
    return call->Fail(status);
  }
  InferResponse response{version->id, version->version, std::move(request.id), {}};
  const size_t inputs = plan.requests.size();
  auto answer = [call, response = std::move(response), respond = std::move(respond)](const api::Answer& made) {
    if (Status status = made.Check(); !status.ok()) return call->Fail(status);
    InferResponse whole = response;
    std::vector<std::string> texts;
    for (const api::Output& output : made.outputs) texts.push_back(output.text);
    Shape shape = {static_cast<int64_t>(texts.size())};
    whole.outputs.push_back(TextTensor("text", std::move(shape), std::move(texts)));
    respond(*call, std::move(whole));
  };
  api::Generation::Start({context.generations, context.held, plan.held_bytes}, call, std::move(version),
                         std::move(plan.requests), [&context, call, inputs, answer = std::move(answer)] {
                           return std::make_unique<api::AnswerCollector>(context.work, call, inputs, 1, answer);
                         });
}

void StartPieces(api::Context& context, api::CallPtr call, models::GeneratorPtr version,
                 InferRequest request, std::function<std::unique_ptr<PieceSink>()> make_sink) {
  Plan plan;
  if (Status status = MakePlan(context, *call, *version, request, /*stream=*/true, plan); !status.ok()) {
    return call->Fail(status);
  }
  api::Generation::Start({context.generations, context.held, plan.held_bytes}, call, std::move(version),
                         std::move(plan.requests), [make_sink = std::move(make_sink)] {
                           return std::make_unique<PieceGeneration>(make_sink());
                         });
}

}  // namespace pano::inference
