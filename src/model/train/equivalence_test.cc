// The trainer's forward pass is the one that serving computes: max|a - b| / max|b| below 2e-5 in
// 32 bits, over every family and every option that can be trained.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

#include "base/env.h"
#include "base/random.h"
#include "base/strings.h"
#include "base/testing/known_answers.h"
#include "base/threads.h"
#include "model/nn/decoder.h"
#include "model/nn/encoder/encoder.h"
#include "model/nn/encoder/encoder_family.h"
#include "model/nn/load.h"
#include "model/nn/reference/drawn_decoder.h"
#include "model/nn/sequence_runner.h"
#include "model/nn/testing/tiny_families.h"
#include "model/ops/context.h"
#include "model/train/model_folder.h"
#include "model/train/module_weights.h"
#include "model/train/ops/torch_ops.h"

namespace pano::train {
namespace {

using ::testing::HasSubstr;

constexpr double kBound = 2e-5;

template <typename A, typename B>
double Difference(const A& a, const B& b) {
  EXPECT_EQ(a.size(), b.size());
  if (a.size() != b.size()) return 1e30;
  double worst = 0, largest = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double difference = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    worst = std::max(worst, std::isfinite(difference) ? difference : 1e30);
    largest = std::max(largest, std::abs(static_cast<double>(b[i])));
  }
  return worst / largest;
}

std::vector<float> Floats(const at::Tensor& x) {
  const at::Tensor plain = x.detach().to(at::kFloat).contiguous();
  return {plain.data_ptr<float>(), plain.data_ptr<float>() + plain.numel()};
}

std::vector<nn::TokenId> SomeIds(int64_t count, int64_t vocab) {
  std::vector<nn::TokenId> ids;
  for (int64_t i = 0; i < count; ++i) ids.push_back(static_cast<int32_t>((i * 37 + 5) % vocab));
  return ids;
}

at::Tensor IdTensor(const std::vector<nn::TokenId>& ids) {
  at::Tensor row = at::empty({1, static_cast<int64_t>(ids.size())}, at::kLong);
  std::copy(ids.begin(), ids.end(), row.data_ptr<int64_t>());
  return row;
}

// All logits as serving computes them.
std::vector<float> ServedLogits(nn::Model& model, const std::vector<nn::TokenId>& ids) {
  auto runner = nn::SequenceRunner::Create(model, static_cast<int64_t>(ids.size()));
  EXPECT_TRUE(runner.ok());
  std::vector<float> out;
  const Status status = runner->Feed(ids, 0, [&](size_t, std::span<const float> row) {
    out.insert(out.end(), row.begin(), row.end());
  });
  EXPECT_TRUE(status.ok()) << status.ToString();
  return out;
}

std::vector<float> TrainedLogits(const TransformerModule& module,
                                 const std::vector<nn::TokenId>& ids) {
  at::NoGradGuard no_grad;
  return Floats(module.Forward(IdTensor(ids), nullptr));
}

// Values of a size that every part of the model has a say.
void Randomise(TransformerModule& module, uint64_t seed) {
  at::NoGradGuard no_grad;
  Random random(seed);
  for (TransformerModule::Parameter& p : module.parameters()) {
    float* data = p.value.data_ptr<float>();
    for (int64_t i = 0; i < p.value.numel(); ++i) {
      data[i] += 0.2f * static_cast<float>(random.Normal());
    }
  }
}

// What the module writes, as files in memory.
std::shared_ptr<nn::testing::MemoryWeights> Written(const TransformerModule& module) {
  auto weights = std::make_shared<nn::testing::MemoryWeights>();
  for (const auto& [name, value] : StoredWeights(module, at::kFloat)) {
    weights->Add(name, value.sizes().vec(), Floats(value));
  }
  return weights;
}

bool CannotTrain(const Status& status) {
  return status.code() == StatusCode::kUnimplemented &&
         status.message().find("cannot be trained") != std::string_view::npos;
}

double DecoderDifference(const format::ModelFiles& files, const TransformerModule& module,
                         int64_t tokens) {
  ComputePool pool(2);
  auto model = nn::LoadModel(files, {.compute = nn::Compute::kF32}, pool);
  EXPECT_TRUE(model.ok()) << model.error().ToString();
  if (!model.ok()) return 1e30;
  const auto ids = SomeIds(std::min(tokens, (*model)->context_length()), (*model)->vocab_size());
  return Difference(TrainedLogits(module, ids), ServedLogits(**model, ids));
}

// Each family: what the trainer writes, serving reads and computes alike.
TEST(Equivalence, EveryFamilyThatCanBeTrained) {
  std::set<std::string> trained, refused;
  auto all = nn::testing::TinyDecoders();
  for (auto& variant : nn::testing::TinyVariants()) all.push_back(std::move(variant));
  for (auto& [name, files] : all) {
    SCOPED_TRACE(name);
    const auto spec = ReadModelSpec(files);
    if (!spec.ok()) {
      EXPECT_TRUE(CannotTrain(spec.error())) << spec.error().ToString();
      refused.insert(files.config.Find("model_type")->as_string());
      continue;
    }
    TransformerModule module(*spec, 1);
    Randomise(module, 2);
    files.weights = Written(module);
    EXPECT_LT(DecoderDifference(files, module, 40), kBound);
    TransformerModule again(*spec, 3);
    ASSERT_TRUE(LoadStoredWeights(files.weights, again).ok());
    for (size_t i = 0; i < module.parameters().size(); ++i) {
      EXPECT_TRUE(at::equal(module.parameters()[i].value, again.parameters()[i].value))
          << module.parameters()[i].name;
    }
    trained.insert(files.config.Find("model_type")->as_string());
  }
  EXPECT_EQ(refused, (std::set<std::string>{"deepseek_v2", "mixtral", "qwen2_moe", "qwen3_moe"}));
  EXPECT_EQ(trained.size() + refused.size(), nn::Families().size());
}

// Options in any combination, families or not: every rope kind, windows, caps, norms, placements.
TEST(Equivalence, RandomDecoders) {
  int compared = 0;
  for (uint64_t seed = 0; seed < 120; ++seed) {
    const nn::ModelConfig config = reference::DrawDecoder(seed).config;
    const bool mixed = std::ranges::any_of(config.layers, [](const nn::LayerConfig& layer) {
      return layer.experts || layer.kv_head_count > 0;   // what cannot be trained
    });
    if (mixed || config.latent || config.cross_attention || config.relative_buckets > 0) continue;
    const reference::DrawnDecoder drawn = reference::MakeDecoder(seed);
    const nn::ModelConfig& c = drawn.model.config;
    const char* factors = drawn.model.names.rope_factors;
    if (factors && drawn.files.weights->Find(StrCat(factors, ".weight"))) continue;  // of GGUF
    if (c.latent || std::ranges::any_of(c.layers, &nn::LayerConfig::experts)) continue;
    SCOPED_TRACE(StrCat("seed ", seed));
    ModelSpec spec;
    spec.config = c;
    spec.names = drawn.model.names;
    TransformerModule module(spec, 1);
    const Status loaded = LoadStoredWeights(drawn.files.weights, module);
    ASSERT_TRUE(loaded.ok()) << loaded.ToString();
    nn::FamilyConfig family{nullptr, drawn.model.names, c};
    auto weights = nn::BindWeights(drawn.files, family);
    ASSERT_TRUE(weights.ok()) << weights.error().ToString();
    ComputePool pool(1);
    nn::Decoder decoder(family.config, std::move(*weights), nn::KvType::kF32,
                        ops::CreateCpuContext(nn::Compute::kF32, pool));
    for (const auto& ids : drawn.sequences) {
      EXPECT_LT(Difference(TrainedLogits(module, ids), ServedLogits(decoder, ids)), kBound);
    }
    ++compared;
  }
  EXPECT_GE(compared, 25);
}

std::vector<std::string> TinyEncoders() {
  const std::string sizes =
      R"("vocab_size":64,"hidden_size":64,"num_hidden_layers":2,"num_attention_heads":4,)"
      R"("intermediate_size":96,"max_position_embeddings":64)";
  auto of = [&](const char* type, const char* architecture, const char* more = "") {
    return StrCat(R"({"model_type":")", type, R"(","architectures":[")", architecture, R"("],)",
                  sizes, more, "}");
  };
  return {of("bert", "BertModel"),
          of("bert", "BertForMaskedLM"),
          of("bert", "BertForMaskedLM", R"(,"tie_word_embeddings":false)"),
          of("bert", "BertForSequenceClassification"),
          of("bert", "BertForTokenClassification", R"(,"hidden_act":"gelu_new")"),
          of("roberta", "RobertaModel"),
          of("roberta", "RobertaForSequenceClassification"),
          of("xlm-roberta", "XLMRobertaForMaskedLM"),
          of("modernbert", "ModernBertModel"),
          of("modernbert", "ModernBertForSequenceClassification",
             R"(,"classifier_pooling":"mean","local_attention":8)"),
          of("modernbert", "ModernBertForMaskedLM", R"(,"local_attention":8)"),
          R"({"model_type":"distilbert","architectures":["DistilBertForSequenceClassification"],
              "vocab_size":64,"dim":64,"hidden_dim":96,"n_layers":2,"n_heads":4,
              "max_position_embeddings":64})",
          R"({"model_type":"nomic_bert","architectures":["NomicBertModel"],"vocab_size":64,
              "n_embd":64,"n_layer":2,"n_head":4,"n_inner":96,"n_positions":64,
              "qkv_proj_bias":false,"mlp_fc1_bias":false,"mlp_fc2_bias":false})"};
}

