#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "model/format/tensor_stream.h"

namespace pano::format {

// WriteSafetensors (weights.h) for tensors that are made while they are written. The file appears
// whole or not at all.
Status StreamSafetensors(const std::string& path, const std::vector<TensorStream>& tensors,
                         const std::map<std::string, std::string>& metadata = {});

}  // namespace pano::format
