#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "model/nn/weights/tensor_inventory.h"
#include "model/train/model_spec.h"

namespace pano::train {

class PositionTables;

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

// Texts of one length; shorter ones are filled up.
struct TextBatch {
  at::Tensor ids;         // [batch, length], int64
  at::Tensor types = {};  // the same, token types; undefined: all 0
  at::Tensor keep = {};   // [batch, length], bool: false for what fills up; undefined: all true
};

// A transformer as differentiable tensors: any dense decoder that nn runs, or an encoder of texts
// with its heads. Its parameters are the entries of the model's inventory, queries, keys and values
// apart, whatever the files fuse. Confined to one thread.
class TransformerModule {
 public:
  struct Parameter {
    // As in Hugging Face's files, "model.layers.0.self_attn.q_proj.weight"; of what they fuse with
    // the role behind: "transformer.h.0.attn.c_attn.query.weight".
    std::string name;
    at::Tensor value;  // shared with the module
    bool decays;       // matrices do, norms and biases do not
  };

  // Normal weights of deviation 0.02, those that write to the residual stream scaled by depth; a
  // pure function of `seed`. REQUIRES: a spec that ReadModelSpec or MakeModelSpec gave.
  TransformerModule(const ModelSpec& spec, uint64_t seed);

  const ModelSpec& spec() const { return spec_; }
  const nn::ModelConfig& config() const { return spec_.config; }
  std::vector<Parameter>& parameters() { return parameters_; }
  const std::vector<Parameter>& parameters() const { return parameters_; }
  // Of the first parameters, one each; those behind are of an encoder's heads.
  const std::vector<nn::TensorEntry>& entries() const { return entries_; }

  // The same weights in another precision, without gradients.
  TransformerModule Converted(at::ScalarType type) const;

  // The very same weights, with gradients of their own.
  TransformerModule Replica() const;

  // ids [B, T] int64, T <= context -> logits [B, T, vocab], computed in the parameters' precision.
  // `dropout` (may be null) acts on the embeddings and on what each block adds to the residual
  // stream. REQUIRES: a decoder.
  at::Tensor Forward(const at::Tensor& ids, Dropout* dropout) const;

  // What the stack gives, its final norm included: [B, T, hidden].
  at::Tensor Hidden(const TextBatch& batch, Dropout* dropout) const;

  // An encoder's head on it: [B, size] of one that pools, else [B, T, size].
  at::Tensor Head(size_t head, const TextBatch& batch, const at::Tensor& hidden) const;

 private:
  struct Weights {
    at::Tensor weight, bias;  // undefined: none
  };
  using RoleWeights = std::array<Weights, nn::kTensorRoleCount>;

  TransformerModule() = default;
  TransformerModule Copy(at::Tensor (*copy)(const at::Tensor& value, at::ScalarType type),
                         at::ScalarType type) const;
  void BindParameters();
  static const Weights& At(const RoleWeights& weights, nn::TensorRole role) {
    return weights[static_cast<size_t>(role)];
  }
  const Weights& Global(nn::TensorRole role) const { return At(global_, role); }

  at::Tensor Embed(const TextBatch& batch) const;
  at::Tensor Norm(const at::Tensor& x, const Weights& w) const;
  at::Tensor Layer(size_t layer, at::Tensor x, const PositionTables& tables,
                   Dropout* dropout) const;
  at::Tensor Attention(size_t layer, const at::Tensor& x, const PositionTables& tables) const;
  at::Tensor Heads(const at::Tensor& x, const Weights& norm, int64_t heads) const;
  at::Tensor FeedForward(size_t layer, const at::Tensor& x) const;
  at::Tensor Stage(const encoder::Stage& stage, const Weights& w, const at::Tensor& x) const;

  ModelSpec spec_;
  std::vector<nn::TensorEntry> entries_;
  std::vector<Parameter> parameters_;
  RoleWeights global_;  // what belongs to no layer
  std::vector<RoleWeights> layers_;
  std::vector<std::vector<Weights>> head_weights_;  // [heads][stages]
};

}  // namespace pano::train
