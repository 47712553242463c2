// Rows of one pass with different adapters: against plain float64 loops, and each row as if it were
// alone, to the bit.
#include "model/ops/adapter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/random.h"
#include "base/threads.h"
#include "model/ops/ops.h"
#include "model/ops/testing/naive_operators.h"
#include "model/tensor/half.h"

namespace pano::ops {
namespace {

using tensor::DType;

std::vector<float> Draw(size_t count, uint64_t seed) {
  Random random(seed);
  std::vector<float> out(count);
  for (float& x : out) x = static_cast<float>(random.Normal());
  return out;
}

// A matrix of a type, with its bytes.
struct Matrix {
  std::vector<std::byte> bytes;
  tensor::TensorView view;
  Matrix(DType dtype, size_t rows, size_t columns, uint64_t seed) {
    const std::vector<float> values = Draw(rows * columns, seed);
    const tensor::Shape shape = {static_cast<int64_t>(rows), static_cast<int64_t>(columns)};
    bytes.resize(*tensor::ByteSize(dtype, shape));
    for (size_t i = 0; i < values.size(); ++i) {
      const uint16_t half = dtype == DType::kF16 ? tensor::FloatToHalf(values[i])
                                                 : tensor::FloatToBFloat(values[i]);
      if (dtype == DType::kF32) std::memcpy(&bytes[i * 4], &values[i], 4);
      else std::memcpy(&bytes[i * 2], &half, 2);
    }
    view = {dtype, shape, bytes.data(), bytes.size()};
  }
};

constexpr size_t kIn = 37, kOut = 50, kRank = 5;

// Two layers of one input, a norm, a table, and three adapters that change different parts of them.
class AdapterTest : public ::testing::Test {
 protected:
  AdapterTest() {
    first_.weight = w1_.view;
    first_.bias = Draw(kOut, 11);
    second_.weight = w2_.view;
    norm_.weight = Draw(kOut, 12);
    Pair(adapters_[0], first_, DType::kF32, kOut, 1);
    Pair(adapters_[1], first_, DType::kF16, kOut, 2);
    Pair(adapters_[1], second_, DType::kBF16, 3, 3);
    adapters_[1].Change(first_).row_scale = Draw(kOut, 13);
    adapters_[1].Change(first_).bias_change = Draw(kOut, 14);
    adapters_[1].Change(norm_).weight = Draw(kOut, 15);
    LinearChange& whole = adapters_[2].Change(second_);
    whole.replaced_values = Draw(3 * kIn, 16);
    whole.replaced.weight = {DType::kF32, {3, kIn},
                             reinterpret_cast<const std::byte*>(whole.replaced_values.data()),
                             whole.replaced_values.size() * sizeof(float)};
    whole.replaced.bias = Draw(3, 17);
    // The table: low rank for the first, rows of its own for the second, all rows for the third.
    TableChange& low = adapters_[0].Change(table_.view);
    const Matrix b(DType::kF32, kIn, kRank, 19);
    low.low_rank = LowRank::Copy(Matrix(DType::kF32, kRank, 9, 18).view, b.view, 0.5f);
    // Kept with a row a token.
    std::vector<float> rows = Draw(9 * kRank, 20);
    low.low_rank.a_values.resize(rows.size() * sizeof(float));
    std::memcpy(low.low_rank.a_values.data(), rows.data(), rows.size() * sizeof(float));
    low.low_rank.a = {DType::kF32, {9, kRank}, low.low_rank.a_values.data(),
                      low.low_rank.a_values.size()};
    adapters_[1].Change(table_.view).replaced_rows[4] = Draw(kIn, 21);
    adapters_[2].Change(table_.view).replaced_values = Draw(9 * kIn, 22);
  }

  static void Pair(AdapterWeights& adapter, const Linear& linear, DType dtype, size_t out,
                   uint64_t seed) {
    const Matrix a(dtype, kRank, kIn, 100 + seed), b(dtype, out, kRank, 200 + seed);
    adapter.Change(linear).low_rank = LowRank::Copy(a.view, b.view, 0.75f);
  }

  // ids, through the table, both layers and the norm: [rows, kOut + 3].
  std::vector<float> Run(OpContext& c, const std::vector<int32_t>& ids,
                         std::span<const AdapterRun> runs) const {
    const AdapterScope adapters(c, runs);
    std::vector<float> x(ids.size() * kIn), y(ids.size() * (kOut + 3));
    const Rows in(x.data(), ids.size(), kIn), out(y.data(), ids.size(), kOut + 3);
    Embedding(c, table_.view, ids, 1.5f, false, in);
    const LinearOutput outputs[] = {{&first_, out.Columns(0, kOut)},
                                    {&second_, out.Columns(kOut, 3)}};
    EXPECT_TRUE(LinearLayers(c, in, outputs).ok());
    Norm(c, {NormKind::kRms, 1e-6f}, norm_, out.Columns(0, kOut), out.Columns(0, kOut));
    return y;
  }

