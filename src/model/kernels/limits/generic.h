#pragma once

#if defined(__ARM_NEON) && defined(__aarch64__)
#include <arm_neon.h>
#endif

#include <utility>

#include "model/kernels/limits/limits.h"
#include "model/kernels/simd/lanes.h"

namespace pano::kernels {
namespace {

// Chains of Lanes that the registers hold beside two operands, and that hide the latency of a
// multiply-add (4 cycles, two a cycle: at least 8 registers).
#if defined(__AVX512F__)
inline constexpr int kFloatChains = 12;  // one register each
#elif defined(__AVX2__) || defined(__ARM_NEON)
inline constexpr int kFloatChains = 6;  // two of 16, four of 32 registers each
#else
inline constexpr int kFloatChains = 3;  // four of 16 registers each
#endif

// Every chain by a constant index: only so do they stay in registers. All lanes start from other
// numbers, or one half would be computed for both.
template <int... kIndex>
int64_t FloatChains(int64_t rounds, std::integer_sequence<int, kIndex...>) {
  float start[Lanes::kWidth + sizeof...(kIndex)];
  for (size_t i = 0; i < Lanes::kWidth + sizeof...(kIndex); ++i) {
    volatile float number = static_cast<float>(i);
    start[i] = number;
  }
  Lanes acc[] = {Lanes::Load(start + kIndex)...};
  const Lanes a = Lanes::Set(0.999f), b = Lanes::Set(0.001f);
  for (int64_t r = 0; r < rounds; ++r) {
    ((acc[kIndex] = Lanes::MulAdd(acc[kIndex], a, b)), ...);
  }
  volatile float sink = (acc[kIndex].Sum() + ...);
  static_cast<void>(sink);
  return int64_t{2} * Lanes::kWidth * kFloatChains * rounds;
}
inline int64_t FloatPeak(int64_t rounds) {
  return FloatChains(rounds, std::make_integer_sequence<int, kFloatChains>());
}

// Each set's registers, and one link of a chain: acc + a times b in every 32-bit place.
#if defined(__AVX512VNNI__)
struct Int8MulAdd {
  using Register = __m512i;
  static constexpr int kChains = 12, kProducts = 64;
  static Register Bytes(char value) { return _mm512_set1_epi8(value); }
  static Register Add(Register acc, Register a, Register b) {
    return _mm512_dpbusd_epi32(acc, a, b);
  }
  static int32_t First(Register acc) { return static_cast<int32_t>(acc[0]); }
};
#elif defined(__AVX2__)
struct Int8MulAdd {
  using Register = __m256i;
  static constexpr int kChains = 12, kProducts = 32;
  static Register Bytes(char value) { return _mm256_set1_epi8(value); }
  static Register Add(Register acc, Register a, Register b) {
#if defined(__AVXVNNI__)
    acc = _mm256_dpbusd_avx_epi32(acc, a, b);
    __asm__("" : "+x"(acc));  // or GCC moves sums through memory
    return acc;
#else
    // As text, or the compiler would take the products, which never change, out of the loop.
    Register product;
    __asm__("vpmaddubsw %3, %2, %1\n\tvpmaddwd %4, %1, %1\n\tvpaddd %1, %0, %0"
            : "+x"(acc), "=&x"(product)
            : "x"(a), "x"(b), "x"(_mm256_set1_epi16(1)));
    return acc;
#endif
  }
  static int32_t First(Register acc) { return static_cast<int32_t>(acc[0]); }
};
#elif defined(__ARM_NEON) && defined(__aarch64__)
struct Int8MulAdd {
  using Register = int32x4_t;
  static constexpr int kChains = 12, kProducts = 16;
  static Register Bytes(char value) {
    return vreinterpretq_s32_s8(vdupq_n_s8(static_cast<int8_t>(value)));
  }
  static Register Add(Register acc, Register a, Register b) {
#if defined(__ARM_FEATURE_DOTPROD)
    return vdotq_s32(acc, vreinterpretq_s8_s32(a), vreinterpretq_s8_s32(b));
#else
    // As text: see AVX2's.
    Register lo, hi;
    __asm__(
        "smull %1.8h, %3.8b, %4.8b\n\tsmull2 %2.8h, %3.16b, %4.16b\n\t"
        "addp %1.8h, %1.8h, %2.8h\n\tsadalp %0.4s, %1.8h"
        : "+w"(acc), "=&w"(lo), "=&w"(hi)
        : "w"(a), "w"(b));
    return acc;
#endif
  }
  static int32_t First(Register acc) { return vgetq_lane_s32(acc, 0); }
};
#else
struct Int8MulAdd {
  using Register = int32_t;
  static constexpr int kChains = 4, kProducts = 1;
  static Register Bytes(char value) { return value; }
  static Register Add(Register acc, Register a, Register b) {
    __asm__("" : "+r"(b), "+r"(acc));  // opaque to the compiler, so that each product is computed
    return (acc + static_cast<int8_t>(a) * static_cast<int8_t>(b)) & 0xFFFFFF;
  }
  static int32_t First(Register acc) { return acc; }
};
#endif

template <int... kIndex>
int64_t Int8Chains(int64_t rounds, std::integer_sequence<int, kIndex...>) {
  Int8MulAdd::Register acc[] = {Int8MulAdd::Bytes(static_cast<char>(kIndex))...};
  const Int8MulAdd::Register a = Int8MulAdd::Bytes(3), b = Int8MulAdd::Bytes(5);
  for (int64_t r = 0; r < rounds; ++r) {
    ((acc[kIndex] = Int8MulAdd::Add(acc[kIndex], a, b)), ...);
  }
  volatile int32_t sink = (Int8MulAdd::First(acc[kIndex]) ^ ...);
  static_cast<void>(sink);
  return int64_t{2} * Int8MulAdd::kProducts * Int8MulAdd::kChains * rounds;
}
inline int64_t Int8Peak(int64_t rounds) {
  return Int8Chains(rounds, std::make_integer_sequence<int, Int8MulAdd::kChains>());
}

}  // namespace
}  // namespace pano::kernels
