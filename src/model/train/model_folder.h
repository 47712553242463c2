#pragma once

#include <string>

#include "base/json.h"
#include "base/result.h"
#include "model/train/transformer_module.h"

namespace pano::train {

// Writes config.json and model.safetensors of a Hugging Face folder: the weights as the model's
// family stores them, in `dtype` ("float32", "float16", "bfloat16"); the members of `more` are set
// in config.json, where there are any. Tied embeddings are stored once.
Status WriteWeights(const std::string& folder, const TransformerModule& module,
                    const std::string& dtype, const json::Value& more = {});

// The weights of a folder of any model that can be trained (see ReadModelSpec), in 32 bits.
Result<TransformerModule> ReadModelFolder(const std::string& folder);

}  // namespace pano::train
