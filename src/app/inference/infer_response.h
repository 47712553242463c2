#pragma once

#include <string>
#include <vector>

#include "app/inference/tensor.h"

namespace pano::inference {

// What a model answered. A value.
struct InferResponse {
  std::string model_name, model_version;
  std::string id;  // the request's
  std::vector<Tensor> outputs;
};

}  // namespace pano::inference
