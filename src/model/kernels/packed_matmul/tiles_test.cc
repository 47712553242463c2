#include "model/kernels/packed_matmul/tiles.h"

#include <gtest/gtest.h>

#include <cstring>
#include <tuple>
#include <vector>

#include "base/random.h"
#include "base/strings.h"
#include "base/threads.h"
#include "model/kernels/packed_matmul/block_tiles.h"
#include "model/kernels/packed_matmul/generic.h"
#include "model/tensor/half.h"

namespace pano::kernels {
namespace {

// With the plain unit and plain lanes: how rows, columns and edges are cut is tested everywhere.

struct Problem {
  size_t m, n, k;
  std::vector<float> weights, x, bias;
  std::vector<std::byte> packed;
  tensor::TensorView view;

  Problem(tensor::DType type, size_t rows, size_t outputs, size_t columns)
      : m(rows), n(outputs), k(columns), weights(n * k), x(m * k), bias(n) {
    Random random(m + n + k);
    for (std::vector<float>* v : {&weights, &x, &bias}) {
      for (float& value : *v) value = static_cast<float>(random.Normal());
    }
    const tensor::Shape shape = {static_cast<int64_t>(n), static_cast<int64_t>(k)};
    const tensor::TensorView plain{tensor::DType::kF32, shape,
                                   reinterpret_cast<const std::byte*>(weights.data()), n * k * 4};
    packed.resize(*tensor::ByteSize(type, shape));
    const size_t panel = tensor::PanelBytes(type, k);
    for (size_t i = 0; i < packed.size() / panel; ++i) {
      tensor::PackPanel(plain, type, i, packed.data() + i * panel);
    }
    view = {type, shape, packed.data(), packed.size()};
  }

  std::vector<float> Multiply(PackedMatMulFn fn, const QuantisedRows& rows) const {
    std::vector<float> y(m * n, -7.0f);
    std::vector<std::byte> scratch(PackedScratchBytes(k));
    PackedMatMulArgs args{&view, rows, nullptr, bias.data(), y.data(), m, n, k};
    const size_t panels = (n + 15) / 16, half = panels / 2;
    fn(args, 0, half, scratch.data());
    fn(args, half, panels, scratch.data());
    return y;
  }
};

void ExpectPlainIntegers(size_t m, size_t n, size_t k) {
  SCOPED_TRACE(StrCat("m ", m, " n ", n, " k ", k));
  const Problem p(tensor::DType::kW8X16, m, n, k);
  std::vector<uint8_t> tiles((m + 16) * TiledRowBytes(k), 99), codes(m * k);
  std::vector<float> scales(m);
  QuantiseRowsGeneric<0>({p.x.data(), k, tiles.data(), scales.data(), nullptr, TileHeight(m)}, 0, m);
  const auto got = p.Multiply(TileMatMul<TilesGeneric, TiledW8>, {tiles.data(), scales.data(), {}});
  QuantiseRowsGeneric<128>({p.x.data(), k, codes.data(), scales.data(), nullptr}, 0, m);
  EXPECT_EQ(got, p.Multiply(PackedMatMulGeneric<PlainAdd>, {codes.data(), scales.data(), {}}));
}

void ExpectPlainFloats(size_t m, size_t n, size_t k) {
  SCOPED_TRACE(StrCat("m ", m, " n ", n, " k ", k));
  Problem p(tensor::DType::kBF16X16, m, n, k);
  std::vector<uint8_t> tiles((m + 16) * TiledRowBytes(2 * k));
  QuantiseArgs args{p.x.data(), k, tiles.data(), nullptr, nullptr, TileHeight(m)};
  for (size_t row = 0; row < m; ++row) {
    for (size_t i = 0; i < k; ++i) {
      const uint16_t bits = tensor::FloatToBFloat(p.x[row * k + i]);
      std::memcpy(args.TileRow(row, i / 32, TiledRowBytes(2 * k)) + i % 32 * 2, &bits, 2);
      p.x[row * k + i] = tensor::BFloatToFloat(bits);
    }
  }
  const auto got = p.Multiply(TileMatMul<TilesGeneric, TiledBFloat>, {tiles.data(), nullptr, {}});
  std::vector<float> w(k);
  for (size_t j = 0; j < n; ++j) {
    tensor::UnpackRow(p.view, j, w.data());
    for (size_t i = 0; i < m; ++i) {
      ASSERT_EQ(got[i * n + j], BFloatTileDot(&p.x[i * k], w.data(), k) + p.bias[j]);
    }
  }
}

// Blocks with a scale each, of whole groups of sixteen rows by tiles and of the others by the plain loops.
template <typename Block, ActivationCode kCode>
void ExpectPlainBlocks(tensor::DType type, size_t m, size_t n, size_t k) {
  SCOPED_TRACE(StrCat("m ", m, " n ", n, " k ", k));
  const Problem p(type, m, n, k);
  ActivationStore store;
  ComputePool pool(1);
  std::vector<uint8_t> codes(m * k);
  std::vector<float> scales(m * k / 32);
  std::vector<uint32_t> sums(m * k / 32);
  QuantiseGeneric<kCode>({p.x.data(), k, codes.data(), scales.data(), sums.data()}, 0, m);
  QuantisedRows rows{codes.data(), scales.data(), sums.data()};
  const auto want = p.Multiply(PackedMatMulGeneric<PlainAdd>, rows);
  store.AddBlockTiles(rows, m, k, kCode == ActivationCode::kUint7 ? 64 : 0, pool);
  EXPECT_EQ(p.Multiply(BlockTileMatMul<TilesGeneric, Block, PackedMatMulFor>, rows), want);
}

TEST(BlockTiles, EqualThePlainLoops) {
  // Parts of 32 blocks with one and two left over; more groups than wait at once; panels cut short.
  for (const auto& [m, n, k] : {std::tuple{32, 16, 32}, {33, 17, 64}, {48, 40, 96}, {50, 33, 1024}, {34, 16, 1056},
                                {32, 50, 1088}, {1060, 17, 64}}) {
    const auto rows = static_cast<size_t>(m), outputs = static_cast<size_t>(n), columns = static_cast<size_t>(k);
    ExpectPlainBlocks<EightBitBlock, ActivationCode::kUint7>(tensor::DType::kQ8_0X16, rows, outputs, columns);
    ExpectPlainBlocks<FourBitBlock, ActivationCode::kInt8>(tensor::DType::kQ4_0X16, rows, outputs, columns);
  }
}

TEST(Tiles, IntegersEqualThePlainLoops) {
  for (size_t m : {1, 2, 15, 16, 17, 32, 33, 48}) {
    for (size_t n : {1, 16, 33, 64}) {
      for (size_t k : {32, 64, 160}) ExpectPlainIntegers(m, n, k);
    }
  }
}

TEST(Tiles, FloatsEqualTheirDefinition) {
  for (size_t m : {1, 15, 16, 17, 33}) {
    for (size_t n : {1, 16, 33}) {
      for (size_t k : {2, 32, 34, 96}) ExpectPlainFloats(m, n, k);
    }
  }
}

// More than 24 tiles a row are cut into parts; more pairs of panels than a group's; more rows than a
// chunk's.
TEST(Tiles, PartsGroupsAndChunksChangeNothing) {
  ExpectPlainIntegers(33, 48, 1760);
  ExpectPlainIntegers(34, 560, 1600);
  ExpectPlainIntegers(531, 17, 1568);
  ExpectPlainFloats(33, 48, 930);
}

}  // namespace
}  // namespace pano::kernels
