#include "app/api/kserve/metadata.h"

#include <string>
#include <utility>
#include <vector>

#include "app/inference/model_description.h"
#include "app/inference/server_state.h"
#include "base/json.h"
#include "base/strings.h"

namespace pano::api::kserve {
namespace {

using inference::Shape;
using inference::TensorSpec;
using json::Value;

Value SizesJson(const Shape& shape, size_t from) {
  Value list{json::Array()};
  for (size_t i = from; i < shape.size(); ++i) list.Append(shape[i]);
  return list;
}

Value SpecsJson(const std::vector<TensorSpec>& specs) {
  Value list{json::Array()};
  for (const TensorSpec& spec : specs) {
    Value entry;
    entry.Set("name", spec.name);
    entry.Set("datatype", inference::DatatypeName(spec.datatype));
    entry.Set("shape", SizesJson(spec.shape, 0));
    list.Append(std::move(entry));
  }
  return list;
}

// Triton's configuration leaves out the size of the batch.
Value ConfigSpecsJson(const std::vector<TensorSpec>& specs, bool input) {
  Value list{json::Array()};
  for (const TensorSpec& spec : specs) {
    const bool text = spec.datatype == inference::Datatype::kBytes;
    Value entry;
    entry.Set("name", spec.name);
    entry.Set("data_type", StrCat("TYPE_", text ? "STRING" : inference::DatatypeName(spec.datatype)));
    entry.Set("dims", SizesJson(spec.shape, 1));
    if (input) entry.Set("optional", spec.name != "text" || specs.size() > 1);
    list.Append(std::move(entry));
  }
  return list;
}

}  // namespace

void ServerMetadata(Context&, CallPtr call) {
  Value extensions{json::Array()};
  for (const std::string_view name : inference::kExtensions) extensions.Append(name);
  Value body;
  body.Set("name", inference::kServerName);
  body.Set("version", inference::ServerVersion());
  body.Set("extensions", std::move(extensions));
  call->RespondJson(body);
}

void ModelMetadata(Context& context, CallPtr call) {
  const Result<inference::ModelDescription> model = inference::Describe(context, *call);
  if (!model.ok()) return call->Fail(model.error());
  Value versions{json::Array()};
  for (const std::string& version : model->versions) versions.Append(version);
  Value body;
  body.Set("name", model->name);
  body.Set("versions", std::move(versions));
  body.Set("platform", model->platform);
  body.Set("inputs", SpecsJson(model->signature.inputs));
  body.Set("outputs", SpecsJson(model->signature.outputs));
  call->RespondJson(body);
}

void ModelConfig(Context& context, CallPtr call) {
  const Result<inference::ModelDescription> model = inference::Describe(context, *call);
  if (!model.ok()) return call->Fail(model.error());
  Value body;
  body.Set("name", model->name);
  body.Set("platform", model->platform);
  body.Set("backend", inference::kServerName);
  body.Set("max_batch_size", model->batch_max);
  body.Set("input", ConfigSpecsJson(model->signature.inputs, /*input=*/true));
  body.Set("output", ConfigSpecsJson(model->signature.outputs, /*input=*/false));
  Value policy;
  policy.Set("decoupled", model->streams);
  body.Set("model_transaction_policy", std::move(policy));
  call->RespondJson(body);
}

}  // namespace pano::api::kserve
