#pragma once

#include <cstdint>
#include <string>

#include "base/json.h"
#include "model/format/fwd.h"

namespace pano::models {

// What a model's files say that it is, for lists of models. A value; "" and 0: not known.
struct ModelFacts {
  std::string architecture;      // "llama": general.architecture of GGUF, else model_type of config.json
  std::string format;            // "gguf", "safetensors"
  int64_t parameters = 0;        // numbers in all tensors
  std::string weight_type;       // in which most bytes of the tensors lie: "Q4_K"
  int64_t embedding_length = 0;  // of a token inside the model
  json::Value lineage;           // of lineage.json beside the weights, less the recipe's text (docs/formats/lineage.md); null: none
};

ModelFacts FactsOf(const format::ModelFiles& files);

// "8.0B", "2.4M", "135K"; "" for 0.
std::string ParametersText(int64_t parameters);

}  // namespace pano::models
