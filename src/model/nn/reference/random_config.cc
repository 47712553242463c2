#include "model/nn/reference/random_config.h"

#include <algorithm>
#include <initializer_list>
#include <set>
#include <string>

#include "base/check.h"

namespace pano::reference {
namespace {

using nn::LayerConfig;
using nn::ModelConfig;
using nn::NormPlacement;
using nn::QkNorm;
using nn::RopeConfig;

// Draws the options of one configuration, group by group; later groups look at earlier ones.
class Draw {
 public:
  explicit Draw(Random& random) : random_(random) {}

  bool Chance(double p) { return random_.Uniform() < p; }
  int64_t Between(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(random_.Below(static_cast<uint64_t>(high - low + 1)));
  }
  double Real(double low, double high) { return low + (high - low) * random_.Uniform(); }
  template <typename T>
  T OneOf(std::initializer_list<T> values) {
    return values.begin()[random_.Below(values.size())];
  }

  ops::Activation AnyActivation() {
    using enum ops::Activation;
    return OneOf({kSilu, kGelu, kGeluTanh, kQuickGelu, kRelu});
  }

  void Sizes(ModelConfig& c) {
    c.architecture = "drawn";
    c.vocab_size = Between(11, 37);
    c.hidden_size = OneOf<int64_t>({12, 17, 24, 32, 45});
    c.layer_count = Between(1, 3);
    c.kv_head_count = Between(1, 3);
    c.head_count = c.kv_head_count * Between(1, 4);
    c.head_dim = OneOf<int64_t>({4, 6, 8, 13, 16, 20});
    c.ffn_size = Between(8, 40);
    c.context_length = kContext;
    c.layers.assign(static_cast<size_t>(c.layer_count), {});
  }

  void Norms(ModelConfig& c) {
    c.norm = OneOf({nn::NormKind::kRms, nn::NormKind::kLayer});
    c.norm_bias = c.norm == nn::NormKind::kLayer && Chance(0.6);
    c.norm_placement = OneOf({NormPlacement::kBefore, NormPlacement::kBefore, NormPlacement::kAfter,
                              NormPlacement::kAround, NormPlacement::kResidual});
    c.norm_epsilon = OneOf({1e-6f, 1e-5f, 1e-2f});
    c.norm_offset = OneOf({0.0f, 0.0f, 1.0f});
    c.embedding_norm = Chance(0.3);
    c.final_norm = Chance(0.85);
    c.parallel = c.norm_placement == NormPlacement::kBefore && Chance(0.4);
    c.shared_norm = c.parallel && Chance(0.5);
    const bool before =
        c.norm_placement == NormPlacement::kBefore || c.norm_placement == NormPlacement::kAround;
    c.first_norm = !(before && !c.parallel && Chance(0.3));
  }

  RopeConfig Rope(int64_t head_dim, bool by_length) {
    RopeConfig rope;
    rope.theta = OneOf({10.0, 100.0, 10000.0, 500000.0});
    rope.dim = OneOf<int64_t>({head_dim / 2 * 2, head_dim / 4 * 2, head_dim / 2 * 2 - 1, 0});
    rope.interleaved = Chance(0.5);
    using enum RopeConfig::Scaling;
    if (rope.dim <= 2) return rope;
    rope.scaling = by_length ? OneOf({kNone, kLinear, kLlama3, kDynamic, kYarn, kLongRope})
                             : OneOf({kNone, kLinear, kLlama3, kYarn});
    rope.factor = Real(1.5, 6.0);
    rope.original_context = Between(16, 64);
    if (rope.scaling == kLlama3) {
      rope.low_freq_factor = Real(0.5, 1.5);
      rope.high_freq_factor = rope.low_freq_factor + Real(0.5, 4.0);
    }
    if (rope.scaling == kYarn) {
      rope.beta_slow = Real(0.3, 1.0);
      rope.beta_fast = rope.beta_slow * Real(2.0, 30.0);
      rope.truncate = Chance(0.5);
    }
    if (rope.scaling == kLongRope) {
      for (int64_t i = 0; i < rope.pairs(); ++i) {
        rope.short_factors.push_back(Real(1.0, 2.0));
        rope.long_factors.push_back(Real(2.0, 9.0));
      }
    }
    const bool sharpens = rope.scaling == kYarn || rope.scaling == kLongRope;
    if (sharpens && Chance(0.7)) rope.attention_factor = Real(0.8, 1.3);
    return rope;
  }

  void Positions(ModelConfig& c, bool by_length) {
    c.rope = Rope(c.head_dim, by_length);
    c.local_rope = Rope(c.head_dim, /*by_length=*/false);
    for (LayerConfig& layer : c.layers) {
      layer.rope = OneOf({LayerConfig::Rope::kGlobal, LayerConfig::Rope::kGlobal,
                          LayerConfig::Rope::kLocal, LayerConfig::Rope::kNone});
    }
    if (Chance(0.25)) {
      c.position_offset = Between(0, 3);
      c.learned_positions = c.context_length + c.position_offset + Between(0, 5);
    }
  }

