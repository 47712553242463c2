#include "app/api/openai/models.h"

#include <string>
#include <vector>

#include "base/json.h"

namespace pano::api::openai {
namespace {

using json::Value;

template <typename T>
Value ListJson(const std::vector<T>& items) {
  Value list{json::Array()};
  for (const T& item : items) list.Append(item);
  return list;
}

void SetCard(const models::ModelCard& card, Value& body) {
  body.Set("task", card.task);
  if (!card.outputs.empty()) body.Set("outputs", ListJson(card.outputs));
  if (!card.labels.empty()) body.Set("labels", ListJson(card.labels));
  if (!card.pooling.empty()) body.Set("pooling", card.pooling);
  if (card.embedding_size) body.Set("embedding_size", *card.embedding_size);
  if (!card.image_shape.empty()) body.Set("image_shape", ListJson(card.image_shape));
}

Value ModelJson(const Context& context, const models::ModelVersion& version) {
  Value versions{json::Array()};
  for (const models::ModelVersionPtr& one : context.models.Versions(version.id)) {
    versions.Append(one->version);
  }
  Value body;
  body.Set("id", version.id);
  body.Set("object", "model");
  body.Set("created", version.created);
  body.Set("owned_by", "panorama");
  body.Set("version", version.version);
  if (std::vector<std::string> names = context.models.Aliases(version.id); !names.empty()) {
    body.Set("aliases", ListJson(names));
  }
  body.Set("versions", std::move(versions));
  body.Set("vocab_size", version.vocab_size);
  body.Set("context_length", version.context_length);
  body.Set("has_tokenizer", version.tokenizer != nullptr);
  body.Set("has_chat_template", version.chat_template != nullptr);
  SetCard(version.Card(), body);
  return body;
}

}  // namespace

void ListModels(Context& context, CallPtr call) {
  Value data{json::Array()};
  std::string last;
  for (const models::ModelVersionPtr& version : context.models.List()) {
    if (version->id == last || !MaySee(call->principal, call->access, version->id)) continue;
    last = version->id;
    data.Append(ModelJson(context, *context.models.Versions(version->id).back()));
  }
  Value body;
  body.Set("object", "list");
  body.Set("data", std::move(data));
  call->RespondJson(body);
}

void RetrieveModel(Context& context, CallPtr call) {
  Result<models::ModelVersionPtr> version = FindModel(context, *call);
  if (!version.ok()) return call->Fail(version.error());
  call->RespondJson(ModelJson(context, **version));
}

}  // namespace pano::api::openai
