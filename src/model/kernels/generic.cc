// The kernels in plain C++, for every machine.
// clang-format off: the lanes come first.
#include "model/kernels/simd/lanes_generic.h"
// clang-format on
#include "model/kernels/instantiate.h"
#include "model/kernels/packed_matmul/generic.h"

namespace pano::kernels {
const Isa kIsa_generic = Instantiate("generic", 0, {kQuantiseGeneric, 64, 128, PackedMatMulFor});
}  // namespace pano::kernels
