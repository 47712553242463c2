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

std::vector<CpuMask> RunnableMasks() {
  std::vector<CpuMask> out;
  for (const Isa* isa : AllIsas()) {
    if ((isa->needs & MachineCpuMask()) == isa->needs) out.push_back(isa->needs);
  }
  return out;
}

const Isa& SelectIsa(CpuMask mask) {
  for (const Isa* isa : AllIsas()) {
    if ((isa->needs & mask) == isa->needs) return *isa;
  }
  return kIsa_generic;
}

}  // namespace pano::kernels
