#pragma once

#include <memory>
#include <string>
#include <utility>

#include "base/random.h"
#include "base/strings.h"
#include "model/nn/testing/tiny_model.h"

namespace pano::encoder::testing {

// A random BERT with two layers, by the names and fields of hub files.
struct TinyEncoder {
  static constexpr int64_t kVocab = 37, kHidden = 24, kFfn = 40, kHeads = 3, kPositions = 48;
  std::shared_ptr<nn::testing::MemoryWeights> weights =
      std::make_shared<nn::testing::MemoryWeights>();
  format::ModelFiles files;

  explicit TinyEncoder(const std::string& architecture = "BertModel") {
    files.kind = format::ModelFiles::Kind::kHuggingFace;
    files.path = "tiny";
    files.weights = weights;
    for (auto [key, value] : {std::pair{"vocab_size", kVocab},
                              {"hidden_size", kHidden},
                              {"intermediate_size", kFfn},
                              {"num_hidden_layers", int64_t{2}},
                              {"num_attention_heads", kHeads},
                              {"max_position_embeddings", kPositions}}) {
      files.config.Set(key, value);
    }
    files.config.Set("model_type", "bert");
    files.config.Set("architectures", json::Array{architecture});
    Add("embeddings.word_embeddings.weight", {kVocab, kHidden});
    Add("embeddings.position_embeddings.weight", {kPositions, kHidden});
    Add("embeddings.token_type_embeddings.weight", {2, kHidden});
    AddNorm("embeddings.LayerNorm");
    for (int layer = 0; layer < 2; ++layer) {
      const std::string p = StrCat("encoder.layer.", layer, ".");
      for (const char* name : {"attention.self.query", "attention.self.key", "attention.self.value",
                               "attention.output.dense"}) {
        AddLinear(p + name, kHidden, kHidden);
      }
      AddNorm(p + "attention.output.LayerNorm");
      AddLinear(p + "intermediate.dense", kFfn, kHidden);
      AddLinear(p + "output.dense", kHidden, kFfn);
      AddNorm(p + "output.LayerNorm");
    }
  }

  void Add(const std::string& name, tensor::Shape shape, float middle = 0.0f) {
    Random random(seed_++);
    int64_t count = 1;
    for (int64_t size : shape) count *= size;
    std::vector<float> values(static_cast<size_t>(count));
    for (float& v : values) v = static_cast<float>(random.Normal()) * 0.3f + middle;
    weights->Add(name, std::move(shape), std::move(values));
  }
  void AddLinear(const std::string& name, int64_t out, int64_t in) {
    Add(name + ".weight", {out, in});
    Add(name + ".bias", {out});
  }
  void AddNorm(const std::string& name) {
    Add(name + ".weight", {kHidden}, 1.0f);
    Add(name + ".bias", {kHidden});
  }

 private:
  uint64_t seed_ = 1;
};

}  // namespace pano::encoder::testing
