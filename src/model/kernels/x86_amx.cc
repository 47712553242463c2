// Compiled with the flags of x86_avx512.cc and -mavx512bf16 -mamx-tile -mamx-int8 -mamx-bf16;
// nothing but these instantiations may live here.
// clang-format off: the lanes come first.
#include "model/kernels/simd/bytes_avx512.h"
// clang-format on
#include "model/kernels/instantiate.h"
#include "model/kernels/attention/whole.h"
#include "model/kernels/packed_matmul/block_tiles.h"
#include "model/kernels/packed_matmul/dot.h"
#include "model/kernels/packed_matmul/quantise_avx2.h"
#include "model/kernels/packed_matmul/quantise_tiles.h"
#include "model/kernels/packed_matmul/tiles.h"
#include "model/kernels/simd/tiles_amx.h"

namespace pano::kernels {
namespace {

// Few rows go by tiles too, which are then bound by memory as other products are: every number of
// rows has the same bits.
PackedMatMulFn TilesFor(tensor::DType packed) {
  if (packed == tensor::DType::kW8X16) return TileMatMul<TilesAmx, TiledW8>;
  if (packed == tensor::DType::kBF16X16) return TileMatMul<TilesAmx, TiledBFloat>;
  return nullptr;
}

bool TakesBlockTiles(tensor::DType packed) {
  return packed == tensor::DType::kQ8_0X16 || packed == tensor::DType::kQ4_0X16;
}
PackedMatMulFn IntegersFor(tensor::DType packed) {
  if (packed == tensor::DType::kQ8_0X16) return BlockTileMatMul<TilesAmx, EightBitBlock, PackedMatMulForDot>;
  if (packed == tensor::DType::kQ4_0X16) return BlockTileMatMul<TilesAmx, FourBitBlock, PackedMatMulForDot>;
  return PackedMatMulForDot(packed);
}

constexpr QuantiseFn kQuantiseForTiles[kQuantisedCodes] = {  // by ActivationCode
    kQuantiseAvx2<0>[0], kQuantiseAvx2<0>[1], QuantiseRowsIntoTiles,
    RoundIntoTiles};

template <TileElement kElement>
int64_t TilePeak(int64_t rounds) {
  return TilesAmx(kTileRows).MultiplyLoaded<kElement>(rounds);
}

constexpr Isa WithTiles(Isa isa) {
  isa.attention.whole = WholeAttention<TilesAmx>;
  isa.tile_int8_peak = TilePeak<TileElement::kInt8>;
  isa.tile_bfloat_peak = TilePeak<TileElement::kBFloat>;
  return isa;
}

}  // namespace

const Isa kIsa_amx = WithTiles(
    Instantiate("amx", kAvx2 | kAvx512 | kAmx,
                {.quantise = kQuantiseForTiles,
                 .uint7_zero_point = kUint7ZeroPoint,
                 .row_zero_point = 0,
                 .integers = IntegersFor,
                 .tiles = TilesFor,
                 .takes_block_tiles = TakesBlockTiles}));
}  // namespace pano::kernels
