#include "model/train/llama_module.h"

#include <ATen/CPUGeneratorImpl.h>

#include <cmath>

#include "base/check.h"
#include "base/random.h"
#include "base/strings.h"

namespace pano::train {
namespace {

// The parameters of one layer in the order of LlamaModule::Layer.
struct LayerPart {
  const char* name;
  bool norm;
  bool residual;  // writes to the residual stream
};
constexpr LayerPart kLayerParts[] = {
    {"input_layernorm", true, false},   {"self_attn.q_proj", false, false},
    {"self_attn.k_proj", false, false}, {"self_attn.v_proj", false, false},
    {"self_attn.o_proj", false, true},  {"post_attention_layernorm", true, false},
    {"mlp.gate_proj", false, false},    {"mlp.up_proj", false, false},
    {"mlp.down_proj", false, true},
};

std::vector<int64_t> PartShape(const LlamaConfig& c, std::string_view name) {
  int64_t kv = c.kv_head_count * c.head_size();
  if (name == "self_attn.q_proj" || name == "self_attn.o_proj")
    return {c.hidden_size, c.hidden_size};
  if (name == "self_attn.k_proj" || name == "self_attn.v_proj") return {kv, c.hidden_size};
  if (name == "mlp.gate_proj" || name == "mlp.up_proj") return {c.ffn_size, c.hidden_size};
  if (name == "mlp.down_proj") return {c.hidden_size, c.ffn_size};
  return {c.hidden_size};
}

at::Tensor NormalMatrix(const std::vector<int64_t>& shape, double deviation, Random& random) {
  at::Tensor out = at::empty(shape, at::kFloat);
  float* data = out.data_ptr<float>();
  for (int64_t i = 0; i < out.numel(); ++i)
    data[i] = static_cast<float>(deviation * random.Normal());
  return out;
}

// The second half negated, then the first: what the rotary embedding's sine multiplies.
at::Tensor RotateHalf(const at::Tensor& x) {
  int64_t half = x.size(-1) / 2;
  return at::cat({x.narrow(-1, half, half).neg(), x.narrow(-1, 0, half)}, -1);
}

}  // namespace

Dropout::Dropout(double fraction, uint64_t seed)
    : fraction_(fraction), generator_(at::detail::createCPUGenerator(seed)) {}

at::Tensor Dropout::operator()(const at::Tensor& x) {
  if (fraction_ <= 0) return x;
  at::Tensor mask = at::empty(x.sizes(), x.options());
  return x * mask.bernoulli_(1 - fraction_, generator_).div_(1 - fraction_);
}

struct LlamaModule::Tables {
  at::Tensor cos, sin;  // [T, 1, head_size]
  at::Tensor mask;      // [1, group * T, T]: 0 where a query may look, -inf elsewhere

