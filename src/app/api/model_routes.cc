#include "app/api/model_routes.h"

#include <string>

#include "app/api/context.h"
#include "app/api/embeddings.h"
#include "base/json.h"

namespace pano::api {
namespace {

using json::Value;

Value Strings(const std::vector<std::string>& texts) {
  Value list{json::Array()};
  for (const std::string& text : texts) list.Append(text);
  return list;
}

void DescribePredictor(const encoder::EncoderInfo& info, Value& body) {
  body.Set("task", encoder::TaskName(info.task));
  Value outputs{json::Array()};
  for (const encoder::OutputInfo& output : info.outputs) outputs.Append(output.name);
  body.Set("outputs", std::move(outputs));
  if (!info.labels.empty()) body.Set("labels", Strings(info.labels));
  if (!info.pooling.empty()) body.Set("pooling", info.pooling);
  if (const encoder::OutputInfo* output = EmbeddingOutput(info)) {
    body.Set("embedding_size", output->size);
  }
  if (info.image) {
    const encoder::ImageInput& image = *info.image;
    body.Set("image_shape", Value(json::Array{image.channels, image.height, image.width}));
  }
}

Value ModelJson(const Context& context, const ModelVersion& version) {
  Value versions{json::Array()};
  for (const ModelVersionPtr& one : context.models.Versions(version.id)) {
    versions.Append(one->version);
  }
  Value body;
  body.Set("id", version.id);
  body.Set("object", "model");
  body.Set("created", version.created);
  body.Set("owned_by", "panorama");
  body.Set("version", version.version);
  body.Set("versions", std::move(versions));
  body.Set("vocab_size", version.vocab_size);
  body.Set("context_length", version.context_length);
  body.Set("has_tokenizer", version.tokenizer != nullptr);
  body.Set("has_chat_template", version.chat_template != nullptr);
  if (version.predictor) {
    DescribePredictor(version.predictor->info(), body);
  } else {
    body.Set("task", "generation");
  }
  return body;
}

bool AsksForServingStatus(const http::Request& request) {
  for (const auto& [key, value] : request.query) {
    if (key == "format") return value == "tfs";
  }
  return false;
}

// TensorFlow Serving's GetModelStatus: every version that is loaded, the newest first.
Value ServingStatus(const Context& context, const ModelVersion& version) {
  Value list{json::Array()};
  const std::vector<ModelVersionPtr> versions = context.models.Versions(version.id);
  for (auto one = versions.rbegin(); one != versions.rend(); ++one) {
    Value status;
    status.Set("version", (*one)->version);
    status.Set("state", "AVAILABLE");
    Value& code = status.Set("status", json::Object());
    code.Set("error_code", "OK");
    code.Set("error_message", "");
    list.Append(std::move(status));
  }
  Value body;
  body.Set("model_version_status", std::move(list));
  return body;
}

}  // namespace

void ListModels(Context& context, CallPtr call) {
  Value data{json::Array()};
  std::string last;
  for (const ModelVersionPtr& version : context.models.List()) {
    if (version->id == last) continue;
    last = version->id;
    data.Append(ModelJson(context, *context.models.Versions(version->id).back()));
  }
  Value body;
  body.Set("object", "list");
  body.Set("data", std::move(data));
  call->RespondJson(body);
}

void RetrieveModel(Context& context, CallPtr call) {
  ModelVersionPtr version;
  if (Refusal refusal = FindModel(context, *call, version)) return call->Fail(*refusal);
  const bool status = AsksForServingStatus(call->request());
  call->RespondJson(status ? ServingStatus(context, *version) : ModelJson(context, *version));
}

}  // namespace pano::api
