#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "model/nn/weights/tensor_inventory.h"

namespace pano::nn {

// How one matrix holds queries, keys and values (by rows of the output).
enum class QkvLayout : uint8_t {
  kSeparate,  // three matrices
  kBlocks,    // all queries, all keys, all values
  kGroups,    // for each KV head: its query heads, its key, its value
};

// A family in one kind of file: what it calls the tensor of each role, without ".weight" and
// ".bias", and how its tensors hold what the inventory lists apart. "{}" stands for the layer,
// "{e}" for the expert; "a|b" is whichever of the two there is. nullptr: the family has none.
// Whether a tensor is needed says DescribeTensors, not this table.
struct WeightNames {
  const char* embedding = nullptr;
  const char* positions = nullptr;
  const char* token_types = nullptr;
  const char* embedding_norm = nullptr;
  const char* final_norm = nullptr;
  const char* head = nullptr;
  const char* head_dense = nullptr;  // the transform in front of it
  const char* head_norm = nullptr;

  const char* attention_norm = nullptr;       // before attention
  const char* attention_post_norm = nullptr;  // after it, or of the residual
  const char* qkv = nullptr;
  const char* q = nullptr;
  const char* k = nullptr;
  const char* v = nullptr;
  const char* o = nullptr;
  const char* q_norm = nullptr;
  const char* k_norm = nullptr;
  const char* q_a = nullptr;  // latent attention
  const char* q_a_norm = nullptr;
  const char* q_b = nullptr;
  const char* kv_a = nullptr;
  const char* kv_a_norm = nullptr;
  const char* kv_b = nullptr;

  const char* relative_bias = nullptr;  // [buckets, heads], one for all layers
  const char* cross_norm = nullptr;     // cross attention
  const char* cross_q = nullptr;
  const char* cross_k = nullptr;
  const char* cross_v = nullptr;
  const char* cross_o = nullptr;

  const char* ffn_norm = nullptr;
  const char* ffn_post_norm = nullptr;
  const char* gate_up = nullptr;  // gate rows, then up rows
  const char* gate = nullptr;
  const char* up = nullptr;
  const char* down = nullptr;
  const char* router = nullptr;
  const char* expert_gate = nullptr;  // one matrix an expert, or [experts, out, in]
  const char* expert_up = nullptr;
  const char* expert_down = nullptr;
  const char* shared_gate = nullptr;
  const char* shared_up = nullptr;
  const char* shared_down = nullptr;
  const char* shared_router = nullptr;

  const char* rope_factors = nullptr;       // divisors of the rotary frequencies, may be absent
  const char* rope_long_factors = nullptr;  // GGUF's longrope
  const char* rope_short_factors = nullptr;

  QkvLayout qkv_layout = QkvLayout::kSeparate;
  bool transposed = false;           // matrices are stored [in, out]
  const char* optional_prefix = "";  // some files leave it out of every name
};

// The family's name for a role; nullptr where it has none. Fused tensors go by qkv and gate_up.
const char* NameOf(const WeightNames& names, TensorRole role);

// What people call a role: "query", "expert gate".
std::string_view RoleName(TensorRole role);

// The name with `number` in the place of `mark` ("{}" or "{e}"); unchanged where there is none.
std::string PutNumber(std::string name, std::string_view mark, int64_t number);

// Whether a tensor is one of the masks and tables that older files carry although they follow from
// the configuration.
bool IsBuffer(std::string_view tensor);

}  // namespace pano::nn
