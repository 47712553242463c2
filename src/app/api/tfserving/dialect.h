#pragma once

#include "app/api/dialect.h"

namespace pano::api::tfserving {

// TensorFlow Serving's REST protocol; so far the status of a model.
Dialect MakeDialect();

}  // namespace pano::api::tfserving
