#include "app/inference/inference.h"

#include <string>
#include <utility>

#include "app/api/failure.h"
#include "app/inference/row_inference.h"
#include "app/inference/text_inference.h"
#include "app/models/generator.h"
#include "app/models/predictor.h"
#include "base/strings.h"

namespace pano::inference {
namespace {

std::string Names(const std::vector<TensorSpec>& specs) {
  std::string names;
  for (const TensorSpec& spec : specs) names += (names.empty() ? "'" : ", '") + spec.name + "'";
  return names;
}

bool Fits(const Shape& wanted, const Shape& given) {
  if (wanted.size() != given.size()) return false;
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] >= 0 && wanted[i] != given[i]) return false;
  }
  return true;
}

Status CheckInput(const Signature& signature, const Tensor& input) {
  const TensorSpec* spec = signature.FindInput(input.name);
  if (!spec) {
    return api::BadField(Printable(input.name), StrCat("the model has no input '", Printable(input.name),
                                                       "': it takes ", Names(signature.inputs)));
  }
  if (spec->datatype != input.datatype) {
    return api::BadField(spec->name, StrCat("the input '", spec->name, "' is ", DatatypeName(input.datatype),
                                            ", and the model takes ", DatatypeName(spec->datatype)));
  }
  if (!Fits(spec->shape, input.shape)) {
    return api::BadField(spec->name, StrCat("the input '", spec->name, "' has the shape ", ShapeText(input.shape),
                                            ", and the model takes ", ShapeText(spec->shape)));
  }
  return {};
}

}  // namespace

Status AtTensor(std::string_view kind, std::string_view name, const Status& status) {
  if (status.ok()) return status;
  return Status(status.code(), StrCat("the ", kind, " '", Printable(name), "': ", status.message()))
      .WithReason(status.reason())
      .WithField(Printable(name));
}

Status CheckInputs(const Signature& signature, const std::vector<Tensor>& inputs) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    PANO_RETURN_IF_ERROR(CheckInput(signature, inputs[i]));
    for (size_t before = 0; before < i; ++before) {
      if (inputs[before].name != inputs[i].name) continue;
      return api::BadField(inputs[i].name, StrCat("the input '", inputs[i].name, "' comes twice"));
    }
  }
  return {};
}

void StartInference(api::Context& context, api::CallPtr call, InferRequest request,
                    std::function<void(api::Call&, InferResponse)> respond) {
  Result<models::ModelVersionPtr> version = api::FindModel(context, *call);
  if (!version.ok()) return call->Fail(version.error());
  if (Status status = CheckInputs(SignatureOf(**version), request.inputs); !status.ok()) return call->Fail(status);
  if (const models::Generator* generator = (*version)->AsGenerator()) {
    return StartTexts(context, std::move(call), models::GeneratorPtr(*std::move(version), generator),
                      std::move(request), std::move(respond));
  }
  const models::Predictor* predictor = (*version)->AsPredictor();
  StartRows(context, std::move(call), models::PredictorPtr(*std::move(version), predictor), std::move(request),
            std::move(respond));
}

}  // namespace pano::inference