// The worst difference over the heads that both know, on two texts of which the second is shorter.
double EncoderDifference(const format::ModelFiles& files, const TransformerModule& module,
                         int* heads) {
  at::NoGradGuard no_grad;
  ComputePool pool(2);
  auto served = encoder::LoadEncoder(files, {.compute = nn::Compute::kF32}, pool);
  EXPECT_TRUE(served.ok()) << served.error().ToString();
  if (!served.ok()) return 1e30;
  const int64_t vocab = module.config().vocab_size, length = 24, shorter = 17;
  EXPECT_LE(length, module.spec().encoder->max_length);
  encoder::EncoderBatch batch;
  TextBatch texts{at::empty({2, length}, at::kLong), at::zeros({2, length}, at::kLong),
                  at::ones({2, length}, at::kBool)};
  for (int64_t b = 0; b < 2; ++b) {
    encoder::TextRow& row = batch.texts.emplace_back();
    for (int64_t i = 0; i < length; ++i) {
      const auto id = static_cast<int32_t>((i * 7 + b * 11 + 3) % vocab);
      const bool keep = b == 0 || i < shorter;
      const int32_t type = module.config().token_types > 1 && i > 9 ? 1 : 0;
      row.ids.push_back(id);
      row.mask.push_back(keep);
      row.types.push_back(type);
      texts.ids[b][i] = id;
      texts.types[b][i] = type;
      texts.keep[b][i] = keep;
    }
  }
  auto outputs = (*served)->Encode(batch);
  EXPECT_TRUE(outputs.ok()) << outputs.error().ToString();
  if (!outputs.ok()) return 1e30;
  const at::Tensor hidden = module.Hidden(texts, {});
  double worst = 0;
  for (size_t h = 0; h < module.spec().encoder->heads.size(); ++h) {
    const std::string& name = module.spec().encoder->heads[h].output;
    const auto output = std::ranges::find(*outputs, name, &encoder::Output::name);
    EXPECT_NE(output, outputs->end()) << name;
    if (output == outputs->end()) continue;
    const at::Tensor answer = module.Head(h, texts, hidden);
    for (int64_t b = 0; b < 2; ++b) {
      // Of a text that is filled up, serving gives zeros for what fills it.
      const bool cut = output->per_token && b == 1;
      const at::Tensor row = cut ? answer[b].narrow(0, 0, shorter) : answer[b];
      std::vector<float> expected = output->rows[static_cast<size_t>(b)];
      if (cut) expected.resize(static_cast<size_t>(row.numel()));
      worst = std::max(worst, Difference(Floats(row), expected));
    }
    ++*heads;
  }
  return worst;
}

