#include "model/kernels/packed_matmul/packed_matmul.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "base/random.h"
#include "base/strings.h"
#include "model/kernels/packed_matmul/generic.h"
#include "model/kernels/testing/isa_test.h"
#include "model/tensor/half.h"

namespace pano::kernels {
namespace {

using tensor::DType;

constexpr DType kAllPacked[] = {DType::kQ8_0X16, DType::kW8X16,   DType::kQ4_0X16,
                                DType::kQ4GX16,  DType::kQ4_KX16, DType::kQ6_KX16};

// As machines do that fuse: the plain loops then give the very bits of the fast ones.
struct FusedAdd {
  static float MulAdd(float a, float b, float c) { return std::fma(a, b, c); }
};

struct Matrix {
  std::vector<std::byte> memory;
  tensor::TensorView view;
};

// Codes of any value under small finite scales: half-precision ones wherever a type keeps them.
Matrix RandomPacked(DType type, size_t n, size_t k, uint64_t seed) {
  Random random(seed);
  Matrix m;
  tensor::Shape shape = {static_cast<int64_t>(n), static_cast<int64_t>(k)};
  const size_t bytes = *tensor::ByteSize(type, shape);
  m.memory.resize(bytes + tensor::kPackedAlignment);
  const auto address = reinterpret_cast<uintptr_t>(m.memory.data());
  std::byte* data = m.memory.data() + (tensor::kPackedAlignment - address % 64);
  for (size_t i = 0; i < bytes; ++i) data[i] = static_cast<std::byte>(random.Below(256));
  if (tensor::IsPackedFloat(type)) {
    for (size_t i = 0; i < bytes / (type == DType::kF32X16 ? 4 : 2); ++i) {
      const auto value = static_cast<float>(random.Normal());
      const uint16_t half =
          type == DType::kF16X16 ? tensor::FloatToHalf(value) : tensor::FloatToBFloat(value);
      if (type == DType::kF32X16) std::memcpy(data + 4 * i, &value, 4);
      if (type != DType::kF32X16) std::memcpy(data + 2 * i, &half, 2);
    }
  }
  auto scales = [&](size_t at, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      auto bits = static_cast<uint16_t>(0x2000 + random.Below(0x800));
      if (random.Below(2)) bits = static_cast<uint16_t>(bits | 0x8000);
      std::memcpy(data + at + 2 * i, &bits, 2);
    }
  };
  const size_t panel = tensor::PanelBytes(type, k), panels = bytes / panel;
  for (size_t p = 0; p < panels; ++p) {
    for (size_t b = 0; b < k / 32; ++b) {
      if (type == DType::kQ8_0X16) scales(p * panel + b * 544, 16);
      if (type == DType::kQ4_0X16) scales(p * panel + b * 288, 16);
      if (type == DType::kQ4_KX16 && b % 8 == 0) scales(p * panel + b / 8 * 2368, 32);
      if (type == DType::kQ6_KX16 && b % 8 == 0) scales(p * panel + b / 8 * 3360, 16);
    }
    // As real weights are: most codes far from the ends of their range, some blocks' at them.
    if (type == DType::kQ8_0X16 || type == DType::kW8X16) {
      const bool blocks_scales = type == DType::kQ8_0X16;
      for (size_t b = 0; b < k / 32; ++b) {
        std::byte* codes = data + p * panel + (blocks_scales ? b * 544 + 32 : 64 + b * 512);
        const int divisor = static_cast<int>(1 + random.Below(4));
        for (size_t i = 0; i < 512; ++i) {
          codes[i] = static_cast<std::byte>(static_cast<int8_t>(codes[i]) / divisor);
        }
      }
    }
    for (size_t row = 0; type == DType::kW8X16 && row < 16; ++row) {
      const float scale = 0.01f * static_cast<float>(random.Normal());
      std::memcpy(data + p * panel + 4 * row, &scale, 4);
    }
  }
  m.view = {type, shape, data, bytes};
  return m;
}

std::vector<float> RandomFloats(size_t count, uint64_t seed) {
  Random random(seed);
  std::vector<float> out(count);
  for (float& x : out) x = static_cast<float>(random.Normal());
  return out;
}

// Rows as a set wants them for one packed type.
struct Quantised {
  ActivationCode code = ActivationCode::kInt8;
  int zero = 0;            // what was added to codes
  size_t k = 0, height = 0;  // of a tile, where rows are in tiles
  std::vector<uint8_t> memory;
  std::vector<float> scales;
  std::vector<uint32_t> sums;

