// The twin of arm_*.cc on other machines: present, never selected.
#include "model/kernels/isa.h"

namespace pano::kernels {
const Isa kIsa_i8mm = AbsentIsa("i8mm");
const Isa kIsa_dotprod = AbsentIsa("dotprod");
const Isa kIsa_neon = AbsentIsa("neon");
}  // namespace pano::kernels
