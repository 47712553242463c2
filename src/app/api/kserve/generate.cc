#include "app/api/kserve/generate.h"

#include <memory>
#include <string>
#include <utility>

#include "app/api/kserve/bodies.h"
#include "app/api/sse_writer.h"
#include "app/inference/text_inference.h"
#include "base/json.h"
#include "base/strings.h"

namespace pano::api::kserve {
namespace {

using json::Value;

// A generate request, read; the parameters are checked by whoever starts it.
Status ReadGenerate(Context& context, Call& call, bool stream, models::GeneratorPtr& version,
                    inference::InferRequest& request) {
  PANO_ASSIGN_OR_RETURN(version, FindGenerator(context, call));
  Parameters unused;
  PANO_RETURN_IF_ERROR(ReadFields(call.body, GenerateBody(), unused));
  request.parameters = Value(json::Object());
  if (const Value* parameters = call.body.Find("parameters"); parameters && !parameters->is_null()) {
    // vLLM's backend says here how it is answered; its routes say so, too.
    for (const auto& [name, value] : parameters->as_object()) {
      if (name == "stream" && value.is_bool()) {
        if (value.as_bool() && !stream) return BadField("stream", "'stream': /generate_stream answers piece by piece");
        continue;
      }
      if (name == "exclude_input_in_output" && value == Value(true)) continue;  // it never is
      if (name == "details" && value == Value(false)) continue;
      request.parameters.Set(name, value);
    }
  }
  if (const Value* id = call.body.Find("id"); id && id->is_string()) request.id = id->as_string();
  request.inputs.push_back(inference::TextTensor("text", {1}, {call.body.Find("text_input")->as_string()}));
  return {};
}

Value AnswerJson(const std::string& id, const models::ModelVersion& version, const std::string& text) {
  Value body;
  if (!id.empty()) body.Set("id", id);
  body.Set("model_name", version.id);
  body.Set("model_version", version.version);
  body.Set("text_output", text);
  return body;
}

class GenerateEvents final : public inference::PieceSink {
 public:
  GenerateEvents(CallPtr call, models::GeneratorPtr version, std::string id, std::chrono::milliseconds keep_alive)
      : version_(std::move(version)), id_(std::move(id)), writer_(std::move(call), keep_alive) {
    writer_.Begin();
  }
  void OnPiece(std::string piece) override { writer_.Data(AnswerJson(id_, *version_, piece)); }
  void OnEnd(const Status& status) override {
    if (status.ok()) return writer_.Finish(200);
    Value body;
    body.Set("error", status.message());
    writer_.Data(body);
    writer_.Finish(Failure(status).HttpStatus());
  }

 private:
  const models::GeneratorPtr version_;
  const std::string id_;
  SseWriter writer_;
};

}  // namespace

void Generate(Context& context, CallPtr call) {
  models::GeneratorPtr version;
  inference::InferRequest request;
  if (Status status = ReadGenerate(context, *call, /*stream=*/false, version, request); !status.ok()) return call->Fail(status);
  inference::StartTexts(context, std::move(call), version, std::move(request),
                        [version](Call& answered, const inference::InferResponse& response) {
                          answered.RespondJson(AnswerJson(response.id, *version, response.outputs[0].texts[0]));
                        });
}

void GenerateStream(Context& context, CallPtr call) {
  models::GeneratorPtr version;
  inference::InferRequest request;
  if (Status status = ReadGenerate(context, *call, /*stream=*/true, version, request); !status.ok()) return call->Fail(status);
  std::string id = request.id;
  inference::StartPieces(context, call, version, std::move(request),
                         [call, version, id = std::move(id), keep_alive = context.options.keep_alive] {
                           return std::make_unique<GenerateEvents>(call, version, id, keep_alive);
                         });
}

}  // namespace pano::api::kserve
