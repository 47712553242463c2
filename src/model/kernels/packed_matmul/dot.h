#pragma once

// The packed products for instruction sets that multiply four bytes by four and add the products
// to a 32-bit sum: over ByteSums and Lanes, for the file that defines them (simd/bytes_*.h and
// simd/lanes_*.h, included first). A tile is up to ByteSums::kTileRows rows of x by the sixteen
// rows of a panel, one ByteSums for each row of x. Without them this header is empty.
#ifdef PANO_BYTE_SUMS

#include "model/kernels/packed_matmul/panels.h"
#include "model/kernels/simd/lanes.h"

namespace pano::kernels {
namespace {

inline constexpr size_t kSteps = tensor::kPackedBlock / 4;  // of four columns, in a block
inline constexpr size_t kStepBytes = tensor::kPanelRows * 4;

// Brings what is needed soon into the cache: some 4 KB ahead where weights come from memory, else
// the next panel.
inline void FetchAhead(const PanelTile& t, const uint8_t* block, size_t bytes) {
  const uint8_t* from = t.next ? t.next + (block - t.panel) : block + 8 * bytes;
  for (size_t i = 0; i < bytes; i += 64) __builtin_prefetch(from + i);
}

// The sum that zero points take off: -(first * sum of the codes of a half block + second * ...).
inline int32_t ZeroTerm(uint32_t sums, int first, int second) {
  return -(first * static_cast<int16_t>(sums) + second * static_cast<int16_t>(sums >> 16));
}

template <int kRows>
struct Rows {
  Lanes sum[kRows];

  explicit Rows(Sums<kRows>& memory) {
    for (size_t i = 0; i < kRows; ++i) sum[i] = Lanes::Load(memory[i]);
  }
  void Store(Sums<kRows>& memory) const {
    for (size_t i = 0; i < kRows; ++i) sum[i].Store(memory[i]);
  }
  // fma(float(integers) * scale, s, sum).
  void Grow(size_t i, const ByteSums& integers, const Lanes& scale, float s) {
    sum[i] = Lanes::MulAdd(integers.ToFloat() * scale, Lanes::Set(s), sum[i]);
  }
};

// dot[i] += codes * x for every row.
template <int kRows>
void MultiplyFour(const ByteWeights& codes, const uint8_t* x, size_t k, ByteSums (&dot)[kRows]) {
#pragma GCC unroll 16
  for (size_t i = 0; i < kRows; ++i) {
    dot[i].AddFour(codes, x + i * k);
    dot[i].Pin();
  }
}

// ---- Eight-bit weights. Where the set wants x unsigned, 64 times the sum of a row's codes comes
// off; for several tiles on one panel that is prepared once.

template <bool kBlockScales>
struct EightBits : EightBitLayout<kBlockScales> {
  using EightBitLayout<kBlockScales>::kHeader;
  using EightBitLayout<kBlockScales>::kCodes;
  using EightBitLayout<kBlockScales>::kBlock;
  static constexpr int kMaxRows = ByteSums::kTileRows;
  static constexpr bool kPrepares = kSevenZero != 0;

  static void Prepare(const uint8_t* panel, size_t blocks, size_t, std::byte* out) {
    auto* zeros = reinterpret_cast<int32_t*>(out);
    for (size_t b = 0; b < blocks; ++b) {
      ByteSums zero = ByteSums::Set(0);
      for (size_t step = 0; step < kSteps; ++step) {
        zero.AddZero(ByteWeights::Load(panel + kHeader + b * kBlock + kCodes + step * kStepBytes));
      }
      zero.Store(zeros + b * kPanelWidth);
    }
  }

