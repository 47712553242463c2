// Compiled with -march=armv8.2-a+dotprod+i8mm; nothing but these instantiations may live here.
// clang-format off: the lanes come first.
#include "model/kernels/simd/bytes_neon.h"
// clang-format on
#include "model/kernels/instantiate.h"
#include "model/kernels/packed_matmul/matrix_neon.h"
#include "model/kernels/packed_matmul/quantise_neon.h"

namespace pano::kernels {
const Isa kIsa_i8mm = Instantiate("i8mm", kNeon | kDotProd | kI8mm,
                                  {kQuantiseNeon, kUint7ZeroPoint, kRowZeroPoint, PackedMatMulForMatrix});
}  // namespace pano::kernels
