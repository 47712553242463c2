#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/env.h"
#include "base/status.h"
#include "model/format/tensor_stream.h"

namespace pano::format {

// WriteSafetensors (weights.h) for tensors that are made while they are written. The file appears
// in one step (AtomicFile).
Status StreamSafetensors(const std::string& path, const std::vector<TensorStream>& tensors,
                         const std::map<std::string, std::string>& metadata = {},
                         Env& env = Env::Real());

}  // namespace pano::format
