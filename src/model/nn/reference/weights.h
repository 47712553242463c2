#pragma once

#include <string>
#include <vector>

#include "model/nn/model_config.h"
#include "model/nn/reference/formulas.h"
#include "model/nn/weights/weight_names.h"
#include "model/tensor/tensor.h"

namespace pano::reference {

// Where the numbers of tensors come from. Implementations answer a name always alike. Confined to
// one thread.
class TensorSource {
 public:
  // What a tensor does, for a source that makes its values up.
  enum class Use : uint8_t { kMatrix, kEmbedding, kNorm, kBias, kDivisor };

  virtual ~TensorSource() = default;
  virtual bool Has(const std::string& name) = 0;  // the whole name
  // REQUIRES: the tensor has this shape.
  virtual Vector Take(const std::string& name, const tensor::Shape& shape, Use use) = 0;
};

struct LatentTensors {
  Linear q_a, q_b;  // with a q_rank: [q_rank, hidden], [heads * (nope + rope), q_rank]
  Linear q;         // without: [heads * (nope + rope), hidden]
  Linear kv_a;      // [kv_rank + rope, hidden]
  Linear kv_b;      // [heads * (nope + value), kv_rank], keys before values in each head
  Norm q_a_norm, kv_a_norm;
};

struct ExpertTensors {
  Linear router;
  std::vector<Linear> gate, up, down;
  Linear shared_gate, shared_up, shared_down, shared_router;
};

struct LayerTensors {
  Norm attention_norm, attention_post_norm, cross_norm, ffn_norm, ffn_post_norm;
  Linear q, k, v, o;
  std::vector<Norm> q_norm, k_norm;  // one; with QkNorm::kHeads one a head
  LatentTensors latent;
  Linear cross_q, cross_k, cross_v, cross_o;
  Linear gate, up, down;
  ExpertTensors experts;
};

// Every number of one stack of layers with its embeddings and, of a decoder, its head.
struct ModelTensors {
  Matrix embedding, positions, token_types;
  Norm embedding_norm, final_norm, head_norm;
  std::vector<LayerTensors> layers;
  Matrix relative_bias;  // [buckets, heads]
  Vector rope_divisors;
  Linear head, head_dense;
};

// Reads one tensor after another by the names of a family. Confined to one thread.
class TensorReader {
 public:
  // Names are also looked for without `optional_prefix` or with it in front. `transposed`: matrices
  // are stored [in, out].
  TensorReader(TensorSource& source, std::string optional_prefix, bool transposed)
      : source_(source), optional_prefix_(std::move(optional_prefix)), transposed_(transposed) {}

  bool Has(const std::string& name) { return source_.Has(Located(name)); }
  Vector Values(const std::string& name, const tensor::Shape& shape, TensorSource::Use use) {
    return source_.Take(Located(name), shape, use);
  }
  Matrix Table(const std::string& name, int64_t rows, int64_t cols, TensorSource::Use use);
  Linear Dense(const std::string& name, int64_t out, int64_t in, bool bias);
  Norm NormOf(const std::string& name, int64_t size, bool bias);

 private:
  std::string Located(const std::string& name);
  TensorSource& source_;
  const std::string optional_prefix_;
  const bool transposed_;
};

// A stack of layers with its embeddings.
ModelTensors ReadLayers(TensorReader& reader, const nn::ModelConfig& config,
                        const nn::WeightNames& names);
// The same with the head of a decoder and what GGUF says about its rotary frequencies.
ModelTensors ReadDecoder(TensorSource& source, const nn::ModelConfig& config,
                         const nn::WeightNames& names);

}  // namespace pano::reference
