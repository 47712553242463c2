#include "model/kernels/isa.h"

namespace pano::kernels {

const Isa& SelectIsa(CpuMask mask) {
  static constexpr const Isa* kAll[] = {
#define PANO_ISA(isa) &kIsa_##isa,
#include "model/kernels/kernels.inc"
#undef PANO_ISA
  };
  for (const Isa* isa : kAll) {
    if ((isa->needs & mask) == isa->needs) return *isa;
  }
  return kIsa_generic;
}

}  // namespace pano::kernels
