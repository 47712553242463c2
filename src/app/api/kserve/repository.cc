#include "app/api/kserve/repository.h"

#include <utility>

#include "app/inference/model_control.h"
#include "app/inference/model_index.h"
#include "base/json.h"
#include "base/strings.h"

namespace pano::api::kserve {
namespace {

using json::Value;

// Nothing that would change what is loaded is passed over: a configuration, files.
Status CheckParameters(const Value& body) {
  for (const auto& [name, value] : body.as_object()) {
    if (name != "parameters") return BadField(Printable(name), StrCat("'", Printable(name), "' is not supported"));
  }
  const Value* parameters = body.Find("parameters");
  if (!parameters || parameters->is_null()) return {};
  if (!parameters->is_object()) return BadField("parameters", "'parameters' must be an object");
  for (const auto& [name, value] : parameters->as_object()) {
    if (name == "unload_dependents") continue;  // no model depends on another
    return BadField(Printable(name), StrCat("the parameter '", Printable(name),
                                            "' is not supported: models are loaded as their files are"));
  }
  return {};
}

void Control(Context& context, CallPtr call, bool load) {
  if (Status status = CheckParameters(call->body); !status.ok()) return call->Fail(status);
  inference::ControlModel(context, std::move(call), load,
                          [](Call& done) { done.RespondJson(Value(json::Object())); });
}

}  // namespace

void RepositoryIndex(Context& context, CallPtr call) {
  const Value* ready = call->body.Find("ready");
  if (ready && !ready->is_null() && !ready->is_bool()) return call->Fail(BadField("ready", "'ready' must be true or false"));
  Value list{json::Array()};
  for (const inference::IndexEntry& one : inference::ModelIndex(context, *call, ready && ready->is_bool() && ready->as_bool())) {
    Value entry;
    entry.Set("name", one.name);
    entry.Set("version", one.version);
    entry.Set("state", one.state);
    entry.Set("reason", one.reason);
    list.Append(std::move(entry));
  }
  call->RespondJson(list);
}

void LoadModel(Context& context, CallPtr call) { Control(context, std::move(call), /*load=*/true); }
void UnloadModel(Context& context, CallPtr call) { Control(context, std::move(call), /*load=*/false); }

}  // namespace pano::api::kserve
