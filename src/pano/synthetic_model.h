#pragma once

#include <string_view>

#include "base/result.h"
#include "model/format/weights.h"

namespace pano::cli {

// A model of a usual size with random weights, made in memory, so that speed can be measured where no
// model of that size is at hand: "<shape>-<type>" with shape 160m, 1b or 3b and type f32, f16, bf16 or
// q8_0. InvalidArgument for another name, Exhausted when memory is short.
Result<format::ModelFiles> MakeSyntheticModel(std::string_view name);

}  // namespace pano::cli
