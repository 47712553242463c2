#pragma once

// The packed products on AVX2. A tile is some rows of x by the sixteen rows of a panel: two
// registers of eight integer sums for each row of x, which hold one block's products. For each
// block, four columns (a step) at a time: broadcast four codes of x, multiply them with four codes
// of every weight row by vpmaddubsw (pairs of byte products in 16 bits), widen by vpmaddwd with
// ones, add. Then the sums become floats and take one fused multiply-add into the tile's float
// sums, which stay in memory (in the first-level cache). REQUIRES: compiled with -mavx2 -mfma
// -mf16c. Anonymous namespace: no symbol may stand in for one of another instruction set.
#if defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)

#include <immintrin.h>

#include <cstring>

#include "model/kernels/packed_matmul/panels.h"
#include "model/kernels/packed_matmul/quantise_avx2.h"

namespace pano::kernels {
namespace {

// Keeps two sums in registers and their additions in order: compilers would otherwise rebuild the
// chains as trees, whose parts do not fit the registers.
inline void Pin(__m256i& a, __m256i& b) { __asm__ volatile("" : "+x"(a), "+x"(b)::"memory"); }

inline __m256i LoadBytes(const uint8_t* p) {
  return _mm256_load_si256(reinterpret_cast<const __m256i*>(p));
}
inline __m256 LoadHalves(const uint8_t* p) {
  return _mm256_cvtph_ps(_mm_load_si128(reinterpret_cast<const __m128i*>(p)));
}
inline __m256 BytesToFloats(__m128i bytes) {
  return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes));
}
// Four codes of x in every group of four bytes.
inline __m256i BroadcastStep(const uint8_t* codes) {
  int32_t step;
  std::memcpy(&step, codes, 4);
  return _mm256_set1_epi32(step);
}

// ---- Tiles.

// sum = fma(float(integers) * scale, s, sum), for eight of the sixteen results.
inline void Accumulate(float* sum, __m256i integers, __m256 scale, __m256 s) {
  const __m256 product = _mm256_mul_ps(_mm256_cvtepi32_ps(integers), scale);
  _mm256_store_ps(sum, _mm256_fmadd_ps(product, s, _mm256_load_ps(sum)));
}

// Where eight-bit codes stand in a panel: with a scale a block and row, or one a row before all.
template <bool kBlockScales>
struct EightBitLayout {
  static constexpr size_t kHeader = kBlockScales ? 0 : 64;
  static constexpr size_t kCodes = kBlockScales ? tensor::kBlockScaleBytes : 0;  // in a block
  static constexpr size_t kBlock = kCodes + tensor::kEightBitBytes;
};

// ---- Eight-bit weights. Codes of x have a zero point of 64: 64 times the sum of a weight row's
// codes is subtracted. For several tiles on one panel Prepare computes that term, converts the
// scales, and finds the pairs of steps whose products fit 16 bits together: where neither the
// positive weight codes that meet in a lane nor the negative ones add up to more than kPairSumMax
// (a code of x is at most 128). Such a pair shares one vpmaddwd, three multiplications in place of
// four.

template <bool kBlockScales>
struct EightBits : EightBitLayout<kBlockScales> {
  using EightBitLayout<kBlockScales>::kHeader;
  using EightBitLayout<kBlockScales>::kCodes;
  using EightBitLayout<kBlockScales>::kBlock;
  static constexpr int kMaxRows = 4;
  static constexpr bool kPrepares = true;
  static constexpr size_t kPairs = 4;          // of steps, in a block
  static constexpr int16_t kPairSumMax = 255;  // 128 * 255 < 2^15

  // What Prepare leaves for a block.
  struct Prepared {
    __m256i zeros[2];
    __m256 scales[2];
  };
  // Bit p: the products of pair p fit 16 bits.
  static uint8_t* Int16PairsOf(const std::byte* prepared, size_t blocks) {
    return reinterpret_cast<uint8_t*>(const_cast<std::byte*>(prepared)) + blocks * sizeof(Prepared);
  }

