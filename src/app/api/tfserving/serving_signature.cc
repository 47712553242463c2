#include "app/api/tfserving/serving_signature.h"

#include <utility>

#include "app/models/predictor.h"
#include "base/strings.h"

namespace pano::api::tfserving {

std::vector<ServingSignature> SignaturesOf(const models::ModelVersion& version) {
  const inference::Signature signature = inference::SignatureOf(version);
  const models::Predictor* predictor = version.AsPredictor();
  // Of states and the vectors that are made of them one is what a client that names none is after.
  const bool one = predictor && predictor->info().task == encoder::Task::kEmbedding;
  std::vector<ServingSignature> signatures(1);
  signatures[0].name = kServingDefault;
  for (const inference::TensorSpec& output : signature.outputs) {
    if (!one || signatures[0].outputs.empty()) signatures[0].outputs.push_back(output.name);
    signatures.push_back({output.name, {output.name}});
  }
  return signatures;
}

Result<ServingSignature> FindSignature(const models::ModelVersion& version, std::string_view name) {
  std::string names;
  for (ServingSignature& signature : SignaturesOf(version)) {
    if (signature.name == (name.empty() ? kServingDefault : name)) return std::move(signature);
    names += (names.empty() ? "" : ", ") + signature.name;
  }
  return NotFound(StrCat("the model '", version.id, "' has no signature '", Printable(name), "': it has ", names));
}

Status CheckLabel(const Call& call, std::string_view version) {
  const std::string_view label = call.PathParam("version");
  const bool by_label = call.route.find("/labels/") != std::string::npos;
  if (!by_label || label != version) return {};
  return NotFound(StrCat("the model '", call.PathParam("id"), "' has no label '", Printable(label), "'"))
      .WithReason("model_not_found");
}

}  // namespace pano::api::tfserving
