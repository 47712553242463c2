#pragma once

#include "app/api/parameters.h"
#include "app/api/schema.h"
#include "app/models/model_version.h"
#include "base/json.h"
#include "base/status.h"

namespace pano::inference {

// The `parameters` of a request: how texts are generated, or how whole inputs are looked at.
const api::BodySchema& TextParameters();
const api::BodySchema& RowParameters();

// Reads those that the version takes; what nobody knows is refused by name, as would be read wrongly else.
// `truncate` (of whole inputs) comes beside. Triton's own: `timeout` (microseconds), `priority`, and
// `sequence_id` and its like, which only 0 and false are taken for.
Status ReadParameters(const json::Value& given, const models::ModelVersion& version,
                      api::Parameters& parameters, bool& truncate);

}  // namespace pano::inference
