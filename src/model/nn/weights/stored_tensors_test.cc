// The inventory, and how each family stores it, against what files really hold and what binding
// really takes.
#include "model/nn/weights/stored_tensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/env.h"
#include "base/shared_folder.h"
#include "model/nn/families/family.h"
#include "model/nn/testing/tiny_families.h"
#include "model/nn/weights/decoder_weights.h"

namespace pano::nn {
namespace {

using ::testing::HasSubstr;
using Shapes = std::map<std::string, tensor::Shape>;

struct Model {
  FamilyConfig family;
  std::vector<TensorEntry> entries;
  std::vector<StoredTensor> stored;
};

Model Describe(const format::ModelFiles& files) {
  Model out;
  auto family = ReadFamilyConfig(files);
  EXPECT_TRUE(family.ok()) << family.error().ToString();
  out.family = *family;
  out.entries = DescribeTensors(family->config).value();
  auto stored = StoreTensors(out.entries, family->config, family->names);
  EXPECT_TRUE(stored.ok()) << stored.error().ToString();
  out.stored = *stored;
  return out;
}

std::vector<std::pair<std::string, format::ModelFiles>> AllTiny() {
  auto all = testing::TinyDecoders();
  for (auto& variant : testing::TinyVariants()) all.push_back(std::move(variant));
  return all;
}

// Weights that lack one tensor.
class Without final : public format::Weights {
 public:
  Without(std::shared_ptr<const format::Weights> all, std::string name)
      : all_(std::move(all)), name_(std::move(name)) {}
  const tensor::TensorView* Find(std::string_view name) const override {
    return name == name_ ? nullptr : all_->Find(name);
  }
  std::vector<std::string> Names() const override {
    std::vector<std::string> names = all_->Names();
    std::erase(names, name_);
    return names;
  }
  size_t FileBytes() const override { return 0; }