  ComputePool pool_{3};
  std::unique_ptr<OpContext> cpu_ = CreateCpuContext(Compute::kF32, pool_);
  std::unique_ptr<OpContext> naive_ = testing::CreateNaiveContext(pool_);
  const Matrix w1_{DType::kF32, kOut, kIn, 1}, w2_{DType::kF32, 3, kIn, 2},
      table_{DType::kF32, 9, kIn, 3};
  Linear first_, second_;
  NormWeights norm_;
  AdapterWeights adapters_[3];
};

TEST_F(AdapterTest, GatheredValuesComputeTheSame) {
  const std::vector<int32_t> ids = {4, 1, 8, 0, 4, 3};
  const AdapterRun runs[] = {{0, 2, &adapters_[0]}, {2, 2, &adapters_[1]}, {4, 2, &adapters_[2]}};
  const std::vector<float> apart = Run(*cpu_, ids, runs), apart_naive = Run(*naive_, ids, runs);
  for (AdapterWeights& adapter : adapters_) {
    const size_t bytes = adapter.bytes();
    adapter.Gather();
    EXPECT_EQ(adapter.bytes(), bytes);
    adapter.Gather();  // again: from where they are now
  }
  const LowRank& pair = adapters_[1].Find(second_)->low_rank;
  EXPECT_TRUE(pair.a_values.empty() && pair.b_values.empty());
  EXPECT_EQ(reinterpret_cast<uintptr_t>(pair.a.data) % 64, 0u);
  EXPECT_EQ(Run(*cpu_, ids, runs), apart);
  EXPECT_EQ(Run(*naive_, ids, runs), apart_naive);
}

TEST_F(AdapterTest, EqualsPlainLoops) {
  std::vector<int32_t> ids;
  for (int32_t i = 0; i < 40; ++i) ids.push_back(i * 5 % 9);
  const AdapterRun runs[] = {{2, 7, &adapters_[0]}, {9, 20, &adapters_[1]}, {33, 5, &adapters_[2]}};
  const std::vector<float> got = Run(*cpu_, ids, runs), want = Run(*naive_, ids, runs);
  const std::vector<float> base = Run(*cpu_, ids, {});
  double worst = 0, largest = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    worst = std::max(worst, std::abs(static_cast<double>(got[i]) - static_cast<double>(want[i])));
    largest = std::max(largest, std::abs(static_cast<double>(want[i])));
  }
  EXPECT_LT(worst, 2e-6 * largest);
  // Every adapted row differs from the base, and no other does.
  for (size_t r = 0; r < ids.size(); ++r) {
    const bool adapted = (r >= 2 && r < 29) || (r >= 33 && r < 38);
    const size_t at = r * (kOut + 3);
    EXPECT_EQ(std::memcmp(&got[at], &base[at], (kOut + 3) * sizeof(float)) != 0, adapted) << r;
  }
}

TEST_F(AdapterTest, ARowDoesNotDependOnItsCompany) {
  std::vector<int32_t> ids;
  for (int32_t i = 0; i < 60; ++i) ids.push_back(i * 7 % 9);
  std::vector<AdapterRun> runs;
  for (size_t begin = 0; begin < 60; begin += 6) {
    if (begin / 6 % 4 < 3) runs.push_back({begin, 5, &adapters_[begin / 6 % 4]});
  }
  const std::vector<float> all = Run(*cpu_, ids, runs);
  for (size_t r = 0; r < 60; ++r) {
    const size_t turn = r / 6 % 4;
    const AdapterRun alone{0, 1, turn < 3 ? &adapters_[turn] : nullptr};
    const bool adapted = turn < 3 && r % 6 < 5;
    const std::vector<float> one =
        Run(*cpu_, {ids[r]}, {&alone, adapted ? size_t{1} : size_t{0}});
    EXPECT_EQ(std::memcmp(one.data(), &all[r * (kOut + 3)], one.size() * sizeof(float)), 0) << r;
  }
}

TEST_F(AdapterTest, GatheredRowsKeepTheirAdapters) {
  const AdapterRun runs[] = {{1, 2, &adapters_[0]}, {3, 1, &adapters_[1]}, {7, 9, &adapters_[0]}};
  const std::vector<int32_t> rows = {0, 1, 2, 3, 15, 8, 16};
  std::vector<AdapterRun> got;
  GatherRuns(runs, rows, got);
  ASSERT_EQ(got.size(), 3u);
  EXPECT_EQ(got[0].begin, 1u);
  EXPECT_EQ(got[0].count, 2u);
  EXPECT_EQ(got[1].begin, 3u);
  EXPECT_EQ(got[1].adapter, &adapters_[1]);
  EXPECT_EQ(got[2].begin, 4u);
  EXPECT_EQ(got[2].count, 2u);
  EXPECT_EQ(got[2].adapter, &adapters_[0]);

  const AdapterScope pass(*cpu_, runs);
  {
    const AdapterScope some(*cpu_, std::span<const int32_t>(rows));
    EXPECT_EQ(cpu_->adapter_runs().size(), 3u);
    const AdapterScope none(*cpu_, std::span<const AdapterRun>());
    EXPECT_TRUE(cpu_->adapter_runs().empty());
  }
  EXPECT_EQ(cpu_->adapter_runs().data(), runs);
}

TEST_F(AdapterTest, CountsItsBytes) {
  EXPECT_GE(adapters_[0].bytes(), 4 * kRank * (kIn + kOut + kIn + 9));
  EXPECT_TRUE(AdapterWeights().empty());
  EXPECT_EQ(AdapterWeights().bytes(), 0u);
}

}  // namespace
}  // namespace pano::ops
