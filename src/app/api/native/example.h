#pragma once

#include <string_view>

#include "app/models/model_version.h"

namespace pano::api::native {

// The body of a predict request to try a model with.
std::string_view ExampleBody(models::InputForm form);

}  // namespace pano::api::native
