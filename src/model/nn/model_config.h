#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/ops/types.h"

namespace pano::nn {

// How positions turn query and key vectors (Su et al., "RoFormer", 2021).
struct RopeConfig {
  enum class Scaling : uint8_t {
    kNone,
    kLinear,    // positions divided by the factor (Chen et al., 2023)
    kLlama3,    // by wavelength (Grattafiori et al., 2024)
    kDynamic,   // theta grows with the length beyond original_context ("NTK-aware")
    kYarn,      // by wavelength with a ramp (Peng et al., "YaRN", 2023)
    kLongRope,  // a divisor per frequency, another beyond original_context (Ding et al., 2024)
  };
  double theta = 10000.0;
  int64_t dim = 0;           // components that turn, from the front of a head; 0: none
                             // (an odd one counts in the frequencies, and one more turns)
  bool interleaved = false;  // pairs (2i, 2i+1) instead of (i, i + dim/2)
  Scaling scaling = Scaling::kNone;
  double factor = 1.0;
  double low_freq_factor = 1.0;  // kLlama3
  double high_freq_factor = 4.0;
  int64_t original_context = 0;
  double beta_fast = 32.0;  // kYarn: rotations within the original context
  double beta_slow = 1.0;
  bool truncate = true;
  double attention_factor = 1.0;  // kYarn, kLongRope: cos and sin are multiplied by it
  std::vector<double> short_factors, long_factors;  // kLongRope: [dim / 2]

  int64_t pairs() const { return (dim + 1) / 2; }
  // Whether the angles depend on the length of the sequence.
  bool depends_on_length() const {
    return scaling == Scaling::kDynamic || scaling == Scaling::kLongRope;
  }
};

using ops::NormKind;

// Where a block (attention or feed-forward) has its norms.
enum class NormPlacement : uint8_t {
  kBefore,    // x + block(norm(x))
  kAfter,     // x + norm(block(x))
  kAround,    // x + norm(block(norm(x)))
  kResidual,  // norm(x + block(x))
};

// Norms on queries and keys before they are turned.
enum class QkNorm : uint8_t {
  kNone,
  kHead,   // one weight [head_dim] for every head
  kHeads,  // a weight [head_dim] for each head
  kRow,    // all heads together, weight [heads * head_dim]
};

// Multi-head latent attention (DeepSeek-AI, "DeepSeek-V2", 2024): keys and values are read off one
// compressed vector a token, beside one shared rotary key.
struct LatentConfig {
  int64_t q_rank = 0;  // 0: queries are projected directly
  int64_t kv_rank = 0;
  int64_t nope_dim = 0;        // components of a head that do not turn
  int64_t rope_dim = 0;        // components that do
  float norm_epsilon = 1e-6f;  // of the norms between its projections
};

// A mixture of experts in place of the feed-forward matrices (Shazeer et al., 2017).
struct ExpertConfig {
  int64_t count = 0;         // 0: none
  int64_t used = 0;          // experts a token goes to
  int64_t size = 0;          // inner size of each
  int64_t shared_size = 0;   // of the expert that every token goes to; 0: none
  bool shared_gate = false;  // whose output a sigmoid of the token scales
  bool normalize = true;     // the chosen probabilities sum to one
  float scale = 1.0f;        // on the experts' sum
  int64_t groups = 1;        // the best `groups_used` groups of experts are eligible
  int64_t groups_used = 1;
};

struct LayerConfig {
  enum class Rope : uint8_t { kNone, kGlobal, kLocal };
  // Causal: tokens that a query sees, itself included. Else those at most window / 2 away. 0: all.
  int64_t window = 0;
  Rope rope = Rope::kGlobal;
  bool experts = false;
  int64_t kv_head_count = 0;  // where layers differ; divides head_count. 0: ModelConfig's
};

// What a transformer is: one struct for every family, filled from config.json or GGUF metadata by
// the family's mapping file. Sizes are checked to be positive and bounded when they are read.
struct ModelConfig {
  std::string architecture;  // the family's name, for people
  int64_t vocab_size = 0;
  int64_t hidden_size = 0;
  int64_t layer_count = 0;
  int64_t head_count = 0;
  int64_t kv_head_count = 0;  // divides head_count; where layers differ, the most of any
  int64_t head_dim = 0;       // of queries and keys
  int64_t value_dim = 0;      // of values; 0: head_dim
  int64_t ffn_size = 0;
  int64_t context_length = 0;
  std::vector<LayerConfig> layers;  // [layer_count]

  // Positions.
  RopeConfig rope;
  RopeConfig local_rope;          // of the layers that say kLocal
  int64_t learned_positions = 0;  // rows of a position embedding; 0: none
  int64_t position_offset = 0;    // its row of position 0

  // Norms.
  NormKind norm = NormKind::kRms;
  NormPlacement norm_placement = NormPlacement::kBefore;
  float norm_epsilon = 1e-5f;
  float norm_offset = 0.0f;  // added to every norm's weight
  bool norm_bias = false;
  bool embedding_norm = false;
  bool final_norm = true;
  bool first_norm = true;    // layer 0 has its norm before attention
  bool parallel = false;     // x + attention(norm(x)) + ffn(norm'(x))
  bool shared_norm = false;  // parallel: norm' is norm

  // Attention.
  bool causal = true;
  bool qkv_bias = false;
  bool output_bias = false;
  QkNorm qk_norm = QkNorm::kNone;
  bool qk_norm_bias = false;
  double attention_scale = 0.0;    // of scores; 0: 1 / sqrt(head_dim)
  bool scale_by_layer = false;     // scores of layer i divided by i + 1
  float attention_softcap = 0.0f;  // 0: none
  bool alibi = false;              // scores grow with the key's position, a slope a head
  std::optional<LatentConfig> latent;
  int64_t relative_buckets = 0;   // scores get a bias by distance (Raffel et al., 2020); 0: none
  int64_t relative_distance = 0;  // from there on all distances share a bucket
  bool cross_attention = false;   // each layer also looks at the rows of another stack

  // Feed-forward.
  ops::Activation activation = ops::Activation::kSilu;
  bool gated = true;
  bool mlp_bias = false;
  ExpertConfig experts;

  // Around the layers.
  int64_t token_types = 0;  // rows of a token type embedding; 0: none
  float embedding_scale = 1.0f;
  float residual_scale = 1.0f;  // on what each block adds
  float logit_scale = 1.0f;
  float final_softcap = 0.0f;    // 0: none
  bool tied_embeddings = false;  // the head is the embedding matrix
  bool head_bias = false;
  // A matrix, an activation and a norm between the final norm and the head.
  std::optional<ops::Activation> head_transform;
  bool head_transform_bias = false;

  std::vector<std::string> warnings;  // keys that nobody knows, for `pano inspect`

  int64_t value_size() const { return value_dim ? value_dim : head_dim; }
  int64_t kv_heads(size_t layer) const {
    return layers[layer].kv_head_count ? layers[layer].kv_head_count : kv_head_count;
  }
};

}  // namespace pano::nn
