#include "model/kernels/cpu.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "base/env.h"
#include "base/strings.h"

namespace pano::kernels {
namespace {

#if defined(__x86_64__)
// Registers that the operating system keeps for a process (XCR0): bits 1 and 2 are those of AVX.
uint32_t KeptRegisters() {
  uint32_t low = 0, high = 0;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

// By the processor's own word: the compilers' names for features differ.
CpuMask MachineMask() {
  constexpr uint32_t kFma = 1u << 12, kXsave = 1u << 27, kF16c = 1u << 29, kAvx2Bit = 1u << 5;
  uint32_t a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return 0;
  const uint32_t wanted = kFma | kXsave | kF16c;
  if ((c & wanted) != wanted || (KeptRegisters() & 6) != 6) return 0;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return 0;
  return b & kAvx2Bit ? CpuMask{kAvx2} : 0;
}
#else
CpuMask MachineMask() { return 0; }
#endif

}  // namespace

Result<CpuMask> ReadCpuMask() {
  std::string wanted = EnvironmentVariable("PANO_CPU");
  if (wanted.empty() || wanted == "auto") return MachineMask();
  if (wanted == "generic") return CpuMask{0};
  if (wanted != "avx2") {
    return InvalidArgument(
        StrCat("PANO_CPU: '", Printable(wanted), "' is not one of auto, generic, avx2"));
  }
  if (!(MachineMask() & kAvx2)) return InvalidArgument("PANO_CPU: this machine has no avx2");
  return CpuMask{kAvx2};
}

CpuMask ActiveCpuMask() {
  static const CpuMask mask = [] {
    auto read = ReadCpuMask();
    return read.ok() ? *read : MachineMask();
  }();
  return mask;
}

std::string CpuMaskName(CpuMask mask) { return mask & kAvx2 ? "avx2" : "generic"; }

}  // namespace pano::kernels
