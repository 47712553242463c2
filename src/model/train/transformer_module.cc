// The forward pass that nn::Transformer and nn::Decoder compute, over torch's tensors, so that it
// has gradients. The model's inventory lists the parameters; the ModelConfig says what is done with
// them.
#include "model/train/transformer_module.h"

#include <cmath>

#include "base/check.h"
#include "base/random.h"
#include "base/strings.h"
#include "model/nn/encoder/head_tensors.h"
#include "model/nn/weights/stored_tensors.h"
#include "model/train/pooling.h"
#include "model/train/position_tables.h"
#include "model/train/ops/activation.h"
#include "model/train/ops/attention.h"
#include "model/train/ops/norm.h"
#include "model/train/ops/torch_ops.h"

namespace pano::train {
namespace {

using nn::NormPlacement;
using Role = nn::TensorRole;

at::Tensor NormalMatrix(const std::vector<int64_t>& shape, double deviation, Random& random) {
  at::Tensor out = at::empty(shape, at::kFloat);
  float* data = out.data_ptr<float>();
  for (int64_t i = 0; i < out.numel(); ++i)
    data[i] = static_cast<float>(deviation * random.Normal());
  return out;
}

at::Tensor Softcap(const at::Tensor& x, double cap) { return at::tanh(x / cap) * cap; }

// What files call each entry: Parameter::name.
std::vector<std::string> Names(const std::vector<nn::TensorEntry>& entries, const ModelSpec& spec) {
  const auto stored = nn::StoreTensors(entries, spec.config, spec.names);
  PANO_CHECK(stored.ok());
  std::vector<std::string> names(entries.size());
  for (const nn::StoredTensor& tensor : *stored) {
    const std::string_view name = std::string_view(tensor.name).substr(0, tensor.name.find('|'));
    for (uint32_t entry : tensor.entries) {
      names[entry] = tensor.fused() ? StrCat(name, ".", nn::RoleName(entries[entry].role)) : name;
      names[entry] += tensor.suffix();
    }
  }
  return names;
}

at::Tensor WithGradient(const at::Tensor& value, at::ScalarType) {
  return value.detach().requires_grad_(true);
}
at::Tensor InType(const at::Tensor& value, at::ScalarType type) {
  return value.detach().to(type, false, /*copy=*/true);
}

}  // namespace

TransformerModule::TransformerModule(const ModelSpec& spec, std::optional<uint64_t> seed,
                                     uint64_t head_seed)
    : spec_(spec), entries_(TrainedTensors(spec)) {
  constexpr double kDeviation = 0.02;
  const double residual = kDeviation / std::sqrt(2.0 * static_cast<double>(config().layer_count));
  Random random(seed.value_or(head_seed));
  bool draws = seed.has_value();
  auto add = [&](std::string name, nn::TensorKind kind, nn::TensorPart part,
                 const tensor::Shape& shape, double deviation) {
    const bool norm = kind == nn::TensorKind::kNorm, bias = part == nn::TensorPart::kBias;
    at::Tensor value = !draws ? at::empty(shape, at::kFloat)
                       : bias ? at::zeros(shape, at::kFloat)
                       : norm ? at::full(shape, 1.0f - config().norm_offset, at::kFloat)
                              : NormalMatrix(shape, deviation, random);
    value.requires_grad_(true);
    parameters_.push_back({std::move(name), std::move(value), !norm && !bias, kind, part});
  };
  const std::vector<std::string> names = Names(entries_, spec_);
  for (size_t i = 0; i < entries_.size(); ++i) {
    const nn::TensorEntry& entry = entries_[i];
    const bool writes = entry.role == Role::kAttentionOutput || entry.role == Role::kDown;
    add(names[i], entry.kind(), entry.part, entry.shape, writes ? residual : kDeviation);
  }
  draws = true;
  if (spec_.encoder) {
    for (const encoder::HeadConfig& head : spec_.encoder->heads) {
      for (const encoder::HeadTensor& tensor : encoder::DescribeHead(head, config())) {
        add(tensor.name.substr(0, tensor.name.find('|')), tensor.kind, tensor.part, tensor.shape,
            kDeviation);
      }
    }
  }
  BindParameters();
}

void TransformerModule::BindParameters() {
  auto put = [](Weights& weights, const Parameter& parameter) {
    const bool weight = parameter.part == nn::TensorPart::kWeight;
    (weight ? weights.weight : weights.bias) = parameter.value;
    if (weight) weights.frozen = parameter.frozen;
  };
  layers_.resize(static_cast<size_t>(config().layer_count));
  for (size_t i = 0; i < entries_.size(); ++i) {
    const nn::TensorEntry& entry = entries_[i];
    RoleWeights& weights = entry.layer < 0 ? global_ : layers_[static_cast<size_t>(entry.layer)];
    put(weights[static_cast<size_t>(entry.role)], parameters_[i]);
  }
  if (!spec_.encoder) return;
  size_t next = entries_.size();
  head_weights_.resize(spec_.encoder->heads.size());
  for (size_t h = 0; h < head_weights_.size(); ++h) {
    const encoder::HeadConfig& head = spec_.encoder->heads[h];
    head_weights_[h].resize(head.stages.size());
    for (const encoder::HeadTensor& tensor : encoder::DescribeHead(head, config())) {
      put(head_weights_[h][tensor.stage], parameters_[next++]);
    }
  }
}

LinearLayer* TransformerModule::LayerOf(size_t parameter) {
  const Parameter& p = parameters_[parameter];
  if (p.kind != nn::TensorKind::kLinear || p.part != nn::TensorPart::kWeight) return nullptr;
  if (parameter < entries_.size()) {
    const nn::TensorEntry& entry = entries_[parameter];
    RoleWeights& weights = entry.layer < 0 ? global_ : layers_[static_cast<size_t>(entry.layer)];
    return &weights[static_cast<size_t>(entry.role)];
  }
  size_t next = entries_.size();
  for (size_t h = 0; h < head_weights_.size(); ++h) {
    for (const encoder::HeadTensor& tensor : encoder::DescribeHead(spec_.encoder->heads[h], config())) {
      if (next++ == parameter) return &head_weights_[h][tensor.stage];
    }
  }
  return nullptr;
}

TransformerModule TransformerModule::Copy(at::Tensor (*copy)(const at::Tensor&, at::ScalarType),
                                          at::ScalarType type) const {
  TransformerModule out;
  out.spec_ = spec_;
  out.entries_ = entries_;
  for (const Parameter& p : parameters_) {
    out.parameters_.push_back({p.name, copy(p.value, type), p.decays, p.kind, p.part});
  }
  out.BindParameters();
  return out;
}

TransformerModule TransformerModule::Converted(at::ScalarType type) const {
  return Copy(InType, type);
}
TransformerModule TransformerModule::Replica() const { return Copy(WithGradient, at::kFloat); }

// Over the last dimension; a weight [heads, head_dim] is each head's own.
at::Tensor TransformerModule::Norm(const at::Tensor& x, const Weights& w) const {
  const auto offset = static_cast<double>(config().norm_offset);
  return Normalise(x, offset == 0 ? w.weight : w.weight + offset, w.bias,
                   static_cast<double>(config().norm_epsilon), config().norm != nn::NormKind::kRms);
}

at::Tensor TransformerModule::Embed(const TextBatch& batch) const {
  const nn::ModelConfig& c = config();
  const Weights& table = Global(Role::kEmbedding);
  at::Tensor x = table.frozen ? table.frozen->Rows(batch.ids) : at::embedding(table.weight, batch.ids);
  if (c.embedding_scale != 1.0f) x = x * static_cast<double>(c.embedding_scale);
  if (c.token_types > 0) {
    const at::Tensor types = batch.types.defined() ? batch.types : at::zeros_like(batch.ids);
    x = x + at::embedding(Global(Role::kTokenTypes).weight, types);
  }
  if (c.learned_positions > 0) {
    const bool counted = spec_.encoder && spec_.encoder->position_pad;
    const at::Tensor from_0 =
        batch.positions.defined() ? batch.positions : at::arange(batch.ids.size(1), at::kLong);
    at::Tensor positions = from_0 + c.position_offset;
    if (counted && batch.positions.defined()) {
      positions = batch.positions + *spec_.encoder->position_pad + 1;
    } else if (counted) {
      // Ids that are not the pad are counted, pads stay there (as in fairseq).
      const int64_t pad = *spec_.encoder->position_pad;
      const at::Tensor counts = batch.ids.ne(pad).to(at::kLong);
      positions = counts.cumsum(-1) * counts + pad;
    }
    x = x + at::embedding(Global(Role::kPositions).weight, positions);
  }
  return c.embedding_norm ? Norm(x, Global(Role::kEmbeddingNorm)) : x;
}

// Queries or keys [B, T, heads * dim] as [B, T, heads, dim], with the norm that they may have.
at::Tensor TransformerModule::Heads(const at::Tensor& x, const Weights& norm, int64_t heads) const {
  const std::vector<int64_t> shape = {x.size(0), x.size(1), heads, config().head_dim};
  switch (config().qk_norm) {
    case nn::QkNorm::kNone:
      return x.view(shape);
    case nn::QkNorm::kRow:
      return Norm(x, norm).view(shape);
    case nn::QkNorm::kHead:
    case nn::QkNorm::kHeads:
      break;
  }
  return Norm(x.view(shape), norm);
}

at::Tensor TransformerModule::Attention(size_t layer, const at::Tensor& x,
                                        const PositionTables& tables, const Pass& pass) const {
  const nn::ModelConfig& c = config();
  const RoleWeights& w = layers_[layer];
  const nn::LayerConfig& kind = c.layers[layer];
  const int64_t batch = x.size(0), length = x.size(1), size = c.head_dim, value = c.value_size();
  const int64_t heads = c.head_count, kv = c.kv_head_count;
  auto project = [&](Role role) { return At(w, role).Apply(x, pass); };
  at::Tensor q =
      tables.Rotate(Heads(project(Role::kQuery), At(w, Role::kQueryNorm), heads), kind.rope);
  at::Tensor k = tables.Rotate(Heads(project(Role::kKey), At(w, Role::kKeyNorm), kv), kind.rope);
  at::Tensor v = project(Role::kValue).view({batch, length, kv, value});
  double scale =
      c.attention_scale > 0 ? c.attention_scale : 1.0 / std::sqrt(static_cast<double>(size));
  if (c.scale_by_layer) scale /= static_cast<double>(layer + 1);
  const auto cap = static_cast<double>(c.attention_softcap);
  Rounding round;
  if (pass.precision != Precision::kF32) round = [&](const at::Tensor& t) { return pass.Low(t); };
  const at::Tensor out = Attend(q, k, v, tables.Bias(kind.window), scale, cap, round);
  return At(w, Role::kAttentionOutput).Apply(out, pass);
}

at::Tensor TransformerModule::FeedForward(size_t layer, const at::Tensor& x,
                                          const Pass& pass) const {
  const RoleWeights& w = layers_[layer];
  auto product = [&](Role role, const at::Tensor& of) { return At(w, role).Apply(of, pass); };
  const kernels::Activation activation = config().activation;
  if (!config().gated) return product(Role::kDown, Activate(product(Role::kUp, x), activation));
  const at::Tensor gate = product(Role::kGate, x);
  return product(Role::kDown, GatedActivate(gate, product(Role::kUp, x), activation));
}

at::Tensor TransformerModule::Layer(size_t layer, at::Tensor x, const PositionTables& tables,
                                    const Pass& pass) const {
  const RoleWeights& w = layers_[layer];
  const NormPlacement placement = config().norm_placement;
  const auto scale = static_cast<double>(config().residual_scale);
  auto drop = [&](const at::Tensor& y) { return pass.dropout ? (*pass.dropout)(y) : y; };
  auto add = [&](const at::Tensor& to, const at::Tensor& y) {
    return scale == 1.0 ? to + drop(y) : to + drop(y) * scale;
  };
  auto before = [&](Role role) { return At(w, role).weight.defined() ? Norm(x, At(w, role)) : x; };
  if (config().parallel) {
    const at::Tensor h = before(Role::kAttentionNorm);
    const at::Tensor attended = Attention(layer, h, tables, pass);
    const at::Tensor fed =
        FeedForward(layer, config().shared_norm ? h : Norm(x, At(w, Role::kFfnNorm)), pass);
    return add(add(x, attended), fed);
  }
  auto block = [&](Role pre, Role post, auto&& run) {
    at::Tensor y = run(before(pre));
    if (placement == NormPlacement::kAfter || placement == NormPlacement::kAround) {
      y = Norm(y, At(w, post));
    }
    x = add(x, y);
    if (placement == NormPlacement::kResidual) x = Norm(x, At(w, post));
  };
  block(Role::kAttentionNorm, Role::kAttentionPostNorm,
        [&](const at::Tensor& h) { return Attention(layer, h, tables, pass); });
  block(Role::kFfnNorm, Role::kFfnPostNorm,
        [&](const at::Tensor& h) { return FeedForward(layer, h, pass); });
  return x;
}

at::Tensor TransformerModule::Hidden(const TextBatch& batch, const Pass& pass) const {
  const at::Tensor embedded = Embed(batch);
  const PositionTables tables(config(), batch.ids.size(0), batch.ids.size(1),
                              embedded.scalar_type(), batch.keep, batch.positions);
  if (pass.watch) pass.watch("embeddings", embedded);
  at::Tensor x = pass.dropout ? (*pass.dropout)(embedded) : embedded;
  for (size_t layer = 0; layer < layers_.size(); ++layer) {
    x = Layer(layer, x, tables, pass);
    if (pass.watch) pass.watch(StrCat("layer ", layer), x);
  }
  return config().final_norm ? Norm(x, Global(Role::kFinalNorm)) : x;
}

at::Tensor TransformerModule::Logits(const at::Tensor& hidden, const Pass& pass) const {
  const nn::ModelConfig& c = config();
  at::Tensor x = hidden;
  if (c.head_transform) {
    x = Norm(Activate(Global(Role::kHeadDense).Apply(x, pass), *c.head_transform),
             Global(Role::kHeadNorm));
  }
  LinearLayer head = Global(Role::kHead);
  if (c.tied_embeddings) {
    head.weight = Global(Role::kEmbedding).weight;
    head.frozen = Global(Role::kEmbedding).frozen;
  }
  at::Tensor logits = head.Apply(x, pass);
  if (c.logit_scale != 1.0f) logits = logits * static_cast<double>(c.logit_scale);
  if (c.final_softcap > 0) logits = Softcap(logits, static_cast<double>(c.final_softcap));
  if (pass.watch) pass.watch("the head", logits);
  return logits;
}

at::Tensor TransformerModule::Forward(const at::Tensor& ids, Dropout* dropout) const {
  Pass pass;
  pass.dropout = dropout;
  return Logits(Hidden({ids}, pass), pass);
}

at::Tensor TransformerModule::Stage(const encoder::Stage& stage, const Weights& w,
                                    const at::Tensor& x, const Pass& pass) const {
  using Kind = encoder::Stage::Kind;
  switch (stage.kind) {
    case Kind::kDense:
      return w.Apply(x, pass);
    case Kind::kEmbedding: {
      LinearLayer head = w;
      head.weight = Global(Role::kEmbedding).weight;
      head.frozen = Global(Role::kEmbedding).frozen;
      return head.Apply(x, pass);
    }
    case Kind::kActivation:
      return Activate(x, stage.activation);
    case Kind::kTanh:
      return at::tanh(x);
    case Kind::kNorm:
      return Norm(x, w);
    case Kind::kScale:
      return x * static_cast<double>(stage.factor);
    case Kind::kUnitLength:
      break;
  }
  return x / x.norm(2, {-1}, true).clamp_min(1e-12);
}

at::Tensor TransformerModule::Head(size_t head, const TextBatch& batch, const at::Tensor& hidden,
                                   const Pass& pass) const {
  const encoder::HeadConfig& config = spec_.encoder->heads[head];
  return HeadStages(head, Pool(config.pooling, batch, spec_.encoder->end_token, hidden), pass);
}

at::Tensor TransformerModule::HeadStages(size_t head, const at::Tensor& rows,
                                         const Pass& pass) const {
  const encoder::HeadConfig& config = spec_.encoder->heads[head];
  at::Tensor x = rows;
  for (size_t i = 0; i < config.stages.size(); ++i) {
    x = Stage(config.stages[i], head_weights_[head][i], x, pass);
  }
  if (pass.watch) pass.watch(StrCat("the head ", config.output), x);
  return x;
}

}  // namespace pano::train
