// Compiled with -mavx2 -mfma -mf16c and -mavx512f, bw, dq, vl, vnni; nothing but these
// instantiations may live here.
// clang-format off: the lanes come first.
#include "model/kernels/simd/bytes_avx512.h"
// clang-format on
#include "model/kernels/instantiate.h"
#include "model/kernels/packed_matmul/dot.h"
#include "model/kernels/packed_matmul/quantise_avx2.h"

namespace pano::kernels {
const Isa kIsa_avx512 =
    Instantiate("avx512", kAvx2 | kAvx512, {kQuantiseAvx2<kRowZeroPoint>, kUint7ZeroPoint, kRowZeroPoint, PackedMatMulForDot});
}  // namespace pano::kernels
