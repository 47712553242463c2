#pragma once

#include "app/api/dialect.h"

namespace pano::api::tfserving {

// TensorFlow Serving's REST protocol: predict, status, metadata.
Dialect MakeDialect();

}  // namespace pano::api::tfserving
