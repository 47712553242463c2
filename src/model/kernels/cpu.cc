#include "model/kernels/cpu.h"

#include "base/env.h"
#include "base/strings.h"

namespace pano::kernels {
namespace {

CpuMask MachineMask() {
  CpuMask mask = 0;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
      __builtin_cpu_supports("f16c")) {
    mask |= kAvx2;
  }
#endif
  return mask;
}

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
