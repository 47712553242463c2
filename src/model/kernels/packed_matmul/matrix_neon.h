#pragma once

// The packed products by FEAT_I8MM, whose instruction multiplies two rows of x by two rows of
// weights over eight columns and adds the four sums of products to 32-bit sums. The floats go the
// way of dot.h, which takes single rows of x. REQUIRES: compiled with -march=armv8.2-a+dotprod+i8mm
// and simd/bytes_neon.h included first.
#if defined(__ARM_FEATURE_MATMUL_INT8) && defined(PANO_BYTE_SUMS)

#include "model/kernels/packed_matmul/dot.h"

namespace pano::kernels {
namespace {

// Products of kRows rows of x by sixteen rows of weights.
template <int kRows>
struct MatrixSums {
  static constexpr size_t kPairs = (kRows + 1) / 2;
  // By x's rows 2i, 2i + 1 and the weights' rows 2j, 2j + 1: x0 w0, x0 w1, x1 w0, x1 w1.
  int32x4_t v[kPairs][8];

  // The second row of a pair: of an odd number of rows, the last stands for it.
  static constexpr size_t Second(size_t pair) { return 2 * pair + (2 * pair + 1 < kRows ? 1 : 0); }

  // Row i starts at start(i).
  template <typename Start>
  explicit MatrixSums(Start start) {
#pragma GCC unroll 3
    for (size_t i = 0; i < kPairs; ++i) {
      const int32x4_t both = vcombine_s32(vdup_n_s32(start(2 * i)), vdup_n_s32(start(Second(i))));
#pragma GCC unroll 8
      for (int32x4_t& sum : v[i]) sum = both;
    }
  }

  // Eight columns of x's rows, `k` apart, by those of the weights: codes(step, q) gives four rows
  // of four columns. Barriers keep the compiler from reading on ahead of the registers.
  template <typename Codes>
  [[gnu::always_inline]] void Add(size_t step, Codes codes, const uint8_t* x, size_t k) {
    auto eight = [&](size_t row) { return vreinterpret_s8_u8(vld1_u8(x + row * k)); };
    int8x16_t rows[kPairs];
#pragma GCC unroll 3
    for (size_t i = 0; i < kPairs; ++i) rows[i] = vcombine_s8(eight(2 * i), eight(Second(i)));
#pragma GCC unroll 4
    for (size_t q = 0; q < 4; ++q) {
      const uint32x4_t a = vreinterpretq_u32_u8(codes(step, q)),
                       b = vreinterpretq_u32_u8(codes(step + 1, q));
      const int8x16_t lo = vreinterpretq_s8_u32(vzip1q_u32(a, b)),
                      hi = vreinterpretq_s8_u32(vzip2q_u32(a, b));
#pragma GCC unroll 3
      for (size_t i = 0; i < kPairs; ++i) {
        v[i][2 * q] = vmmlaq_s32(v[i][2 * q], rows[i], lo);
        v[i][2 * q + 1] = vmmlaq_s32(v[i][2 * q + 1], rows[i], hi);
        __asm__ volatile("" : "+w"(v[i][2 * q]), "+w"(v[i][2 * q + 1]) : : "memory");
      }
    }
  }

  [[gnu::always_inline]] ByteSums Row(size_t row) const {
    const int32x4_t(&sums)[8] = v[row / 2];
    auto four = [&](size_t q) {
      const int64x2_t a = vreinterpretq_s64_s32(sums[2 * q]),
                      b = vreinterpretq_s64_s32(sums[2 * q + 1]);
      return vreinterpretq_s32_s64(row % 2 ? vzip2q_s64(a, b) : vzip1q_s64(a, b));
    };
    return {four(0), four(1), four(2), four(3)};
  }
};

inline uint8x16_t CodesAt(const uint8_t* codes, size_t step, size_t q) {
  return vld1q_u8(codes + step * kStepBytes + q * 16);
}
// As dot.h's Nibbles.
inline uint8x16_t NibblesAt(const uint8_t* nibbles, size_t step, size_t q) {
  const uint8x16_t both = CodesAt(nibbles, step % 4, q);
  return step < 4 ? vandq_u8(both, vdupq_n_u8(15)) : vshrq_n_u8(both, 4);
}

// Adds the products of steps [kBegin, kEnd) of block b.
template <size_t kBegin, size_t kEnd, int kRows, typename Codes>
[[gnu::always_inline]] inline void MultiplySteps(const PanelTile& t, size_t b, Codes codes,
                                                 MatrixSums<kRows>& sums) {
#pragma GCC unroll 4
  for (size_t step = kBegin; step < kEnd; step += 2) {
    sums.Add(step, codes, t.codes + b * tensor::kPackedBlock + step * 4, t.k);
  }
}

template <int kRows>
[[gnu::always_inline]] inline void AccumulateRows(const PanelTile& t, size_t b,
                                                  const MatrixSums<kRows>& dot, const Lanes& scale,
                                                  Rows<kRows, 1>& rows) {
#pragma GCC unroll 6
  for (size_t i = 0; i < kRows; ++i) {
    rows.Accumulate(i, dot.Row(i), scale, t.scales[i * t.blocks + b]);
  }
}

// The zero-point terms of block b for each row of x.
inline auto ZeroPointTermsOf(const PanelTile& t, size_t b, int first, int second) {
  return [&t, b, first, second](size_t i) {
    return FromCodeSums(t.sums[i * t.blocks + b], -first, -second);
  };
}

// A Kernel of dot.h, for single rows, with RunMatrix for more.
template <typename Kernel>
struct ByMatrix : Kernel {
  static constexpr int kMaxRows = 6;
  static constexpr size_t kRowGranularity = 2;