  template <int kRows, bool kPrepared>
  static void Run(const PanelTile t, Sums<kRows>& sums) {
    Rows<kRows> rows(sums);
    const auto* zeros = reinterpret_cast<const int32_t*>(t.prepared);
    const uint8_t* p = t.panel + kHeader;
    for (size_t b = 0; b < t.blocks; ++b, p += kBlock) {
      FetchAhead(t, p, kBlock);
      ByteSums dot[kRows], zero = ByteSums::Set(0);
      if (kSevenZero != 0 && kPrepared) zero = ByteSums::Load(zeros + b * kPanelWidth);
      for (ByteSums& one : dot) one = ByteSums::Set(0);
#pragma GCC unroll 8
      for (size_t step = 0; step < kSteps; ++step) {
        // Not const: GCC would keep it in memory.
        ByteWeights w = ByteWeights::Load(p + kCodes + step * kStepBytes);
        if (kSevenZero != 0 && !kPrepared) zero.AddZero(w);
        const uint8_t* x = t.codes + b * tensor::kPackedBlock + step * 4;
#pragma GCC unroll 16
        for (size_t i = 0; i < kRows; ++i) {
          dot[i].AddEight(w, x + i * t.k);
          dot[i].Pin();
        }
      }
      const Lanes scale =
          kBlockScales ? Lanes::LoadHalf(reinterpret_cast<const uint16_t*>(p)) : Lanes::Set(1.0f);
#pragma GCC unroll 16
      for (size_t i = 0; i < kRows; ++i) {
        if (kSevenZero != 0) dot[i] = dot[i] - zero;
        rows.Grow(i, dot[i], scale, t.scales[i * t.blocks + b]);  // times 1 is exact
      }
    }
    if (!kBlockScales) {
      const Lanes row_scales = Lanes::Load(reinterpret_cast<const float*>(t.panel));
      for (Lanes& sum : rows.sum) sum = sum * row_scales;
    }
    rows.Store(sums);
  }
};

// ---- Weights of fewer bits: unsigned codes against signed bytes of x.

struct Unprepared {
  static constexpr int kMaxRows = ByteSums::kTileRows;
  static constexpr bool kPrepares = false;
};

// Codes of step `step` of a block: steps 4..7 lie in the upper half bytes.
inline ByteWeights Nibbles(const uint8_t* nibbles, size_t step) {
  const ByteWeights both = ByteWeights::Load(nibbles + step % 4 * kStepBytes);
  return step < 4 ? both.LowNibbles() : both.HighNibbles();
}

struct FourBits : Unprepared {  // Q4_0
  template <int kRows, bool>
  static void Run(const PanelTile t, Sums<kRows>& sums) {
    Rows<kRows> rows(sums);
    const uint8_t* p = t.panel;
    for (size_t b = 0; b < t.blocks; ++b, p += tensor::kFourBitBlockBytes) {
      FetchAhead(t, p, tensor::kFourBitBlockBytes);
      ByteSums dot[kRows];
      for (size_t i = 0; i < kRows; ++i) {
        dot[i] = ByteSums::Set(ZeroTerm(t.sums[i * t.blocks + b], 8, 8));
      }
#pragma GCC unroll 8
      for (size_t step = 0; step < kSteps; ++step) {
        MultiplyFour<kRows>(Nibbles(p + 32, step), t.codes + b * 32 + step * 4, t.k, dot);
      }
      const Lanes scale = Lanes::LoadHalf(reinterpret_cast<const uint16_t*>(p));
      for (size_t i = 0; i < kRows; ++i) {
        rows.Grow(i, dot[i], scale, t.scales[i * t.blocks + b]);
      }
    }
    rows.Store(sums);
  }
};

struct CodeBook : Unprepared {  // Q4G
  static ByteWeights Values() {
    alignas(64) uint8_t values[kStepBytes];
    for (size_t i = 0; i < kStepBytes; ++i) {
      values[i] = static_cast<uint8_t>(tensor::kQ4GCodes[i % 16] + tensor::kQ4GZero);
    }
    return ByteWeights::Load(values);
  }

