// Every operator on the CPU against the plain float64 loops of testing/naive_operators.h, over
// shapes around the kernels' sixteen lanes and tiles; and the order contract to the bit.
#include "model/ops/ops.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <numeric>

#include "base/random.h"
#include "base/threads.h"
#include "model/ops/testing/naive_operators.h"

namespace pano::ops {
namespace {

// Values behind a view, with a gap between rows where `stride` is wider.
struct Matrix {
  std::vector<float> values;
  Rows rows;
  Matrix(size_t count, size_t width, uint64_t seed = 0, size_t gap = 0)
      : values(count * (width + gap)), rows(values.data(), count, width, width + gap) {
    Random random(seed);
    if (seed == 0) return;
    for (float& v : values) v = static_cast<float>(random.Normal());
  }
  Matrix(const Matrix& other)
      : values(other.values),
        rows(values.data(), other.rows.rows, other.rows.width, other.rows.stride) {}
};

Linear MakeLinear(const Matrix& weight, bool bias) {
  Linear linear;
  linear.weight = {tensor::DType::kF32,
                   {static_cast<int64_t>(weight.rows.rows), static_cast<int64_t>(weight.rows.width)},
                   reinterpret_cast<const std::byte*>(weight.values.data()),
                   weight.values.size() * sizeof(float)};
  if (bias) {
    linear.bias.resize(weight.rows.rows);
    std::iota(linear.bias.begin(), linear.bias.end(), -2.0f);
  }
  return linear;
}

class OpsTest : public ::testing::Test {
 protected:
  // Largest difference relative to the largest value.
  static double Distance(const std::vector<float>& a, const std::vector<float>& b) {
    double worst = 0, largest = 1e-30;
    EXPECT_EQ(a.size(), b.size());
    for (size_t i = 0; i < a.size(); ++i) {
      worst = std::max(worst, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
      largest = std::max(largest, std::abs(static_cast<double>(b[i])));
    }
    return worst / largest;
  }
  // `run(context, x)` changes x on both implementations alike.
  template <typename Run>
  void Compare(const Matrix& start, const Run& run, double bound = 2e-6) {
    Matrix fast = start, slow = start;
    run(*cpu_, fast.rows);
    run(*naive_, slow.rows);
    EXPECT_NE(fast.values, start.values);  // it did something
    EXPECT_LT(Distance(fast.values, slow.values), bound);
  }

  ComputePool pool_{3};
  std::unique_ptr<OpContext> cpu_ = CreateCpuContext(Compute::kF32, pool_);
  std::unique_ptr<OpContext> naive_ = testing::CreateNaiveContext(pool_);
};

TEST_F(OpsTest, LinearLayersOfOneInput) {
  for (size_t in : {1, 15, 16, 48, 65}) {
    for (size_t rows : {1, 2, 7, 33}) {
      const Matrix x(rows, in, 1), a(19, in, 2), b(3, in, 3);
      const Linear first = MakeLinear(a, true), second = MakeLinear(b, false);
      Matrix out(rows, 22);
      Compare(out, [&](OpContext& c, Rows y) {
        // Both into one matrix side by side: views with gaps.
        const LinearOutput outputs[] = {{&first, y.Columns(0, 19)}, {&second, y.Columns(19, 3)}};
        EXPECT_TRUE(LinearLayers(c, x.rows, outputs).ok());
      });
    }
  }
}

TEST_F(OpsTest, LinearReadsViewsWithGaps) {
  const Matrix x(5, 17, 1, 9), w(6, 17, 2);
  const Linear linear = MakeLinear(w, true);
  Matrix packed(5, 17), want(5, 6), got(5, 6);
  Copy(*cpu_, x.rows, packed.rows);
  EXPECT_TRUE(LinearLayer(*cpu_, linear, packed.rows, want.rows).ok());
  EXPECT_TRUE(LinearLayer(*cpu_, linear, x.rows, got.rows).ok());
  EXPECT_EQ(got.values, want.values);
}

TEST_F(OpsTest, Embedding) {
  const Matrix table(9, 21, 1);
  const tensor::TensorView view = MakeLinear(table, false).weight;
  const std::vector<int32_t> ids = {8, 0, 3, 3, 7, 1};
  Compare(Matrix(6, 21), [&](OpContext& c, Rows x) {
    Embedding(c, view, ids, 2.5f, false, x);
    Embedding(c, view, std::vector<int32_t>(6, 2), 1.0f, true, x);
  });
}

TEST_F(OpsTest, NormsOfRowsAndHeads) {
  for (NormKind kind : {NormKind::kRms, NormKind::kLayer}) {
    const Matrix start(7, 60, 1, 4);
    NormWeights row, head, each;
    for (int i = 0; i < 60; ++i) row.weight.push_back(0.5f + static_cast<float>(i % 7));
    row.bias.assign(60, 0.25f);
    head.weight.assign(row.weight.begin(), row.weight.begin() + 20);
    each.weight = row.weight;
    const NormSpec spec{kind, 1e-5f};
    Compare(start, [&](OpContext& c, Rows x) { Norm(c, spec, row, x, x); });
    const Matrix added(7, 60, 2);
    Compare(start, [&](OpContext& c, Rows x) { AddNorm(c, spec, row, added.rows, 0.5f, x); });
    Compare(start, [&](OpContext& c, Rows x) { HeadNorm(c, spec, head, 20, x); });
    Compare(start, [&](OpContext& c, Rows x) { HeadNorm(c, spec, each, 20, x); });
  }
}

TEST_F(OpsTest, ActivationsAndElementwise) {
  const Matrix start(9, 37, 1), up(9, 37, 2);
  for (Activation f : {Activation::kSilu, Activation::kGelu, Activation::kGeluTanh,
                       Activation::kQuickGelu, Activation::kRelu}) {
    Compare(start, [&](OpContext& c, Rows x) { Activate(c, f, x); });
    Compare(start, [&](OpContext& c, Rows x) { GatedActivate(c, f, x, up.rows); });
  }
  Compare(start, [&](OpContext& c, Rows x) { Add(c, x, up.rows); });
  Compare(start, [&](OpContext& c, Rows x) { Add(c, x.Columns(3, 5), up.rows.Columns(0, 5), 0.3f); });
  Compare(start, [&](OpContext& c, Rows x) { ScaleSoftcap(c, 3.0f, 0.0f, x); });
  Compare(start, [&](OpContext& c, Rows x) { ScaleSoftcap(c, 3.0f, 1.5f, x); });
  Compare(start, [&](OpContext& c, Rows x) { Fill(c, 4.0f, x.Slice(2, 5)); });
  Compare(start, [&](OpContext& c, Rows x) { ScaleBySigmoid(c, up.rows.Columns(4, 1), x); });
}

TEST_F(OpsTest, RotaryOfSomeComponentsOfEachHead) {
  const std::vector<double> frequencies = {1.0, 0.37, 0.01};
  const std::vector<int64_t> ids = {0, 1, 5, 100, 4095};
  for (bool interleaved : {false, true}) {
    Compare(Matrix(5, 3 * 11, 1), [&](OpContext& c, Rows x) {
      Matrix cos(5, 3), sin(5, 3);
      RotaryAngles(c, frequencies, ids, 1.2, cos.rows, sin.rows);
      Rotary(c, cos.rows, sin.rows, interleaved, 3, 11, x);
    });
  }
}

TEST_F(OpsTest, RoutingTakesTheBestOfTheBestGroups) {
  for (size_t groups : {1, 3}) {
    for (bool normalize : {false, true}) {
      const RoutingParams params{2, normalize, 1.5f, groups, groups == 1 ? size_t{1} : size_t{2}};
      Compare(Matrix(11, 12, 7), [&](OpContext& c, Rows logits) {
        ExpertAssignment assignment;
        Route(c, params, logits, assignment);
        size_t rows = 0;
        for (size_t e = 0; e < assignment.experts(); ++e) {
          for (size_t i = 0; i < assignment.rows(e).size(); ++i, ++rows) {
            const auto r = static_cast<size_t>(assignment.rows(e)[i]);
            EXPECT_EQ(assignment.weights(e)[i], logits.row(r)[e]);
          }
        }
        EXPECT_EQ(rows, 11u * 2);
      });
    }
  }
}

TEST_F(OpsTest, EqualExpertsGoByNumberAndGroupsExclude) {
  Matrix logits(1, 6);
  const float scores[] = {1, 1, 0, 5, -9, -9};  // the best group is 1, then 0
  std::copy_n(scores, 6, logits.values.data());
  ExpertAssignment assignment;
  Route(*cpu_, {3, true, 1.0f, 3, 2}, logits.rows, assignment);
  EXPECT_EQ(assignment.rows(3).size(), 1u);
  EXPECT_EQ(assignment.rows(0).size(), 1u);
  EXPECT_EQ(assignment.rows(1).size(), 1u);
  EXPECT_EQ(assignment.weights(0)[0], assignment.weights(1)[0]);
}

TEST_F(OpsTest, RowsAreGatheredAndScattered) {
  const Matrix from(6, 5, 1);
  const std::vector<int32_t> rows = {4, 1, 5};
  const std::vector<float> weights = {0.5f, 2.0f, -1.0f};
  Compare(Matrix(6, 5, 2), [&](OpContext& c, Rows x) {
    Matrix gathered(3, 5);
    GatherRows(c, rows, from.rows, gathered.rows);
    ScatterAddRows(c, rows, weights, gathered.rows, x);
  });
}

// Keys and values of two sequences in blocks that lie in no order.
struct Cache {
  PagedKv kv;
  std::vector<std::byte> keys, values;
  std::vector<BlockId> blocks[2] = {{3, 0, 5}, {1, 4, 2}};
  Cache(size_t heads, size_t key_dim, size_t value_dim, KvType type = KvType::kF32) {
    const size_t element = type == KvType::kF32 ? 4 : 2;
    kv = {type, heads, key_dim, value_dim};
    kv.key_head_bytes = kBlockTokens * key_dim * element;
    kv.value_head_bytes = kBlockTokens * value_dim * element;
    kv.key_block_bytes = kv.key_head_bytes * heads;
    kv.value_block_bytes = kv.value_head_bytes * heads;
    keys.resize(6 * kv.key_block_bytes);
    values.resize(6 * kv.value_block_bytes);
    kv.keys = keys.data();
    kv.values = value_dim > 0 ? values.data() : nullptr;
  }
};

// A pass over both sequences: `counts` rows of each, from positions 0, causal with a window.
struct Rows2 {
  std::vector<SequenceRows> sequences;
  std::vector<KeyRange> keys;
  std::vector<int64_t> ids;
  Rows2(const Cache& cache, std::array<size_t, 2> counts, int64_t window, bool gaps) {
    for (size_t s = 0; s < 2; ++s) {
      sequences.push_back({keys.size(), counts[s], 0, cache.blocks[s].data()});
      for (int64_t p = 0; p < static_cast<int64_t>(counts[s]); ++p) {
        keys.push_back({window > 0 ? std::max<int64_t>(0, p - window + 1) : 0, p + 1});
        ids.push_back(gaps ? 2 * p + (p > 3 ? 1 : 0) : p);
      }
    }
  }
  AttentionRows Get(bool gaps) const { return {sequences, keys, ids, !gaps}; }
};

TEST_F(OpsTest, PagedAttentionInEveryShape) {
  struct Case {
    size_t heads, kv_heads, dim, value_dim;
    int64_t window;
    float softcap;
    ScoreBias::Kind bias = ScoreBias::Kind::kNone;
    bool gaps = false;
  };
  using Kind = ScoreBias::Kind;
  for (const Case& c : {Case{4, 2, 20, 20, 0, 0}, Case{6, 1, 16, 24, 7, 0}, Case{3, 3, 9, 9, 0, 2},
                        Case{5, 1, 24, 0, 0, 0}, Case{130, 1, 8, 0, 0, 0},
                        Case{4, 4, 16, 16, 0, 0, Kind::kByKey},
                        Case{4, 2, 16, 16, 0, 0, Kind::kByDistance},
                        Case{4, 2, 16, 16, 9, 0, Kind::kByDistance, true}}) {
    SCOPED_TRACE(c.heads * 1000 + c.kv_heads * 100 + c.dim);
    Cache cache(c.kv_heads, c.dim, c.value_dim);
    const Rows2 rows(cache, {70, 33}, c.window, c.gaps);
    const size_t value = c.value_dim ? c.value_dim : c.dim - 3;  // off the keys
    const Matrix k(103, c.kv_heads * c.dim, 1), v(103, c.kv_heads * c.value_dim, 2);
    const Matrix q(103, c.heads * c.dim, 3), table(c.heads, 601, 4);
    const ScoreBias bias{c.bias, table.values.data(), 601, 300};
    Compare(Matrix(103, c.heads * value), [&](OpContext& context, Rows out) {
      StoreKv(context, rows.sequences, k.rows, v.rows, cache.kv);
      PagedAttention(context, {c.heads, value, 0.3f, c.softcap}, rows.Get(c.gaps), bias, cache.kv,
                     q.rows, out);
    }, 5e-6);
  }
}

TEST_F(OpsTest, DenseAttentionSeesTheMemoryOfItsInput) {
  const Matrix q(9, 4 * 12, 1), k(50, 2 * 12, 2), v(50, 2 * 12, 3);
  const MemoryRows inputs[] = {{0, 5, 0, 37}, {5, 4, 37, 13}};
  Compare(Matrix(9, 4 * 12), [&](OpContext& c, Rows out) {
    DenseAttention(c, {4, 12, 0.4f, 0.0f}, inputs, 2, q.rows, k.rows, v.rows, out);
  });
}

// The order contract: rows alone, later and by other threads give the same bits.
TEST_F(OpsTest, ARowDoesNotDependOnItsCompany) {
  ComputePool one(1);
  auto alone = CreateCpuContext(Compute::kF32, one);
  Cache cache(2, 20, 20, KvType::kF16), again(2, 20, 20, KvType::kF16);
  const Matrix k(103, 40, 1), v(103, 40, 2), q(103, 80, 3), w(31, 80, 4);
  const Linear linear = MakeLinear(w, true);
  const AttentionShape shape{4, 20, 0.3f, 0.0f};
  Matrix all(103, 80), projected(103, 31);
  const Rows2 rows(cache, {70, 33}, 0, false);
  StoreKv(*cpu_, rows.sequences, k.rows, v.rows, cache.kv);
  PagedAttention(*cpu_, shape, rows.Get(false), {}, cache.kv, q.rows, all.rows);
  ASSERT_TRUE(LinearLayer(*cpu_, linear, all.rows, projected.rows).ok());
  for (size_t r = 0; r < 103; ++r) {
    const size_t s = r < 70 ? 0 : 1;
    const SequenceRows sequence{0, 1, static_cast<int64_t>(s == 0 ? r : r - 70),
                                again.blocks[s].data()};
    const int64_t id = sequence.first_position;
    Matrix out(1, 80), y(1, 31);
    StoreKv(*alone, {&sequence, 1}, k.rows.Slice(r, 1), v.rows.Slice(r, 1), again.kv);
    PagedAttention(*alone, shape, {{&sequence, 1}, {&rows.keys[r], 1}, {&id, 1}}, {}, again.kv,
                   q.rows.Slice(r, 1), out.rows);
    ASSERT_TRUE(LinearLayer(*alone, linear, out.rows, y.rows).ok());
    ASSERT_EQ(0, std::memcmp(out.values.data(), all.rows.row(r), 80 * sizeof(float))) << r;
    ASSERT_EQ(0, std::memcmp(y.values.data(), projected.rows.row(r), 31 * sizeof(float))) << r;
  }
}

TEST(OpsShapes, ThatDoNotFitAreBugs) {
  ComputePool pool(1);
  auto context = CreateCpuContext(Compute::kF32, pool);
  const Matrix x(2, 8, 1), w(3, 8, 2);
  const Linear linear = MakeLinear(w, false);
  Matrix narrow(2, 2);
  EXPECT_DEATH((void)LinearLayer(*context, linear, x.rows, narrow.rows), "");
  EXPECT_DEATH(Add(*context, narrow.rows, x.rows), "");
}

TEST(CreateOperators, RefusesDevicesWithoutAny) {
  class Npu final : public device::Device {
   public:
    device::DeviceKind kind() const override { return device::DeviceKind::kSimulated; }
    std::string name() const override { return "npu:0"; }
    uint64_t capabilities() const override { return 0; }
    uint64_t memory_bytes() const override { return 0; }
    Result<device::Buffer> Allocate(size_t) override { return Internal("unused"); }
  };
  auto operators = CreateOperators(std::make_shared<Npu>(), Compute::kF32);
  ASSERT_FALSE(operators.ok());
  EXPECT_EQ(operators.error().code(), StatusCode::kUnimplemented);
  EXPECT_NE(operators.error().message().find("npu:0"), std::string::npos);
}

}  // namespace
}  // namespace pano::ops
