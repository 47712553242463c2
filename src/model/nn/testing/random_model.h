#pragma once

#include <cmath>
#include <cstdlib>
#include <vector>
#include <utility>

#include "base/check.h"
#include "base/random.h"
#include "model/nn/model_config.h"
#include "model/nn/weights/decoder_weights.h"
#include "model/nn/weights/tensor_inventory.h"
#include "model/nn/weights/weight_slots.h"

namespace pano::nn::testing {

// The options that small random models differ in; everything else is a plain Llama's.
inline ModelConfig SmallConfig() {
  ModelConfig c;
  c.architecture = "small";
  c.vocab_size = 61;
  c.hidden_size = 48;
  c.layer_count = 2;
  c.head_count = 4;
  c.kv_head_count = 2;
  c.head_dim = 12;
  c.ffn_size = 40;
  c.context_length = 128;
  c.layers.resize(2);
  c.rope.dim = 12;
  return c;
}

inline ModelConfig SmallMixture() {
  ModelConfig c = SmallConfig();
  c.experts = {.count = 4, .used = 2, .size = 24, .shared_size = 16, .shared_gate = true};
  for (LayerConfig& layer : c.layers) layer.experts = true;
  return c;
}

inline ModelConfig SmallLatent() {
  ModelConfig c = SmallConfig();
  c.latent = LatentConfig{.q_rank = 20, .kv_rank = 24, .nope_dim = 8, .rope_dim = 6};
  c.kv_head_count = c.head_count;
  c.head_dim = 14;
  c.value_dim = 10;
  c.rope.dim = 6;
  c.rope.interleaved = true;
  return c;
}

// Float32 weights for what the inventory lists, drawn from a seed. Immutable once drawn;
// thread-compatible.
class RandomWeights {
 public:
  RandomWeights(const ModelConfig& config, uint64_t seed) : config_(config), random_(seed) {}

  DecoderWeights Draw() {
    const auto entries = DescribeTensors(config_);
    PANO_CHECK(entries.ok());
    weights_.layers.resize(static_cast<size_t>(config_.layer_count));
    for (LayerWeights& layer : weights_.layers) {
      const auto experts = static_cast<size_t>(config_.experts.count);
      for (auto* list : {&layer.experts.gate, &layer.experts.up, &layer.experts.down}) {
        list->resize(experts);
      }
    }
    for (const TensorEntry& entry : *entries) {
      if (!entry.optional) DrawEntry(entry);
    }
    if (config_.tied_embeddings) weights_.head.weight = weights_.embedding;
    return std::move(weights_);
  }

 private:
  // About as large as trained ones, so that rows stay of order one: by the number of inputs.
  tensor::TensorView Matrix(int64_t rows, int64_t cols) {
    const size_t count = static_cast<size_t>(rows * cols), bytes = count * sizeof(float);
    auto* data = static_cast<std::byte*>(std::aligned_alloc(64, (bytes + 63) / 64 * 64));
    PANO_CHECK(data != nullptr);
    weights_.owned.emplace_back(data);
    const double scale = 1.0 / std::sqrt(static_cast<double>(cols));
    for (size_t i = 0; i < count; ++i) {
      reinterpret_cast<float*>(data)[i] = static_cast<float>(random_.Normal() * scale);
    }
    return {tensor::DType::kF32, {rows, cols}, data, bytes};
  }
  std::vector<float> Numbers(int64_t count, double middle) {
    std::vector<float> numbers(static_cast<size_t>(count));
    for (float& v : numbers) v = static_cast<float>(middle + 0.2 * random_.Normal());
    return numbers;
  }

  void DrawEntry(const TensorEntry& entry) {
    const tensor::Shape& shape = entry.shape;
    int64_t count = 1;
    for (int64_t size : shape) count *= size;
    const bool bias = entry.part == TensorPart::kBias;
    if (entry.role == TensorRole::kLatentKvUp) return DrawLatent(entry);
    if (entry.role == TensorRole::kRelativeBias) {
      weights_.relative_bias = Numbers(count, 0.0);
    } else if (NormWeights* norm = NormSlot(weights_, entry)) {
      (bias ? norm->bias : norm->weight) = Numbers(count, bias ? 0.0 : 1.0);
    } else if (tensor::TensorView* table = TableSlot(weights_, entry)) {
      *table = Matrix(shape[0], shape[1]);
    } else if (Linear* linear = LinearSlot(weights_, entry, config_.latent.has_value())) {
      if (bias) {
        linear->bias = Numbers(count, 0.0);
      } else {
        linear->weight = Matrix(shape[0], shape[1]);
      }
    }
  }
  void DrawLatent(const TensorEntry& entry) {
    LatentWeights& latent = weights_.layers[static_cast<size_t>(entry.layer)].latent;
    for (int64_t h = 0; h < config_.head_count; ++h) {
      latent.key_up.push_back({Matrix(config_.latent->kv_rank, config_.latent->nope_dim), {}, {}});
      latent.value_up.push_back({Matrix(config_.value_size(), config_.latent->kv_rank), {}, {}});
    }
  }

  const ModelConfig& config_;
  Random random_;
  DecoderWeights weights_;
};

inline DecoderWeights DrawWeights(const ModelConfig& config, uint64_t seed) {
  return RandomWeights(config, seed).Draw();
}

}  // namespace pano::nn::testing
