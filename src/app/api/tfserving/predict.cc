#include "app/api/tfserving/predict.h"

#include <string>
#include <utility>

#include "app/api/tfserving/predict_answer.h"
#include "app/api/tfserving/predict_body.h"
#include "app/api/tfserving/serving_signature.h"
#include "app/inference/inference.h"
#include "base/strings.h"

namespace pano::api::tfserving {
namespace {

Status Read(Context& context, Call& call, PredictRequest& predict) {
  PANO_ASSIGN_OR_RETURN(const models::ModelVersionPtr version, FindModel(context, call));
  PANO_RETURN_IF_ERROR(CheckLabel(call, version->version));
  PANO_RETURN_IF_ERROR(ReadPredict(call.body, inference::SignatureOf(*version), predict));
  PANO_ASSIGN_OR_RETURN(ServingSignature signature, FindSignature(*version, predict.signature_name));
  const bool all = signature.outputs.size() == version->Card().outputs.size();
  if (!all) predict.request.outputs = std::move(signature.outputs);  // all: what the inputs lead to
  return {};
}

void Respond(Call& call, const inference::InferResponse& response, bool rows) {
  http::Response answer;
  answer.headers.emplace_back("Content-Type", "application/json");
  if (rows) {
    Result<std::string> text = WriteRows(response.outputs);
    if (!text.ok()) return call.Fail(text.error());
    answer.body = *std::move(text);
  } else {
    answer.body = WriteColumns(response.outputs);
  }
  call.Respond(std::move(answer));
}

}  // namespace

void Predict(Context& context, CallPtr call) {
  PredictRequest predict;
  if (Status status = Read(context, *call, predict); !status.ok()) return call->Fail(status);
  inference::StartInference(context, std::move(call), std::move(predict.request),
                            [rows = predict.rows](Call& answered, const inference::InferResponse& response) {
                              Respond(answered, response, rows);
                            });
}

void RefuseMethod(Context&, CallPtr call) {
  const std::string_view method = std::string_view(call->route).substr(call->route.rfind(':') + 1);
  call->Fail(BadField("", StrCat("'", method, "' is not supported: no signature here has that method, ':predict' is there")));
}

}  // namespace pano::api::tfserving
