#pragma once

#include <cstdint>

#include "base/json.h"
#include "base/result.h"

namespace pano::train {

// The shape of a Llama-family decoder with tied embeddings and no biases.
struct LlamaConfig {
  int64_t vocab_size = 0;
  int64_t hidden_size = 256;
  int64_t layer_count = 4;
  int64_t head_count = 8;
  int64_t kv_head_count = 4;
  int64_t ffn_size = 688;
  int64_t context_length = 512;
  double rope_theta = 10000.0;
  double norm_eps = 1e-5;

  int64_t head_size() const { return hidden_size / head_count; }
  int64_t parameter_count() const;

  bool operator==(const LlamaConfig&) const = default;
};

// InvalidArgument that names the field when the sizes do not fit together.
Status Validate(const LlamaConfig& config);

// As Hugging Face's config.json; `dtype` is "float32", "float16" or "bfloat16".
json::Value ConfigJson(const LlamaConfig& config, std::string_view dtype);
// From such a file; Unimplemented for a model that is not of this kind.
Result<LlamaConfig> ParseConfigJson(const json::Value& config);

}  // namespace pano::train