TEST(Equivalence, EncodersOfTexts) {
  for (const std::string& config : TinyEncoders()) {
    SCOPED_TRACE(config);
    format::ModelFiles files = nn::testing::ShapeOf(config);
    const auto spec = ReadModelSpec(files);
    ASSERT_TRUE(spec.ok()) << spec.error().ToString();
    TransformerModule module(*spec, 1);
    Randomise(module, 2);
    files.weights = Written(module);
    int heads = 0;
    EXPECT_LT(EncoderDifference(files, module, &heads), kBound);
    EXPECT_GT(heads, 0);
  }
}

TEST(Equivalence, WhatCannotBeTrainedIsRefusedByName) {
  struct Case {
    const char* config;
    const char* words;
  };
  for (const Case& c :
       {Case{R"({"model_type":"t5","architectures":["T5EncoderModel"],"vocab_size":64,"d_model":64,
                 "d_kv":16,"d_ff":96,"num_layers":2,"num_heads":4})",
             "a relative position bias"},
        Case{R"({"model_type":"clip"})", "only encoders of texts alone"}}) {
    const auto spec = ReadModelSpec(nn::testing::ShapeOf(c.config));
    ASSERT_FALSE(spec.ok());
    EXPECT_EQ(spec.error().code(), StatusCode::kUnimplemented);
    EXPECT_THAT(spec.error().ToString(), HasSubstr(c.words));
  }
  for (auto& [name, files] : nn::testing::TinyDecoders()) {
    if (name != "mixtral" && name != "deepseek_v2") continue;
    EXPECT_THAT(ReadModelSpec(files).error().ToString(),
                HasSubstr(name == "mixtral" ? "a mixture of experts" : "cannot be trained"));
  }
}

