#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/strings.h"
#include "model/format/weights.h"

namespace pano::bench::testing {

// A shape from the text of its config.json.
inline format::ModelFiles ShapeOf(std::string_view config) {
  format::ModelFiles files;
  files.kind = format::ModelFiles::Kind::kHuggingFace;
  files.path = "tiny";
  files.config = json::Parse(config).value();
  return files;
}

// Small decoders of every family, by their config.json: two layers where the family has no reason
// for more.
inline std::vector<std::pair<std::string, format::ModelFiles>> TinyDecoders() {
  const std::string sizes =
      R"("vocab_size":64,"hidden_size":64,"num_hidden_layers":2,"num_attention_heads":4,)"
      R"("num_key_value_heads":2,"intermediate_size":96,"max_position_embeddings":256)";
  const std::pair<const char*, const char*> families[] = {
      {"cohere", ""},
      {"deepseek_v2",
       R"("kv_lora_rank":32,"q_lora_rank":null,"qk_nope_head_dim":16,"qk_rope_head_dim":8,
          "v_head_dim":16,"n_routed_experts":4,"num_experts_per_tok":2,"n_shared_experts":1,
          "moe_intermediate_size":32,"first_k_dense_replace":1)"},
      {"falcon", R"("new_decoder_architecture":true,"num_kv_heads":2)"},
      {"gemma", R"("head_dim":16)"},
      {"gemma2", R"("head_dim":16)"},
      {"gemma3_text", R"("head_dim":16)"},
      {"gpt_neox", ""},
      {"granite", ""},
      {"llama", ""},
      {"mistral", ""},
      {"mixtral", R"("num_local_experts":4,"num_experts_per_tok":2)"},
      {"olmo2", ""},
      {"phi", ""},
      {"phi3", R"("pad_token_id":0)"},
      {"qwen2", ""},
      {"qwen2_moe",
       R"("num_experts":4,"num_experts_per_tok":2,"moe_intermediate_size":32,
          "shared_expert_intermediate_size":48)"},
      {"qwen3", R"("head_dim":16)"},
      {"qwen3_moe",
       R"("head_dim":16,"num_experts":4,"num_experts_per_tok":2,"moe_intermediate_size":32)"},
      {"stablelm", ""},
      {"starcoder2", ""},
  };
  std::vector<std::pair<std::string, format::ModelFiles>> out;
  for (const auto& [name, more] : families) {
    const std::string_view comma = *more ? "," : "";
    out.emplace_back(name,
                     ShapeOf(StrCat(R"({"model_type":")", name, R"(",)", sizes, comma, more, "}")));
  }
  out.emplace_back("gpt2", ShapeOf(R"({"model_type":"gpt2","vocab_size":64,"n_embd":64,"n_layer":2,
                                       "n_head":4,"n_positions":256})"));
  return out;
}

}  // namespace pano::bench::testing
