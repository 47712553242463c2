#pragma once

#include <string>
#include <vector>

#include "app/inference/tensor.h"
#include "base/json.h"

namespace pano::inference {

// What a model is asked with named tensors, whichever protocol said it. A value.
struct InferRequest {
  static constexpr size_t kTensorsMax = 64;  // inputs, and as many outputs

  std::string id;                    // the caller's own, given back; "": none
  json::Value parameters;            // an object of scalars and lists, or null
  std::vector<Tensor> inputs;
  std::vector<std::string> outputs;  // that are wanted, in this order; empty: all
};

}  // namespace pano::inference
