#pragma once

#include <functional>

#include "app/api/call.h"
#include "app/api/context.h"

namespace pano::inference {

// Loads the model that the call names, or unloads it; `done` runs on the connection's thread once it is
// so. Failures are answered, also where a model was given on the command line and cannot be unloaded.
void ControlModel(api::Context& context, api::CallPtr call, bool load, std::function<void(api::Call&)> done);

}  // namespace pano::inference
