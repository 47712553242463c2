#include "app/api/ollama/models.h"

#include <string>
#include <utility>
#include <vector>

#include "app/api/ollama/bodies.h"
#include "app/api/ollama/model_names.h"
#include "app/api/parameters.h"
#include "app/api/policy/authorization.h"
#include "app/api/timestamp.h"
#include "app/api/visible_models.h"
#include "app/models/model_facts.h"
#include "base/digest/digest.h"
#include "base/strings.h"

namespace pano::api::ollama {
namespace {

using json::Value;

// Clients ask for features by it: this is the version whose messages this dialect knows.
constexpr char kApiVersion[] = "0.12.6";

// Stays the same while the model does: 64 hex digits, as clients expect. Files are not read for it.
std::string DigestOf(const VisibleModel& model) {
  std::string text = model.id;
  if (model.version) {
    text += StrCat("\n", model.version->version, "\n", model.version->weight_bytes, "\n",
                   model.version->facts.parameters);
  }
  return HexDigest(Digest::kSha256, text);
}

Value DetailsJson(const Call& call, const models::ModelVersion* version) {
  const models::ModelFacts facts = version ? version->facts : models::ModelFacts();
  Value families{json::Array()};
  if (!facts.architecture.empty()) families.Append(facts.architecture);
  Value details;
  const bool shown = version && MaySee(call.principal, call.access, version->parent);
  details.Set("parent_model", shown ? version->parent : "");
  details.Set("format", facts.format);
  details.Set("family", facts.architecture);
  details.Set("families", std::move(families));
  details.Set("parameter_size", models::ParametersText(facts.parameters));
  details.Set("quantization_level", facts.weight_type);
  return details;
}

int64_t SizeOf(const models::ModelVersion* version) {
  return version ? static_cast<int64_t>(version->weight_bytes) : 0;
}

Value ModelJson(const Call& call, const VisibleModel& model, std::string_view name) {
  const models::ModelVersion* version = model.version.get();
  Value body;
  body.Set("name", TaggedName(name));
  body.Set("model", TaggedName(name));
  body.Set("modified_at", Timestamp(version ? version->created : 0));
  body.Set("size", SizeOf(version));
  body.Set("digest", DigestOf(model));
  body.Set("details", DetailsJson(call, version));
  return body;
}

Value CapabilitiesOf(const models::ModelVersion& version) {
  Value list{json::Array()};
  if (version.AsGenerator()) list.Append("completion");
  const bool tools = (version.chat_template && version.tool_format && version.tool_format->takes_tools()) ||
                     version.tool_template;
  if (version.AsGenerator() && tools) list.Append("tools");
  if (version.Card().embedding_size) list.Append("embedding");
  return list;
}

// Ollama's names of what GGUF's metadata say.
Value InfoJson(const models::ModelVersion& version) {
  const models::ModelFacts& facts = version.facts;
  Value info{json::Object()};
  if (!facts.architecture.empty()) info.Set("general.architecture", facts.architecture);
  if (facts.parameters > 0) info.Set("general.parameter_count", facts.parameters);
  const std::string prefix = StrCat(facts.architecture.empty() ? "general" : facts.architecture, ".");
  if (version.context_length > 0) info.Set(prefix + "context_length", version.context_length);
  if (facts.embedding_length > 0) info.Set(prefix + "embedding_length", facts.embedding_length);
  if (version.vocab_size > 0) info.Set(prefix + "vocab_size", version.vocab_size);
  return info;
}

void RespondModels(Call& call, json::Array models) {
  Value body;
  body.Set("models", std::move(models));
  call.RespondJson(body);
}

}  // namespace

void Tags(Context& context, CallPtr call) {
  json::Array models;
  for (const VisibleModel& model : VisibleModels(context, *call)) {
    models.push_back(ModelJson(*call, model, model.id));
    for (const std::string& alias : context.models.Aliases(model.id)) models.push_back(ModelJson(*call, model, alias));
  }
  RespondModels(*call, std::move(models));
}

void Running(Context& context, CallPtr call) {
  json::Array models;
  for (const VisibleModel& model : VisibleModels(context, *call)) {
    if (!model.version) continue;
    Value entry = ModelJson(*call, model, model.id);
    // No time is set for its end: memory decides. Clients want one, far away.
    entry.Set("expires_at", "2318-01-01T00:00:00Z");
    entry.Set("size_vram", 0);
    entry.Set("context_length", model.version->context_length);
    models.push_back(std::move(entry));
  }
  RespondModels(*call, std::move(models));
}

void Show(Context& context, CallPtr call) {
  Parameters unused;
  if (Status read = ReadFields(call->body, ShowBody(), unused); !read.ok()) return call->Fail(read);
  const Result<models::ModelTarget> target =
      ResolveModel(context.models, call->principal, call->access, NameOfModel(*call));
  if (!target.ok()) return call->Fail(context.loading ? Loading() : target.error());
  const Result<models::ModelVersionPtr> found = context.models.Find(target->id, target->version);
  const models::ModelVersion* version = found.ok() ? found->get() : nullptr;
  if (version) call->model = version->label;
  Value body;
  for (const char* name : {"license", "modelfile", "parameters", "template"}) body.Set(name, "");
  body.Set("details", DetailsJson(*call, version));
  body.Set("model_info", version ? InfoJson(*version) : Value(json::Object()));
  body.Set("capabilities", version ? CapabilitiesOf(*version) : Value(json::Array()));
  body.Set("modified_at", Timestamp(version ? version->created : 0));
  call->RespondJson(body);
}

void Version(Context&, CallPtr call) {
  Value body;
  body.Set("version", kApiVersion);
  call->RespondJson(body);
}

}  // namespace pano::api::ollama
