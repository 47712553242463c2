#include "model/kernels/attention/whole.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <tuple>
#include <vector>

#include "base/random.h"
#include "base/strings.h"
#include "model/kernels/testing/isa_test.h"

namespace pano::kernels {
namespace {

// Queries, keys and values of one head between those of others: rows are wider than a head.
struct Head {
  size_t queries, keys, dim, value_dim;
  size_t q_stride = dim + 5, k_stride = dim + 3, v_stride = value_dim + 7;
  std::vector<float> q, k, v;
  float scale = 0.25f;

  Head(size_t query_count, size_t key_count, size_t head_dim, size_t head_value_dim, double spread = 1.0)
      : queries(query_count), keys(key_count), dim(head_dim), value_dim(head_value_dim) {
    Random random(queries * 31 + keys * 7 + dim);
    for (const auto& [numbers, count] : {std::pair(&q, queries * q_stride), {&k, keys * k_stride}, {&v, keys * v_stride}}) {
      for (size_t i = 0; i < count; ++i) numbers->push_back(static_cast<float>(spread * random.Normal()));
    }
  }

  bool rounded = false;

  std::vector<float> Attend(WholeAttentionFn fn, size_t first = 0, size_t count = SIZE_MAX) const {
    count = std::min(count, queries - first);
    const size_t out_stride = value_dim + 2;
    std::vector<float> out(count * out_stride, -7.0f);
    const size_t bytes = WholeAttentionScratch(count, dim, value_dim);
    std::vector<std::byte> scratch(bytes + 128, std::byte{0xFF});  // what was there before is NaN
    std::byte* aligned = scratch.data() + (64 - reinterpret_cast<uintptr_t>(scratch.data()) % 64);
    std::fill_n(aligned + bytes, 8, std::byte{0x5A});
    fn({&q[first * q_stride], k.data(), v.data(), out.data(), q_stride, k_stride, v_stride, out_stride, count, keys,
        dim, value_dim, scale, rounded, aligned});
    EXPECT_TRUE(std::all_of(aligned + bytes, aligned + bytes + 8, [](std::byte b) { return b == std::byte{0x5A}; }));
    std::vector<float> rows;
    for (size_t r = 0; r < count; ++r) {
      for (size_t d = 0; d < value_dim; ++d) rows.push_back(out[r * out_stride + d]);
      for (size_t d = value_dim; d < out_stride; ++d) EXPECT_EQ(out[r * out_stride + d], -7.0f);
    }
    return rows;
  }

  // The definition in double, for query i.
  std::vector<double> Reference(size_t i) const {
    std::vector<double> weights(keys), out(value_dim);
    double sum = 0, top = -HUGE_VAL;
    for (size_t t = 0; t < keys; ++t) {
      double dot = 0;
      for (size_t d = 0; d < dim; ++d) dot += static_cast<double>(q[i * q_stride + d]) * static_cast<double>(k[t * k_stride + d]);
      weights[t] = static_cast<double>(scale) * dot;
      top = std::max(top, weights[t]);
    }
    for (double& weight : weights) sum += weight = std::exp(weight - top);
    for (size_t t = 0; t < keys; ++t) {
      for (size_t d = 0; d < value_dim; ++d) out[d] += weights[t] / sum * static_cast<double>(v[t * v_stride + d]);
    }
    return out;
  }

