// The twin of x86_*.cc on other machines: present, never selected.
#include "model/kernels/isa.h"

namespace pano::kernels {
namespace {
constexpr Isa Absent(const char* name) {
  return {name, ~CpuMask{0}, nullptr, {}, nullptr, nullptr, nullptr, nullptr, nullptr, {}};
}
}  // namespace
const Isa kIsa_amx = Absent("amx");
const Isa kIsa_avx512 = Absent("avx512");
const Isa kIsa_avxvnni = Absent("avxvnni");
const Isa kIsa_avx2 = Absent("avx2");
}  // namespace pano::kernels
