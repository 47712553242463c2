#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace pano::kernels {

// Instruction sets that kernels are written for, as bits: a kernel needs all bits of its mask.
enum CpuFeature : uint32_t {
  kAvx2 = 1u << 0,    // AVX2 with FMA and F16C, which always come together
};
using CpuMask = uint32_t;

// What this machine has, or what PANO_CPU asks for: "generic" or "avx2" (also "auto"). Read once; an
// unknown name or one the machine lacks is an InvalidArgument that ReadCpuMask reports.
Result<CpuMask> ReadCpuMask();

// The mask in force: ReadCpuMask's, or the machine's own where that fails.
CpuMask ActiveCpuMask();

// "avx2" or "generic", for logs and metrics.
std::string CpuMaskName(CpuMask mask);

}  // namespace pano::kernels