  Tables(const LlamaConfig& c, int64_t length, at::ScalarType type) {
    at::Tensor position = at::arange(length, at::kDouble);
    at::Tensor power =
        at::arange(0, c.head_size(), 2, at::kDouble) / static_cast<double>(c.head_size());
    at::Tensor angle = at::outer(position, at::pow(c.rope_theta, -power));
    angle = at::cat({angle, angle}, -1).unsqueeze(1);
    cos = angle.cos().to(type);
    sin = angle.sin().to(type);
    at::Tensor square = at::full({length, length}, -INFINITY, at::TensorOptions().dtype(type));
    mask = square.triu(1).repeat({c.head_count / c.kv_head_count, 1}).unsqueeze(0);
  }
};

LlamaModule::LlamaModule(const LlamaConfig& config, uint64_t seed) : config_(config) {
  constexpr double kDeviation = 0.02;
  Random random(seed);
  auto add = [&](std::string name, at::Tensor value, bool decays) {
    value.requires_grad_(true);
    parameters_.push_back({std::move(name), std::move(value), decays});
  };
  add("model.embed_tokens.weight",
      NormalMatrix({config.vocab_size, config.hidden_size}, kDeviation, random), true);
  double residual = kDeviation / std::sqrt(2.0 * static_cast<double>(config.layer_count));
  for (int64_t l = 0; l < config.layer_count; ++l) {
    for (const LayerPart& part : kLayerParts) {
      std::vector<int64_t> shape = PartShape(config, part.name);
      at::Tensor value = part.norm
                             ? at::ones(shape, at::kFloat)
                             : NormalMatrix(shape, part.residual ? residual : kDeviation, random);
      add(StrCat("model.layers.", l, ".", part.name, ".weight"), std::move(value), !part.norm);
    }
  }
  add("model.norm.weight", at::ones({config.hidden_size}, at::kFloat), false);
  BindParameters();
}

void LlamaModule::BindParameters() {
  size_t next = 0;
  auto take = [&] { return parameters_[next++].value; };
  embedding_ = take();
  layers_.resize(static_cast<size_t>(config_.layer_count));
  for (Layer& layer : layers_) {
    for (at::Tensor* part : {&layer.input_norm, &layer.q, &layer.k, &layer.v, &layer.o,
                             &layer.post_norm, &layer.gate, &layer.up, &layer.down}) {
      *part = take();
    }
  }
  final_norm_ = take();
  PANO_CHECK(next == parameters_.size());
}

LlamaModule LlamaModule::Converted(at::ScalarType type) const {
  LlamaModule out;
  out.config_ = config_;
  for (const Parameter& p : parameters_) {
    out.parameters_.push_back({p.name, p.value.detach().to(type, false, /*copy=*/true), p.decays});
  }
  out.BindParameters();
  return out;
}

LlamaModule LlamaModule::Replica() const {
  LlamaModule out;
  out.config_ = config_;
  for (const Parameter& p : parameters_) {
    out.parameters_.push_back({p.name, p.value.detach().requires_grad_(true), p.decays});
  }
  out.BindParameters();
  return out;
}

at::Tensor LlamaModule::Norm(const at::Tensor& x, const at::Tensor& weight) const {
  return x * at::rsqrt(x.square().mean({-1}, true) + config_.norm_eps) * weight;
}

at::Tensor LlamaModule::Attention(const Layer& layer, const at::Tensor& x,
                                  const Tables& tables) const {
  const int64_t batch = x.size(0), length = x.size(1), size = config_.head_size();
  const int64_t heads = config_.head_count, kv = config_.kv_head_count, group = heads / kv;
  auto rotate = [&](const at::Tensor& t) { return t * tables.cos + RotateHalf(t) * tables.sin; };
  at::Tensor q = rotate(at::linear(x, layer.q).view({batch, length, heads, size}));
  at::Tensor k = rotate(at::linear(x, layer.k).view({batch, length, kv, size}));
  at::Tensor v = at::linear(x, layer.v).view({batch, length, kv, size});
  // Queries that share a key head stand below each other: one product for all of them.
  q = q.view({batch, length, kv, group, size}).permute({0, 2, 3, 1, 4});
  q = q.reshape({batch * kv, group * length, size});
  k = k.permute({0, 2, 3, 1}).reshape({batch * kv, size, length});
  v = v.permute({0, 2, 1, 3}).reshape({batch * kv, length, size});
  double scale = 1.0 / std::sqrt(static_cast<double>(size));
  at::Tensor p = at::softmax(at::baddbmm(tables.mask, q, k, 1, scale), -1);
  at::Tensor out = at::bmm(p, v).view({batch, kv, group, length, size}).permute({0, 3, 1, 2, 4});
  return at::linear(out.reshape({batch, length, heads * size}), layer.o);
}

at::Tensor LlamaModule::Forward(const at::Tensor& ids, Dropout* dropout) const {
  auto drop = [&](const at::Tensor& x) { return dropout ? (*dropout)(x) : x; };
  Tables tables(config_, ids.size(1), embedding_.scalar_type());
  at::Tensor x = drop(at::embedding(embedding_, ids));
  for (const Layer& layer : layers_) {
    x = x + drop(Attention(layer, Norm(x, layer.input_norm), tables));
    at::Tensor h = Norm(x, layer.post_norm);
    h = at::silu(at::linear(h, layer.gate)) * at::linear(h, layer.up);
    x = x + drop(at::linear(h, layer.down));
  }
  return at::linear(Norm(x, final_norm_), embedding_);
}

}  // namespace pano::train
