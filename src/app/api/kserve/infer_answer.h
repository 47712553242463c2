#pragma once

#include "app/api/kserve/infer_body.h"
#include "app/http/http.h"
#include "app/inference/infer_response.h"

namespace pano::api::kserve {

// The answer's JSON, and behind it the outputs that were wanted as binary data; then the length of the
// JSON is in Inference-Header-Content-Length.
http::Response WriteInferAnswer(const inference::InferResponse& response, const OutputForms& forms);

}  // namespace pano::api::kserve