  template <int kRows, bool>
  static void Run(const PanelTile t, Sums<kRows>& sums) {
    if constexpr (kRows == 1) {
      Kernel::template Run<1, false>(t, sums);
    } else {
      Rows<kRows, 1> rows(sums);
      Kernel::template RunMatrix<kRows>(t, rows);
      rows.Store(sums);
    }
  }
};

struct MatrixEightBits : EightBits {  // Q8_0
  template <int kRows>
  static void RunMatrix(const PanelTile& t, Rows<kRows, 1>& rows) {
    const uint8_t* p = t.panel;
    for (size_t b = 0; b < t.blocks; ++b, p += kBlock) {
      PrefetchAhead(t, p, kPrefetchBlocks, kBlock);
      MatrixSums<kRows> dot([](size_t) { return 0; });
      MultiplySteps<0, kSteps>(
          t, b, [&](size_t step, size_t q) { return CodesAt(p + kCodes, step, q); }, dot);
      AccumulateRows(t, b, dot, Lanes::LoadHalf(reinterpret_cast<const uint16_t*>(p)), rows);
    }
  }
};

struct MatrixRowScaled : RowScaled {  // W8
  template <int kRows>
  static void RunMatrix(const PanelTile& t, Rows<kRows, 1>& rows) {
    const uint8_t* p = t.panel + kHeader;
    MatrixSums<kRows> dot([](size_t) { return 0; });
    for (size_t b = 0; b < t.blocks; ++b, p += kBlock) {
      PrefetchAhead(t, p, kPrefetchBlocks, kBlock);
      MultiplySteps<0, kSteps>(
          t, b, [&](size_t step, size_t q) { return CodesAt(p, step, q); }, dot);
    }
    const Lanes scale = Lanes::Load(reinterpret_cast<const float*>(t.panel));
#pragma GCC unroll 6
    for (size_t i = 0; i < kRows; ++i) {
      rows.sum[i] = dot.Row(i).ToFloat() * Lanes::Set(t.scales[i]) * scale;
    }
  }
};

struct MatrixFourBits : FourBits {  // Q4_0
  template <int kRows>
  static void RunMatrix(const PanelTile& t, Rows<kRows, 1>& rows) {
    const uint8_t* p = t.panel;
    for (size_t b = 0; b < t.blocks; ++b, p += tensor::kFourBitBlockBytes) {
      PrefetchAhead(t, p, kPrefetchBlocks, tensor::kFourBitBlockBytes);
      MatrixSums<kRows> dot(ZeroPointTermsOf(t, b, 8, 8));
      MultiplySteps<0, kSteps>(
          t, b, [&](size_t step, size_t q) { return NibblesAt(p + 32, step, q); }, dot);
      AccumulateRows(t, b, dot, Lanes::LoadHalf(reinterpret_cast<const uint16_t*>(p)), rows);
    }
  }
};

struct MatrixCodebook : Codebook {  // Q4G
  template <size_t kPart, int kRows>
  static void RunHalf(const PanelTile& t, size_t b, const uint8_t* p, uint8x16_t values,
                      Rows<kRows, 1>& rows) {
    constexpr int kZero = tensor::kQ4GZero;
    MatrixSums<kRows> dot(ZeroPointTermsOf(t, b, kPart ? 0 : kZero, kPart ? kZero : 0));
    MultiplySteps<4 * kPart, 4 * kPart + 4>(
        t, b, [&](size_t step, size_t q) { return vqtbl1q_u8(values, NibblesAt(p + 32, step, q)); },
        dot);
    AccumulateRows(t, b, dot, Q4GScales(p + kPart * 16), rows);
  }
  template <int kRows>
  static void RunMatrix(const PanelTile& t, Rows<kRows, 1>& rows) {
    const uint8x16_t values = Values().a;
    const uint8_t* p = t.panel;
    for (size_t b = 0; b < t.blocks; ++b, p += tensor::kFourBitBlockBytes) {
      PrefetchAhead(t, p, kPrefetchBlocks, tensor::kFourBitBlockBytes);
      RunHalf<0>(t, b, p, values, rows);
      RunHalf<1>(t, b, p, values, rows);
    }
    for (Lanes& sum : rows.sum) sum = sum * Lanes::Set(0.25f);  // Q4GScales gives four times
  }
};

struct MatrixFourBitsK : FourBitsK {  // Q4_K
  template <int kRows>
  static void RunMatrix(const PanelTile& t, Rows<kRows, 1>& rows) {
    const Lanes minus = Lanes::Set(-1.0f);
    for (size_t b = 0; b < t.blocks; ++b) {
      const uint8_t* super = t.panel + b / 8 * tensor::kQ4KSuperBytes;
      const uint8_t* p = super + tensor::kQ4KHeadBytes + b % 8 * tensor::kFourBitBlockBytes;
      PrefetchAhead(t, p, kPrefetchBlocks, tensor::kFourBitBlockBytes);
      MatrixSums<kRows> dot([](size_t) { return 0; });
      MultiplySteps<0, kSteps>(
          t, b, [&](size_t step, size_t q) { return NibblesAt(p + 32, step, q); }, dot);
      const auto* halves = reinterpret_cast<const uint16_t*>(super);
      AccumulateRows(t, b, dot, Lanes::LoadHalf(halves) * BytesToFloats(p), rows);
      const Lanes min = Lanes::LoadHalf(halves + 16) * BytesToFloats(p + 16) * minus;
      auto total = ZeroPointTermsOf(t, b, -1, -1);
      for (size_t i = 0; i < kRows; ++i) {
        const float s = t.scales[i * t.blocks + b] * static_cast<float>(total(i));
        rows.sum[i] = Lanes::MulAdd(min, Lanes::Set(s), rows.sum[i]);
      }
    }
  }
};

struct MatrixSixBits : SixBits {  // Q6_K
  // As WithUpperBits.
  static uint8x16_t SixAt(const uint8_t* codes, size_t step, size_t q) {
    const int left = 4 - 2 * static_cast<int>(step / 2);
    const uint8x16_t pairs = CodesAt(codes + tensor::kNibbleBytes, step % 2, q);
    const uint8x16_t upper = vshlq_u8(pairs, vdupq_n_s8(static_cast<int8_t>(left)));
    return vorrq_u8(NibblesAt(codes, step, q), vandq_u8(upper, vdupq_n_u8(0x30)));
  }
  template <size_t kPart, int kRows>
  static void RunHalf(const PanelTile& t, size_t b, const uint8_t* super, const uint8_t* p,
                      Rows<kRows, 1>& rows) {
    MatrixSums<kRows> dot(ZeroPointTermsOf(t, b, kPart ? 0 : 32, kPart ? 32 : 0));
    MultiplySteps<4 * kPart, 4 * kPart + 4>(
        t, b, [&](size_t step, size_t q) { return SixAt(p + 32, step, q); }, dot);
    const Lanes sub = Lanes::LoadInt8(reinterpret_cast<const int8_t*>(p + kPart * 16));
    AccumulateRows(t, b, dot, Lanes::LoadHalf(reinterpret_cast<const uint16_t*>(super)) * sub,
                   rows);
  }
  template <int kRows>
  static void RunMatrix(const PanelTile& t, Rows<kRows, 1>& rows) {
    for (size_t b = 0; b < t.blocks; ++b) {
      const uint8_t* super = t.panel + b / 8 * tensor::kQ6KSuperBytes;
      const uint8_t* p = super + tensor::kQ6KHeadBytes + b % 8 * tensor::kSixBitBlockBytes;
      PrefetchAhead(t, p, kPrefetchBlocks, tensor::kSixBitBlockBytes);
      RunHalf<0>(t, b, super, p, rows);
      RunHalf<1>(t, b, super, p, rows);
    }
  }
};

inline PackedMatMulFn PackedMatMulForMatrix(tensor::DType packed) {
  return PackedMatMulByKind<ByMatrix<MatrixEightBits>, ByMatrix<MatrixRowScaled>,
                            ByMatrix<MatrixFourBits>, ByMatrix<MatrixCodebook>,
                            ByMatrix<MatrixFourBitsK>, ByMatrix<MatrixSixBits>>(packed);
}

}  // namespace
}  // namespace pano::kernels
#endif
