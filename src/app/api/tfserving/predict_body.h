#pragma once

#include <string>

#include "app/api/schema.h"
#include "app/inference/infer_request.h"
#include "app/inference/signature.h"
#include "base/json.h"
#include "base/status.h"

namespace pano::api::tfserving {

const BodySchema& PredictBody();

// A predict request as it came. A value.
struct PredictRequest {
  inference::InferRequest request;  // without outputs
  std::string signature_name;       // "": serving_default
  bool rows = false;                // "instances": the answer comes row by row
};

// Reads "instances" (a row each: an object by input name, or the bare value of the only input) or "inputs"
// (the whole tensor each). Bytes are {"b64": "..."}. All rows have one shape. InvalidArgument says what is
// wrong, and with which input.
Status ReadPredict(const json::Value& body, const inference::Signature& signature, PredictRequest& predict);

}  // namespace pano::api::tfserving
