#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pano::kernels {

// Instruction sets that kernels are written for, as bits: a kernel needs all bits of its mask.
enum CpuFeature : uint32_t {
  kAvx2 = 1u << 0,     // AVX2 with FMA and F16C, which always come together
  kAvxVnni = 1u << 1,  // byte products on AVX2's registers
  kAvx512 = 1u << 2,   // F, BW, DQ, VL and VNNI
  kAmx = 1u << 3,      // tiles, with products of bytes and of BF16; the system has granted them
  kNeon = 1u << 4,
  kDotProd = 1u << 5,  // Arm's FEAT_DotProd
  kI8mm = 1u << 6,     // Arm's FEAT_I8MM
};
using CpuMask = uint32_t;

// What can be asked for by name: "generic", "avx2", "avxvnni", "avx512", "amx", "neon", "dotprod",
// "i8mm", each with all that it builds on. In ascending order.
struct CpuLevel {
  std::string_view name;
  CpuMask mask;
};
std::span<const CpuLevel> CpuLevels();

// All that this machine has.
CpuMask MachineCpuMask();

// The value of PANO_CPU: a level's name, or "auto". That is the best of this machine among the
// sets whose kernels are run by our tests, Arm's emulated.
// An unknown name or one that the machine lacks is an InvalidArgument.
Result<CpuMask> ReadCpuMask();

// The mask in force, read once: ReadCpuMask's, or that of "auto" where it fails.
CpuMask ActiveCpuMask();

// The name of the best level in the mask, for logs and metrics.
std::string CpuMaskName(CpuMask mask);

}  // namespace pano::kernels
