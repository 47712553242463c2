#include "model/kernels/attention/attention.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "base/random.h"
#include "base/strings.h"
#include "model/kernels/testing/isa_test.h"
#include "model/tensor/half.h"

namespace pano::kernels {
namespace {

constexpr KvFormat kFormats[] = {KvFormat::kF32, KvFormat::kF16, KvFormat::kInt8};

// Keys and values of one KV head in shuffled blocks.
struct Cache {
  size_t dim;
  KvFormat format;
  size_t block_bytes;
  std::vector<int32_t> table;
  std::vector<float> keys, values;  // [position, dim], what is stored exactly
  std::vector<std::byte> key_bytes, value_bytes;

  Cache(size_t length, size_t head_dim, KvFormat kv_format) : dim(head_dim), format(kv_format) {
    Random random(length * 31 + dim);
    const size_t elements = kAttentionBlock * dim;
    block_bytes = format == KvFormat::kF32   ? elements * 4
                  : format == KvFormat::kF16 ? elements * 2
                                             : elements + kAttentionBlock * 4;
    const size_t blocks = (length + kAttentionBlock - 1) / kAttentionBlock;
    for (size_t i = 0; i < blocks; ++i) table.push_back(static_cast<int32_t>((i * 7 + 3) % 17));
    // Memory that was not written may hold anything.
    key_bytes.resize(17 * block_bytes, std::byte{0xFF});
    value_bytes.resize(17 * block_bytes, std::byte{0xFF});
    for (size_t t = 0; t < length; ++t) {
      for (auto [bytes, kept] : {std::pair(&key_bytes, &keys), std::pair(&value_bytes, &values)}) {
        std::vector<float> v(dim);
        for (float& x : v) x = static_cast<float>(random.Normal());
        std::byte* block =
            bytes->data() + static_cast<size_t>(table[t / kAttentionBlock]) * block_bytes;
        SelectIsa().attention.store[static_cast<size_t>(format)](v.data(), dim, t % kAttentionBlock,
                                                                 block);
        for (size_t d = 0; d < dim; ++d) kept->push_back(Read(block, t % kAttentionBlock, d));
      }
    }
  }
  float Read(const std::byte* block, size_t slot, size_t d) const {
    const size_t at = slot * dim + d;
    if (format == KvFormat::kF32) return reinterpret_cast<const float*>(block)[at];
    if (format == KvFormat::kF16) {
      return tensor::HalfToFloat(reinterpret_cast<const uint16_t*>(block)[at]);
    }
    float scale;
    std::memcpy(&scale, block + kAttentionBlock * dim + 4 * slot, 4);
    return static_cast<float>(static_cast<int8_t>(block[at])) * scale;
  }
};

struct Extras {
  int64_t first = 0;
  float softcap = 0;
  std::vector<float> bias;  // [queries, length]
};

struct Seen {
  int64_t first, length;
};
// `queries` vectors of q, each with the keys it sees, in one call.
std::vector<float> Attend(const Cache& cache, const std::vector<float>& q,
                          const std::vector<Seen>& seen, CpuMask mask, const Extras& extras = {},
                          bool latent = false) {
  const size_t value_dim = latent ? cache.dim / 2 : cache.dim;
  std::vector<float> out(seen.size() * value_dim);
  std::vector<AttentionQuery> queries(seen.size());
  for (size_t i = 0; i < seen.size(); ++i) {
    queries[i] = {
        &q[i * cache.dim], &out[i * value_dim], seen[i].first, seen[i].length, nullptr, 0};
    if (!extras.bias.empty()) {
      queries[i].bias = &extras.bias[i * static_cast<size_t>(seen[i].length)];
    }
  }
  std::vector<float> scratch(AttentionScratch(seen.size(), cache.dim, value_dim), NAN);
  AttentionArgs args;
  args.queries = queries.data();
  args.count = seen.size();
  args.head_dim = args.key_stride = args.value_stride = cache.dim;
  args.value_dim = value_dim;
  args.softcap = extras.softcap;
  args.scale = 0.25f;
  args.keys = cache.key_bytes.data();
  args.values = latent ? nullptr : cache.value_bytes.data();
  args.key_block_stride = args.value_block_stride = cache.block_bytes;
  args.table = cache.table.data();
  args.scratch = scratch.data();
  SelectIsa(mask).attention.attention[static_cast<size_t>(cache.format)](args);
  return out;
}

// The definition in double, for head g.
std::vector<double> Reference(const Cache& cache, const std::vector<float>& q, size_t g,
                              size_t length, const Extras& extras, bool latent = false) {
  const size_t dim = cache.dim, first = static_cast<size_t>(extras.first);
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
      out[d] +=
          weights[t] / sum * static_cast<double>((latent ? cache.keys : cache.values)[t * dim + d]);
    }
  }
  return out;
}

