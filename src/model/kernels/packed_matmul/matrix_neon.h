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

  // Four rows of weights over eight columns: sums 2q and 2q + 1 of every pair.
  void AddQuarter(size_t q, uint8x16_t first, uint8x16_t second, const int8x16_t (&x)[kPairs]) {
    const uint32x4_t a = vreinterpretq_u32_u8(first), b = vreinterpretq_u32_u8(second);
    const int8x16_t lo = vreinterpretq_s8_u32(vzip1q_u32(a, b));
    const int8x16_t hi = vreinterpretq_s8_u32(vzip2q_u32(a, b));
#pragma GCC unroll 3
    for (size_t i = 0; i < kPairs; ++i) {
      v[i][2 * q] = vmmlaq_s32(v[i][2 * q], x[i], lo);
      v[i][2 * q + 1] = vmmlaq_s32(v[i][2 * q + 1], x[i], hi);
      __asm__("" : "+w"(v[i][2 * q]), "+w"(v[i][2 * q + 1]));  // in this order
    }
  }

  // Two steps of weights by eight columns of rows of x, `k` apart.
  void Add(const ByteWeights& first, const ByteWeights& second, const uint8_t* x, size_t k) {
    auto eight = [&](size_t row) { return vreinterpret_s8_u8(vld1_u8(x + row * k)); };
    int8x16_t pairs[kPairs];
#pragma GCC unroll 3
    for (size_t i = 0; i < kPairs; ++i) pairs[i] = vcombine_s8(eight(2 * i), eight(Second(i)));
    AddQuarter(0, first.a, second.a, pairs);
    AddQuarter(1, first.b, second.b, pairs);
    AddQuarter(2, first.c, second.c, pairs);
    AddQuarter(3, first.d, second.d, pairs);
  }

  ByteSums Row(size_t row) const {
    const int32x4_t(&sums)[8] = v[row / 2];
    auto four = [&](size_t q) {
      const int64x2_t a = vreinterpretq_s64_s32(sums[2 * q]),
                      b = vreinterpretq_s64_s32(sums[2 * q + 1]);
      return vreinterpretq_s32_s64(row % 2 ? vzip2q_s64(a, b) : vzip1q_s64(a, b));
    };
    return {four(0), four(1), four(2), four(3)};
  }
};

// Adds the products of steps [kBegin, kEnd) of block b, whose codes are codes(step).
template <size_t kBegin, size_t kEnd, int kRows, typename Codes>
[[gnu::always_inline]] inline void MultiplySteps(const PanelTile& t, size_t b, Codes codes,
                                                 MatrixSums<kRows>& sums) {
#pragma GCC unroll 4
  for (size_t step = kBegin; step < kEnd; step += 2) {
    sums.Add(codes(step), codes(step + 1), t.codes + b * tensor::kPackedBlock + step * 4, t.k);
  }
}

template <int kRows>
[[gnu::always_inline]] inline void GrowRows(const PanelTile& t, size_t b,
                                            const MatrixSums<kRows>& dot, const Lanes& scale,
                                            Rows<kRows>& rows) {
#pragma GCC unroll 6
  for (size_t i = 0; i < kRows; ++i) {
    rows.Grow(i, dot.Row(i), scale, t.scales[i * t.blocks + b]);
  }
}

// Zero terms of block b for each row.
inline auto ZeroTerms(const PanelTile& t, size_t b, int first, int second) {
  return [&t, b, first, second](size_t i) {
    return ZeroTerm(t.sums[i * t.blocks + b], first, second);
  };
}

// A Kind of dot.h for single rows, Kind::Matrix for more.
template <typename Kind>
struct ByMatrix : Kind {
  static constexpr int kMaxRows = 6;
  static constexpr size_t kRowUnit = 2;
  static void Prepare(const uint8_t*, size_t, std::byte*) {}

  template <int kRows, bool>
  static void Run(const PanelTile t, Sums<kRows>& sums) {
    if constexpr (kRows == 1) {
      Kind::template Run<1, false>(t, sums);
    } else {
      Rows<kRows> rows(sums);
      Kind::template RunMatrix<kRows>(t, rows);
      rows.Store(sums);
    }
  }
};

