#include "pano/bench/tensor_list.h"

#include <cmath>
#include <utility>

#include "base/check.h"
#include "base/strings.h"
#include "model/nn/encoder/encoder.h"
#include "model/nn/encoder/encoder_family.h"
#include "model/nn/family.h"

namespace pano::bench {
namespace {

using nn::ModelConfig;
using nn::NormPlacement;
using nn::QkNorm;
using nn::WeightNames;
using Part = ModelTensor::Part;

// More than any model has; a configuration that asks for more is one that nobody can have meant.
constexpr size_t kTensorsMax = size_t{1} << 18;
constexpr float kBiasDeviation = 0.02f;

// Collects tensors under names that may be patterns with alternatives.
class Collector {
 public:
  explicit Collector(const format::Weights* weights) : weights_(weights) {}

  // Of "a|b" the one that the files have with `suffix`; without files the first.
  std::string Name(const char* pattern, int64_t layer, std::string_view suffix) const {
    PANO_CHECK(pattern != nullptr);
    std::string first;
    for (std::string_view one : Split(pattern, '|')) {
      std::string name = nn::PutNumber(std::string(one), "{}", layer).append(suffix);
      if (!weights_ || weights_->Find(name)) return name;
      if (first.empty()) first = std::move(name);
    }
    return first;
  }
  void Add(ModelTensor tensor) {
    if (!status_.ok()) return;
    if (tensors_.size() == kTensorsMax) {
      status_ = InvalidArgument(StrCat("a model of more than ", kTensorsMax, " tensors"));
      return;
    }
    auto count = tensor::ElementCount(tensor.shape);
    if (!count.ok()) status_ = count.error().Wrap(tensor.name);
    tensors_.push_back(std::move(tensor));
  }
  void Matrix(std::string name, tensor::Shape shape, int64_t in, Part part, double share = 1.0) {
    const auto deviation = static_cast<float>(1.0 / std::sqrt(static_cast<double>(in)));
    Add({std::move(name), std::move(shape), part, share, 0.0f, deviation});
  }
  void Bias(std::string name, int64_t size) {
    Add({std::move(name), {size}, Part::kVector, 1.0, 0.0f, kBiasDeviation});
  }
  void Constant(std::string name, tensor::Shape shape, float value) {
    const Part part = shape.size() == 1 ? Part::kVector : Part::kSmall;
    Add({std::move(name), std::move(shape), part, 1.0, value, 0.0f});
  }
  const Status& status() const { return status_; }
  std::vector<ModelTensor> Take() { return std::move(tensors_); }

 private:
  const format::Weights* weights_;
  std::vector<ModelTensor> tensors_;
  Status status_;
};

// What nn::BindLayers binds, in its order.
class StackLister {
 public:
  StackLister(const ModelConfig& config, const WeightNames& names, Collector& out)
      : c_(config), n_(names), out_(out) {}

  void List(bool tied_head) {
    const int64_t hidden = c_.hidden_size;
    if (n_.embedding)
      Table(n_.embedding, c_.vocab_size, tied_head ? Part::kTiedHead : Part::kTable);
    if (c_.learned_positions > 0) Table(n_.positions, c_.learned_positions, Part::kTable);
    if (c_.token_types > 0) Table(n_.token_types, c_.token_types, Part::kTable);
    if (c_.embedding_norm) Norm(n_.embedding_norm, hidden);
    if (c_.relative_buckets > 0) {
      out_.Matrix(Name(n_.relative_bias), {c_.relative_buckets, c_.head_count}, c_.head_count,
                  Part::kSmall);
    }
    for (layer_ = 0; layer_ < c_.layer_count && out_.status().ok(); ++layer_) Layer();
    if (c_.final_norm) Norm(n_.final_norm, hidden);
  }
  void ListHead() {
    if (!c_.tied_embeddings) Table(n_.head, c_.vocab_size, Part::kHead);
    if (c_.head_bias) out_.Bias(Name(n_.head, ".bias"), c_.vocab_size);
    if (!c_.head_transform) return;
    Linear(n_.head_dense, c_.hidden_size, c_.hidden_size, c_.head_transform_bias, Part::kHead);
    Norm(n_.head_norm, c_.hidden_size);
  }

