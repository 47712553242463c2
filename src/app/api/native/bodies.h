#pragma once

#include <vector>

#include "app/api/dialect.h"
#include "app/api/schema.h"

namespace pano::api::native {

// What requests of this dialect are made of.
const BodySchema& PredictBody();          // with "inputs": texts to continue
const BodySchema& PredictParameters();
const BodySchema& PredictStreamOptions();    // its "parameters"
const BodySchema& InstancesBody();        // with "instances": whole inputs to look at
const BodySchema& InstancesParameters();  // its "parameters"
const BodySchema& TokenizeBody();
const BodySchema& DetokenizeBody();

// For /openapi.json: these and the bodies of answers.
std::vector<NamedSchema> Schemas();

}  // namespace pano::api::native