  void ExpectReference(WholeAttentionFn fn, double bound) const {
    SCOPED_TRACE(StrCat("queries ", queries, " keys ", keys, " dim ", dim, " value_dim ", value_dim));
    const std::vector<float> got = Attend(fn);
    for (size_t i = 0; i < queries; ++i) {
      const std::vector<double> want = Reference(i);
      for (size_t d = 0; d < value_dim; ++d) ASSERT_NEAR(got[i * value_dim + d], want[d], bound) << i << ", " << d;
    }
  }
};

// The driver with plain loops in place of a tile unit, everywhere; and the sets that have one.
WholeAttentionFn PlainFn() { return WholeAttention<TilesGeneric>; }

class WholeAttentionTest : public IsaTest {
 protected:
  void SetUp() override {
    IsaTest::SetUp();
    if (IsSkipped()) return;
    if (!fn()) GTEST_SKIP() << GetParam()->name << " has no tile unit";
  }
  WholeAttentionFn fn() const { return GetParam()->attention.whole; }
};

TEST(WholeAttention, PlainLoopsAgreeWithDouble) {
  for (size_t keys : {1, 15, 16, 17, 32, 33, 100, 257}) {
    Head(3, keys, 32, 32).ExpectReference(PlainFn(), 1e-4);
  }
  for (size_t dim : {8, 16, 24, 40, 64}) Head(33, 20, dim, dim + 4).ExpectReference(PlainFn(), 1e-4);
  Head(5, 300, 12, 80).ExpectReference(PlainFn(), 1e-4);
}

TEST_P(WholeAttentionTest, AgreesWithDouble) {
  for (size_t queries : {1, 16, 17, 33, 70}) {
    for (size_t keys : {1, 15, 16, 17, 31, 32, 33, 100, 256, 257, 600}) Head(queries, keys, 32, 32).ExpectReference(fn(), 1e-4);
  }
  for (size_t dim : {4, 8, 16, 20, 40, 64, 80, 128}) {
    Head(19, 50, dim, dim).ExpectReference(fn(), 1e-4);
    Head(40, 300, dim, dim / 2 + 2).ExpectReference(fn(), 1e-4);
  }
}

// Numbers rounded to BF16: to 2^-7 of the largest value, by plain loops and by the unit.
void ExpectRoundedReference(WholeAttentionFn fn) {
  for (const auto& [queries, keys, dim] : {std::tuple{1, 1, 32}, {19, 33, 16}, {70, 128, 32}, {33, 300, 64}, {40, 50, 20}}) {
    Head head(static_cast<size_t>(queries), static_cast<size_t>(keys), static_cast<size_t>(dim), static_cast<size_t>(dim));
    head.rounded = true;
    const float largest = *std::ranges::max_element(head.v, {}, [](float x) { return std::abs(x); });
    head.ExpectReference(fn, static_cast<double>(std::abs(largest)) / 128);
  }
}
TEST(WholeAttention, RoundedPlainLoopsAgreeWithDouble) { ExpectRoundedReference(PlainFn()); }
TEST_P(WholeAttentionTest, RoundedAgreesWithDouble) { ExpectRoundedReference(fn()); }

// Scores of a hundred and more: all but the largest vanish.
TEST_P(WholeAttentionTest, LargeScoresAgreeWithDouble) {
  Head(33, 520, 64, 64, 6.0).ExpectReference(fn(), 2e-2);
}

// A query in company gives what it gives alone, to the bit.
TEST_P(WholeAttentionTest, QueriesDoNotDependOnEachOther) {
  for (const auto& [keys, rounded] : {std::pair<size_t, bool>{5, false}, {128, false}, {300, false}, {5, true}, {300, true}}) {
    Head head(71, keys, 32, 48);
    head.rounded = rounded;
    const std::vector<float> together = head.Attend(fn());
    for (size_t first : {0, 1, 15, 16, 31, 40, 70}) {
      for (size_t count : {1, 7, 17, 33}) {
        const std::vector<float> part = head.Attend(fn(), first, count);
        ASSERT_EQ(0, std::memcmp(part.data(), &together[first * head.value_dim], part.size() * sizeof(float)))
            << first << " + " << count;
      }
    }
  }
}

TEST_P(WholeAttentionTest, ANanStaysWithItsQuery) {
  Head head(20, 40, 32, 32);
  const std::vector<float> before = head.Attend(fn());
  head.q[3 * head.q_stride + 1] = NAN;
  const std::vector<float> after = head.Attend(fn());
  for (size_t i = 0; i < after.size(); ++i) {
    if (i / 32 == 3) {
      EXPECT_TRUE(std::isnan(after[i]));
    } else {
      EXPECT_EQ(after[i], before[i]) << i;
    }
  }
}

PANO_FOR_EVERY_ISA(WholeAttentionTest);

}  // namespace
}  // namespace pano::kernels
