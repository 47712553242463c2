#pragma once

#include <functional>

#include "app/api/call.h"
#include "app/api/context.h"
#include "app/inference/infer_request.h"
#include "app/inference/infer_response.h"
#include "app/models/predictor.h"

namespace pano::inference {

// Looks at whole inputs: rows of `input_ids` (with `attention_mask` and `token_type_ids`; without, all ones
// and all zeros) or of `text`, of `decoder_input_ids`, of `pixel_values`. `respond` gets the outputs that
// were wanted, or all, on a thread of the pool; rows of different lengths are filled up with zeros.
// Failures are answered. REQUIRES: the inputs were checked against the signature.
void StartRows(api::Context& context, api::CallPtr call, models::PredictorPtr version,
               InferRequest request, std::function<void(api::Call&, InferResponse)> respond);

}  // namespace pano::inference
