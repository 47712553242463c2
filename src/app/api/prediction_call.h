#pragma once

#include <functional>

#include "app/api/call.h"
#include "app/api/context.h"
#include "app/api/generation.h"
#include "app/api/parameters.h"
#include "app/models/predictor.h"
#include "model/batch/predict_request.h"
#include "model/batch/prediction.h"

namespace pano::api {

// How long the request may take and wait, and how urgent it is, from the parameters.
void SetUrgency(const Parameters& parameters, TimePoint now, batch::PredictRequest& request);

// Submits `request` to the version's predictor. When the answer is there `respond` runs on a thread of
// the pool; a refusal or a failure is answered without it. The request is cancelled when
// the client goes.
void StartPrediction(Context& context, CallPtr call, models::PredictorPtr version,
                     batch::PredictRequest request,
                     std::function<void(Call&, batch::Predicted)> respond);

}  // namespace pano::api
