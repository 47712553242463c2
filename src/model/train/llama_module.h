#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <string>
#include <vector>

#include "model/train/llama_config.h"

namespace pano::train {

// Sets random values to 0 and scales the others up; its random numbers are its own, so that parts
// of a step can run beside each other. Confined to one thread.
class Dropout {
 public:
  Dropout(double fraction, uint64_t seed);
  at::Tensor operator()(const at::Tensor& x);

 private:
  double fraction_;
  at::Generator generator_;
};

// A Llama-family decoder as differentiable tensors. The names and shapes of its parameters are
// those of Hugging Face's files. Confined to one thread.
class LlamaModule {
 public:
  struct Parameter {
    std::string name;  // "model.layers.0.self_attn.q_proj.weight"
    at::Tensor value;  // shared with the module
    bool decays;       // matrices do, norms do not
  };

  // Normal weights of deviation 0.02, those that write to the residual stream scaled by depth; a
  // pure function of `seed`. REQUIRES: Validate(config).ok().
  LlamaModule(const LlamaConfig& config, uint64_t seed);

  const LlamaConfig& config() const { return config_; }
  std::vector<Parameter>& parameters() { return parameters_; }
  const std::vector<Parameter>& parameters() const { return parameters_; }

  // The same weights in another precision, without gradients.
  LlamaModule Converted(at::ScalarType type) const;

  // The very same weights, with gradients of their own.
  LlamaModule Replica() const;

  // ids [B, T] int64, T <= context -> logits [B, T, vocab], computed in the parameters' precision.
  // `dropout` (may be null) acts on the embeddings and on what each block adds to the residual
  // stream.
  at::Tensor Forward(const at::Tensor& ids, Dropout* dropout) const;

 private:
  struct Layer {
    at::Tensor input_norm, q, k, v, o, post_norm, gate, up, down;
  };
  struct Tables;  // what depends on the length alone

  LlamaModule() = default;
  void BindParameters();
  at::Tensor Norm(const at::Tensor& x, const at::Tensor& weight) const;
  at::Tensor Attention(const Layer& layer, const at::Tensor& x, const Tables& tables) const;

  LlamaConfig config_;
  std::vector<Parameter> parameters_;
  at::Tensor embedding_, final_norm_;
  std::vector<Layer> layers_;
};

}  // namespace pano::train
