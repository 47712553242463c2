#include "model/train/transformer_module.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "base/env.h"
#include "base/json.h"
#include "base/random.h"
#include "base/strings.h"
#include "base/testing/known_answers.h"
#include "model/format/weights.h"
#include "model/train/continuation.h"
#include "model/train/evaluation.h"
#include "model/train/model_folder.h"
#include "model/train/tensor_file.h"
#include "model/train/ops/torch_ops.h"

namespace pano::train {
namespace {

ModelSpec Tiny() {
  ModelSizes c;
  c.vocab_size = 300;
  c.hidden_size = 16;
  c.layer_count = 2;
  c.head_count = 4;
  c.kv_head_count = 2;
  c.ffn_size = 24;
  c.context_length = 32;
  return MakeModelSpec(c).value();
}

// A public checkpoint with answers from another implementation.
constexpr char kPublicModel[] = "weights/stories260K/hf";

TEST(TransformerModule, MatchesAnotherImplementation) {
  PANO_KNOWN_ANSWERS(SharedAnswers, known_answers, PANO_SOURCE_DIR, kPublicModel);
  const std::string& folder = known_answers.path();
  auto module = ReadModelFolder(folder);
  ASSERT_TRUE(module.ok()) << module.error().ToString();
  auto answers = format::OpenSafetensors({folder + "/expected.safetensors"});
  ASSERT_TRUE(answers.ok());
  auto Tensor = [&](const char* name) {
    return LoadTensor(**answers, name, (*answers)->Find(name)->shape).value();
  };
  at::NoGradGuard no_grad;
  at::Tensor expected = Tensor("logits").to(at::kDouble);
  at::Tensor logits = module->Converted(at::kDouble).Forward(Tensor("input_ids"), nullptr);
  double worst = ((logits - expected).abs().max() / expected.abs().max()).item<double>();
  EXPECT_LT(worst, 1e-6);
  known_answers.Compared(static_cast<size_t>(expected.numel()));
}

TEST(Evaluate, MatchesAnotherImplementationsPerplexity) {
  PANO_KNOWN_ANSWERS(SharedAnswers, known_answers, PANO_SOURCE_DIR, kPublicModel);
  const std::string& folder = known_answers.path();
  auto module = ReadModelFolder(folder);
  ASSERT_TRUE(module.ok());
  auto text = ReadFile(folder + "/perplexity.json");
  ASSERT_TRUE(text.ok());
  json::Value known = json::Parse(*text).value();
  TokenSequence ids;
  for (const json::Value& id : known.Find("ids")->as_array())
    ids.push_back(static_cast<int32_t>(id.as_int()));
  for (const json::Value& run : known.Find("runs")->as_array()) {
    Loss loss = Evaluate(*module, std::span(&ids, 1), run.Find("context")->as_int(),
                         run.Find("stride")->as_int());
    EXPECT_EQ(loss.tokens, run.Find("scored_tokens")->as_int());
    EXPECT_NEAR(loss.nats / run.Find("nll_sum")->as_double(), 1, 1e-5);
    known_answers.Compared(1);
  }
}

TEST(TransformerModule, ParametersAreCountedAndNamed) {
  TransformerModule module(Tiny(), 1);
  int64_t count = 0;
  for (const TransformerModule::Parameter& p : module.parameters()) {
    count += p.value.numel();
    EXPECT_EQ(p.decays, p.value.dim() == 2) << p.name;
  }
  EXPECT_EQ(count, Tiny().parameter_count());
  EXPECT_EQ(module.parameters()[1].name, "model.layers.0.input_layernorm.weight");
}

TEST(TransformerModule, LooksBackOnly) {
  TransformerModule module(Tiny(), 1);
  at::NoGradGuard no_grad;
  at::Tensor a = at::arange(10, at::kLong).unsqueeze(0), b = a.clone();
  b[0][9] = 99;
  at::Tensor x = module.Forward(a, nullptr), y = module.Forward(b, nullptr);
  EXPECT_TRUE(at::equal(x.narrow(1, 0, 9), y.narrow(1, 0, 9)));
  EXPECT_FALSE(at::equal(x.select(1, 9), y.select(1, 9)));
}

TEST(TransformerModule, WeightsDependOnTheSeed) {
  TransformerModule a(Tiny(), 1), b(Tiny(), 1), c(Tiny(), 2);
  EXPECT_TRUE(at::equal(a.parameters()[0].value, b.parameters()[0].value));
  EXPECT_FALSE(at::equal(a.parameters()[0].value, c.parameters()[0].value));
}

TEST(Dropout, KeepsTheMeanAndRepeats) {
  at::Tensor x = at::ones({100, 100});
  Dropout a(0.25, 3), b(0.25, 3);
  at::Tensor y = a(x);
  EXPECT_TRUE(at::equal(y, b(x)));
  EXPECT_FALSE(at::equal(y, a(x)));
  EXPECT_NEAR(y.mean().item<double>(), 1, 0.03);
  EXPECT_NEAR((y == 0).to(at::kDouble).mean().item<double>(), 0.25, 0.03);
  EXPECT_TRUE(at::equal(Dropout(0, 1)(x), x));
}

TEST(Evaluate, EveryTokenAfterTheFirstOnce) {
  TransformerModule module(Tiny(), 1);
  std::vector<TokenSequence> sequences = {
      TokenSequence(5, 1), TokenSequence(80, 2), TokenSequence(33, 3), {4}};
  EXPECT_EQ(Evaluate(module, sequences, 32, 16).tokens, 4 + 79 + 32);
  Loss together = Evaluate(module, sequences, 32, 16), apart;
  for (const TokenSequence& s : sequences)
    apart.nats += Evaluate(module, std::span(&s, 1), 32, 16).nats;
  EXPECT_NEAR(together.nats, apart.nats, 1e-3);
  EXPECT_NEAR(BitsPerByte({std::log(2.0) * 80, 10}, 40), 2, 1e-12);
}

TEST(ModelFolder, ComesBackAsStored) {
  std::string folder = StrCat(testing::TempDir(), "model-", RandomHex(4));
  std::filesystem::create_directories(folder);
  TransformerModule module(Tiny(), 1);
  for (const char* dtype : {"float32", "bfloat16", "float16"}) {
    ASSERT_TRUE(WriteWeights(folder, module, dtype).ok());
    auto back = ReadModelFolder(folder);
    ASSERT_TRUE(back.ok()) << back.error().ToString();
    for (const char* key : {"hidden_size", "num_hidden_layers", "rms_norm_eps", "rope_theta"}) {
      EXPECT_EQ(*back->spec().hf_config.Find(key), *Tiny().hf_config.Find(key)) << key;
    }
    EXPECT_EQ(back->spec().parameter_count(), Tiny().parameter_count());
    double error =
        (back->parameters()[0].value - module.parameters()[0].value).abs().max().item<double>();
    EXPECT_LT(error, std::string_view(dtype) == "float32" ? 1e-12 : 1e-3);
  }
  auto files = format::OpenModel(folder);
  ASSERT_TRUE(files.ok()) << files.error().ToString();
  EXPECT_EQ(files->weights->Find("model.norm.weight")->dtype, tensor::DType::kF16);
  EXPECT_EQ(files->weights->Find("lm_head.weight"), nullptr) << "tied";
  ASSERT_TRUE(WriteFile(folder + "/config.json", "{\"model_type\":\"mamba\"}").ok());
  EXPECT_EQ(ReadModelFolder(folder).error().code(), StatusCode::kUnimplemented);
  std::filesystem::remove_all(folder);
}

TEST(Continuation, GoesOnBeyondTheContext) {
  TransformerModule module(Tiny(), 1);
  double gap = 1;
  EXPECT_EQ(Greedy(module, {0, 7}, 40, &gap).size(), 40u);  // beyond the context of 32
  EXPECT_LT(gap, 1);
}

}  // namespace
}  // namespace pano::train
