#pragma once

#include <string>
#include <vector>

#include "app/inference/infer_response.h"
#include "base/result.h"

namespace pano::api::tfserving {

// {"predictions": [...]}, an entry a row: an object by output name, or the bare value of the only output.
// InvalidArgument where outputs have different numbers of rows.
Result<std::string> WriteRows(const std::vector<inference::Tensor>& outputs);
// {"outputs": {...}}, or the bare tensor of the only output.
std::string WriteColumns(const std::vector<inference::Tensor>& outputs);

}  // namespace pano::api::tfserving