  static __m256i MinusZero(__m256i sums16) {
    return _mm256_madd_epi16(sums16, _mm256_set1_epi16(-64));
  }

  // The sums of a pair's codes in 16 bits. With kFindPairs, `overflow` collects the lanes that
  // exceed kPairSumMax.
  template <bool kFindPairs>
  static __m256i SumPair(const uint8_t* w, __m256i& overflow) {
    const __m256i ones = _mm256_set1_epi8(1), zero = _mm256_setzero_si256();
    const __m256i top = _mm256_set1_epi16(kPairSumMax);
    const __m256i first = LoadBytes(w), second = LoadBytes(w + 64);
    const __m256i all =
        _mm256_add_epi16(_mm256_maddubs_epi16(ones, first), _mm256_maddubs_epi16(ones, second));
    if (!kFindPairs) return all;
    const __m256i positive =
        _mm256_add_epi16(_mm256_maddubs_epi16(ones, _mm256_max_epi8(first, zero)),
                         _mm256_maddubs_epi16(ones, _mm256_max_epi8(second, zero)));
    const __m256i negative = _mm256_sub_epi16(positive, all);
    overflow =
        _mm256_or_si256(overflow, _mm256_cmpgt_epi16(_mm256_max_epi16(positive, negative), top));
    return all;
  }