void ExpectReference(size_t dim, size_t length, KvFormat format, CpuMask mask,
                     const Extras& extras) {
  SCOPED_TRACE(StrCat("mask ", mask, " format ", static_cast<int>(format), " dim ", dim, " [",
                      extras.first, ", ", length, ") softcap ", extras.softcap, " bias ",
                      extras.bias.size()));
  Cache cache(length, dim, format);
  Random random(5);
  const size_t group = 2;
  std::vector<float> q(group * dim);
  for (float& x : q) x = static_cast<float>(random.Normal());
  const Seen seen{extras.first, static_cast<int64_t>(length)};
  std::vector<float> out = Attend(cache, q, {seen, seen}, mask, extras);
  for (size_t g = 0; g < group; ++g) {
    std::vector<double> expected = Reference(cache, q, g, length, extras);
    for (size_t d = 0; d < dim; ++d) ASSERT_NEAR(out[g * dim + d], expected[d], 2e-5);
  }
}

class AttentionTest : public IsaTest {};

TEST_P(AttentionTest, AgreesWithDoubleOverLengthsAndHeadSizes) {
  for (KvFormat format : kFormats) {
    for (size_t dim : {8, 12, 16, 40, 64, 128}) {
      for (size_t length : {1, 2, 15, 16, 33, 100}) {
        ExpectReference(dim, length, format, mask(), {});
      }
    }
  }
}

TEST_P(AttentionTest, WindowsCapsAndBiasesAgreeWithDouble) {
  for (size_t length : {1, 17, 40, 70, 100}) {
    for (int64_t window : {1, 5, 16, 33, 200}) {
      Extras extras;
      extras.first = std::max<int64_t>(0, static_cast<int64_t>(length) - window);
      ExpectReference(24, length, KvFormat::kF32, mask(), extras);
      extras.softcap = 1.5f;
      ExpectReference(24, length, KvFormat::kF16, mask(), extras);
      Random random(length);
      for (size_t i = 0; i < 2 * length; ++i) {
        extras.bias.push_back(static_cast<float>(random.Normal()));
      }
      ExpectReference(24, length, KvFormat::kF32, mask(), extras);
    }
  }
}

TEST_P(AttentionTest, ValuesCanBeTheKeys) {
  Cache cache(70, 48, KvFormat::kF16);
  std::vector<float> q(48);
  Random random(2);
  for (float& x : q) x = static_cast<float>(random.Normal());
  const std::vector<float> out = Attend(cache, q, {{0, 70}}, mask(), {}, /*latent=*/true);
  const std::vector<double> expected = Reference(cache, q, 0, 70, {}, /*latent=*/true);
  for (size_t d = 0; d < out.size(); ++d) ASSERT_NEAR(out[d], expected[d], 2e-5);
}

// A tile of queries with ranges of every kind gives what each gives alone, to the bit.
TEST_P(AttentionTest, QueriesDoNotDependOnEachOther) {
  for (KvFormat format : kFormats) {
    const size_t dim = 40, count = 61;
    Cache cache(150, dim, format);
    Random random(1);
    std::vector<float> q(count * dim);
    for (float& x : q) x = static_cast<float>(random.Normal());
    std::vector<Seen> seen;
    for (size_t i = 0; i < count; ++i) {
      const auto length = static_cast<int64_t>(1 + random.Below(150));
      const auto first = i % 3 == 0
                             ? static_cast<int64_t>(random.Below(static_cast<uint64_t>(length)))
                             : int64_t{0};
      seen.push_back({first, i % 4 == 0 ? 128 + static_cast<int64_t>(i % 2) * 22 : length});
      if (seen.back().first >= seen.back().length) seen.back().first = 0;
    }
    const std::vector<float> together = Attend(cache, q, seen, mask());
    for (size_t i = 0; i < count; ++i) {
      const std::vector<float> one(q.begin() + static_cast<long>(i * dim),
                                   q.begin() + static_cast<long>((i + 1) * dim));
      const std::vector<float> alone = Attend(cache, one, {seen[i]}, mask());
      ASSERT_EQ(0, std::memcmp(alone.data(), &together[i * dim], dim * sizeof(float))) << i;
    }
  }
}

TEST_P(AttentionTest, EightBitStorageKeepsItsPrecisionAndNaN) {
  const size_t dim = 64;
  std::vector<std::byte> block(kAttentionBlock * (dim + 4));
  const StoreKvFn store = SelectIsa(mask()).attention.store[2];
  std::vector<float> v(dim, 0.0f);
  v[3] = NAN;
  store(v.data(), dim, 1, block.data());
  float scale;
  std::memcpy(&scale, &block[kAttentionBlock * dim + 4], 4);
  EXPECT_TRUE(std::isnan(scale));
  v.assign(dim, 0.0f);
  store(v.data(), dim, 1, block.data());
  std::memcpy(&scale, &block[kAttentionBlock * dim + 4], 4);
  EXPECT_EQ(scale, 0.0f);
  for (size_t d = 0; d < dim; ++d) v[d] = static_cast<float>(d) - 20.5f;
  store(v.data(), dim, 31, block.data());
  std::memcpy(&scale, &block[kAttentionBlock * dim + 4 * 31], 4);
  for (size_t d = 0; d < dim; ++d) {
    const float got = scale * static_cast<float>(static_cast<int8_t>(block[31 * dim + d]));
    EXPECT_NEAR(got, v[d], 0.51f * scale);
  }
}

PANO_FOR_EVERY_ISA(AttentionTest);

}  // namespace
}  // namespace pano::kernels