template <bool kBlockScales>
struct MatrixEightBits : EightBits<kBlockScales> {
  using Base = EightBits<kBlockScales>;
  template <int kRows>
  static void RunMatrix(const PanelTile& t, Rows<kRows>& rows) {
    const uint8_t* p = t.panel + Base::kHeader;
    for (size_t b = 0; b < t.blocks; ++b, p += Base::kBlock) {
      FetchAhead(t, p, Base::kBlock);
      MatrixSums<kRows> dot([](size_t) { return 0; });
      MultiplySteps<0, kSteps>(
          t, b,
          [p](size_t step) { return ByteWeights::Load(p + Base::kCodes + step * kStepBytes); },
          dot);
      const Lanes scale =
          kBlockScales ? Lanes::LoadHalf(reinterpret_cast<const uint16_t*>(p)) : Lanes::Set(1.0f);
      GrowRows(t, b, dot, scale, rows);
    }
    if (!kBlockScales) {
      const Lanes row_scales = Lanes::Load(reinterpret_cast<const float*>(t.panel));
      for (Lanes& sum : rows.sum) sum = sum * row_scales;
    }
  }
};

struct MatrixFourBits : FourBits {  // Q4_0
  template <int kRows>
  static void RunMatrix(const PanelTile& t, Rows<kRows>& rows) {
    const uint8_t* p = t.panel;
    for (size_t b = 0; b < t.blocks; ++b, p += tensor::kFourBitBlockBytes) {
      FetchAhead(t, p, tensor::kFourBitBlockBytes);
      MatrixSums<kRows> dot(ZeroTerms(t, b, 8, 8));
      MultiplySteps<0, kSteps>(
          t, b, [p](size_t step) { return Nibbles(p + 32, step); }, dot);
      GrowRows(t, b, dot, Lanes::LoadHalf(reinterpret_cast<const uint16_t*>(p)), rows);
    }
  }
};

struct MatrixCodeBook : CodeBook {  // Q4G
  template <size_t kPart, int kRows>
  static void RunHalf(const PanelTile& t, size_t b, const uint8_t* p, const ByteWeights& values,
                      Rows<kRows>& rows) {
    constexpr int kZero = tensor::kQ4GZero;
    MatrixSums<kRows> dot(ZeroTerms(t, b, kPart ? 0 : kZero, kPart ? kZero : 0));
    MultiplySteps<4 * kPart, 4 * kPart + 4>(
        t, b, [&](size_t step) { return Nibbles(p + 32, step).Of(values); }, dot);
    GrowRows(t, b, dot, SmallFloats(p + kPart * 16), rows);
  }
  template <int kRows>
  static void RunMatrix(const PanelTile& t, Rows<kRows>& rows) {
    const ByteWeights values = Values();
    const uint8_t* p = t.panel;
    for (size_t b = 0; b < t.blocks; ++b, p += tensor::kFourBitBlockBytes) {
      FetchAhead(t, p, tensor::kFourBitBlockBytes);
      RunHalf<0>(t, b, p, values, rows);
      RunHalf<1>(t, b, p, values, rows);
    }
    for (Lanes& sum : rows.sum) sum = sum * Lanes::Set(0.25f);  // SmallFloats gives four times
  }
};

inline PackedMatMulFn PackedMatMulForMatrix(DType packed) {
  switch (packed) {
    case DType::kQ8_0X16:
      return PackedMatMulOf<ByMatrix<MatrixEightBits<true>>>;
    case DType::kW8X16:
      return PackedMatMulOf<ByMatrix<MatrixEightBits<false>>>;
    case DType::kQ4_0X16:
      return PackedMatMulOf<ByMatrix<MatrixFourBits>>;
    case DType::kQ4GX16:
      return PackedMatMulOf<ByMatrix<MatrixCodeBook>>;
    default:
      return PackedMatMulForDot(packed);
  }
}

}  // namespace
}  // namespace pano::kernels
#endif
