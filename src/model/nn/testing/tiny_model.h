#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/strings.h"
#include "model/format/weights.h"

namespace pano::nn::testing {

// Weights that live in memory. Immutable once filled; thread-compatible.
class MemoryWeights final : public format::Weights {
 public:
  void Add(const std::string& name, tensor::Shape shape, std::vector<float> values) {
    auto& stored = values_[name] = std::move(values);
    views_[name] = {tensor::DType::kF32, std::move(shape),
                    reinterpret_cast<const std::byte*>(stored.data()),
                    stored.size() * sizeof(float)};
  }
  void Remove(const std::string& name) { views_.erase(name); }
  const tensor::TensorView* Find(std::string_view name) const override {
    auto it = views_.find(std::string(name));
    return it == views_.end() ? nullptr : &it->second;
  }
  std::vector<std::string> Names() const override {
    std::vector<std::string> names;
    for (const auto& [name, view] : views_) names.push_back(name);
    return names;
  }
  size_t FileBytes() const override { return 0; }

 private:
  std::map<std::string, std::vector<float>> values_;
  std::map<std::string, tensor::TensorView> views_;
};

// A random Llama with two layers, grouped-query attention and a head size of its own.
struct TinyModel {
  static constexpr int64_t kVocab = 61, kHidden = 48, kFfn = 40, kLayers = 2, kHeads = 4,
                           kKvHeads = 2, kHeadDim = 20, kContext = 512;
  std::shared_ptr<MemoryWeights> weights = std::make_shared<MemoryWeights>();
  format::ModelFiles files;

  TinyModel() {
    uint64_t seed = 1;
    auto add = [&](const std::string& name, tensor::Shape shape, bool norm = false) {
      Random random(seed++);
      int64_t count = 1;
      for (int64_t size : shape) count *= size;
      std::vector<float> values(static_cast<size_t>(count));
      for (float& v : values) v = static_cast<float>(random.Normal()) * 0.3f + (norm ? 1.0f : 0.0f);
      weights->Add(name, std::move(shape), std::move(values));
    };
    add("model.embed_tokens.weight", {kVocab, kHidden});
    add("model.norm.weight", {kHidden}, true);
    for (int64_t layer = 0; layer < kLayers; ++layer) {
      std::string p = StrCat("model.layers.", layer, ".");
      add(p + "input_layernorm.weight", {kHidden}, true);
      add(p + "post_attention_layernorm.weight", {kHidden}, true);
      add(p + "self_attn.q_proj.weight", {kHeads * kHeadDim, kHidden});
      add(p + "self_attn.k_proj.weight", {kKvHeads * kHeadDim, kHidden});
      add(p + "self_attn.v_proj.weight", {kKvHeads * kHeadDim, kHidden});
      add(p + "self_attn.o_proj.weight", {kHidden, kHeads * kHeadDim});
      add(p + "mlp.gate_proj.weight", {kFfn, kHidden});
      add(p + "mlp.up_proj.weight", {kFfn, kHidden});
      add(p + "mlp.down_proj.weight", {kHidden, kFfn});
    }
    files.kind = format::ModelFiles::Kind::kHuggingFace;
    files.path = "tiny";
    files.weights = weights;
    files.config.Set("model_type", "llama");
    files.config.Set("vocab_size", kVocab);
    files.config.Set("hidden_size", kHidden);
    files.config.Set("intermediate_size", kFfn);
    files.config.Set("num_hidden_layers", kLayers);
    files.config.Set("num_attention_heads", kHeads);
    files.config.Set("num_key_value_heads", kKvHeads);
    files.config.Set("head_dim", kHeadDim);
    files.config.Set("hidden_act", "silu");
    files.config.Set("max_position_embeddings", kContext);
    files.config.Set("tie_word_embeddings", true);
  }
};

}  // namespace pano::nn::testing
