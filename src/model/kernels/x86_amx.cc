// Compiled with the flags of x86_avx512.cc and -mamx-tile -mamx-int8; nothing but these
// instantiations may live here.
// clang-format off: the lanes come first.
#include "model/kernels/simd/bytes_avx512.h"
// clang-format on
#include "model/kernels/instantiate.h"
#include "model/kernels/packed_matmul/dot.h"
#include "model/kernels/packed_matmul/quantise_avx2.h"
#include "model/kernels/packed_matmul/tiles.h"
#include "model/kernels/simd/tiles_amx.h"

namespace pano::kernels {
namespace {

// Few rows leave tiles empty: AVX-512 is as fast then.
constexpr size_t kTilesMinRows = 16;

template <bool kBlockScales>
void EightBitsByTiles(const PackedMatMulArgs& a, size_t begin, size_t end, std::byte* scratch) {
  if (a.m < kTilesMinRows) return PackedMatMulOf<EightBits<kBlockScales>>(a, begin, end, scratch);
  return TileMatMul<TilesAmx, kBlockScales>(a, begin, end, scratch);
}

PackedMatMulFn PackedMatMulForAmx(tensor::DType packed) {
  if (packed == tensor::DType::kQ8_0X16) return EightBitsByTiles<true>;
  if (packed == tensor::DType::kW8X16) return EightBitsByTiles<false>;
  return PackedMatMulForDot(packed);
}

}  // namespace

const Isa kIsa_amx = Instantiate("amx", kAvx2 | kAvx512 | kAmx,
                                 {kQuantiseAvx2, kUint7ZeroPoint, PackedMatMulForAmx});
}  // namespace pano::kernels
