#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/nn/weights/tensor_inventory.h"
#include "model/train/linear_layer.h"
#include "model/train/model_spec.h"

namespace pano::train {

class PositionTables;

// Texts of one length; shorter ones are filled up.
struct TextBatch {
  at::Tensor ids;         // [batch, length], int64
  at::Tensor types = {};  // the same, token types; undefined: all 0
  at::Tensor keep = {};   // [batch, length], bool: false for what fills up; undefined: all true
  // [batch, length], int64: see PositionTables; undefined: each text from 0.
  at::Tensor positions = {};
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
    nn::TensorKind kind = nn::TensorKind::kLinear;
    nn::TensorPart part = nn::TensorPart::kWeight;
    std::shared_ptr<const FrozenMatrix> frozen = {};  // in place of `value`, which is undefined
  };

  // Normal weights of deviation 0.02, those that write to the residual stream scaled by depth; a
  // pure function of `seed`; without one they are whatever memory holds, for loading, and heads of
  // encoders are drawn from `head_seed`. REQUIRES: a spec that ReadModelSpec or MakeModelSpec gave.
  TransformerModule(const ModelSpec& spec, std::optional<uint64_t> seed, uint64_t head_seed = 0);

  const ModelSpec& spec() const { return spec_; }
  const nn::ModelConfig& config() const { return spec_.config; }
  std::vector<Parameter>& parameters() { return parameters_; }
  const std::vector<Parameter>& parameters() const { return parameters_; }
  // Of the first parameters, one each; those behind are of an encoder's heads.
  const std::vector<nn::TensorEntry>& entries() const { return entries_; }

  // Has the module use what `parameters` holds now. To be called after values were replaced.
  void BindParameters();
  // The linear layer that a parameter is the matrix of; null where it is of none.
  LinearLayer* LayerOf(size_t parameter);

  // The same weights in another precision, without gradients.
  TransformerModule Converted(at::ScalarType type) const;

  // The very same weights, with gradients of their own.
  TransformerModule Replica() const;

  // ids [B, T] int64, T <= context -> logits [B, T, vocab], computed in the parameters' precision.
  // `dropout` (may be null) acts on the embeddings and on what each block adds to the residual
  // stream. REQUIRES: a decoder.
  at::Tensor Forward(const at::Tensor& ids, Dropout* dropout) const;

  // What the stack gives, its final norm included: [B, T, hidden].
  at::Tensor Hidden(const TextBatch& batch, const Pass& pass) const;

  // Logits [..., vocab] of such rows [..., hidden]. REQUIRES: a decoder.
  at::Tensor Logits(const at::Tensor& hidden, const Pass& pass) const;

  // An encoder's head on what Hidden gave: [B, size] of one that pools, else [B, T, size].
  at::Tensor Head(size_t head, const TextBatch& batch, const at::Tensor& hidden,
                  const Pass& pass = {}) const;
  // The stages of a head on rows [..., hidden], pooled or not.
  at::Tensor HeadStages(size_t head, const at::Tensor& rows, const Pass& pass) const;

 private:
  using Weights = LinearLayer;
  using RoleWeights = std::array<Weights, nn::kTensorRoleCount>;

  TransformerModule() = default;
  TransformerModule Copy(at::Tensor (*copy)(const at::Tensor& value, at::ScalarType type),
                         at::ScalarType type) const;
  static const Weights& At(const RoleWeights& weights, nn::TensorRole role) {
    return weights[static_cast<size_t>(role)];
  }
  const Weights& Global(nn::TensorRole role) const { return At(global_, role); }

  at::Tensor Embed(const TextBatch& batch) const;
  at::Tensor Norm(const at::Tensor& x, const Weights& w) const;
  at::Tensor Layer(size_t layer, at::Tensor x, const PositionTables& tables,
                   const Pass& pass) const;
  at::Tensor Attention(size_t layer, const at::Tensor& x, const PositionTables& tables,
                       const Pass& pass) const;
  at::Tensor Heads(const at::Tensor& x, const Weights& norm, int64_t heads) const;
  at::Tensor FeedForward(size_t layer, const at::Tensor& x, const Pass& pass) const;
  at::Tensor Stage(const encoder::Stage& stage, const Weights& w, const at::Tensor& x,
                   const Pass& pass) const;

  ModelSpec spec_;
  std::vector<nn::TensorEntry> entries_;
  std::vector<Parameter> parameters_;
  RoleWeights global_;  // what belongs to no layer
  std::vector<RoleWeights> layers_;
  std::vector<std::vector<Weights>> head_weights_;  // [heads][stages]
};

}  // namespace pano::train
