#include "model/nn/decoder_weights.h"

#include "base/strings.h"
#include "model/kernels/matmul/matmul.h"

namespace pano::nn {
namespace {

// Takes tensors out of the files; the first failure stays in status() and later calls do nothing.
class Binder {
 public:
  Binder(const format::ModelFiles& files) : files_(files) {}

  tensor::TensorView Matrix(const std::string& name, int64_t out, int64_t in) {
    return Take(name, {out, in});
  }

  std::vector<float> Vector(const std::string& name, int64_t size) {
    tensor::TensorView view = Take(name, {size});
    std::vector<float> out;
    if (!status_.ok()) return out;
    out.resize(static_cast<size_t>(size));
    kernels::WidenRow(view, 0, out.data());
    return out;
  }

  Linear LinearLayer(const std::string& name, int64_t out, int64_t in, bool bias) {
    Linear linear;
    linear.weight = Matrix(name + ".weight", out, in);
    if (bias) linear.bias = Vector(name + ".bias", out);
    return linear;
  }

  const Status& status() const { return status_; }

 private:
  tensor::TensorView Take(const std::string& name, const tensor::Shape& shape) {
    if (!status_.ok()) return {};
    const tensor::TensorView* view = files_.weights->Find(name);
    if (!view) {
      status_ = Corruption(StrCat(files_.path, ": tensor ", name, " is missing"));
    } else if (view->shape != shape) {
      status_ = Corruption(StrCat(files_.path, ": tensor ", name, " has shape ",
                                  tensor::ShapeText(view->shape), ", the configuration says ",
                                  tensor::ShapeText(shape)));
    } else if (!kernels::MatMulSupports(view->dtype)) {
      status_ = Unimplemented(StrCat(files_.path, ": tensor ", name, " has type ",
                                     tensor::Describe(view->dtype).name,
                                     ", which no kernel reads"));
    } else {
      return *view;
    }
    return {};
  }

  const format::ModelFiles& files_;
  Status status_;
};

std::string LayerName(const char* pattern, int64_t layer) {
  std::string name(pattern);
  return name.replace(name.find("{}"), 2, StrCat(layer));
}

}  // namespace

Result<DecoderWeights> BindWeights(const format::ModelFiles& files, const FamilyConfig& family) {
  const ModelConfig& c = family.config;
  const WeightNames& names = *family.names;
  Binder bind(files);
  DecoderWeights w;
  w.files = files.weights;
  w.embedding = bind.Matrix(StrCat(names.embedding, ".weight"), c.vocab_size, c.hidden_size);
  w.final_norm = bind.Vector(StrCat(names.final_norm, ".weight"), c.hidden_size);
  if (c.tied_embeddings) {
    w.head.weight = w.embedding;
  } else {
    w.head = bind.LinearLayer(names.head, c.vocab_size, c.hidden_size, /*bias=*/false);
  }
  if (names.rope_factors && files.weights->Find(StrCat(names.rope_factors, ".weight"))) {
    w.rope_factors = bind.Vector(StrCat(names.rope_factors, ".weight"), c.rope.dim / 2);
    for (float factor : w.rope_factors) {
      if (!(factor > 0)) {
        return Corruption(StrCat(files.path, ": tensor ", names.rope_factors,
                                 ".weight has a factor that is not positive"));
      }
    }
  }
  const int64_t q_size = c.head_count * c.head_dim, kv_size = c.kv_head_count * c.head_dim;
  for (int64_t i = 0; i < c.layer_count && bind.status().ok(); ++i) {
    DecoderWeights::Layer layer;
    layer.attention_norm =
        bind.Vector(LayerName(names.attention_norm, i) + ".weight", c.hidden_size);
    layer.q = bind.LinearLayer(LayerName(names.q, i), q_size, c.hidden_size, c.attention_bias);
    layer.k = bind.LinearLayer(LayerName(names.k, i), kv_size, c.hidden_size, c.attention_bias);
    layer.v = bind.LinearLayer(LayerName(names.v, i), kv_size, c.hidden_size, c.attention_bias);
    layer.o = bind.LinearLayer(LayerName(names.o, i), c.hidden_size, q_size, c.attention_bias);
    layer.ffn_norm = bind.Vector(LayerName(names.ffn_norm, i) + ".weight", c.hidden_size);
    layer.gate = bind.LinearLayer(LayerName(names.gate, i), c.ffn_size, c.hidden_size, c.mlp_bias);
    layer.up = bind.LinearLayer(LayerName(names.up, i), c.ffn_size, c.hidden_size, c.mlp_bias);
    layer.down = bind.LinearLayer(LayerName(names.down, i), c.hidden_size, c.ffn_size, c.mlp_bias);
    w.layers.push_back(std::move(layer));
  }
  PANO_RETURN_IF_ERROR(bind.status());
  return w;
}

}  // namespace pano::nn
