#include "app/api/tfserving/metadata.h"

#include <string_view>
#include <utility>

#include "app/api/tfserving/serving_signature.h"
#include "app/inference/server_state.h"
#include "app/inference/signature.h"
#include "base/json.h"
#include "base/strings.h"

namespace pano::api::tfserving {
namespace {

using inference::Datatype;
using inference::TensorSpec;
using json::Value;

// TensorFlow's names (types.proto), of those that models here have.
std::string_view DtypeName(Datatype datatype) {
  switch (datatype) {
    case Datatype::kInt64: return "DT_INT64";
    case Datatype::kFp32: return "DT_FLOAT";
    case Datatype::kBytes: return "DT_STRING";
    default: return "DT_INVALID";
  }
}

Value SpecJson(const TensorSpec& spec) {
  Value sizes{json::Array()};
  for (const int64_t size : spec.shape) {
    Value one;
    one.Set("size", StrCat(size));
    one.Set("name", "");
    sizes.Append(std::move(one));
  }
  Value shape;
  shape.Set("dim", std::move(sizes));
  shape.Set("unknown_rank", false);
  Value body;
  body.Set("dtype", DtypeName(spec.datatype));
  body.Set("tensor_shape", std::move(shape));
  body.Set("name", spec.name);
  return body;
}

Value SignatureJson(const ServingSignature& serving, const inference::Signature& signature) {
  Value inputs{json::Object()}, outputs{json::Object()};
  for (const TensorSpec& input : signature.inputs) inputs.Set(input.name, SpecJson(input));
  for (const std::string& output : serving.outputs) outputs.Set(output, SpecJson(*signature.FindOutput(output)));
  Value body;
  body.Set("inputs", std::move(inputs));
  body.Set("outputs", std::move(outputs));
  body.Set("method_name", "tensorflow/serving/predict");
  return body;
}

}  // namespace

void Metadata(Context& context, CallPtr call) {
  const Result<models::ModelVersionPtr> found = inference::LookUp(context, *call);
  if (!found.ok()) return call->Fail(found.error());
  const models::ModelVersion& version = **found;
  if (Status label = CheckLabel(*call, version.version); !label.ok()) return call->Fail(label);
  const inference::Signature signature = inference::SignatureOf(version);
  Value signatures{json::Object()};
  for (const ServingSignature& one : SignaturesOf(version)) signatures.Set(one.name, SignatureJson(one, signature));
  Value inner;
  inner.Set("signature_def", std::move(signatures));
  Value metadata;
  metadata.Set("signature_def", std::move(inner));
  Value spec;
  spec.Set("name", version.id);
  spec.Set("signature_name", "");
  spec.Set("version", version.version);
  Value body;
  body.Set("model_spec", std::move(spec));
  body.Set("metadata", std::move(metadata));
  call->RespondJson(body);
}

}  // namespace pano::api::tfserving
