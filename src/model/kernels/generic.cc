// The kernels in plain C++, for every machine.
// clang-format off: the lanes come first.
#include "model/kernels/simd/lanes_generic.h"
// clang-format on
#include "model/kernels/activation/generic.h"
#include "model/kernels/attention/generic.h"
#include "model/kernels/isa.h"
#include "model/kernels/limits/generic.h"
#include "model/kernels/matmul/generic.h"
#include "model/kernels/norm/generic.h"
#include "model/kernels/packed_matmul/generic.h"

namespace pano::kernels {
const Isa kIsa_generic = {
    "generic",     0,         MatMulFor, kAttentionKernels, RmsNorm, LayerNorm,
    ActivationFor, FloatPeak, Int8Peak,  kPackedKernels};
}  // namespace pano::kernels