  template <int kRows, bool>
  static void Run(const PanelTile t, Sums<kRows>& sums) {
    Rows<kRows> rows(sums);
    const ByteWeights values = Values();
    const uint8_t* p = t.panel;
    for (size_t b = 0; b < t.blocks; ++b, p += tensor::kFourBitBlockBytes) {
      FetchAhead(t, p, tensor::kFourBitBlockBytes);
#pragma GCC unroll 2
      for (size_t part = 0; part < 2; ++part) {
        ByteSums dot[kRows];
        for (size_t i = 0; i < kRows; ++i) {
          dot[i] = ByteSums::Set(ZeroTerm(t.sums[i * t.blocks + b], part ? 0 : tensor::kQ4GZero,
                                          part ? tensor::kQ4GZero : 0));
        }
#pragma GCC unroll 4
        for (size_t i = 0; i < 4; ++i) {
          const size_t step = part * 4 + i;
          MultiplyFour<kRows>(Nibbles(p + 32, step).Of(values), t.codes + b * 32 + step * 4, t.k,
                              dot);
        }
        const Lanes scale = SmallFloats(p + part * 16);
        for (size_t i = 0; i < kRows; ++i) {
          rows.Grow(i, dot[i], scale, t.scales[i * t.blocks + b]);
        }
      }
    }
    for (Lanes& sum : rows.sum) sum = sum * Lanes::Set(0.25f);  // SmallFloats gives four times
    rows.Store(sums);
  }
};

struct FourBitsK : Unprepared {  // Q4_K
  template <int kRows, bool>
  static void Run(const PanelTile t, Sums<kRows>& sums) {
    Rows<kRows> rows(sums);
    const Lanes minus = Lanes::Set(-1.0f);
    for (size_t b = 0; b < t.blocks; ++b) {
      const uint8_t* super = t.panel + b / 8 * tensor::kQ4KSuperBytes;
      const uint8_t* p = super + tensor::kQ4KHeadBytes + b % 8 * tensor::kFourBitBlockBytes;
      FetchAhead(t, p, tensor::kFourBitBlockBytes);
      ByteSums dot[kRows];
      for (ByteSums& one : dot) one = ByteSums::Set(0);
#pragma GCC unroll 8
      for (size_t step = 0; step < kSteps; ++step) {
        MultiplyFour<kRows>(Nibbles(p + 32, step), t.codes + b * 32 + step * 4, t.k, dot);
      }
      const auto* halves = reinterpret_cast<const uint16_t*>(super);
      const Lanes scale = Lanes::LoadHalf(halves) * BytesToFloats(p);
      const Lanes min = Lanes::LoadHalf(halves + 16) * BytesToFloats(p + 16) * minus;
      for (size_t i = 0; i < kRows; ++i) {
        const float s = t.scales[i * t.blocks + b];
        const auto total = static_cast<float>(ZeroTerm(t.sums[i * t.blocks + b], -1, -1));
        rows.Grow(i, dot[i], scale, s);
        rows.sum[i] = Lanes::MulAdd(min, Lanes::Set(s * total), rows.sum[i]);
      }
    }
    rows.Store(sums);
  }
};

struct SixBits : Unprepared {  // Q6_K
  template <int kRows, bool>
  static void Run(const PanelTile t, Sums<kRows>& sums) {
    Rows<kRows> rows(sums);
    for (size_t b = 0; b < t.blocks; ++b) {
      const uint8_t* super = t.panel + b / 8 * tensor::kQ6KSuperBytes;
      const uint8_t* p = super + tensor::kQ6KHeadBytes + b % 8 * tensor::kSixBitBlockBytes;
      FetchAhead(t, p, tensor::kSixBitBlockBytes);
#pragma GCC unroll 2
      for (size_t part = 0; part < 2; ++part) {
        ByteSums dot[kRows];
        for (size_t i = 0; i < kRows; ++i) {
          dot[i] = ByteSums::Set(ZeroTerm(t.sums[i * t.blocks + b], part ? 0 : 32, part ? 32 : 0));
        }
#pragma GCC unroll 4
        for (size_t i = 0; i < 4; ++i) {
          const size_t step = part * 4 + i;
          const uint8_t* pairs = p + 32 + tensor::kNibbleBytes + step % 2 * kStepBytes;
          ByteWeights codes =  // not const: see above
              Nibbles(p + 32, step).WithUpperBits(ByteWeights::Load(pairs), step / 2);
          MultiplyFour<kRows>(codes, t.codes + b * 32 + step * 4, t.k, dot);
        }
        const Lanes sub = Lanes::LoadInt8(reinterpret_cast<const int8_t*>(p + part * 16));
        const Lanes scale = Lanes::LoadHalf(reinterpret_cast<const uint16_t*>(super)) * sub;
        for (size_t i = 0; i < kRows; ++i) {
          rows.Grow(i, dot[i], scale, t.scales[i * t.blocks + b]);
        }
      }
    }
    rows.Store(sums);
  }
};

inline PackedMatMulFn PackedMatMulForDot(tensor::DType packed) {
  return PackedMatMulByKind<EightBits<true>, EightBits<false>, FourBits, CodeBook, FourBitsK,
                            SixBits>(packed);
}

}  // namespace
}  // namespace pano::kernels
#endif