 private:
  std::string Name(const char* pattern, std::string_view suffix = ".weight") const {
    return out_.Name(pattern, layer_, suffix);
  }
  void Table(const char* pattern, int64_t rows, Part part) {
    out_.Matrix(Name(pattern), {rows, c_.hidden_size}, c_.hidden_size, part);
  }
  void Linear(const char* pattern, int64_t out, int64_t in, bool bias, Part part = Part::kMatrix) {
    tensor::Shape shape = n_.transposed ? tensor::Shape{in, out} : tensor::Shape{out, in};
    out_.Matrix(Name(pattern), std::move(shape), in, part);
    if (bias) out_.Bias(Name(pattern, ".bias"), out);
  }
  void Norm(const char* pattern, int64_t size) { Norm(pattern, size, c_.norm_bias); }
  void Norm(const char* pattern, int64_t size, bool bias) {
    out_.Constant(Name(pattern), {size}, 1.0f - c_.norm_offset);
    if (bias) out_.Bias(Name(pattern, ".bias"), size);
  }

  void Layer() {
    Norms();
    if (c_.latent) {
      Latent();
    } else {
      Attention();
    }
    if (c_.cross_attention) Cross();
    if (c_.layers[static_cast<size_t>(layer_)].experts) {
      Experts();
    } else {
      FeedForward();
    }
  }

  void Norms() {
    if (c_.norm_placement == NormPlacement::kBefore ||
        c_.norm_placement == NormPlacement::kAround) {
      if (n_.attention_norm && (layer_ > 0 || c_.first_norm))
        Norm(n_.attention_norm, c_.hidden_size);
      if (!c_.shared_norm) Norm(n_.ffn_norm, c_.hidden_size);
    }
    if (c_.norm_placement != NormPlacement::kBefore) {
      Norm(n_.attention_post_norm, c_.hidden_size);
      Norm(n_.ffn_post_norm, c_.hidden_size);
    }
  }

  int64_t QueryRows() const { return c_.head_count * c_.head_dim; }
  int64_t KeyRows() const { return c_.kv_head_count * c_.head_dim; }
  int64_t ValueRows() const { return c_.kv_head_count * c_.value_size(); }

  void Attention() {
    if (n_.qkv_layout == nn::QkvLayout::kSeparate) {
      Linear(n_.q, QueryRows(), c_.hidden_size, c_.qkv_bias);
      Linear(n_.k, KeyRows(), c_.hidden_size, c_.qkv_bias);
      Linear(n_.v, ValueRows(), c_.hidden_size, c_.qkv_bias);
    } else {
      Linear(n_.qkv, QueryRows() + KeyRows() + ValueRows(), c_.hidden_size, c_.qkv_bias);
    }
    Linear(n_.o, c_.hidden_size, c_.head_count * c_.value_size(), c_.output_bias);
    QkNorms(n_.q_norm, c_.head_count);
    QkNorms(n_.k_norm, c_.kv_head_count);
  }

  void QkNorms(const char* pattern, int64_t heads) {
    switch (c_.qk_norm) {
      case QkNorm::kNone:
        return;
      case QkNorm::kHeads:
        out_.Constant(Name(pattern), {heads, c_.head_dim}, 1.0f - c_.norm_offset);
        return;
      case QkNorm::kHead:
        return Norm(pattern, c_.head_dim, c_.qk_norm_bias);
      case QkNorm::kRow:
        return Norm(pattern, heads * c_.head_dim, c_.qk_norm_bias);
    }
  }

  void Cross() {
    Norm(n_.cross_norm, c_.hidden_size);
    Linear(n_.cross_q, QueryRows(), c_.hidden_size, c_.qkv_bias);
    Linear(n_.cross_k, KeyRows(), c_.hidden_size, c_.qkv_bias);
    Linear(n_.cross_v, ValueRows(), c_.hidden_size, c_.qkv_bias);
    Linear(n_.cross_o, c_.hidden_size, c_.head_count * c_.value_size(), c_.output_bias);
  }

  void Latent() {
    const nn::LatentConfig& l = *c_.latent;
    const int64_t q_size = c_.head_count * (l.nope_dim + l.rope_dim);
    if (l.q_rank > 0) {
      Linear(n_.q_a, l.q_rank, c_.hidden_size, c_.qkv_bias);
      Norm(n_.q_a_norm, l.q_rank);
      Linear(n_.q_b, q_size, l.q_rank, false);
    } else {
      Linear(n_.q, q_size, c_.hidden_size, false);
    }
    Linear(n_.kv_a, l.kv_rank + l.rope_dim, c_.hidden_size, c_.qkv_bias);
    Norm(n_.kv_a_norm, l.kv_rank);
    Linear(n_.kv_b, c_.head_count * (l.nope_dim + c_.value_size()), l.kv_rank, false);
    Linear(n_.o, c_.hidden_size, c_.head_count * c_.value_size(), c_.output_bias);
  }

