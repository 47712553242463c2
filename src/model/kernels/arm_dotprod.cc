// Compiled with -march=armv8.2-a+dotprod; nothing but these instantiations may live here.
// clang-format off: the lanes come first.
#include "model/kernels/simd/bytes_neon.h"
// clang-format on
#include "model/kernels/instantiate.h"
#include "model/kernels/packed_matmul/dot.h"
#include "model/kernels/packed_matmul/quantise_neon.h"

namespace pano::kernels {
const Isa kIsa_dotprod =
    Instantiate("dotprod", kNeon | kDotProd, {kQuantiseNeon, kUint7ZeroPoint, kRowZeroPoint, PackedMatMulForDot});
}  // namespace pano::kernels
