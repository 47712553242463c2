#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pano::nn {

// How positions turn query and key vectors.
struct RopeConfig {
  enum class Scaling : uint8_t { kNone, kLinear, kLlama3 };
  double theta = 10000.0;
  int64_t dim = 0;                    // components that turn, from the front of a head
  bool interleaved = false;           // pairs (2i, 2i+1) instead of (i, i + dim/2)
  Scaling scaling = Scaling::kNone;
  double factor = 1.0;
  double low_freq_factor = 1.0;       // kLlama3
  double high_freq_factor = 4.0;
  int64_t original_context = 0;
};

// What a decoder is: one struct for every family, filled from config.json or GGUF metadata by the
// family's mapping file. Sizes are checked to be positive and bounded when they are read.
struct ModelConfig {
  std::string architecture;           // the family's name, for people
  int64_t vocab_size = 0;
  int64_t hidden_size = 0;
  int64_t layer_count = 0;
  int64_t head_count = 0;
  int64_t kv_head_count = 0;          // divides head_count
  int64_t head_dim = 0;
  int64_t ffn_size = 0;
  int64_t context_length = 0;
  float norm_epsilon = 1e-5f;
  RopeConfig rope;
  bool tied_embeddings = false;       // the head is the embedding matrix
  bool attention_bias = false;        // on q, k, v and o
  bool mlp_bias = false;

  std::vector<std::string> warnings;  // keys that nobody knows, for `pano inspect`
};

// The weights that a decoder needs, by the names of one kind of file. "{}" stands for the layer.
struct WeightNames {
  const char* embedding;
  const char* final_norm;
  const char* head;
  const char* attention_norm;
  const char* q;
  const char* k;
  const char* v;
  const char* o;
  const char* ffn_norm;
  const char* gate;
  const char* up;
  const char* down;
  const char* rope_factors;           // divisors of the rotary frequencies; nullptr: no such tensor
};

}  // namespace pano::nn