// Every parameter has a say in the loss, and what it has is what a small step along it shows.
TEST(Equivalence, GradientsAreThoseOfTheLoss) {
  for (const auto& [name, files] : nn::testing::TinyDecoders()) {
    if (name != "gemma2" && name != "gpt2" && name != "olmo2") continue;
    SCOPED_TRACE(name);
    TransformerModule made(ReadModelSpec(files).value(), 1);
    Randomise(made, 2);
    TransformerModule module = made.Converted(at::kDouble);
    for (auto& p : module.parameters()) p.value.requires_grad_(true);
    const at::Tensor ids = IdTensor(SomeIds(12, 64));
    auto loss = [&] {
      return at::cross_entropy_loss(module.Forward(ids, nullptr).flatten(0, 1), ids.flatten());
    };
    loss().backward();
    double along = 0;
    std::vector<at::Tensor> steps;
    Random random(7);
    for (auto& p : module.parameters()) {
      ASSERT_TRUE(p.value.grad().defined()) << p.name;
      EXPECT_GT(p.value.grad().abs().max().item<double>(), 0) << p.name;
      at::Tensor step = at::empty_like(p.value.detach());
      auto* data = step.data_ptr<double>();
      for (int64_t i = 0; i < step.numel(); ++i) data[i] = random.Normal();
      along += (step * p.value.grad()).sum().item<double>();
      steps.push_back(step);
    }
    constexpr double kStep = 1e-6;
    auto moved = [&](double by) {
      at::NoGradGuard no_grad;
      for (size_t i = 0; i < steps.size(); ++i) module.parameters()[i].value.add_(steps[i], by);
      return loss().item<double>();
    };
    const double up = moved(kStep), down = moved(-2 * kStep);
    EXPECT_NEAR((up - down) / (2 * kStep), along, 1e-5 * std::max(1.0, std::abs(along)));
  }
}

// The golden models, and their files once written again.
TEST(Equivalence, GoldenModels) {
  PANO_KNOWN_ANSWERS(SharedAnswers, golden, PANO_SOURCE_DIR, "golden");
  int decoders = 0, encoders = 0;
  for (const char* folder : {"models", "models_next"}) {
    const std::string parent = JoinPath(golden.path(), folder);
    if (!IsDirectory(parent)) continue;
    const std::vector<std::string> names = ListDirectory(parent).value();
    for (const std::string& name : names) {
      const std::string path = JoinPath(parent, name);
      auto files = format::OpenModel(path);
      if (!files.ok()) continue;
      SCOPED_TRACE(name);
      const auto spec = ReadModelSpec(*files);
      if (!spec.ok()) {
        EXPECT_EQ(spec.error().code(), StatusCode::kUnimplemented) << spec.error().ToString();
        continue;
      }
      auto module = ReadModelFolder(path);
      ASSERT_TRUE(module.ok()) << module.error().ToString();
      if (module->spec().encoder) {
        int heads = 0;
        EXPECT_LT(EncoderDifference(*files, *module, &heads), kBound);
        encoders += heads > 0;
        golden.Compared(static_cast<size_t>(heads));
      } else {
        EXPECT_LT(DecoderDifference(*files, *module, 48), kBound);
        ++decoders;
        golden.Compared(1);
      }
      for (const auto& [tensor, value] : StoredWeights(*module, at::kFloat)) {
        const tensor::TensorView* view = files->weights->Find(tensor);
        ASSERT_NE(view, nullptr) << tensor;
        EXPECT_EQ(view->shape, value.sizes().vec()) << tensor;
      }
    }
  }
  EXPECT_GE(decoders, 15);
  EXPECT_GE(encoders, 4);
}

}  // namespace
}  // namespace pano::train