  uint8_t* codes() {
    return memory.data() + (64 - reinterpret_cast<uintptr_t>(memory.data()) % 64);
  }
  QuantisedRows rows() { return {codes(), scales.data(), sums.data()}; }
  // The numbers that the codes of m rows stand for.
  std::vector<int> Values(size_t m) {
    std::vector<int> out;
    QuantiseArgs args;
    args.codes = codes();
    args.tile_height = height;
    for (size_t row = 0; row < m; ++row) {
      for (size_t i = 0; i < k; ++i) {
        const int stored = height ? args.TileRow(row, i / 64, TiledRowBytes(k))[i % 64]
                                  : codes()[row * k + i];
        out.push_back(zero ? stored - zero : static_cast<int8_t>(stored));
      }
    }
    return out;
  }
  float scale(size_t row, size_t column) const {
    return code == ActivationCode::kRowInt8 ? scales[row] : scales[(row * k + column) / 32];
  }
};
Quantised Quantise(const PackedKernels& kernels, DType type, const std::vector<float>& x, size_t m,
                   size_t k) {
  Quantised q;
  q.code = kernels.code_of(type);
  q.zero = q.code == ActivationCode::kUint7     ? kernels.uint7_zero_point
           : q.code == ActivationCode::kRowInt8 ? kernels.row_zero_point
                                                : 0;
  q.k = k;
  q.height = kernels.takes_tiles(type) ? TileHeight(m) : 0;
  q.memory.resize((m + 16) * TiledRowBytes(2 * k) + 64);
  q.scales.resize(q.code == ActivationCode::kRowInt8 ? m : m * k / 32);
  q.sums.resize(m * k / 32);
  kernels.quantise[static_cast<size_t>(q.code)](
      {x.data(), k, q.codes(), q.scales.data(), q.sums.data(), q.height}, 0, m);
  return q;
}
// By the plain code, with scales as `kernels` have them.
Quantised QuantisePlain(const PackedKernels& kernels, DType type, const std::vector<float>& x,
                        size_t m, size_t k) {
  PackedKernels plain = SelectIsa(0).packed;
  if (kernels.row_zero_point == kNoRowScales) plain.row_zero_point = kNoRowScales;
  return Quantise(plain, type, x, m, k);
}

std::vector<float> Multiply(PackedMatMulFn fn, const Matrix& w, const QuantisedRows& x, size_t m,
                            const float* bias) {
  PackedMatMulArgs args;
  args.w = &w.view;
  args.x = x;
  args.bias = bias;
  args.m = m;
  args.n = static_cast<size_t>(w.view.shape[0]);
  args.k = static_cast<size_t>(w.view.shape[1]);
  std::vector<float> y(m * args.n, -7.0f);
  args.y = y.data();
  std::vector<std::byte> scratch(PackedScratchBytes(args.k) + 64);
  const auto address = reinterpret_cast<uintptr_t>(scratch.data());
  fn(args, 0, (args.n + 15) / 16, scratch.data() + (64 - address % 64));
  return y;
}

std::vector<float> Multiply(CpuMask mask, const Matrix& w, const std::vector<float>& x, size_t m,
                            const float* bias = nullptr) {
  const PackedKernels& kernels = SelectIsa(mask).packed;
  Quantised q = Quantise(kernels, w.view.dtype, x, m, static_cast<size_t>(w.view.shape[1]));
  return Multiply(kernels.matmul(w.view.dtype), w, q.rows(), m, bias);
}

// The plain loops that a set's products must equal.
PackedMatMulFn Definition(CpuMask mask) {
  if (SelectIsa(mask).packed.row_zero_point == kNoRowScales) {
    return PackedMatMulGeneric<FusedAdd, false>;
  }
  return mask == 0 ? PackedMatMulGeneric<PlainAdd> : PackedMatMulGeneric<FusedAdd>;
}

class PackedMatMulTest : public TypeIsaTest {};

TEST_P(PackedMatMulTest, EqualsThePlainLoops) {
  const size_t block = tensor::PackedBlockOf(type());
  for (size_t k : {block, 2 * block, 5 * block}) {
    for (size_t n : {1, 15, 16, 17, 40}) {
      const Matrix w = RandomPacked(type(), n, k, k + n);
      const std::vector<float> bias = RandomFloats(n, 9);
      for (size_t m : {1, 2, 3, 4, 5, 6, 7, 8, 11, 13, 33, 48, 53}) {
        SCOPED_TRACE(StrCat("m ", m, " n ", n, " k ", k));
        const std::vector<float> x = RandomFloats(m * k, m);
        const PackedKernels& kernels = SelectIsa(mask()).packed;
        Quantised q = Quantise(kernels, type(), x, m, k);
        Quantised plain = QuantisePlain(kernels, type(), x, m, k);
        ASSERT_EQ(q.Values(m), plain.Values(m));
        ASSERT_EQ(q.scales, plain.scales);
        if (q.code == ActivationCode::kInt8) {
          ASSERT_EQ(q.sums, plain.sums);
        }
        const auto got = Multiply(kernels.matmul(type()), w, q.rows(), m, bias.data());
        const auto want = Multiply(Definition(mask()), w, plain.rows(), m, bias.data());
        ASSERT_EQ(0, std::memcmp(got.data(), want.data(), got.size() * sizeof(float)));
      }
    }
  }
}

TEST_P(PackedMatMulTest, AgreesWithDoubleWithinRounding) {
  const size_t k = 1024, n = 20, m = 3;
  const Matrix w = RandomPacked(type(), n, k, 1);
  const std::vector<float> x = RandomFloats(m * k, 2);
  const PackedKernels& kernels = SelectIsa(mask()).packed;
  Quantised q = Quantise(kernels, type(), x, m, k);
  const std::vector<int> values = q.Values(m);
  const std::vector<float> y = Multiply(mask(), w, x, m);
  std::vector<float> row(k);
  for (size_t j = 0; j < n; ++j) {
    tensor::UnpackRow(w.view, j, row.data());
    for (size_t i = 0; i < m; ++i) {
      double sum = 0, magnitude = 0;
      for (size_t l = 0; l < k; ++l) {
        const double product = static_cast<double>(row[l]) * values[i * k + l] *
                               static_cast<double>(q.scale(i, l));
        sum += product;
        magnitude += std::abs(product);
      }
      // Two terms a half block, each with four roundings of at most what has been summed up.
      ASSERT_NEAR(y[i * n + j], sum, (static_cast<double>(k) / 16 + 8) * 0x1p-24 * magnitude);
    }
  }
}

TEST_P(PackedMatMulTest, RowsDoNotDependOnTheBatchToTheBit) {
  const size_t k = 512, n = 50, m = 70;
  const Matrix w = RandomPacked(type(), n, k, 3);
  const std::vector<float> x = RandomFloats(m * k, 4);
  const std::vector<float> whole = Multiply(mask(), w, x, m);
  for (size_t i = 0; i < m; ++i) {
    const std::vector<float> row(x.begin() + static_cast<long>(i * k),
                                 x.begin() + static_cast<long>((i + 1) * k));
    const std::vector<float> alone = Multiply(mask(), w, row, 1);
    ASSERT_EQ(0, std::memcmp(alone.data(), &whole[i * n], n * sizeof(float))) << "row " << i;
  }
}

// Sixteen-bit sums of byte products saturate; no code may bring them there.
TEST_P(PackedMatMulTest, LargestCodesDoNotSaturate) {
  const size_t k = 256, n = 16, m = 7;
  Matrix w = RandomPacked(type(), n, k, 5);
  const size_t panel = tensor::PanelBytes(type(), k);
  auto* data = reinterpret_cast<uint8_t*>(const_cast<std::byte*>(w.view.data));
  for (int byte : {0x00, 0x7F, 0x80, 0xFF}) {
    for (size_t at = 0; at < panel; ++at) {
      // Leave the scales alone.
      size_t in = at, head = 32;
      if (type() == DType::kQ8_0X16) in = at % 544;
      if (type() == DType::kQ4_0X16 || type() == DType::kQ4GX16) in = at % 288;
      if (type() == DType::kW8X16) head = 64;
      if (type() == DType::kQ4_KX16) in = at < 64 ? 0 : (at - 64) % 288;
      if (type() == DType::kQ6_KX16) in = at < 32 ? 0 : (at - 32) % 416;
      if (in >= head) data[at] = static_cast<uint8_t>(byte);
    }
    for (float sign : {-1.0f, 1.0f}) {
      const std::vector<float> x(m * k, sign);
      Quantised plain = QuantisePlain(SelectIsa(mask()).packed, type(), x, m, k);
      const auto got = Multiply(mask(), w, x, m);
      const auto want = Multiply(Definition(mask()), w, plain.rows(), m, nullptr);
      ASSERT_EQ(got, want) << SelectIsa(mask()).name << " byte " << byte;
    }
  }
}

class PackedSumsTest : public IsaTest {};

// Where the sums of two steps just fit sixteen bits, and where they just do not.
TEST_P(PackedSumsTest, OfTwoStepsAtTheEdge) {
  const size_t k = 64, n = 16, m = 14;
  for (int top : {63, 64, 65}) {  // four of them meet in a lane: 252, 256, 260; and 255 below
    Matrix w = RandomPacked(DType::kQ8_0X16, n, k, 5);
    auto* data = reinterpret_cast<uint8_t*>(const_cast<std::byte*>(w.view.data));
    for (size_t b = 0; b < k / 32; ++b) {
      for (size_t i = 0; i < 512; ++i) {
        const int odd = top == 64 && i % 2 == 1 ? 1 : 0;
        const int code = (b % 2 ? -1 : 1) * (top - odd * static_cast<int>(i / 64 % 2));
        data[b * 544 + 32 + i] = static_cast<uint8_t>(code);
      }
    }
    for (float sign : {-1.0f, 1.0f}) {
      const std::vector<float> x(m * k, sign);
      Quantised plain = Quantise(SelectIsa(0).packed, DType::kQ8_0X16, x, m, k);
      ASSERT_EQ(Multiply(mask(), w, x, m),
                Multiply(Definition(mask()), w, plain.rows(), m, nullptr))
          << SelectIsa(mask()).name << " top " << top;
    }
  }
}

PANO_FOR_EVERY_ISA(PackedSumsTest);

TEST_P(PackedMatMulTest, OddActivationsGiveNoSurprise) {
  const size_t k = 512, n = 16;
  const Matrix w = RandomPacked(type(), n, k, 6);
  for (float y : Multiply(mask(), w, std::vector<float>(k, 0.0f), 1)) EXPECT_EQ(y, 0.0f);
  for (float y : Multiply(mask(), w, std::vector<float>(k, 1e-35f), 1)) EXPECT_EQ(y, 0.0f);
  std::vector<float> x = RandomFloats(k, 3);
  x[40] = NAN;
  for (float y : Multiply(mask(), w, x, 1)) EXPECT_TRUE(std::isnan(y));
  x[40] = INFINITY;
  for (float y : Multiply(mask(), w, x, 1)) EXPECT_FALSE(std::isfinite(y));
}

PANO_FOR_EVERY_TYPE_AND_ISA(PackedMatMulTest, testing::ValuesIn(kAllPacked));

class PackedFloatsTest : public TypeIsaTest {};

// Sets with a tile unit, for the types that it multiplies.
class TiledTest : public TypeIsaTest {
 protected:
  void SetUp() override {
    TypeIsaTest::SetUp();
    if (IsSkipped()) return;
    const PackedKernels& kernels = SelectIsa(mask()).packed;
    if (!kernels.takes_tiles(type()) && !(kernels.takes_block_tiles && kernels.takes_block_tiles(type()))) {
      GTEST_SKIP() << "instruction set " << SelectIsa(mask()).name << ": has no tiles for it";
    }
  }
};

// Columns in parts, more rows than a chunk, the last group of rows and the last panel cut short.
TEST_P(TiledTest, PartsAndChunksChangeNothing) {
  const bool integers = type() == DType::kW8X16;
  for (size_t k : {size_t{2080}, size_t{4000}}) {  // whole blocks of 32 and, in parts of a tile unit, some left over
    for (size_t m : {size_t{37}, size_t{48}, size_t{529}}) {
      const size_t n = 83;
      const Matrix w = RandomPacked(type(), n, k, k);
      const std::vector<float> x = RandomFloats(m * k, m), bias = RandomFloats(n, 9);
      const std::vector<float> whole = Multiply(mask(), w, x, m, bias.data());
      for (size_t i = 0; i < m; i += i < 520 ? 13 : 1) {
        const std::vector<float> row(x.begin() + static_cast<long>(i * k),
                                     x.begin() + static_cast<long>((i + 1) * k));
        const std::vector<float> alone = Multiply(mask(), w, row, 1, bias.data());
        ASSERT_EQ(0, std::memcmp(alone.data(), &whole[i * n], n * sizeof(float))) << "row " << i;
        if (!integers) continue;
        Quantised plain = QuantisePlain(SelectIsa(mask()).packed, type(), row, 1, k);
        ASSERT_EQ(alone, Multiply(Definition(mask()), w, plain.rows(), 1, bias.data()));
      }
    }
  }
}

// BF16 by its definition, with numbers so small that products and sums are denormal.
TEST_P(TiledTest, BFloatsEqualTheirDefinition) {
  if (type() != DType::kBF16X16) return;
  for (size_t k : {2, 30, 32, 34, 64, 190, 2048}) {
    for (size_t m : {1, 3, 16, 17, 40}) {
      for (float size : {1.0f, 1e-19f, 1e-37f}) {
        const size_t n = 37;
        Matrix w = RandomPacked(type(), n, k, k);
        std::vector<float> x = RandomFloats(m * k, m), row(k);
        for (float& v : x) v *= size;
        if (size < 1.0f) {  // weights as small: products are denormal, or x is
          auto* bits = reinterpret_cast<uint16_t*>(const_cast<std::byte*>(w.view.data));
          for (size_t i = 0; i < w.view.bytes / 2; ++i) {
            bits[i] = tensor::FloatToBFloat(tensor::BFloatToFloat(bits[i]) * 1e-19f);
          }
        }
        const std::vector<float> y = Multiply(mask(), w, x, m);
        for (float& v : x) v = tensor::BFloatToFloat(tensor::FloatToBFloat(v));
        for (size_t j = 0; j < n; ++j) {
          tensor::UnpackRow(w.view, j, row.data());
          for (size_t i = 0; i < m; ++i) {
            ASSERT_EQ(y[i * n + j], BFloatTileDot(&x[i * k], row.data(), k))
                << "k " << k << " m " << m << " size " << size << " at " << i << ", " << j;
          }
        }
      }
    }
  }
}

PANO_FOR_EVERY_TYPE_AND_ISA(TiledTest, testing::Values(DType::kW8X16, DType::kBF16X16, DType::kQ8_0X16,
                                                       DType::kQ4_0X16));

// One chain of (fused) multiply-adds over the columns, then the bias: to the bit.
TEST_P(PackedFloatsTest, EqualsOneChain) {
  if (SelectIsa(mask()).packed.takes_tiles(type())) GTEST_SKIP() << "goes by tiles";
  for (size_t k : {1, 7, 255, 256, 257, 600, 1198}) {
    if (k % tensor::PackedBlockOf(type()) != 0) continue;
    for (size_t n : {1, 15, 16, 17, 33}) {
      const Matrix w = RandomPacked(type(), n, k, k + n);
      const std::vector<float> bias = RandomFloats(n, 9);
      std::vector<float> row(k);
      for (size_t m : {1, 2, 5, 6, 7, 12, 25, 200}) {
        const std::vector<float> x = RandomFloats(m * k, m);
        SCOPED_TRACE(StrCat(SelectIsa(mask()).name, " m ", m, " n ", n, " k ", k));
        std::vector<float> y(m * n, -7.0f), tiles(m * k);
        PackFloatTiles(x.data(), m, k, 0, FloatTileCount(m), tiles.data());
        const PackedMatMulArgs args{&w.view, {}, tiles.data(), bias.data(), y.data(), m, n, k};
        std::vector<std::byte> scratch(PackedScratchBytes(k));
        SelectIsa(mask()).packed.matmul(type())(args, 0, (n + 15) / 16, scratch.data());
        for (size_t j = 0; j < n; j += 5) {
          tensor::UnpackRow(w.view, j, row.data());
          for (size_t i = 0; i < m; ++i) {
            float sum = 0;
            for (size_t l = 0; l < k; ++l) {
              sum = mask() == 0 ? PlainAdd::MulAdd(x[i * k + l], row[l], sum)
                                : FusedAdd::MulAdd(x[i * k + l], row[l], sum);
            }
            ASSERT_EQ(y[i * n + j], sum + bias[j]) << "row " << i << " column " << j;
          }
        }
      }
    }
  }
}

PANO_FOR_EVERY_TYPE_AND_ISA(PackedFloatsTest,
                            testing::Values(DType::kF32X16, DType::kF16X16, DType::kBF16X16));

TEST(PackedMatMul, SharesOneInputAmongProductsAndThreads) {
  const size_t k = 256, m = 9;
  const std::vector<float> x = RandomFloats(m * k, 8);
  std::vector<Matrix> matrices;
  for (DType type : kAllPacked) matrices.push_back(RandomPacked(type, 33, k, 11));
  matrices.push_back(RandomPacked(DType::kF16X16, 33, k, 11));
  std::vector<std::vector<float>> first;
  for (int threads : {1, 2, 5}) {
    ComputePool pool(threads);
    ActivationStore store;
    std::vector<std::vector<float>> y(matrices.size(), std::vector<float>(m * 33));
    std::vector<PackedProduct> products;
    for (size_t i = 0; i < matrices.size(); ++i) {
      products.push_back({&matrices[i].view, nullptr, y[i].data()});
    }
    PackedMatMul(products, x.data(), m, k, store, pool);
    if (first.empty()) first = y;
    EXPECT_EQ(first, y);
  }
  for (size_t i = 0; i < matrices.size(); ++i) {
    if (tensor::IsPackedFloat(matrices[i].view.dtype)) continue;
    EXPECT_EQ(first[i], Multiply(ActiveCpuMask(), matrices[i], x, m));
  }
}

// By the set in force; each set's rows are compared with themselves alone above.
TEST(PackedMatMul, RowsThatAreSharedOutHaveTheSameBits) {
  const size_t k = 96;
  for (DType type : {DType::kW8X16, DType::kF32X16, DType::kBF16X16, DType::kQ8_0X16, DType::kQ4_0X16}) {
    const Matrix first = RandomPacked(type, 40, k, 3), second = RandomPacked(type, 16, k, 4);
    const std::vector<float> bias = RandomFloats(40, 5);
    for (size_t m : {1, 33, 64, 65, 100, 150, 300}) {
      const std::vector<float> x = RandomFloats(m * k, 8);
      for (int threads : {2, 3}) {
        ComputePool pool(threads);
        ActivationStore store;
        std::vector<float> y(m * 40), z(m * 16), want_y(m * 40), want_z(m * 16);
        const PackedProduct got[] = {{&first.view, bias.data(), y.data()}, {&second.view, nullptr, z.data()}};
        const PackedProduct want[] = {{&first.view, bias.data(), want_y.data()}, {&second.view, nullptr, want_z.data()}};
        PackedMatMulByRows(got, x.data(), m, k, store, pool);
        PackedMatMul(want, x.data(), m, k, store, pool);
        EXPECT_EQ(y, want_y) << m << " rows, type " << static_cast<int>(type);
        EXPECT_EQ(z, want_z) << m << " rows, type " << static_cast<int>(type);
      }
    }
  }
}

class QuantiseTest : public IsaTest {};

TEST_P(QuantiseTest, ActivationsKeepSevenAndEightBits) {
  const size_t k = 4096;
  const std::vector<float> x = RandomFloats(k, 12);
  for (DType type : {DType::kQ8_0X16, DType::kQ4_0X16, DType::kW8X16}) {
    Quantised q = Quantise(SelectIsa(mask()).packed, type, x, 1, k);
    const std::vector<int> values = q.Values(1);
    double off = 0, all = 0;
    for (size_t i = 0; i < k; ++i) {
      const double got = values[i] * static_cast<double>(q.scale(0, i));
      off += std::pow(got - static_cast<double>(x[i]), 2);
      all += std::pow(static_cast<double>(x[i]), 2);
    }
    const double most = type == DType::kQ8_0X16 ? 0.011 : type == DType::kQ4_0X16 ? 0.0055 : 0.011;
    EXPECT_LT(std::sqrt(off / all), most) << tensor::Describe(type).name;
  }
}

PANO_FOR_EVERY_ISA(QuantiseTest);

}  // namespace
}  // namespace pano::kernels
