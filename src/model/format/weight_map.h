#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pano::format {

// Tensor name -> name of the file that holds it.
using WeightMap = std::map<std::string, std::string>;

// Reads the text of model.safetensors.index.json. File names are plain (no folder, no "..") and end
// in ".safetensors"; anything else is Corruption.
Result<WeightMap> ParseWeightMap(std::string_view text);

}  // namespace pano::format
