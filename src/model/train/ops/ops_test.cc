// Each operation in float32, by our kernels, beside itself in float64, by libtorch's: values and
// gradients.
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "model/train/ops/activation.h"
#include "model/train/ops/attention.h"
#include "model/train/ops/cross_entropy.h"
#include "model/train/ops/matrix_product.h"
#include "model/train/ops/norm.h"
#include "model/train/ops/product.h"
#include "model/train/ops/rotation.h"
#include "model/train/ops/torch_ops.h"

namespace pano::train {
namespace {

using Tensors = std::vector<at::Tensor>;
using Operation = std::function<at::Tensor(const Tensors&)>;

at::Tensor Normal(std::vector<int64_t> shape, uint64_t seed) {
  return at::empty(shape, at::kFloat).normal_(0, 1, at::detail::createCPUGenerator(seed));
}

// The value, and the gradients of the inputs under a random gradient of the value.
Tensors RunOnce(const Operation& operation, const Tensors& inputs, at::ScalarType type) {
  Tensors leaves;
  for (const at::Tensor& x : inputs) {
    leaves.push_back(x.defined() ? x.to(type, false, true).requires_grad_(true) : x);
  }
  const at::Tensor y = operation(leaves);
  const at::Tensor dy = Normal(y.sizes().vec(), 99).to(type);
  (y * dy).sum().backward();
  Tensors out = {y.detach()};
  for (const at::Tensor& x : leaves) out.push_back(x.defined() ? x.grad() : x);
  return out;
}

void ExpectSame(const Operation& operation, const Tensors& inputs, const std::string& what, double tolerance = 1e-5) {
  const Tensors ours = RunOnce(operation, inputs, at::kFloat), theirs = RunOnce(operation, inputs, at::kDouble);
  for (size_t i = 0; i < ours.size(); ++i) {
    ASSERT_EQ(ours[i].defined(), theirs[i].defined()) << what << ", tensor " << i;
    if (!ours[i].defined()) continue;
    ASSERT_EQ(ours[i].sizes(), theirs[i].sizes()) << what << ", tensor " << i;
    const double scale = theirs[i].abs().max().item<double>() + 1e-6;
    const double worst = (ours[i].to(at::kDouble) - theirs[i]).abs().max().item<double>() / scale;
    EXPECT_LT(worst, tolerance) << what << ", tensor " << i;
  }
}

TEST(Product, OfRowsAndOfBatches) {
  for (const bool biased : {false, true}) {
    const at::Tensor bias = biased ? Normal({7}, 3) : at::Tensor();
    auto product = [](const Tensors& t) { return Product(t[0], t[1], t[2]); };
    ExpectSame(product, {Normal({5, 11}, 1), Normal({7, 11}, 2), bias}, "rows");
    ExpectSame(product, {Normal({2, 3, 11}, 1), Normal({7, 11}, 2), bias}, "a batch");
    ExpectSame(product, {Normal({300, 64}, 1), Normal({7, 64}, 2), bias}, "many rows");
    ExpectSame(product, {Normal({1, 1}, 1), Normal({7, 1}, 2), bias}, "one number");
  }
}

TEST(Product, OfViewsThatAreNotInRows) {
  auto turned = [](const Tensors& t) { return Product(t[0].t(), t[1].t()); };
  ExpectSame(turned, {Normal({11, 5}, 1), Normal({11, 7}, 2)}, "transposed");
  auto part = [](const Tensors& t) { return Product(t[0].narrow(1, 2, 11), t[1].narrow(1, 1, 11)); };
  ExpectSame(part, {Normal({5, 20}, 1), Normal({7, 20}, 2)}, "narrowed");
  const at::Tensor x = Normal({5, 11}, 1), w = Normal({11, 7}, 2), y = Normal({5, 7}, 3);
  EXPECT_LT((ProductOfConstant(x, w.t()) - at::matmul(x, w)).abs().max().item<double>(), 1e-5);
  EXPECT_LT((BackwardProduct(y, w.t()) - at::matmul(y, w.t())).abs().max().item<double>(), 1e-5);
}

TEST(Product, OnlyWhatIsAskedForHasAGradient) {
  const at::Tensor x = Normal({5, 11}, 1), w = Normal({7, 11}, 2).requires_grad_(true);
  Product(x, w).sum().backward();
  EXPECT_TRUE(w.grad().defined());
  EXPECT_FALSE(x.grad().defined());
}

TEST(FixedProductOrder, IsThatOfAnyNumberOfThreads) {
  const int before = at::get_num_threads();
  for (const auto& [m, n, k] : {std::array<int64_t, 3>{1, 40, 3000}, {3, 17, 2000}, {40, 30, 5000}, {600, 70, 90}}) {
    const at::Tensor a = Normal({k, m}, 1), b = Normal({k, n}, 2);
    Tensors out;
    for (int threads : {1, 2, 3, 4}) {
      at::set_num_threads(threads);
      const FixedProductOrder fixed;
      out.push_back(at::empty({m, n}, at::kFloat));
      Multiply(m, n, k, {a.data_ptr<float>(), m, true}, {b.data_ptr<float>(), n}, 0, out.back().data_ptr<float>(), n);
      EXPECT_EQ(at::get_num_threads(), threads);
    }
    at::set_num_threads(before);
    EXPECT_LT((out[0] - at::matmul(a.t(), b)).abs().max().item<double>(), 1e-3);
    for (const at::Tensor& other : out) EXPECT_TRUE(at::equal(other, out[0])) << m << " " << n << " " << k;
  }
}

TEST(Normalise, RmsAndLayer) {
  for (const bool centred : {false, true}) {
    for (const bool biased : {false, true}) {
      auto norm = [&](const Tensors& t) { return Normalise(t[0], t[1], t[2], 1e-5, centred); };
      const at::Tensor bias = biased ? Normal({37}, 3) : at::Tensor();
      ExpectSame(norm, {Normal({3, 150, 37}, 1), Normal({37}, 2), bias}, "rows");  // more than a chunk of them
      // A weight a head.
      const at::Tensor heads = biased ? Normal({4, 37}, 3) : at::Tensor();
      ExpectSame(norm, {Normal({3, 5, 4, 37}, 1), Normal({4, 37}, 2), heads}, "heads");
    }
  }
  auto offset = [](const Tensors& t) { return Normalise(t[0].transpose(0, 1), t[1] + 1.0, {}, 1e-5, false); };
  ExpectSame(offset, {Normal({5, 6, 16}, 1), Normal({16}, 2)}, "an offset, and no rows in memory");
}

TEST(Activate, PlainAndGated) {
  for (int i = 0; i < 5; ++i) {
    const auto activation = static_cast<kernels::Activation>(i);
    auto plain = [&](const Tensors& t) { return Activate(t[0], activation); };
    auto gated = [&](const Tensors& t) { return GatedActivate(t[0], t[1], activation); };
    ExpectSame(plain, {Normal({3, 7, 1201}, 1)}, "plain");
    ExpectSame(gated, {Normal({3, 7, 1201}, 1), Normal({3, 7, 1201}, 2)}, "gated");
    ExpectSame(gated, {Normal({7, 3}, 1).t(), Normal({3, 7}, 2)}, "turned");
  }
}

TEST(Rotate, HalvesAndPairsAndParts) {
  for (const bool interleaved : {false, true}) {
    for (const int64_t rotated : {8, 6}) {
      for (const bool batched : {false, true}) {
        std::vector<int64_t> shape = {5, 1, rotated};
        if (batched) shape.insert(shape.begin(), 3);
        const at::Tensor cos = Normal(shape, 5), sin = Normal(shape, 6);  // not even of one angle
        auto rotate = [&](const Tensors& t) {
          const at::ScalarType type = t[0].scalar_type();
          return Rotate(t[0], cos.to(type), sin.to(type), interleaved);
        };
        ExpectSame(rotate, {Normal({3, 5, 2, 8}, 1)}, interleaved ? "pairs" : "halves");
      }
    }
  }
}

// [1, group * length, length], as the queries of a causal model see.
at::Tensor Causal(int64_t length, int64_t group, int64_t window = 0) {
  at::Tensor out = at::full({length, length}, -INFINITY, at::kFloat).triu(1);
  if (window > 0) out = out + at::full({length, length}, -INFINITY, at::kFloat).tril(-window);
  return out.repeat({group, 1}).unsqueeze(0);
}

void ExpectAttention(int64_t batch, int64_t length, int64_t kv, int64_t group, int64_t size, int64_t value,
                     const at::Tensor& bias, double softcap, const std::string& what) {
  auto attend = [&](const Tensors& t) {
    return Attend(t[0], t[1], t[2], ScoreBias(bias.to(t[0].scalar_type())), 0.3, softcap);
  };
  ExpectSame(attend, {Normal({batch, length, kv * group, size}, 1), Normal({batch, length, kv, size}, 2),
                      Normal({batch, length, kv, value}, 3)}, what, 2e-5);
}

TEST(Attend, CausalAndWindowsAndGroups) {
  ExpectAttention(2, 1, 1, 1, 4, 4, Causal(1, 1), 0, "one token");
  ExpectAttention(2, 150, 3, 2, 16, 24, Causal(150, 2), 0, "blocks");
  ExpectAttention(1, 150, 2, 1, 16, 16, Causal(150, 1, 5), 0, "a window");
  ExpectAttention(2, 64, 1, 4, 8, 8, at::zeros({1, 256, 64}), 0, "all see all");
  ExpectAttention(2, 20, 2, 1, 8, 8, Causal(20, 1), 3.0, "a cap");
  ExpectAttention(1, 10, 2, 3, 8, 8, Causal(10, 3) + Normal({2, 30, 10}, 7), 0, "a bias a head");
}

TEST(Attend, PaddingAndTextsInOneRow) {
  // The first text is 70 tokens long, of the second the first 90 are seen by themselves.
  at::Tensor bias = Causal(100, 2).repeat({2, 1, 1});
  bias[0].narrow(1, 70, 30).add_(-1e30);
  bias[1].view({2, 100, 100}).narrow(1, 90, 10).narrow(2, 0, 90).add_(-1e30);
  ExpectAttention(2, 100, 1, 2, 8, 8, bias, 0, "padding");
  const ScoreBias made(bias);
  auto bounds = [&](int64_t text, int64_t row) {
    const int32_t* range = made.range.data_ptr<int32_t>() + (text * 200 + row) * 2;
    return std::pair(range[0], range[1]);
  };
  EXPECT_EQ(bounds(0, 30), std::pair(0, 31));
  EXPECT_EQ(bounds(0, 80), std::pair(0, 70));
  EXPECT_EQ(bounds(1, 195), std::pair(90, 96));
}

TEST(Attend, AQueryThatSeesNothingIsANumber) {
  at::Tensor bias = Causal(3, 1).clone();
  bias[0].add_(-1e30);
  const at::Tensor q = Normal({1, 3, 1, 4}, 1).requires_grad_(true), v = Normal({1, 3, 1, 4}, 3);
  const at::Tensor y = Attend(q, Normal({1, 3, 1, 4}, 2), v, ScoreBias(bias), 1, 0);
  y.sum().backward();
  EXPECT_TRUE(at::isfinite(y).all().item<bool>() && at::isfinite(q.grad()).all().item<bool>());
}

TEST(Attend, KeysThatNobodySeesHaveNoGradientAtAll) {
  at::Tensor bias = at::zeros({1, 40, 40});
  bias.narrow(2, 30, 10).add_(-1e30);
  bias.narrow(2, 5, 1).add_(-1e30);  // inside of the range, too
  const at::Tensor k = Normal({1, 40, 1, 8}, 2).requires_grad_(true), v = Normal({1, 40, 1, 8}, 3).requires_grad_(true);
  Attend(Normal({1, 40, 1, 8}, 1), k, v, ScoreBias(bias), 1, 0).square().sum().backward();
  for (const at::Tensor& gradient : {k.grad(), v.grad()}) {
    EXPECT_EQ(gradient.narrow(1, 30, 10).abs().max().item<float>(), 0.0f);
    EXPECT_EQ(gradient.select(1, 5).abs().max().item<float>(), 0.0f);
    EXPECT_GT(gradient.select(1, 4).abs().max().item<float>(), 0.0f);
  }
}

TEST(CrossEntropySum, LeavesOutWhatHasNoLabel) {
  const at::Tensor targets = at::tensor({3, -100, 0, 36, 5, -100}, at::kLong);
  auto loss = [&](const Tensors& t) { return CrossEntropySum(t[0] * 10, targets, -100); };
  ExpectSame(loss, {Normal({6, 37}, 1)}, "six rows");
  const at::Tensor none = at::full({6}, -100, at::kLong);
  const at::Tensor x = Normal({6, 37}, 1).requires_grad_(true);
  const at::Tensor y = CrossEntropySum(x, none, -100);
  y.backward();
  EXPECT_EQ(y.item<double>(), 0);
  EXPECT_EQ(x.grad().abs().max().item<float>(), 0.0f);
}

TEST(Operations, SameBitsOnAnyNumberOfThreads) {
  const int before = at::get_num_threads();
  const Operation operations[] = {
      [](const Tensors& t) { return Normalise(t[0], t[1], {}, 1e-5, false); },
      [](const Tensors& t) { return Normalise(t[0], t[1], {}, 1e-5, true); },
      [](const Tensors& t) { return GatedActivate(t[0], t[0] * t[1], kernels::Activation::kSilu); },
      [](const Tensors& t) {
        const at::Tensor q = t[0].view({4, 100, 4, 16});
        return Attend(q, q * 0.5, q, ScoreBias(Causal(100, 1)), 0.2, 0);
      },
      [](const Tensors& t) { return CrossEntropySum(t[0].view({400, 64}) * t[1], at::arange(400, at::kLong) % 64, -1); }};
  for (const Operation& operation : operations) {
    std::vector<Tensors> runs;
    for (int threads : {1, 2, 3}) {
      at::set_num_threads(threads);
      runs.push_back(RunOnce(operation, {Normal({4, 100, 64}, 1), Normal({64}, 2)}, at::kFloat));
    }
    at::set_num_threads(before);
    for (const Tensors& run : runs) {
      EXPECT_TRUE(at::equal(run[0], runs[0][0]));
      EXPECT_TRUE(at::equal(run[1], runs[0][1]));
    }
  }
}

}  // namespace
}  // namespace pano::train
