#include "model/train/objective.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "base/random.h"
#include "base/strings.h"
#include "model/train/base_model.h"
#include "model/train/ops/torch_ops.h"

namespace pano::train {
namespace {

constexpr char kDecoder[] =
    "{model_type: llama, vocab_size: 30, hidden_size: 8, num_hidden_layers: 2, num_attention_heads: 2, num_key_value_heads: 1, "
    "intermediate_size: 12, max_position_embeddings: 32, rms_norm_eps: 1e-5, tie_word_embeddings: true}";
constexpr char kEncoder[] =
    "{model_type: bert, architectures: [BertModel], vocab_size: 30, hidden_size: 8, num_hidden_layers: 2, num_attention_heads: 2, "
    "intermediate_size: 12, max_position_embeddings: 32, type_vocab_size: 2}";

Recipe RecipeOf(const std::string& task, const char* config, const std::string& more = "") {
  auto recipe = ParseRecipe(StrCat("task: ", task, "\nmodel: {config: ", config, ", init: random}\ndata: {train: x, format: tokens}\nsteps: 1\n", more), "r.yaml");
  EXPECT_TRUE(recipe.ok()) << recipe.error().ToString();
  return *recipe;
}

Sequence RandomSequence(Random& random, size_t length, int32_t classes) {
  Sequence s;
  for (size_t i = 0; i < length; ++i) {
    s.input_ids.push_back(static_cast<int32_t>(random.Below(30)));
    s.labels.push_back(random.Below(3) == 0 ? kNoLabel : static_cast<int32_t>(random.Below(static_cast<uint64_t>(classes))));
    s.completion_mask.push_back(i >= length / 2);
  }
  s.labels.back() = 1;
  return s;
}

// A tiny model of a task in float64, with rows.
struct Setting {
  Setting(const std::string& task, const char* config, size_t sequences, int32_t classes, const std::string& more = "")
      : recipe(RecipeOf(task, config, more)), base(OpenBaseModel(recipe).value()), module(TransformerModule(base.spec, 3).Converted(at::kDouble)),
        objective(recipe) {
    Random random(5);
    for (TransformerModule::Parameter& p : module.parameters()) {
      // Norms and biases away from 1 and 0, larger weights: every gradient counts.
      at::Tensor value = at::empty_like(p.value);
      for (int64_t i = 0; i < value.numel(); ++i) value.data_ptr<double>()[i] = 0.4 * random.Normal() + (p.kind == nn::TensorKind::kNorm ? 1 : 0);
      p.value = value.requires_grad_(true);
    }
    module.BindParameters();
    for (size_t r = 0; r < 3; ++r) {
      Row row;
      for (size_t s = 0; s < sequences; ++s) row.sequences.push_back(RandomSequence(random, 4 + r + s, classes));
      row.label = static_cast<int32_t>(random.Below(static_cast<uint64_t>(classes)));
      rows.push_back(std::move(row));
    }
  }
  at::Tensor Loss() const {
    const std::vector<double> items = objective.Items(rows);
    return objective.Loss(module, rows, items, pass, reference ? &*reference : nullptr);
  }

