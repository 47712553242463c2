#include "model/kernels/cpu.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#endif

#include "base/env.h"
#include "base/strings.h"

namespace pano::kernels {
namespace {

constexpr CpuLevel kLevels[] = {
    {"generic", 0},
    {"avx2", kAvx2},
    {"avxvnni", kAvx2 | kAvxVnni},
    {"avx512", kAvx2 | kAvx512},
    {"amx", kAvx2 | kAvx512 | kAmx},
    {"neon", kNeon},
    {"dotprod", kNeon | kDotProd},
    {"i8mm", kNeon | kDotProd | kI8mm},
};
// What `auto` chooses from: sets that our tests have run on (Arm's under emulation).
constexpr CpuMask kDefaultMask = kAvx2 | kAvxVnni | kAvx512 | kAmx | kNeon | kDotProd | kI8mm;

#if defined(__x86_64__)

// The register state that the system saves and restores for a process (bits of XCR0).
constexpr uint32_t kXcr0Avx = 6, kXcr0Avx512 = 0xE0, kXcr0Tiles = 0x60000;
bool SavedBySystem(uint32_t registers) {
  uint32_t low = 0, high = 0;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (low & registers) == registers;
}

// Linux grants the tile registers to a process that requests them.
bool RequestTilePermission() {
  constexpr long kRequest = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM
  return ::syscall(SYS_arch_prctl, kRequest, kTileData) == 0;
}

struct Leaf {
  uint32_t a = 0, b = 0, c = 0, d = 0;
  explicit Leaf(uint32_t leaf, uint32_t sub = 0) { __get_cpuid_count(leaf, sub, &a, &b, &c, &d); }
};
constexpr uint32_t Bit(int i) { return 1u << i; }
bool Has(uint32_t reg, uint32_t bits) { return (reg & bits) == bits; }

// From CPUID itself, as the compilers' names for features differ.
CpuMask FindCpuMask() {
  const Leaf one(1), seven(7), more(7, 1);
  constexpr uint32_t kFma = Bit(12), kXsave = Bit(27), kF16c = Bit(29);
  if (!Has(one.c, kFma | kXsave | kF16c) || !Has(seven.b, Bit(5)) || !SavedBySystem(kXcr0Avx))
    return 0;
  CpuMask mask = kAvx2;
  if (Has(more.a, Bit(4))) mask |= kAvxVnni;
  constexpr uint32_t kF = Bit(16), kDq = Bit(17), kBw = Bit(30), kVl = Bit(31), kVnni = Bit(11);
  if (!Has(seven.b, kF | kDq | kBw | kVl) || !Has(seven.c, kVnni) || !SavedBySystem(kXcr0Avx512)) {
    return mask;
  }
  mask |= kAvx512;
  // AMX_BF16, AMX_TILE, AMX_INT8; AVX512_BF16.
  if (Has(seven.d, Bit(22) | Bit(24) | Bit(25)) && Has(more.a, Bit(5)) &&
      SavedBySystem(kXcr0Tiles) && RequestTilePermission()) {
    mask |= kAmx;
  }
  return mask;
}

#elif defined(__aarch64__)

CpuMask FindCpuMask() {
  constexpr unsigned long kHasDotProd = 1ul << 20, kHasI8mm = 1ul << 13;  // HWCAP, HWCAP2
  CpuMask mask = kNeon;
  if (!(::getauxval(AT_HWCAP) & kHasDotProd)) return mask;
  mask |= kDotProd;
  if (::getauxval(AT_HWCAP2) & kHasI8mm) mask |= kI8mm;
  return mask;
}

#else
CpuMask FindCpuMask() { return 0; }
#endif

std::string LevelNames() {
  std::string out = "auto";
  for (const CpuLevel& level : kLevels) out += StrCat(", ", level.name);
  return out;
}

}  // namespace

std::span<const CpuLevel> CpuLevels() { return kLevels; }

CpuMask MachineCpuMask() {
  static const CpuMask mask = FindCpuMask();
  return mask;
}

Result<CpuMask> ReadCpuMask() {
  const std::string wanted = EnvironmentVariable("PANO_CPU");
  if (wanted.empty() || wanted == "auto") return MachineCpuMask() & kDefaultMask;
  for (const CpuLevel& level : kLevels) {
    if (level.name != wanted) continue;
    if ((MachineCpuMask() & level.mask) == level.mask) return level.mask;
    return InvalidArgument(StrCat("PANO_CPU: this machine has no ", level.name, "; its best is ",
                                  CpuMaskName(MachineCpuMask())));
  }
  return InvalidArgument(
      StrCat("PANO_CPU: '", Printable(wanted), "' is not one of ", LevelNames()));
}

CpuMask ActiveCpuMask() {
  static const CpuMask mask = [] {
    auto read = ReadCpuMask();
    return read.ok() ? *read : MachineCpuMask() & kDefaultMask;
  }();
  return mask;
}

std::string CpuMaskName(CpuMask mask) {
  std::string_view name;
  for (const CpuLevel& level : kLevels) {
    if ((mask & level.mask) == level.mask) name = level.name;
  }
  return std::string(name);
}

}  // namespace pano::kernels
