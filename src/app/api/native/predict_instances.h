#pragma once

#include "app/api/context.h"

namespace pano::api::native {

// A predict call with "instances": for models that look at whole inputs.
void PredictInstances(Context& context, CallPtr call);

}  // namespace pano::api::native
