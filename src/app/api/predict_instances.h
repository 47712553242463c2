#pragma once

#include "app/api/call.h"

namespace pano::api {

struct Context;

// A predict call with "instances": for models that look at whole inputs.
void PredictInstances(Context& context, CallPtr call);

}  // namespace pano::api
