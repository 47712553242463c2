#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/format/fwd.h"
#include "model/nn/families/family.h"
#include "model/nn/weights/weight_binder.h"

namespace pano::nn {

// Latent attention's matrices. The key half of the up-projection is kept transposed, so that
// queries are carried into the latent space instead of keys out of it.
struct LatentWeights {
  Linear q_a, q_b;  // [q_rank, hidden], [heads * (nope + rope), q_rank]
  Linear q;         // without a q_rank: [heads * (nope + rope), hidden]
  Linear kv_a;      // [kv_rank + rope, hidden]
  NormWeights q_a_norm, kv_a_norm;
  std::vector<Linear> key_up;    // one a head: [kv_rank, nope]
  std::vector<Linear> value_up;  // one a head: [value_dim, kv_rank]
};

struct ExpertWeights {
  Linear router;                       // [experts, hidden]
  std::vector<Linear> gate, up, down;  // one an expert
  Linear shared_gate, shared_up, shared_down;
  Linear shared_router;  // [1, hidden]
};

struct LayerWeights {
  NormWeights attention_norm, attention_post_norm, ffn_norm, ffn_post_norm;
  NormWeights q_norm, k_norm;
  Linear q, k, v, o;
  NormWeights cross_norm;
  Linear cross_q, cross_k, cross_v, cross_o;
  LatentWeights latent;
  Linear gate, up, down;
  ExpertWeights experts;
};

// Everything that one decoder multiplies with. Immutable; keeps the mapped files alive.
struct DecoderWeights {
  std::shared_ptr<const format::Weights> files;
  OwnedMatrices owned;
  tensor::TensorView embedding;    // [vocab, hidden]
  tensor::TensorView positions;    // [positions, hidden]
  tensor::TensorView token_types;  // [types, hidden]
  NormWeights embedding_norm;
  std::vector<LayerWeights> layers;
  NormWeights final_norm;
  Linear head;        // [vocab, hidden]; a view of the embedding when tied
  Linear head_dense;  // [hidden, hidden], where the head has a transform
  NormWeights head_norm;
  std::vector<float> rope_factors;   // [rope.dim / 2] or empty
  std::vector<float> relative_bias;  // [relative_buckets, heads] or empty
};

// The layers and embeddings that `config` asks for, by `names`.
Result<DecoderWeights> BindLayers(WeightBinder& bind, const ModelConfig& config,
                                  const WeightNames& names);

// Unimplemented when the file has a tensor that nobody asked for, unless it is a buffer that
// follows from the configuration or starts with one of `ignorable`.
Status CheckAllUsed(const WeightBinder& bind, const std::string& path,
                    std::string_view architecture, std::span<const std::string> ignorable);

// A whole decoder: layers, head, rotary factors; GGUF's longrope factors go into family.config.
// Unimplemented names a tensor that belongs to nothing the configuration describes: leaving it out
// would compute something else.
Result<DecoderWeights> BindWeights(const format::ModelFiles& files, FamilyConfig& family);

}  // namespace pano::nn
