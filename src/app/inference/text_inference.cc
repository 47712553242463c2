#include "app/inference/text_inference.h"

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "app/api/failure.h"
#include "app/api/fields.h"
#include "app/api/generation_call.h"
#include "app/api/prompt_text.h"
#include "app/inference/parameters.h"
#include "base/random.h"
#include "base/strings.h"
#include "base/utf8.h"

namespace pano::inference {
namespace {

using api::GenerationCall;

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
Status ReadTexts(const models::GeneratorPtr& version, const InferRequest& request, bool stream, GenerationCall& read) {
  PANO_RETURN_IF_ERROR(CheckOutputs(request));
  bool truncate = false;
  PANO_RETURN_IF_ERROR(ReadParameters(request.parameters, *version, read.parameters, truncate));
  if (request.parameters.is_object()) {
    PANO_ASSIGN_OR_RETURN(read.constraint, api::ReadConstraint(request.parameters));
  }
  read.version = version;
  read.id = StrCat("infer-", RandomHex(12));
  read.parameters.stream = stream;
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
  for (const std::string& one : text->texts) {
    if (!Utf8Valid(one)) return api::BadField("text", StrCat("text[", read.prompts.size(), "] is no UTF-8"));
    PANO_RETURN_IF_ERROR(api::EncodeText(*version, one, "text", read.prompts.emplace_back()));
  }
  return {};
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
  GenerationCall read;
  if (Status status = ReadTexts(version, request, /*stream=*/false, read); !status.ok()) return call->Fail(status);
  InferResponse frame{version->id, version->version, std::move(request.id), {}};
  api::StartGeneration<GenerationCall>(
      context, call, std::move(read),
      {.stream = nullptr,
       .whole = [frame = std::move(frame), respond = std::move(respond)](api::Call& to, const GenerationCall&,
                                                                         const api::Answer& answer) {
         InferResponse response = frame;
         std::vector<std::string> texts;
         for (const api::Output& output : answer.outputs) texts.push_back(output.text);
         Shape shape = {static_cast<int64_t>(texts.size())};
         response.outputs.push_back(TextTensor("text", std::move(shape), std::move(texts)));
         respond(to, std::move(response));
       }});
}

void StartPieces(api::Context& context, api::CallPtr call, models::GeneratorPtr version,
                 InferRequest request, std::function<std::unique_ptr<PieceSink>()> make_sink) {
  GenerationCall read;
  if (Status status = ReadTexts(version, request, /*stream=*/true, read); !status.ok()) return call->Fail(status);
  api::StartGeneration<GenerationCall>(
      context, call, std::move(read),
      {.stream = [make_sink = std::move(make_sink)](
                     const api::CallPtr&, const GenerationCall&) { return std::make_unique<PieceGeneration>(make_sink()); },
       .whole = nullptr});
}

}  // namespace pano::inference
