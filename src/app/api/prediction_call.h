#pragma once

#include <functional>
#include <memory>

#include "app/api/call.h"
#include "app/api/generation.h"
#include "app/api/model_version.h"
#include "model/batch/predict_request.h"
#include "model/batch/prediction.h"

namespace pano::api {

// Submits `request` to the version's predictor. When the answer is there `respond` runs on the
// connection's thread; its failure is answered without. The request is cancelled when the client
// goes. A refusal for lack of room carries a Retry-After.
Refusal StartPrediction(Generations& generations, CallPtr call, ModelVersionPtr version,
                        batch::PredictRequest request,
                        std::function<void(Call&, batch::Predicted)> respond);

}  // namespace pano::api
