#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/random.h"
#include "base/strings.h"
#include "model/format/weights.h"
#include "model/nn/testing/tiny_model.h"
#include "model/nn/weights/stored_tensors.h"

namespace pano::nn::testing {

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
      {"modernbert-decoder", ""},
      {"olmo2", ""},
      {"phi", ""},
      {"phi3", R"("pad_token_id":0)"},
      {"qwen2", ""},
      {"qwen2_moe",
       R"("num_experts":4,"num_experts_per_tok":2,"moe_intermediate_size":32,
          "shared_expert_intermediate_size":48)"},
      {"qwen3", R"("head_dim":16)"},
      {"qwen3_moe",
       R"("head_dim":16,"num_experts":4,"num_experts_per_tok":2,"moe_intermediate_size":32,
          "norm_topk_prob":true)"},
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

// The same families with what their configurations can turn on: biases, norms on queries and keys,
// heads of their own, other attention.
inline std::vector<std::pair<std::string, format::ModelFiles>> TinyVariants() {
  const std::pair<const char*, const char*> changes[] = {
      {"cohere", R"({"use_qk_norm":true,"attention_bias":true})"},
      {"deepseek_v2", R"({"q_lora_rank":24,"tie_word_embeddings":true})"},
      {"falcon", R"({"new_decoder_architecture":false,"multi_query":true,"bias":true})"},
      {"falcon", R"({"new_decoder_architecture":false,"multi_query":false,"parallel_attn":false,
                     "alibi":true,"tie_word_embeddings":false})"},
      {"gemma3_text", R"({"tie_word_embeddings":false,"attention_bias":true})"},
      {"gpt2", R"({"tie_word_embeddings":false})"},
      {"gpt_neox", R"({"use_parallel_residual":false,"tie_word_embeddings":true})"},
      {"llama", R"({"attention_bias":true,"mlp_bias":true,"tie_word_embeddings":true})"},
      {"modernbert-decoder", R"({"norm_bias":true,"attention_bias":true,"mlp_bias":true,
                                 "classifier_bias":true,"tie_word_embeddings":false})"},
      {"phi", R"({"qk_layernorm":true})"},
      {"phi3", R"({"tie_word_embeddings":true})"},
      {"qwen2_moe", R"({"mlp_only_layers":[0]})"},
      {"qwen3", R"({"attention_bias":true})"},
      {"stablelm", R"({"qk_layernorm":true,"use_qkv_bias":true,"use_parallel_residual":true})"},
  };
  std::vector<std::pair<std::string, format::ModelFiles>> out;
  for (const auto& [name, more] : changes) {
    for (auto [plain, files] : TinyDecoders()) {
      if (plain != name) continue;
      const json::Value changed = json::Parse(more).value();
      for (const auto& [key, value] : changed.as_object()) files.config.Set(key, value);
      out.emplace_back(StrCat(name, " ", more), std::move(files));
    }
  }
  return out;
}

// Random weights of the shapes that `stored` says, in F32, by a seed for each.
inline std::shared_ptr<MemoryWeights> FillWeights(const std::vector<StoredTensor>& stored) {
  auto weights = std::make_shared<MemoryWeights>();
  uint64_t seed = 1;
  for (const StoredTensor& tensor : stored) {
    if (tensor.optional) continue;
    Random random(seed++);
    std::vector<float> values(static_cast<size_t>(tensor::ElementCount(tensor.shape).value()));
    const bool norm =
        KindOf(tensor.role) == TensorKind::kNorm && tensor.part == TensorPart::kWeight;
    for (float& v : values) v = static_cast<float>(random.Normal()) * 0.2f + (norm ? 1.0f : 0.0f);
    weights->Add(
        StrCat(std::string_view(tensor.name).substr(0, tensor.name.find('|')), tensor.suffix()),
        tensor.shape, std::move(values));
  }
  return weights;
}

}  // namespace pano::nn::testing
