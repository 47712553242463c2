// The twin of x86_*.cc on other machines: present, never selected.
#include "model/kernels/isa.h"

namespace pano::kernels {
const Isa kIsa_amx = AbsentIsa("amx");
const Isa kIsa_avx512 = AbsentIsa("avx512");
const Isa kIsa_avxvnni = AbsentIsa("avxvnni");
const Isa kIsa_avx2 = AbsentIsa("avx2");
}  // namespace pano::kernels
