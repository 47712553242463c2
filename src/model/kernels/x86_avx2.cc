// Compiled with -mavx2 -mfma -mf16c; nothing but these instantiations may live here.
// clang-format off: the lanes come first.
#include "model/kernels/simd/lanes_avx2.h"
// clang-format on
#include "model/kernels/instantiate.h"
#include "model/kernels/packed_matmul/avx2.h"

namespace pano::kernels {
const Isa kIsa_avx2 = Instantiate("avx2", kAvx2, {kQuantiseAvx2<0>, 64, kNoRowScales, PackedMatMulForAvx2});
}  // namespace pano::kernels