  // How a score comes about from a query and a key.
  void Scores(ModelConfig& c) {
    if (Chance(0.4)) c.attention_scale = Real(0.1, 0.6);
    c.scale_by_layer = Chance(0.2);
    if (Chance(0.3)) c.attention_softcap = static_cast<float>(Real(1.0, 6.0));
    for (LayerConfig& layer : c.layers) {
      if (Chance(0.4)) layer.window = Between(1, 50);
    }
  }

  void Relative(ModelConfig& c) {
    c.relative_buckets = 4 * Between(1, 4);
    c.relative_distance = c.relative_buckets / 2 + Between(1, 40);
  }

  void Heads(ModelConfig& c) {
    c.qkv_bias = Chance(0.4);
    c.output_bias = Chance(0.4);
    c.qk_norm = OneOf({QkNorm::kNone, QkNorm::kHead, QkNorm::kHeads, QkNorm::kRow});
    c.qk_norm_bias = c.norm == nn::NormKind::kLayer && c.qk_norm != QkNorm::kNone &&
                     c.qk_norm != QkNorm::kHeads && Chance(0.5);
  }

  // Numbers of key heads that differ from layer to layer; the model's becomes the most of them.
  void HeadsByLayer(ModelConfig& c) {
    int64_t most = 0;
    for (LayerConfig& layer : c.layers) {
      do {
        layer.kv_head_count = Between(1, c.head_count);
      } while (c.head_count % layer.kv_head_count != 0);
      most = std::max(most, layer.kv_head_count);
    }
    c.kv_head_count = most;
  }

  void Latent(ModelConfig& c) {
    nn::LatentConfig latent;
    latent.q_rank = Chance(0.5) ? Between(5, 20) : 0;
    latent.kv_rank = Between(6, 24);
    latent.nope_dim = Between(3, 10);
    latent.rope_dim = 2 * Between(1, 5);
    latent.norm_epsilon = OneOf({1e-6f, 1e-2f});
    c.latent = latent;
    c.head_dim = latent.nope_dim + latent.rope_dim;
    c.value_dim = Between(4, 12);
    c.kv_head_count = c.head_count;
    for (RopeConfig* rope : {&c.rope, &c.local_rope}) {
      *rope = Rope(latent.rope_dim, rope == &c.rope);
      rope->dim = latent.rope_dim;
      if (rope->scaling == RopeConfig::Scaling::kLongRope) rope->scaling = {};
    }
    c.qkv_bias = Chance(0.4);
    c.output_bias = Chance(0.4);
    c.norm_bias = false;
  }

  void FeedForward(ModelConfig& c) {
    c.activation = AnyActivation();
    c.gated = Chance(0.6);
    c.mlp_bias = Chance(0.4);
    if (Chance(0.65)) return;
    nn::ExpertConfig& e = c.experts;
    e.groups = Chance(0.5) ? 1 : Between(2, 3);
    e.groups_used = Between(1, e.groups);
    const int64_t each = Between(2, 4);
    e.count = e.groups * each;
    e.used = Between(1, std::min<int64_t>(each * e.groups_used, 4));
    e.size = Between(6, 20);
    e.shared_size = Chance(0.5) ? Between(6, 20) : 0;
    e.shared_gate = e.shared_size > 0 && Chance(0.5);
    e.normalize = Chance(0.5);
    e.scale = Chance(0.5) ? 1.0f : static_cast<float>(Real(0.5, 3.0));
    for (LayerConfig& layer : c.layers) layer.experts = Chance(0.7);
    c.layers[random_.Below(c.layers.size())].experts = true;
  }

  void Head(ModelConfig& c) {
    if (Chance(0.3)) c.embedding_scale = static_cast<float>(Real(0.3, 4.0));
    if (Chance(0.3)) c.residual_scale = static_cast<float>(Real(0.2, 0.9));
    if (Chance(0.3)) c.logit_scale = static_cast<float>(Real(0.1, 2.0));
    if (Chance(0.3)) c.final_softcap = static_cast<float>(Real(3.0, 9.0));
    c.tied_embeddings = Chance(0.5);
    c.head_bias = Chance(0.3);
    if (Chance(0.2)) {
      c.head_transform = AnyActivation();
      c.head_transform_bias = Chance(0.5);
    }
  }

