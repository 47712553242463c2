// Compiled with -mavx2 -mfma -mf16c; nothing but these instantiations may live here.
// clang-format off: the lanes come first.
#include "model/kernels/simd/lanes_avx2.h"
// clang-format on
#include "model/kernels/activation/generic.h"
#include "model/kernels/attention/generic.h"
#include "model/kernels/isa.h"
#include "model/kernels/limits/generic.h"
#include "model/kernels/matmul/generic.h"
#include "model/kernels/norm/generic.h"
#include "model/kernels/packed_matmul/avx2.h"

namespace pano::kernels {
const Isa kIsa_avx2 = {"avx2",    kAvx2,         MatMulFor, kAttentionKernels, RmsNorm,
                       LayerNorm, ActivationFor, FloatPeak, Int8Peak,          kPackedKernelsAvx2};
}  // namespace pano::kernels
