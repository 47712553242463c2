#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "model/format/fwd.h"
#include "model/nn/encoder/encoder_config.h"
#include "model/nn/families/family.h"

namespace pano::train {

// What a model that can be trained consists of: the same ModelConfig and names that serving reads.
// A value.
struct ModelSpec {
  nn::ModelConfig config;  // of the decoder, or of the encoder's stack
  nn::WeightNames names;   // in Hugging Face's files
  std::string optional_prefix;
  const nn::Family* family = nullptr;  // of a decoder
  std::optional<encoder::EncoderConfig> encoder =
      {};                 // of texts; its heads are those that there are
  json::Value hf_config;  // config.json
  std::map<std::string, std::string> file_names = {};  // see FileName

  int64_t parameter_count() const;  // heads of an encoder included
  // The name under which a folder has, and is given, what the family calls `name`: with or without
  // the optional prefix, by the other of two names.
  const std::string& FileName(const std::string& name) const {
    const auto it = file_names.find(name);
    return it == file_names.end() ? name : it->second;
  }
};

// What the tensors of a stack are, in the order in which files are written: DescribeTensors or, of
// an encoder, DescribeStack, without those that are optional. REQUIRES: a spec of these functions.
std::vector<nn::TensorEntry> TrainedTensors(const ModelSpec& spec);

// Of a Hugging Face folder. Unimplemented, by name, for what cannot be trained: mixtures of
// experts, latent attention, cross attention, relative position biases, encoders of images. `gguf`:
// also of a GGUF file of a decoder, whose weights stay as they are.
Result<ModelSpec> ReadModelSpec(const format::ModelFiles& files, bool gguf = false);

// Sizes of a decoder that is trained from the start.
struct ModelSizes {
  std::string family = "llama";  // model_type
  int64_t vocab_size = 0;
  int64_t hidden_size = 256;
  int64_t layer_count = 4;
  int64_t head_count = 8;
  int64_t kv_head_count = 4;
  int64_t ffn_size = 688;
  int64_t context_length = 512;
  double rope_theta = 10000.0;
  double norm_epsilon = 1e-5;

  bool operator==(const ModelSizes&) const = default;
};

// InvalidArgument that names the field when the sizes do not fit together.
Status CheckSizes(const ModelSizes& sizes);

// The family writes its config.json for the sizes, with tied embeddings, and reads it back.
// Unimplemented for a family that is not written, or cannot be trained.
Result<ModelSpec> MakeModelSpec(const ModelSizes& sizes);

}  // namespace pano::train