  void FeedForward() {
    if (c_.gated && n_.gate_up) {
      Linear(n_.gate_up, 2 * c_.ffn_size, c_.hidden_size, c_.mlp_bias);
    } else {
      if (c_.gated) Linear(n_.gate, c_.ffn_size, c_.hidden_size, c_.mlp_bias);
      Linear(n_.up, c_.ffn_size, c_.hidden_size, c_.mlp_bias);
    }
    Linear(n_.down, c_.hidden_size, c_.ffn_size, c_.mlp_bias);
  }

  void Experts() {
    const nn::ExpertConfig& e = c_.experts;
    Linear(n_.router, e.count, c_.hidden_size, false, Part::kSmall);
    Expert(n_.expert_gate, e.size, c_.hidden_size);
    Expert(n_.expert_up, e.size, c_.hidden_size);
    Expert(n_.expert_down, c_.hidden_size, e.size);
    if (e.shared_size == 0) return;
    Linear(n_.shared_gate, e.shared_size, c_.hidden_size, false);
    Linear(n_.shared_up, e.shared_size, c_.hidden_size, false);
    Linear(n_.shared_down, c_.hidden_size, e.shared_size, false);
    if (e.shared_gate) Linear(n_.shared_router, 1, c_.hidden_size, false, Part::kSmall);
  }

  // One matrix an expert, or all of them stacked.
  void Expert(const char* pattern, int64_t out, int64_t in) {
    const nn::ExpertConfig& e = c_.experts;
    const double share = static_cast<double>(e.used) / static_cast<double>(e.count);
    const std::string name = Name(pattern);
    if (name.find("{e}") == std::string::npos) {
      return out_.Matrix(name, {e.count, out, in}, in, Part::kMatrix, share);
    }
    for (int64_t i = 0; i < e.count && out_.status().ok(); ++i) {
      out_.Matrix(nn::PutNumber(name, "{e}", i), {out, in}, in, Part::kMatrix, share);
    }
  }

  const ModelConfig& c_;
  const WeightNames& n_;
  Collector& out_;
  int64_t layer_ = 0;
};

void ListStages(const encoder::HeadConfig& head, const ModelConfig& tower, Collector& out) {
  int64_t size = tower.hidden_size;
  for (const encoder::Stage& stage : head.stages) {
    switch (stage.kind) {
      case encoder::Stage::Kind::kDense:
        out.Matrix(stage.name + ".weight", {stage.size, size}, size, Part::kHead);
        size = stage.size;
        break;
      case encoder::Stage::Kind::kEmbedding:
        size = stage.size;
        break;
      case encoder::Stage::Kind::kNorm:
        out.Constant(stage.name + ".weight", {size}, 1.0f - tower.norm_offset);
        if (tower.norm_bias) out.Bias(stage.name + ".bias", size);
        break;
      default:
        break;
    }
    if (!stage.bias_name.empty()) out.Bias(out.Name(stage.bias_name.c_str(), 0, ""), size);
  }
}

bool ReadsEmbedding(const encoder::HeadConfig& head) {
  for (const encoder::Stage& stage : head.stages) {
    if (stage.kind == encoder::Stage::Kind::kEmbedding) return true;
  }
  return false;
}

Status ListEncoder(const format::ModelFiles& files, Collector& out) {
  PANO_ASSIGN_OR_RETURN(const encoder::EncoderConfig config, encoder::ReadEncoderConfig(files));
  if (config.image || config.decoder || !config.text) {
    return Unimplemented(StrCat(files.path, ": only encoders of texts alone are measured"));
  }
  bool tied = false;
  for (const encoder::HeadConfig& head : config.heads) tied = tied || ReadsEmbedding(head);
  StackLister(config.text->model, config.text->names, out).List(tied);
  for (const encoder::HeadConfig& head : config.heads) {
    // What a file may lack, a shape lacks.
    if (!head.optional) ListStages(head, config.text->model, out);
  }
  return out.status();
}

Status ListDecoder(const format::ModelFiles& files, Collector& out) {
  PANO_ASSIGN_OR_RETURN(const nn::FamilyConfig family, nn::ReadFamilyConfig(files));
  StackLister lister(family.config, family.names, out);
  lister.List(family.config.tied_embeddings);
  lister.ListHead();
  return out.status();
}

}  // namespace

Result<std::vector<ModelTensor>> ListTensors(const format::ModelFiles& files) {
  Collector out(files.weights.get());
  PANO_RETURN_IF_ERROR(encoder::IsEncoder(files) ? ListEncoder(files, out)
                                                 : ListDecoder(files, out));
  return out.Take();
}

}  // namespace pano::bench
