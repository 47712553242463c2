#include "app/api/ollama/model_names.h"

#include "base/json.h"
#include "base/strings.h"

namespace pano::api::ollama {
namespace {

constexpr std::string_view kLatest = ":latest";

}  // namespace

std::string TaggedName(std::string_view name) {
  return name.find(':') == std::string_view::npos ? StrCat(name, kLatest) : std::string(name);
}

Status PrepareModelName(Context& context, Call& call) {
  if (!call.body.is_object()) return {};
  const json::Value* name = call.body.Find("model");
  if (!name || name->is_null()) name = call.body.Find("name");
  if (!name || !name->is_string()) return {};
  std::string model = name->as_string();
  if (model.ends_with(kLatest)) {
    const bool known =
        ResolveModel(context.models, call.principal, call.access, {.name = model}).ok();
    if (!known) model.resize(model.size() - kLatest.size());
  }
  call.body.Set("model", std::move(model));
  return {};
}

}  // namespace pano::api::ollama
