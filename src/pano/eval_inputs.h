#pragma once

#include <string>

#include "base/result.h"
#include "pano/local_model.h"

namespace pano::cli {

// Runs the model on the tensors of one safetensors file and writes its outputs, by the golden sets'
// names, to another: encoders all that they have, decoders `logits`. Padded positions are zero.
Status EvalInputs(const LocalModelOptions& model, const std::string& inputs,
                  const std::string& outputs);

}  // namespace pano::cli
