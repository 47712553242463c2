#include "model/kernels/isa.h"

namespace pano::kernels {

std::span<const Isa* const> AllIsas() {
  static constexpr const Isa* kAll[] = {
#define PANO_ISA(isa) &kIsa_##isa,
#include "model/kernels/kernels.inc"
#undef PANO_ISA
  };
  return kAll;
}

const Isa& SelectIsa(CpuMask mask) {
  for (const Isa* isa : AllIsas()) {
    if ((isa->needs & mask) == isa->needs) return *isa;
  }
  return kIsa_generic;
}

}  // namespace pano::kernels
