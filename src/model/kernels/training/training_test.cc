#include "model/kernels/training/training.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include "base/random.h"
#include "model/kernels/testing/isa_test.h"

namespace pano::kernels {
namespace {

using Floats = std::vector<float>;
constexpr size_t kSizes[] = {1, 15, 16, 17, 64, 100};

Floats Normals(Random& random, size_t n, double mean = 0) {
  Floats out(n);
  for (float& x : out) x = static_cast<float>(mean + random.Normal());
  return out;
}

double At(const Floats& x, size_t i) { return static_cast<double>(x[i]); }

// The slope of sum over i of dy[i] f(x)[i] along x[j], by central differences in float64.
double Slope(const std::function<std::vector<double>(const std::vector<double>&)>& f,
             const Floats& x, const Floats& dy, size_t j) {
  constexpr double kStep = 1e-5;
  double out = 0;
  for (double side : {1.0, -1.0}) {
    std::vector<double> moved(x.begin(), x.end());
    moved[j] += side * kStep;
    const std::vector<double> y = f(moved);
    for (size_t i = 0; i < y.size(); ++i) out += side * At(dy, i) * y[i] / (2 * kStep);
  }
  return out;
}

std::vector<double> Normalised(const std::vector<double>& x, const Floats& w, const Floats* b,
                               double eps, bool centred) {
  const auto n = static_cast<double>(x.size());
  double mean = 0, squares = 0;
  if (centred) {
    for (double v : x) mean += v / n;
  }
  for (double v : x) squares += (v - mean) * (v - mean) / n;
  std::vector<double> y(x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    y[i] = (x[i] - mean) / std::sqrt(squares + eps) * At(w, i) + (b ? At(*b, i) : 0.0);
  }
  return y;
}

using NormBackward = IsaTest;
TEST_P(NormBackward, IsTheSlopeOfTheNorm) {
  const TrainingKernels& kernels = SelectIsa(mask()).training;
  for (size_t n : kSizes) {
    for (bool centred : {false, true}) {
      Random random(n);
      const Floats x = Normals(random, n, 2), w = Normals(random, n), dy = Normals(random, n);
      Floats b = Normals(random, n), dx(n), dw(n, 1.0f), db(n, 2.0f);
      const auto fn = centred ? kernels.layer_norm : kernels.rms_norm;
      fn(x.data(), w.data(), dy.data(), 1e-3f, n, dx.data(), dw.data(), db.data());
      auto norm = [&](const std::vector<double>& v) { return Normalised(v, w, &b, 1e-3, centred); };
      const std::vector<double> unit =
          Normalised({x.begin(), x.end()}, Floats(n, 1.0f), nullptr, 1e-3, centred);
      for (size_t j = 0; j < n; ++j) {
        EXPECT_NEAR(dx[j], Slope(norm, x, dy, j), 2e-5) << n << (centred ? " layer" : " rms");
        EXPECT_NEAR(dw[j], 1 + At(dy, j) * unit[j], 1e-5);
        EXPECT_NEAR(db[j], centred ? 2 + At(dy, j) : 2, 1e-6);
      }
    }
  }
}
PANO_FOR_EVERY_ISA(NormBackward);

double Value(Activation activation, double z) {
  switch (activation) {
    case Activation::kGelu:
      return z * 0.5 * std::erfc(-z / std::sqrt(2.0));
    case Activation::kGeluTanh:
      return 0.5 * z * (1 + std::tanh(std::sqrt(2 / M_PI) * (z + 0.044715 * z * z * z)));
    case Activation::kQuickGelu:
      return z / (1 + std::exp(-1.702 * z));
    case Activation::kRelu:
      return std::max(z, 0.0);
    case Activation::kSilu:
      break;
  }
  return z / (1 + std::exp(-z));
}

using ActivationBackward = IsaTest;
TEST_P(ActivationBackward, IsTheSlopeOfTheActivation) {
  for (Activation activation : {Activation::kSilu, Activation::kGelu, Activation::kGeluTanh,
                                Activation::kQuickGelu, Activation::kRelu}) {
    const ActivationBackwardFns fns = SelectIsa(mask()).training.activation(activation);
    Random random(5);
    Floats z = Normals(random, 77), up = Normals(random, 77), dy = Normals(random, 77);
    for (size_t i = 0; i < 8; ++i) z[i] = static_cast<float>(i) * 4 - 14;  // far out, too
    Floats dx(77), dgate(77), dup(77);
    fns.plain(z.data(), dy.data(), 77, dx.data());
    fns.gated(z.data(), up.data(), dy.data(), 77, dgate.data(), dup.data());
    for (size_t i = 0; i < 77; ++i) {
      const double slope =
          (Value(activation, At(z, i) + 1e-5) - Value(activation, At(z, i) - 1e-5)) / 2e-5;
      EXPECT_NEAR(dx[i], At(dy, i) * slope, 2e-6 * (1 + std::abs(At(dy, i)))) << z[i];
      EXPECT_NEAR(dgate[i], At(dy, i) * At(up, i) * slope, 1e-5);
      EXPECT_NEAR(dup[i], At(dy, i) * Value(activation, At(z, i)), 1e-5);
    }
  }
}
TEST_P(ActivationBackward, OfReluAtZeroIsZero) {
  const float zero = 0, dy = 3;
  float dx = 1;
  SelectIsa(mask()).training.activation(Activation::kRelu).plain(&zero, &dy, 1, &dx);
  EXPECT_EQ(dx, 0);
}
PANO_FOR_EVERY_ISA(ActivationBackward);

using TrainingSoftmax = IsaTest;
TEST_P(TrainingSoftmax, AgreesWithDoubleAndHidesWhatIsMasked) {
  const TrainingKernels& kernels = SelectIsa(mask()).training;
  for (size_t n : kSizes) {
    Random random(n);
    const Floats x = Normals(random, n);
    Floats bias = Normals(random, n), p = x, again = x;
    for (size_t i = 1; i < n; i += 3) {
      bias[i] = i % 2 ? -std::numeric_limits<float>::infinity() : -1e30f;
    }
    std::vector<double> expected(n);
    double sum = 0;
    for (size_t i = 0; i < n; ++i) sum += expected[i] = std::exp(0.25 * At(x, i) + At(bias, i));
    const float log_sum = kernels.softmax(p.data(), bias.data(), 0.25f, n);
    EXPECT_NEAR(log_sum, std::log(sum), 1e-5);
    kernels.softmax_again(again.data(), bias.data(), 0.25f, log_sum, n);
    Floats dp = Normals(random, n), ds = dp;
    kernels.softmax_backward(p.data(), ds.data(), 0.25f, n);
    double mean = 0;
    for (size_t i = 0; i < n; ++i) mean += At(p, i) * At(dp, i);
    for (size_t i = 0; i < n; ++i) {
      EXPECT_NEAR(p[i], expected[i] / sum, 1e-6);
      EXPECT_NEAR(again[i], expected[i] / sum, 3e-6);
      EXPECT_NEAR(ds[i], 0.25 * At(p, i) * (At(dp, i) - mean), 1e-6);
      if (bias[i] > -1e29f) continue;
      EXPECT_EQ(p[i], 0.0f);  // to the bit: an optimizer that divides by the gradient's size sees it
      EXPECT_EQ(again[i], 0.0f);
      EXPECT_EQ(ds[i], 0.0f);
    }
  }
}
TEST_P(TrainingSoftmax, NaNStays) {
  Floats x = {1, std::numeric_limits<float>::quiet_NaN(), 2}, bias(3, 0.0f);
  const float log_sum = SelectIsa(mask()).training.softmax(x.data(), bias.data(), 1, 3);
  EXPECT_TRUE(std::isnan(log_sum) && std::isnan(x[0]) && std::isnan(x[1]));
}
PANO_FOR_EVERY_ISA(TrainingSoftmax);

using LogSumExp = IsaTest;
TEST_P(LogSumExp, AgreesWithDoubleWhateverTheSize) {
  const TrainingKernels& kernels = SelectIsa(mask()).training;
  for (size_t n : kSizes) {
    for (double mean : {-200.0, 0.0, 300.0}) {
      Random random(n);
      const Floats x = Normals(random, n, mean);
      double sum = 0;
      for (size_t i = 0; i < n; ++i) sum += std::exp(At(x, i) - mean);
      const double expected = mean + std::log(sum);
      const float log_sum = kernels.log_sum_exp(x.data(), n);
      EXPECT_NEAR(log_sum, expected, 1e-6 * (10 + std::abs(mean)));
      Floats dx(n);
      kernels.exp_scaled(x.data(), log_sum, 0.5f, n, dx.data());
      for (size_t i = 0; i < n; ++i) {
        EXPECT_NEAR(dx[i], 0.5 * std::exp(At(x, i) - expected), 1e-6 * (10 + std::abs(mean)));
      }
    }
  }
}
PANO_FOR_EVERY_ISA(LogSumExp);

using AdamKernel = IsaTest;
TEST_P(AdamKernel, FollowsTheFormula) {
  const TrainingKernels& kernels = SelectIsa(mask()).training;
  const AdamStep step = {0.02f, 0.99f, 0.9f, 0.95f, 0.5f, 1e-6f};
  for (size_t n : kSizes) {
    Random random(n);
    const Floats value = Normals(random, n), g = Normals(random, n), m = Normals(random, n);
    Floats v = Normals(random, n);
    for (float& x : v) x *= x;
    Floats now = value, first = m, second = v;
    kernels.adam(now.data(), g.data(), first.data(), second.data(), n, step);
    double squares = 0;
    for (size_t i = 0; i < n; ++i) {
      const double m1 = 0.9 * At(m, i) + 0.1 * At(g, i);
      const double v1 = 0.95 * At(v, i) + 0.05 * At(g, i) * At(g, i);
      EXPECT_NEAR(first[i], m1, 1e-6);
      EXPECT_NEAR(second[i], v1, 1e-6 * (1 + v1));
      const double expected = 0.99 * At(value, i) - 0.02 * m1 / (std::sqrt(v1) / 0.5 + 1e-6);
      EXPECT_NEAR(now[i], expected, 2e-6);
      squares += At(g, i) * At(g, i);
    }
    EXPECT_NEAR(kernels.squares(g.data(), n), squares, 1e-12 * (1 + squares));
  }
}
PANO_FOR_EVERY_ISA(AdamKernel);

}  // namespace
}  // namespace pano::kernels