  static void Prepare(const uint8_t* panel, size_t blocks, size_t tiles, std::byte* out) {
    // With fewer tiles, finding the pairs costs more than they save.
    constexpr size_t kFindPairsMinTiles = 6;
    return tiles < kFindPairsMinTiles ? PrepareBlocks<false>(panel, blocks, out)
                                      : PrepareBlocks<true>(panel, blocks, out);
  }
  template <bool kFindPairs>
  static void PrepareBlocks(const uint8_t* panel, size_t blocks, std::byte* out) {
    auto* prepared = reinterpret_cast<Prepared*>(out);
    uint8_t* int16_pairs = Int16PairsOf(out, blocks);
    const uint8_t* p = panel + kHeader;
    for (size_t b = 0; b < blocks; ++b, p += kBlock) {
      __m256i sum[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
      unsigned bits = 0;
      for (size_t pair = 0; pair < kPairs; ++pair) {
        __m256i overflow = _mm256_setzero_si256();
        for (size_t half = 0; half < 2; ++half) {
          const uint8_t* w = p + kCodes + pair * 128 + half * 32;
          sum[half] = _mm256_add_epi16(sum[half], SumPair<kFindPairs>(w, overflow));
        }
        if (kFindPairs)
          bits |= static_cast<unsigned>(_mm256_testz_si256(overflow, overflow)) << pair;
      }
      int16_pairs[b] = static_cast<uint8_t>(bits);
      for (size_t half = 0; half < 2; ++half) {
        prepared[b].zeros[half] = MinusZero(sum[half]);
        if (kBlockScales) prepared[b].scales[half] = LoadHalves(p + 16 * half);
      }
    }
  }

  // dot += the products of two steps, of which the first lies at w.
  template <int kRows, bool kFitsInt16>
  static void MultiplyPair(const uint8_t* w, const uint8_t* x, size_t k, __m256i (&dot)[kRows][2]) {
    const __m256i ones = _mm256_set1_epi16(1);
    const __m256i weights[2][2] = {{LoadBytes(w), LoadBytes(w + 32)},
                                   {LoadBytes(w + 64), LoadBytes(w + 96)}};
#pragma GCC unroll 8
    for (size_t i = 0; i < kRows; ++i) {
      const __m256i q[2] = {BroadcastStep(x + i * k), BroadcastStep(x + i * k + 4)};
      for (size_t half = 0; half < 2; ++half) {
        const __m256i first = _mm256_maddubs_epi16(q[0], weights[0][half]);
        const __m256i second = _mm256_maddubs_epi16(q[1], weights[1][half]);
        if (kFitsInt16) {
          const __m256i both = _mm256_madd_epi16(_mm256_add_epi16(first, second), ones);
          dot[i][half] = _mm256_add_epi32(dot[i][half], both);
        } else {
          dot[i][half] = _mm256_add_epi32(dot[i][half], _mm256_madd_epi16(first, ones));
          dot[i][half] = _mm256_add_epi32(dot[i][half], _mm256_madd_epi16(second, ones));
        }
      }
      Pin(dot[i][0], dot[i][1]);
    }
  }

  template <int kRows, bool kPrepared>
  static void Run(const PanelTile t, Sums<kRows>& sums) {
    const uint8_t* p = t.panel + kHeader;
    const auto* prepared = reinterpret_cast<const Prepared*>(t.prepared);
    const uint8_t* int16_pairs = Int16PairsOf(t.prepared, t.blocks);
    for (size_t b = 0; b < t.blocks; ++b, p += kBlock) {
      const uint8_t *w = p + kCodes, *x = t.codes + b * 32;
      __m256i dot[kRows][2];
      for (auto& row : dot) {
        row[0] = kPrepared ? prepared[b].zeros[0] : _mm256_setzero_si256();
        row[1] = kPrepared ? prepared[b].zeros[1] : _mm256_setzero_si256();
      }
      PrefetchAhead(t, p, kPrepared ? 2 : kPrefetchBlocks, kBlock);
      if constexpr (kPrepared) {
#pragma GCC unroll 4
        for (size_t pair = 0; pair < kPairs; ++pair) {
          if (int16_pairs[b] >> pair & 1) {
            MultiplyPair<kRows, true>(w + pair * 128, x + pair * 8, t.k, dot);
          } else {
            MultiplyPair<kRows, false>(w + pair * 128, x + pair * 8, t.k, dot);
          }
        }
      } else {
        MultiplyOnce<kRows>(w, x, t.k, dot);
      }
      __m256 scale[2];
      for (size_t half = 0; kBlockScales && half < 2; ++half) {
        scale[half] = kPrepared ? prepared[b].scales[half] : LoadHalves(p + half * 16);
      }
#pragma GCC unroll 8
      for (size_t i = 0; i < kRows; ++i) {
        const __m256 s = _mm256_broadcast_ss(t.scales + i * t.blocks + b);
        for (size_t half = 0; half < 2; ++half) {
          float* sum = sums[i] + half * 8;
          if (kBlockScales) {
            Accumulate(sum, dot[i][half], scale[half], s);
          } else {
            _mm256_store_ps(
                sum, _mm256_fmadd_ps(_mm256_cvtepi32_ps(dot[i][half]), s, _mm256_load_ps(sum)));
          }
        }
      }
    }
    if (kBlockScales) return;
    const auto* row_scales = reinterpret_cast<const float*>(t.panel);
    for (auto& sum : sums) {
      for (size_t n = 0; n < kPanelWidth; ++n) sum[n] *= row_scales[n];
    }
  }

  // A block whose weights are read once: their sums are taken on the way.
  template <int kRows>
  static void MultiplyOnce(const uint8_t* w, const uint8_t* x, size_t k, __m256i (&dot)[kRows][2]) {
    const __m256i ones = _mm256_set1_epi16(1), one = _mm256_set1_epi8(1);
    __m256i total[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
#pragma GCC unroll 8
    for (size_t step = 0; step < 8; ++step, w += 64) {
      for (size_t half = 0; half < 2; ++half) {
        total[half] =
            _mm256_add_epi16(total[half], _mm256_maddubs_epi16(one, LoadBytes(w + half * 32)));
      }
#pragma GCC unroll 8
      for (size_t i = 0; i < kRows; ++i) {
        const __m256i q = BroadcastStep(x + i * k + step * 4);
        for (size_t half = 0; half < 2; ++half) {
          const __m256i pairs = _mm256_maddubs_epi16(q, LoadBytes(w + half * 32));
          dot[i][half] = _mm256_add_epi32(dot[i][half], _mm256_madd_epi16(pairs, ones));
        }
        Pin(dot[i][0], dot[i][1]);
      }
    }
    for (size_t half = 0; half < 2; ++half) {
      const __m256i zero = MinusZero(total[half]);
      for (auto& row : dot) row[half] = _mm256_add_epi32(row[half], zero);
    }
  }
};

// ---- Four-bit weights: unsigned codes against signed bytes of x. The products of eight steps
// (with the codes of Q4G, of four) fit sixteen bits.

// Codes of step `step` of both halves; steps 4..7 lie in the upper half bytes.
inline void UnpackStep(const uint8_t* nibbles, size_t step, __m256i (&codes)[2]) {
  for (size_t half = 0; half < 2; ++half) {
    __m256i v = LoadBytes(nibbles + step % 4 * 64 + half * 32);
    if (step >= 4) v = _mm256_srli_epi16(v, 4);
    codes[half] = _mm256_and_si256(v, _mm256_set1_epi8(15));
  }
}
// dot += codes * x for every row, or = for the first.
template <int kRows>
void MultiplyStep(const __m256i (&codes)[2], const uint8_t* x, size_t k, bool first,
                  __m256i (&dot)[kRows][2]) {
#pragma GCC unroll 8
  for (size_t i = 0; i < kRows; ++i) {
    const __m256i q = BroadcastStep(x + i * k);
    for (size_t half = 0; half < 2; ++half) {
      const __m256i pairs = _mm256_maddubs_epi16(codes[half], q);
      dot[i][half] = first ? pairs : _mm256_add_epi16(dot[i][half], pairs);
    }
    Pin(dot[i][0], dot[i][1]);
  }
}
// -(first_zero * s0 + second_zero * s1) in every lane, where s0 and s1 are the sums of x's codes
// over the two half blocks: what the weights' zero points contribute.
inline __m256i ZeroPointTerm(uint32_t sums, int first_zero, int second_zero) {
  const auto factors = static_cast<int>(static_cast<uint32_t>(-first_zero & 0xFFFF) |
                                        static_cast<uint32_t>(-second_zero) << 16);
  return _mm256_madd_epi16(_mm256_set1_epi32(static_cast<int>(sums)), _mm256_set1_epi32(factors));
}

struct Unprepared {
  static constexpr int kMaxRows = 5;
  static constexpr bool kPrepares = false;
};

struct FourBits : Unprepared {  // Q4_0
  static constexpr size_t kBlock = tensor::kFourBitBlockBytes;
  template <int kRows, bool>
  static void Run(const PanelTile t, Sums<kRows>& sums) {
    const __m256i ones = _mm256_set1_epi16(1);
    const uint8_t* p = t.panel;
    for (size_t b = 0; b < t.blocks; ++b, p += kBlock) {
      __m256i dot[kRows][2], codes[2];
      PrefetchAhead(t, p, kPrefetchBlocks, kBlock);
#pragma GCC unroll 8
      for (size_t step = 0; step < 8; ++step) {
        UnpackStep(p + 32, step, codes);
        MultiplyStep<kRows>(codes, t.codes + b * 32 + step * 4, t.k, step == 0, dot);
      }
      const __m256 scale[2] = {LoadHalves(p), LoadHalves(p + 16)};
#pragma GCC unroll 8
      for (size_t i = 0; i < kRows; ++i) {
        const __m256i zero = ZeroPointTerm(t.sums[i * t.blocks + b], 8, 8);
        const __m256 s = _mm256_broadcast_ss(t.scales + i * t.blocks + b);
        for (size_t half = 0; half < 2; ++half) {
          Accumulate(sums[i] + half * 8,
                     _mm256_add_epi32(_mm256_madd_epi16(dot[i][half], ones), zero), scale[half], s);
        }
      }
    }
  }
};

struct Codebook : Unprepared {  // Q4G
  static constexpr size_t kBlock = tensor::kFourBitBlockBytes;

  static __m256i Values() {
    alignas(16) uint8_t values[16];
    for (size_t i = 0; i < 16; ++i) {
      values[i] = static_cast<uint8_t>(tensor::kQ4GCodes[i] + tensor::kQ4GZero);
    }
    return _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(values)));
  }
  // Eight scale bytes (tensor/packed.h) as four times their value: a byte is the upper bits of a
  // half.
  static __m256 Scales(const uint8_t* bytes) {
    const __m128i wide =
        _mm_cvtepi8_epi16(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(bytes)));
    return _mm256_cvtph_ps(
        _mm_and_si128(_mm_slli_epi16(wide, 7), _mm_set1_epi16(static_cast<int16_t>(0xBF80))));
  }

  template <int kRows, bool>
  static void Run(const PanelTile t, Sums<kRows>& sums) {
    const __m256i ones = _mm256_set1_epi16(1), values = Values();
    const uint8_t* p = t.panel;
    for (size_t b = 0; b < t.blocks; ++b, p += kBlock) {
      PrefetchAhead(t, p, kPrefetchBlocks, kBlock);
#pragma GCC unroll 2
      for (size_t part = 0; part < 2; ++part) {
        __m256i dot[kRows][2], codes[2];
#pragma GCC unroll 4
        for (size_t step = 0; step < 4; ++step) {
          UnpackStep(p + 32, part * 4 + step, codes);
          for (__m256i& code : codes) code = _mm256_shuffle_epi8(values, code);
          MultiplyStep<kRows>(codes, t.codes + b * 32 + part * 16 + step * 4, t.k, step == 0, dot);
        }
        const __m256 scale[2] = {Scales(p + part * 16), Scales(p + part * 16 + 8)};
#pragma GCC unroll 8
        for (size_t i = 0; i < kRows; ++i) {
          const __m256i zero = ZeroPointTerm(t.sums[i * t.blocks + b], part ? 0 : tensor::kQ4GZero,
                                             part ? tensor::kQ4GZero : 0);
          const __m256 s = _mm256_broadcast_ss(t.scales + i * t.blocks + b);
          for (size_t half = 0; half < 2; ++half) {
            Accumulate(sums[i] + half * 8,
                       _mm256_add_epi32(_mm256_madd_epi16(dot[i][half], ones), zero), scale[half],
                       s);
          }
        }
      }
    }
    for (auto& sum : sums) {
      for (float& v : sum) v *= 0.25f;
    }
  }
};

