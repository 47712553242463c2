// The twin of arm_*.cc on other machines: present, never selected.
#include "model/kernels/isa.h"

namespace pano::kernels {
namespace {
constexpr Isa Absent(const char* name) {
  return {name, ~CpuMask{0}, nullptr, {}, nullptr, nullptr, nullptr, nullptr, nullptr, {}};
}
}  // namespace
const Isa kIsa_i8mm = Absent("i8mm");
const Isa kIsa_dotprod = Absent("dotprod");
const Isa kIsa_neon = Absent("neon");
}  // namespace pano::kernels