 private:
  Random& random_;
};

}  // namespace

RandomDecoder DrawDecoder(uint64_t seed) {
  Random random(seed);
  Draw draw(random);
  RandomDecoder out;
  ModelConfig& c = out.config;
  draw.Sizes(c);
  draw.Norms(c);
  draw.Positions(c, /*by_length=*/true);
  draw.Scores(c);
  draw.FeedForward(c);
  draw.Head(c);
  if (draw.Chance(0.2)) {
    draw.Latent(c);
  } else {
    draw.Heads(c);
    if (draw.Chance(0.3)) c.value_dim = draw.Between(3, 18);
    const double bias = draw.Real(0, 1);
    if (bias < 0.2) draw.Relative(c);
    if (bias > 0.85) c.alibi = true;
  }
  out.names = AllNames("");
  // Fused matrices, and names in alternatives, are a matter of names alone.
  out.names.qkv_layout =
      draw.OneOf({nn::QkvLayout::kSeparate, nn::QkvLayout::kBlocks, nn::QkvLayout::kGroups});
  out.names.transposed = draw.Chance(0.2);
  if (draw.Chance(0.5)) out.names.gate_up = nullptr;
  if (draw.Chance(0.5)) {
    out.names.expert_gate = "layers.{}.experts.gate";
    out.names.expert_up = "layers.{}.experts.up";
    out.names.expert_down = "layers.{}.experts.down";
  }
  const bool divisors = c.rope.scaling == RopeConfig::Scaling::kNone && c.rope.dim > 0;
  if (!divisors || draw.Chance(0.6)) out.names.rope_factors = nullptr;
  if (!c.latent && draw.Chance(0.2)) draw.HeadsByLayer(c);
  return out;
}

nn::ModelConfig DrawEncoderStack(Random& random, int64_t hidden, int64_t vocab) {
  Draw draw(random);
  ModelConfig c;
  draw.Sizes(c);
  c.hidden_size = hidden;
  c.vocab_size = vocab;
  draw.Norms(c);
  draw.Positions(c, /*by_length=*/false);
  c.position_offset = 0;
  draw.Scores(c);
  draw.FeedForward(c);
  draw.Heads(c);
  c.causal = draw.Chance(0.15);
  // The rows that a mask leaves out are no longer there when a window is cut by position; no known
  // model has causal windows over masked texts.
  if (c.causal) {
    for (LayerConfig& layer : c.layers) layer.window = 0;
  }
  if (draw.Chance(0.3)) draw.Relative(c);
  if (draw.Chance(0.4)) c.token_types = draw.Between(1, 3);
  if (draw.Chance(0.3)) c.residual_scale = 0.5f;
  return c;
}

nn::ModelConfig DrawCrossStack(Random& random, int64_t hidden, int64_t vocab) {
  ModelConfig c = DrawEncoderStack(random, hidden, vocab);
  for (LayerConfig& layer : c.layers) layer.window = 0;
  c.causal = c.cross_attention = true;
  c.norm_placement = NormPlacement::kBefore;
  c.parallel = c.shared_norm = false;
  c.token_types = 0;
  return c;
}

nn::WeightNames AllNames(std::string_view prefix) {
  // WeightNames keeps pointers to literals.
  static std::set<std::string> literals;
  auto name = [&](const char* end) {
    return literals.insert(std::string(prefix) + end).first->c_str();
  };
  nn::WeightNames n;
  n.embedding = name("embedding");
  n.positions = name("positions");
  n.token_types = name("token_types");
  n.embedding_norm = name("embedding_norm");
  n.final_norm = name("final_norm");
  n.head = name("head");
  n.head_dense = name("head_dense");
  n.head_norm = name("head_norm");
  n.attention_norm = name("layers.{}.attention_norm");
  n.attention_post_norm = name("layers.{}.attention_post_norm");
  n.qkv = name("layers.{}.qkv");
  n.q = name("layers.{}.q");
  n.k = name("layers.{}.k");
  n.v = name("layers.{}.v");
  n.o = name("layers.{}.o");
  n.q_norm = name("layers.{}.q_norm");
  n.k_norm = name("layers.{}.k_norm");
  n.q_a = name("layers.{}.q_a");
  n.q_a_norm = name("layers.{}.q_a_norm");
  n.q_b = name("layers.{}.q_b");
  n.kv_a = name("layers.{}.kv_a");
  n.kv_a_norm = name("layers.{}.kv_a_norm");
  n.kv_b = name("layers.{}.kv_b");
  n.relative_bias = name("relative_bias");
  n.cross_norm = name("layers.{}.cross_norm");
  n.cross_q = name("layers.{}.cross_q");
  n.cross_k = name("layers.{}.cross_k");
  n.cross_v = name("layers.{}.cross_v");
  n.cross_o = name("layers.{}.cross_o");
  n.ffn_norm = name("layers.{}.ffn_norm");
  n.ffn_post_norm = name("layers.{}.ffn_post_norm");
  n.gate_up = name("layers.{}.gate_up");
  n.gate = name("layers.{}.gate");
  n.up = name("layers.{}.up");
  n.down = name("layers.{}.down");
  n.router = name("layers.{}.router");
  n.expert_gate = name("layers.{}.experts.{e}.gate");
  n.expert_up = name("layers.{}.experts.{e}.up");
  n.expert_down = name("layers.{}.experts.{e}.down");
  n.shared_gate = name("layers.{}.shared.gate");
  n.shared_up = name("layers.{}.shared.up");
  n.shared_down = name("layers.{}.shared.down");
  n.shared_router = name("layers.{}.shared.router");
  n.rope_factors = name("rope_factors");
  return n;
}

}  // namespace pano::reference
