// Compiled with -mavx2 -mfma -mf16c -mavxvnni; nothing but these instantiations may live here.
// clang-format off: the lanes come first.
#include "model/kernels/simd/bytes_avxvnni.h"
// clang-format on
#include "model/kernels/instantiate.h"
#include "model/kernels/packed_matmul/dot.h"
#include "model/kernels/packed_matmul/quantise_avx2.h"

namespace pano::kernels {
const Isa kIsa_avxvnni =
    Instantiate("avxvnni", kAvx2 | kAvxVnni, {kQuantiseAvx2<kRowZeroPoint>, kUint7ZeroPoint, kRowZeroPoint, PackedMatMulForDot});
}  // namespace pano::kernels
