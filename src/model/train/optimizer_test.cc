#include "model/train/optimizer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"
#include "model/train/linear_layer.h"
#include "model/train/ops/torch_ops.h"

namespace pano::train {
namespace {

Trainable Parameter(const std::string& name, std::vector<float> values, bool decays = true) {
  return {name, at::tensor(values, at::kFloat).requires_grad_(true), decays};
}

void SetGradient(const Trainable& p, float value) {
  at::Tensor leaf = p.value;
  leaf.mutable_grad() = at::full_like(leaf.detach(), value);
}

// The formula of the paper in float64.
TEST(Optimizer, IsAdamWStepByStep) {
  Recipe::Optimizer options;
  options.lr = 0.01;
  options.beta1 = 0.8;
  options.beta2 = 0.9;
  options.eps = 1e-3;
  options.weight_decay = 0.1;
  std::vector<Trainable> parameters = {Parameter("a", {1.5f}), Parameter("b", {1.5f}, false)};
  Optimizer optimizer(&parameters, options);
  double w[] = {1.5, 1.5}, m = 0, v = 0;
  for (int step = 1; step <= 5; ++step) {
    const float g = 0.3f * static_cast<float>(step) - 0.7f;
    for (const Trainable& p : parameters) SetGradient(p, g);
    optimizer.UpdateAll(0.01, step);
    m = 0.8 * m + 0.2 * g;
    v = 0.9 * v + 0.1 * g * g;
    const double move = 0.01 * (m / (1 - std::pow(0.8, step))) / (std::sqrt(v / (1 - std::pow(0.9, step))) + 1e-3);
    w[0] = w[0] * (1 - 0.01 * 0.1) - move;
    w[1] -= move;
    EXPECT_NEAR(parameters[0].value.item<double>(), w[0], 1e-6) << step;
    EXPECT_NEAR(parameters[1].value.item<double>(), w[1], 1e-6) << step;
  }
}

TEST(Optimizer, LeavesAloneWhatHasNoGradient) {
  Recipe::Optimizer options;
  options.weight_decay = 0.5;
  std::vector<Trainable> parameters = {Parameter("a", {2.0f})};
  Optimizer optimizer(&parameters, options);
  optimizer.UpdateAll(0.1, 1);
  EXPECT_EQ(parameters[0].value.item<double>(), 2.0);  // not even decayed
  EXPECT_TRUE(optimizer.State().empty());
}

TEST(Optimizer, NormAndScaleOfAllGradients) {
  std::vector<Trainable> parameters = {Parameter("a", {0, 0}), Parameter("b", {0}), Parameter("c", {0})};
  SetGradient(parameters[0], 2);
  SetGradient(parameters[1], 1);
  EXPECT_DOUBLE_EQ(GradientNorm(parameters), 3);
  ScaleGradients(parameters, 0.5);
  EXPECT_DOUBLE_EQ(GradientNorm(parameters), 1.5);
}

std::vector<Trainable> Many(int64_t count) {
  Random random(7);
  at::Tensor value = at::empty({count}, at::kFloat);
  for (int64_t i = 0; i < count; ++i) value.data_ptr<float>()[i] = static_cast<float>(random.Normal());
  return {{"w", value.requires_grad_(true), true}};
}

void RandomGradient(const Trainable& p, Random& random) {
  at::Tensor leaf = p.value, g = at::empty_like(leaf.detach());
  for (int64_t i = 0; i < g.numel(); ++i) {
    g.data_ptr<float>()[i] = static_cast<float>(random.Normal() * std::pow(10.0, -3.0 * random.Uniform()));
  }
  leaf.mutable_grad() = g;
}

TEST(Optimizer, EightBitMomentsStayClose) {
  Recipe::Optimizer plain, eight;
  eight.eight_bit = true;
  std::vector<Trainable> a = Many(1000), b = Many(1000);
  const at::Tensor start = a[0].value.detach().clone();
  Optimizer exact(&a, plain), coded(&b, eight);
  Random one(3), two(3);
  for (int step = 1; step <= 30; ++step) {
    RandomGradient(a[0], one);
    RandomGradient(b[0], two);
    exact.UpdateAll(0.01, step);
    coded.UpdateAll(0.01, step);
  }
  const double moved = (a[0].value.detach() - start).norm().item<double>();
  const double apart = (a[0].value.detach() - b[0].value.detach()).norm().item<double>();
  EXPECT_GT(moved, 0.1);
  EXPECT_LT(apart / moved, 0.1);
  int64_t bytes = 0;
  for (const auto& [name, tensor] : coded.State()) bytes += static_cast<int64_t>(tensor.nbytes());
  EXPECT_LT(bytes, 1024 * 2 + 100);  // in place of 8000
}

NamedTensors Copied(NamedTensors state) {
  for (auto& [name, tensor] : state) tensor = tensor.clone();
  return state;
}

TEST(Optimizer, StateComesBackToTheSameBits) {
  for (bool eight_bit : {false, true}) {
    Recipe::Optimizer options;
    options.eight_bit = eight_bit;
    std::vector<Trainable> a = Many(300);
    Optimizer first(&a, options);
    Random random(5);
    for (int step = 1; step <= 3; ++step) {
      RandomGradient(a[0], random);
      first.UpdateAll(0.01, step);
    }
    std::vector<Trainable> b = {{"w", a[0].value.detach().clone().requires_grad_(true), true}};
    Optimizer second(&b, options);
    ASSERT_TRUE(second.Restore(Copied(first.State())).ok());
    Random one(6), two(6);
    RandomGradient(a[0], one);
    RandomGradient(b[0], two);
    first.UpdateAll(0.01, 4);
    second.UpdateAll(0.01, 4);
    EXPECT_TRUE(at::equal(a[0].value, b[0].value));
    NamedTensors other = first.State();
    other[0].first = "first.v";
    EXPECT_EQ(second.Restore(other).code(), StatusCode::kCorruption);
    Recipe::Optimizer mixed;
    mixed.eight_bit = !eight_bit;
    Optimizer third(&b, mixed);
    EXPECT_EQ(third.Restore(first.State()).code(), StatusCode::kCorruption);
  }
}

TEST(Trainable, WhichNamesAreNotDecayed) {
  for (const char* name : {"model.norm.weight", "model.layers.0.input_layernorm.weight", "a.q_norm.weight", "x.bias",
                           "bert.embeddings.LayerNorm.weight", "cls.predictions.bias", "a.RMSNorm_1.weight"}) {
    EXPECT_TRUE(NameIsUndecayed(name)) << name;
  }
  for (const char* name : {"model.embed_tokens.weight", "transformer.h.0.ln_1.weight", "a.normal.weight", "lora_A.weight"}) {
    EXPECT_FALSE(NameIsUndecayed(name)) << name;
  }
}

// A gradient of 1e-8 is nothing in 16 bits, and something when the loss is 65536 times as large.
TEST(Precision, ScalingRescuesSmallGradients) {
  for (const auto& [scale, rescued] : {std::pair(1.0, false), std::pair(65536.0, true)}) {
    at::Tensor w = at::ones({4}, at::kFloat).requires_grad_(true);
    Pass pass;
    pass.precision = Precision::kF16;
    (pass.Low(w) * 1e-8 * scale).sum().backward();
    const double gradient = w.grad().abs().max().item<double>() / scale;
    EXPECT_EQ(gradient > 0, rescued);
    EXPECT_NEAR(gradient, rescued ? 1e-8 : 0, 1e-11);
  }
  // What is too large for 16 bits becomes infinite, which the scaler then sees.
  at::Tensor w = at::ones({4}, at::kFloat).requires_grad_(true);
  Pass pass;
  pass.precision = Precision::kF16;
  (pass.Low(w) * 1e5).sum().backward();
  EXPECT_TRUE(std::isinf(w.grad().max().item<double>()));
}

// Steps below half a unit in the last place are lost where the weights themselves have 16 bits.
TEST(Precision, WeightsIn16BitsStagnate) {
  Recipe::Optimizer options;
  options.weight_decay = 0;
  std::vector<Trainable> master = {Parameter("w", {1.0f})}, rounded = {Parameter("w", {1.0f})};
  Optimizer a(&master, options), b(&rounded, options);
  for (int step = 1; step <= 100; ++step) {
    SetGradient(master[0], 1);
    SetGradient(rounded[0], 1);
    a.UpdateAll(1e-4, step);
    b.UpdateAll(1e-4, step);
    at::NoGradGuard no_grad;
    rounded[0].value.copy_(rounded[0].value.to(at::kBFloat16));
  }
  EXPECT_NEAR(master[0].value.item<double>(), 0.99, 1e-4);
  EXPECT_EQ(rounded[0].value.item<double>(), 1.0);
}

}  // namespace
}  // namespace pano::train