struct FourBitsK : Unprepared {  // Q4_K
  static constexpr int kMaxRows = 4;
  static constexpr size_t kBlock = tensor::kFourBitBlockBytes;
  static constexpr size_t kSuper = tensor::kQ4KSuperBytes;

  template <int kRows, bool>
  static void Run(const PanelTile t, Sums<kRows>& sums) {
    const __m256i ones = _mm256_set1_epi16(1);
    for (size_t b = 0; b < t.blocks; ++b) {
      const uint8_t* super = t.panel + b / 8 * kSuper;
      const uint8_t* p = super + tensor::kQ4KHeadBytes + b % 8 * kBlock;
      PrefetchAhead(t, p, kPrefetchBlocks, kBlock);
      __m256i dot[kRows][2], codes[2];
#pragma GCC unroll 8
      for (size_t step = 0; step < 8; ++step) {
        UnpackStep(p + 32, step, codes);
        MultiplyStep<kRows>(codes, t.codes + b * 32 + step * 4, t.k, step == 0, dot);
      }
      for (size_t half = 0; half < 2; ++half) {
        auto small = [&](size_t at) {
          return BytesToFloats(
              _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p + at + half * 8)));
        };
        const __m256 scale = _mm256_mul_ps(LoadHalves(super + half * 16), small(0));
        const __m256 min = _mm256_mul_ps(LoadHalves(super + 32 + half * 16), small(16));
#pragma GCC unroll 8
        for (size_t i = 0; i < kRows; ++i) {
          const __m256 s = _mm256_broadcast_ss(t.scales + i * t.blocks + b);
          const __m256 total = _mm256_cvtepi32_ps(ZeroPointTerm(t.sums[i * t.blocks + b], -1, -1));
          float* sum = sums[i] + half * 8;
          Accumulate(sum, _mm256_madd_epi16(dot[i][half], ones), scale, s);
          _mm256_store_ps(sum, _mm256_fnmadd_ps(min, _mm256_mul_ps(s, total), _mm256_load_ps(sum)));
        }
      }
    }
  }
};