  Recipe recipe;
  BaseModel base;
  TransformerModule module;
  Objective objective;
  Pass pass;
  std::vector<Row> rows;
  std::optional<TransformerModule> reference;
};

// Central differences along the direction of each parameter's gradient and along a random one.
void ExpectGradients(Setting& s) {
  s.Loss().backward();
  Random random(11);
  size_t with_gradient = 0;
  for (TransformerModule::Parameter& p : s.module.parameters()) {
    if (!p.value.grad().defined()) continue;
    at::NoGradGuard no_grad;
    const at::Tensor gradient = p.value.grad().clone(), start = p.value.detach().clone();
    at::Tensor direction = at::empty_like(start);
    for (int64_t i = 0; i < direction.numel(); ++i) direction.data_ptr<double>()[i] = random.Normal();
    direction = direction / direction.norm();
    constexpr double kStep = 1e-5;
    p.value.copy_(start + direction * kStep);
    const double above = s.Loss().item<double>();
    p.value.copy_(start - direction * kStep);
    const double below = s.Loss().item<double>();
    p.value.copy_(start);
    const double slope = (above - below) / (2 * kStep), expected = (gradient * direction).sum().item<double>();
    EXPECT_NEAR(slope, expected, 1e-7 + 1e-6 * std::abs(expected)) << p.name;
    with_gradient += gradient.abs().max().item<double>() > 1e-9;
  }
  EXPECT_GT(with_gradient, s.module.parameters().size() / 2);
}

TEST(Objective, GradientsOfEveryTask) {
  Setting causal("causal_lm", kDecoder, 1, 30);
  ExpectGradients(causal);
  Setting preference("preference", kDecoder, 2, 30, "dpo: {beta: 0.5}\n");
  preference.reference.emplace(preference.module.Converted(at::kDouble));
  for (TransformerModule::Parameter& p : preference.reference->parameters()) p.value.mul_(0.9);
  ExpectGradients(preference);
  Setting sequence("sequence_classification", kEncoder, 1, 3, "labels: 3\n");
  ExpectGradients(sequence);
  Setting token("token_classification", kEncoder, 1, 3, "labels: 3\n");
  ExpectGradients(token);
  Setting masked("masked_lm", kEncoder, 1, 30);
  ExpectGradients(masked);
  for (const char* pooling : {"mean", "cls"}) {
    Setting embedding("embedding", kEncoder, 3, 30, StrCat("embedding: {scale: 5, pooling: ", pooling, "}\n"));
    ExpectGradients(embedding);
  }
}

TEST(Objective, SeveralHeadsAreAWeightedSum) {
  const std::string heads = "heads: {mood: {labels: 2, weight: 0.25}, names: {task: token_classification, labels: 3, weight: 2}}\n";
  Setting both("sequence_classification", kEncoder, 1, 2, heads);
  for (Row& row : both.rows) {
    row.heads = {{row.label}, {}};
    for (size_t i = 0; i < row.sequences[0].input_ids.size(); ++i) row.heads[1].push_back(static_cast<int32_t>(i % 3));
  }
  const double sum = both.Loss().item<double>();
  auto alone = [&](size_t head) {
    const std::vector<Row> rows = both.rows;
    for (Row& row : both.rows) row.heads[1 - head].assign(row.heads[1 - head].size(), kNoLabel);
    const double loss = both.Loss().item<double>();
    both.rows = rows;
    return loss;
  };
  EXPECT_NEAR(sum, alone(0) + alone(1), 1e-12);
  ExpectGradients(both);
  const std::vector<double> items = both.objective.Items(both.rows);
  EXPECT_EQ(items, (std::vector<double>{3, 4 + 5 + 6}));
}

TEST(Objective, PartsOfAStepAddUp) {
  for (const char* task : {"causal_lm", "preference"}) {
    Setting s(task, kDecoder, 2, 30);
    if (std::string_view(task) == "causal_lm") {
      for (Row& row : s.rows) row.sequences.resize(1);
    } else {
      s.reference.emplace(s.module.Converted(at::kDouble));
    }
    const std::vector<double> items = s.objective.Items(s.rows);
    double sum = 0;
    for (const Row& row : s.rows) {
      sum += s.objective.Loss(s.module, std::span(&row, 1), items, s.pass, s.reference ? &*s.reference : nullptr).item<double>();
    }
    EXPECT_NEAR(sum, s.Loss().item<double>(), 1e-12) << task;
  }
}

TEST(Objective, PreferenceBeginsAtLnTwo) {
  Setting s("preference", kDecoder, 2, 30);
  s.reference.emplace(s.module.Converted(at::kDouble));
  EXPECT_NEAR(s.Loss().item<double>(), std::log(2.0), 1e-12);
}

// A packed row gives what its texts give by themselves.
TEST(Objective, PackedTextsSeeThemselvesAlone) {
  Setting s("causal_lm", kDecoder, 1, 30);
  const std::vector<double> items = {7.0};
  double apart = 0;
  Row packed;
  packed.sequences.resize(1);
  Sequence& all = packed.sequences[0];
  for (Row& row : s.rows) {
    Sequence& one = row.sequences[0];
    one.labels[0] = kNoLabel;
    apart += s.objective.Loss(s.module, std::span(&row, 1), items, s.pass, nullptr).item<double>();
    for (size_t i = 0; i < one.input_ids.size(); ++i) {
      all.input_ids.push_back(one.input_ids[i]);
      all.labels.push_back(one.labels[i]);
      all.position_ids.push_back(static_cast<int32_t>(i));
    }
  }
  EXPECT_NEAR(s.objective.Loss(s.module, std::span(&packed, 1), items, s.pass, nullptr).item<double>(), apart, 1e-12);
  // Without labels of its own a row learns the tokens, but for those that begin a text.
  all.labels.clear();
  EXPECT_EQ(s.objective.Items(std::span(&packed, 1))[0], 4 + 5 + 6 - 3);
}

TEST(Objective, PaddingChangesNothing) {
  for (const char* task : {"causal_lm", "sequence_classification", "embedding"}) {
    const bool causal = std::string_view(task) == "causal_lm", pairs = std::string_view(task) == "embedding";
    Setting s(task, causal ? kDecoder : kEncoder, pairs ? 2 : 1, causal ? 30 : 2, causal || pairs ? "" : "labels: 2\n");
    const double before = s.Loss().item<double>();
    for (Row& row : s.rows) {
      for (Sequence& one : row.sequences) {
        one.attention_mask.assign(one.input_ids.size(), 1);
        one.input_ids.insert(one.input_ids.end(), 4, 7);
        one.labels.insert(one.labels.end(), 4, kNoLabel);
        one.completion_mask.insert(one.completion_mask.end(), 4, 0);
        one.attention_mask.insert(one.attention_mask.end(), 4, 0);
      }
    }
    EXPECT_NEAR(s.Loss().item<double>(), before, 1e-12) << task;
  }
}

}  // namespace
}  // namespace pano::train