 private:
  const std::shared_ptr<const format::Weights> all_;
  const std::string name_;
};

// A fused matrix of queries, keys and values, two key/value heads of four rows with two query
// heads.
StoredTensor Fused(int64_t groups) {
  StoredTensor stored;
  stored.entries = {0, 1, 2};
  stored.groups = groups;
  stored.starts = {0, 16 / groups, 24 / groups, 32 / groups};
  return stored;
}

TEST(StoredTensors, RowsOfFusedMatricesGoBothWays) {
  for (int64_t groups : {1, 2}) {
    const StoredTensor stored = Fused(groups);
    EXPECT_EQ(stored.rows(), 32);
    for (int64_t row = 0; row < stored.rows(); ++row) {
      const StoredTensor::Place place = stored.PlaceOf(row);
      EXPECT_EQ(stored.RowOf(place.entry, place.row), row);
      EXPECT_LT(place.row, stored.RowsOf(place.entry));
    }
  }
  EXPECT_EQ(Fused(1).RowOf(1, 5), 16 + 5);
  EXPECT_EQ(Fused(2).RowOf(0, 9), 16 + 1);      // the second group's third query head
  EXPECT_EQ(Fused(2).RowOf(1, 5), 16 + 8 + 1);  // behind that group's queries
  EXPECT_EQ(Fused(2).RowOf(2, 0), 8 + 4);
}

TEST(StoredTensors, LayoutsAreTheFamilys) {
  std::map<std::string, Model> models;
  for (const auto& [name, files] : testing::TinyDecoders()) models[name] = Describe(files);
  auto find = [&](const char* model, std::string_view name) {
    for (const StoredTensor& stored : models[model].stored) {
      if (stored.name == name && stored.part == TensorPart::kWeight) return stored;
    }
    ADD_FAILURE() << name;
    return StoredTensor();
  };
  const StoredTensor gpt2 = find("gpt2", "transformer.h.1.attn.c_attn");
  EXPECT_EQ(gpt2.shape, (tensor::Shape{64, 192}));
  EXPECT_TRUE(gpt2.transposed);
  EXPECT_FALSE(find("gpt2", "lm_head").transposed);
  const StoredTensor neox = find("gpt_neox", "gpt_neox.layers.0.attention.query_key_value");
  EXPECT_EQ(neox.groups, 2);
  EXPECT_EQ(neox.RowOf(1, 0), 32);
  EXPECT_EQ(find("phi3", "model.layers.0.mlp.gate_up_proj").entries.size(), 2u);
  EXPECT_EQ(find("mixtral", "model.layers.1.block_sparse_moe.experts.3.w2").shape,
            (tensor::Shape{64, 96}));
  EXPECT_EQ(find("falcon", "transformer.h.0.input_layernorm|transformer.h.0.ln_attn").shape,
            (tensor::Shape{64}));
  // GGUF stacks the experts of a layer.
  const Model& mixtral = models["mixtral"];
  for (const Family* family : Families()) {
    if (family->name != "llama") continue;
    auto stored = StoreTensors(mixtral.entries, mixtral.family.config, family->gguf_names());
    ASSERT_TRUE(stored.ok());
    const auto it = std::ranges::find(*stored, "blk.1.ffn_down_exps", &StoredTensor::name);
    ASSERT_NE(it, stored->end());
    EXPECT_EQ(it->shape, (tensor::Shape{4, 64, 96}));
    EXPECT_EQ(it->RowOf(2, 5), 2 * 64 + 5);
  }
}

TEST(StoredTensors, ANameThatIsMissingIsSaid) {
  Model model = Describe(testing::TinyDecoders().front().second);
  model.family.names.down = nullptr;
  auto stored = StoreTensors(model.entries, model.family.config, model.family.names);
  ASSERT_FALSE(stored.ok());
  EXPECT_EQ(stored.error().code(), StatusCode::kUnimplemented);
  EXPECT_THAT(stored.error().ToString(), HasSubstr("have no name for down"));
}

// Every entry is stored once, with as many elements: nothing is listed that no file has a place
// for.
TEST(StoredTensors, HoldTheInventory) {
  for (const auto& [name, files] : AllTiny()) {
    SCOPED_TRACE(name);
    const Model model = Describe(files);
    std::vector<int> held(model.entries.size());
    int64_t elements = 0;
    for (const StoredTensor& stored : model.stored) {
      for (uint32_t entry : stored.entries) ++held[entry];
      if (!stored.optional) elements += tensor::ElementCount(stored.shape).value();
    }
    for (size_t i = 0; i < held.size(); ++i) {
      EXPECT_EQ(held[i], 1 - (model.entries[i].optional && held[i] == 0)) << i;
    }
    EXPECT_EQ(elements, ParameterCount(model.entries));
  }
}

// Binding takes what the inventory lists, all of it, and nothing else.
TEST(StoredTensors, AreWhatBindingTakes) {
  for (auto& [name, files] : AllTiny()) {
    SCOPED_TRACE(name);
    Model model = Describe(files);
    const auto weights = testing::FillWeights(model.stored);
    files.weights = weights;
    const auto bound = BindWeights(files, model.family);
    ASSERT_TRUE(bound.ok()) << bound.error().ToString();
    for (const std::string& tensor : weights->Names()) {
      files.weights = std::make_shared<Without>(weights, tensor);
      const auto fewer = BindWeights(files, model.family);
      ASSERT_FALSE(fewer.ok()) << tensor;
      EXPECT_THAT(fewer.error().ToString(), HasSubstr("is missing")) << tensor;
    }
    auto more = testing::FillWeights(model.stored);
    more->Add("model.layers.0.mystery.weight", {1}, {0.0f});
    files.weights = more;
    EXPECT_THAT(BindWeights(files, model.family).error().ToString(), HasSubstr("mystery"));
  }
}

// What a linear layer multiplies with is what quantisation may lay out: no vectors, tables,
// routers.
TEST(StoredTensors, LinearTensorsAreTheMatrices) {
  for (auto& [name, files] : testing::TinyDecoders()) {
    if (name != "qwen2_moe") continue;
    const Model model = Describe(files);
    auto weights = testing::FillWeights(model.stored);
    std::vector<std::string> linear;
    for (const LinearTensor& tensor :
         LinearTensors(*weights, model.entries, model.stored, "model.")) {
      linear.push_back(tensor.name);
    }
    // Two layers of q k v o, four experts and the shared one, and its gate; the head.
    EXPECT_EQ(linear.size(), 2u * (4 + 3 * 4 + 3 + 1) + 1);
    for (const std::string& one : linear) EXPECT_EQ(weights->Find(one)->shape.size(), 2u) << one;
    EXPECT_FALSE(std::ranges::count(linear, "model.layers.0.mlp.gate.weight"));
    EXPECT_FALSE(std::ranges::count(linear, "model.embed_tokens.weight"));
    EXPECT_TRUE(std::ranges::count(linear, "lm_head.weight"));
  }
}

// Where binding cuts a matrix: between what is fused, and latent attention's keys from its values.
TEST(StoredTensors, SayWhereTheyAreCut) {
  auto decoders = testing::TinyDecoders();
  auto cut = [&](std::string_view family, std::string_view tensor) {
    for (auto& [name, files] : decoders) {
      if (name != family) continue;
      const Model model = Describe(files);
      for (const StoredTensor& stored : model.stored) {
        if (stored.name == tensor) return CutRows(model.entries, stored);
      }
    }
    ADD_FAILURE() << family << " has no " << tensor;
    return int64_t{-1};
  };
  EXPECT_EQ(cut("phi3", "model.layers.0.mlp.gate_up_proj"), 96);
  EXPECT_EQ(cut("phi3", "model.layers.0.self_attn.qkv_proj"), 32);  // 64 + 32 + 32
  EXPECT_EQ(cut("gpt_neox", "gpt_neox.layers.0.attention.query_key_value"), 16);  // a head's
  EXPECT_EQ(cut("deepseek_v2", "model.layers.0.self_attn.kv_b_proj"), 16);
  EXPECT_EQ(cut("llama", "model.layers.0.mlp.down_proj"), 0);
}

// The published implementations' own files: every tensor is one of the inventory's, of its shape.
TEST(StoredTensors, AreTheGoldenFiles) {
  const std::string golden = JoinPath(SharedFolder(PANO_SOURCE_DIR), "data/golden");
  if (!IsDirectory(golden)) GTEST_SKIP() << "no " << golden;
  int compared = 0;
  for (const char* name : {"models/deepseek_v2",
                           "models/gemma",
                           "models/gemma2",
                           "models/gemma3_text",
                           "models/gpt2",
                           "models/gpt_neox",
                           "models/granite",
                           "models/llama_bias",
                           "models/llama_gqa",
                           "models/llama_mha",
                           "models/llama_rope_llama3",
                           "models/llama_tied",
                           "models/mistral_full",
                           "models/mistral_swa",
                           "models/mixtral",
                           "models/olmo2",
                           "models/phi",
                           "models/phi3",
                           "models/phi3_longrope",
                           "models/qwen2",
                           "models/qwen2_yarn",
                           "models/qwen3",
                           "models/qwen3_moe",
                           "models/stablelm",
                           "models_next/modernbert_decoder",
                           "gguf/llama/llama-f32.gguf",
                           "gguf/qwen2/qwen2-f32.gguf",
                           "gguf/gemma2/gemma2-f32.gguf"}) {
    const std::string path = JoinPath(golden, name);
    if (!IsDirectory(path) && !FileExists(path)) continue;
    SCOPED_TRACE(name);
    const auto files = format::OpenModel(path);
    ASSERT_TRUE(files.ok()) << files.error().ToString();
    const Model model = Describe(*files);
    Shapes listed, held;
    for (const StoredTensor& stored : model.stored) {
      std::string file_name =
          LocateTensor(*files->weights, stored, model.family.names.optional_prefix);
      if (!stored.optional || files->weights->Find(file_name)) listed[file_name] = stored.shape;
    }
    for (const std::string& tensor : files->weights->Names()) {
      if (!IsBuffer(tensor)) held[tensor] = files->weights->Find(tensor)->shape;
    }
    EXPECT_EQ(listed, held);
    ++compared;
  }
  EXPECT_GT(compared, 0);
}

}  // namespace
}  // namespace pano::nn