struct SixBits : Unprepared {  // Q6_K: codes up to 63, of which the products of two steps fit
  static constexpr int kMaxRows = 4;
  static constexpr size_t kBlock = tensor::kSixBitBlockBytes;
  static constexpr size_t kSuper = tensor::kQ6KSuperBytes;

  static void UnpackSix(const uint8_t* codes_at, size_t step, __m256i (&codes)[2]) {
    UnpackStep(codes_at, step, codes);
    for (size_t half = 0; half < 2; ++half) {
      __m256i pairs = LoadBytes(codes_at + tensor::kNibbleBytes + step % 2 * 64 + half * 32);
      // Two bits of the step in bits 4 and 5; what comes in from the neighbouring byte is masked
      // off.
      switch (step / 2) {
        case 0:
          pairs = _mm256_slli_epi16(pairs, 4);
          break;
        case 1:
          pairs = _mm256_slli_epi16(pairs, 2);
          break;
        case 3:
          pairs = _mm256_srli_epi16(pairs, 2);
          break;
        default:
          break;
      }
      codes[half] = _mm256_or_si256(codes[half], _mm256_and_si256(pairs, _mm256_set1_epi8(0x30)));
    }
  }

  template <int kRows, bool>
  static void Run(const PanelTile t, Sums<kRows>& sums) {
    const __m256i ones = _mm256_set1_epi16(1);
    for (size_t b = 0; b < t.blocks; ++b) {
      const uint8_t* super = t.panel + b / 8 * kSuper;
      const uint8_t* p = super + tensor::kQ6KHeadBytes + b % 8 * kBlock;
      PrefetchAhead(t, p, kPrefetchBlocks, kBlock);
#pragma GCC unroll 2
      for (size_t part = 0; part < 2; ++part) {
        __m256i dot32[kRows][2];
        for (size_t i = 0; i < kRows; ++i) {
          dot32[i][0] = dot32[i][1] =
              ZeroPointTerm(t.sums[i * t.blocks + b], part ? 0 : 32, part ? 32 : 0);
        }
#pragma GCC unroll 2
        for (size_t two = 0; two < 2; ++two) {
          __m256i dot[kRows][2], codes[2];
#pragma GCC unroll 2
          for (size_t one = 0; one < 2; ++one) {
            const size_t step = part * 4 + two * 2 + one;
            UnpackSix(p + 32, step, codes);
            MultiplyStep<kRows>(codes, t.codes + b * 32 + step * 4, t.k, one == 0, dot);
          }
#pragma GCC unroll 8
          for (size_t i = 0; i < kRows; ++i) {
            for (size_t half = 0; half < 2; ++half) {
              dot32[i][half] =
                  _mm256_add_epi32(dot32[i][half], _mm256_madd_epi16(dot[i][half], ones));
            }
          }
        }
        for (size_t half = 0; half < 2; ++half) {
          const __m256 sub = _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(
              _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p + part * 16 + half * 8))));
          const __m256 scale = _mm256_mul_ps(LoadHalves(super + half * 16), sub);
#pragma GCC unroll 8
          for (size_t i = 0; i < kRows; ++i) {
            Accumulate(sums[i] + half * 8, dot32[i][half], scale,
                       _mm256_broadcast_ss(t.scales + i * t.blocks + b));
          }
        }
      }
    }
  }
};

// ---- All.

inline PackedMatMulFn PackedMatMulForAvx2(tensor::DType packed) {
  return PackedMatMulByKind<EightBits<true>, EightBits<false>, FourBits, Codebook, FourBitsK,
                            SixBits>(packed);
}

}  // namespace
}  // namespace pano::kernels
#endif
