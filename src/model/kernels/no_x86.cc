// The twin of x86_avx2.cc on other machines: present, never selected.
#include "model/kernels/isa.h"

namespace pano::kernels {
const Isa kIsa_avx2 = {"avx2", ~CpuMask{0}, nullptr, {}, nullptr, nullptr,
                      nullptr, nullptr, nullptr, {}};
}  // namespace pano::kernels
