#include "model/kernels/attention/attention.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "base/random.h"
#include "base/strings.h"
#include "model/kernels/isa.h"
#include "model/tensor/half.h"

namespace pano::kernels {
namespace {

// Keys and values of one KV head in shuffled blocks, as float or half.
struct Cache {
  size_t head_dim, block_tokens;
  bool half;
  std::vector<int32_t> table;
  std::vector<float> keys, values;  // [position, head_dim], what is stored exactly
  std::vector<std::byte> key_bytes, value_bytes;

  Cache(size_t length, size_t dim, size_t tokens, bool is_half)
      : head_dim(dim), block_tokens(tokens), half(is_half) {
    Random random(length * 31 + dim);
    const size_t blocks = (length + tokens - 1) / tokens;
    for (size_t i = 0; i < blocks; ++i) table.push_back(static_cast<int32_t>((i * 7 + 3) % 17));
    key_bytes.resize(17 * stride());
    value_bytes.resize(17 * stride());
    for (size_t t = 0; t < length; ++t) {
      for (size_t d = 0; d < dim; ++d) {
        keys.push_back(Put(key_bytes, t, d, static_cast<float>(random.Normal())));
        values.push_back(Put(value_bytes, t, d, static_cast<float>(random.Normal())));
      }
    }
  }
  size_t element() const { return half ? 2 : 4; }
  size_t stride() const { return block_tokens * head_dim * element(); }
  float Put(std::vector<std::byte>& bytes, size_t t, size_t d, float value) {
    size_t at = static_cast<size_t>(table[t / block_tokens]) * stride() +
                ((t % block_tokens) * head_dim + d) * element();
    if (!half) {
      std::memcpy(&bytes[at], &value, 4);
      return value;
    }
    uint16_t bits = tensor::FloatToHalf(value);
    std::memcpy(&bytes[at], &bits, 2);
    return tensor::HalfToFloat(bits);
  }
};

struct Extras {
  int64_t first = 0;
  float softcap = 0;
  std::vector<float> bias;  // [group, length]
};

std::vector<float> Attend(const Cache& cache, const std::vector<float>& q, size_t group,
                          int64_t length, CpuMask mask, const Extras& extras = {}) {
  std::vector<float> out(q.size());
  std::vector<float> scores(group * AttentionScores(extras.first, length, cache.block_tokens), NAN);
  AttentionArgs args;
  args.q = q.data();
  args.out = out.data();
  args.group = group;
  args.head_dim = args.value_dim = args.key_stride = args.value_stride = cache.head_dim;
  args.first = extras.first;
  args.softcap = extras.softcap;
  if (!extras.bias.empty()) {
    args.bias = extras.bias.data();
    args.bias_stride = static_cast<size_t>(length);
  }
  args.scale = 0.25f;
  args.length = length;
  args.keys = cache.key_bytes.data();
  args.values = cache.value_bytes.data();
  args.block_stride = cache.stride();
  args.table = cache.table.data();
  args.block_tokens = cache.block_tokens;
  args.scores = scores.data();
  SelectIsa(mask).attention(cache.half)(args);
  return out;
}

// The definition in double, for head g.
std::vector<double> Reference(const Cache& cache, const std::vector<float>& q, size_t g,
                              size_t length, const Extras& extras) {
  const size_t dim = cache.head_dim, first = static_cast<size_t>(extras.first);
  std::vector<double> weights(length), out(dim);
  double sum = 0;
  for (size_t t = first; t < length; ++t) {
    double dot = 0;
    for (size_t d = 0; d < dim; ++d) {
      dot += static_cast<double>(q[g * dim + d]) * static_cast<double>(cache.keys[t * dim + d]);
    }
    double score = 0.25 * dot;
    const auto cap = static_cast<double>(extras.softcap);
    if (cap > 0) score = cap * std::tanh(score / cap);
    if (!extras.bias.empty()) score += static_cast<double>(extras.bias[g * length + t]);
    sum += weights[t] = std::exp(score);
  }
  for (size_t d = 0; d < dim; ++d) {
    for (size_t t = first; t < length; ++t) {
      out[d] += weights[t] / sum * static_cast<double>(cache.values[t * dim + d]);
    }
  }
  return out;
}

void ExpectReference(size_t dim, size_t length, bool half, CpuMask mask, const Extras& extras) {
  SCOPED_TRACE(StrCat("mask ", mask, " half ", half, " dim ", dim, " [", extras.first, ", ", length,
                      ") softcap ", extras.softcap, " bias ", extras.bias.size()));
  Cache cache(length, dim, 32, half);
  Random random(5);
  const size_t group = 2;
  std::vector<float> q(group * dim);
  for (float& x : q) x = static_cast<float>(random.Normal());
  std::vector<float> out = Attend(cache, q, group, static_cast<int64_t>(length), mask, extras);
  for (size_t g = 0; g < group; ++g) {
    std::vector<double> expected = Reference(cache, q, g, length, extras);
    for (size_t d = 0; d < dim; ++d) ASSERT_NEAR(out[g * dim + d], expected[d], 2e-5);
  }
}

TEST(Attention, AgreesWithDoubleOverLengthsAndHeadSizes) {
  for (CpuMask mask : {CpuMask{0}, ActiveCpuMask()}) {
    for (bool half : {false, true}) {
      for (size_t dim : {8, 12, 16, 40, 64, 128}) {
        for (size_t length : {1, 2, 15, 16, 33, 100}) ExpectReference(dim, length, half, mask, {});
      }
    }
  }
}

TEST(Attention, WindowsCapsAndBiasesAgreeWithDouble) {
  for (CpuMask mask : {CpuMask{0}, ActiveCpuMask()}) {
    for (size_t length : {1, 17, 40, 70, 100}) {
      for (int64_t window : {1, 5, 16, 33, 200}) {
        Extras extras;
        extras.first = std::max<int64_t>(0, static_cast<int64_t>(length) - window);
        ExpectReference(24, length, false, mask, extras);
        extras.softcap = 1.5f;
        ExpectReference(24, length, true, mask, extras);
        Random random(length);
        for (size_t i = 0; i < 2 * length; ++i) {
          extras.bias.push_back(static_cast<float>(random.Normal()));
        }
        ExpectReference(24, length, false, mask, extras);
      }
    }
  }
}

TEST(Attention, HeadsOfAGroupDoNotDependOnEachOther) {
  Cache cache(50, 16, 32, false);
  std::vector<float> q(3 * 16);
  Random random(1);
  for (float& x : q) x = static_cast<float>(random.Normal());
  std::vector<float> together = Attend(cache, q, 3, 50, ActiveCpuMask());
  for (size_t g = 0; g < 3; ++g) {
    std::vector<float> one(q.begin() + static_cast<long>(g * 16),
                           q.begin() + static_cast<long>((g + 1) * 16));
    std::vector<float> alone = Attend(cache, one, 1, 50, ActiveCpuMask());
    EXPECT_EQ(0, std::memcmp(alone.data(), &together[g * 16], 16 * sizeof(float)));
  }
}

}  // namespace
}  // namespace pano::kernels
