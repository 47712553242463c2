#pragma once

// The packed products for instruction sets with a dot product of four bytes by four into a 32-bit
// sum (vpdpbusd, sdot), over ByteSums and Lanes, for the file that defines them (simd/bytes_*.h and
// simd/lanes_*.h, included first). A tile is up to ByteSums::kTileRows rows of x by the sixteen
// rows of each of one or two panels (ByteSums::kTilePanels), one ByteSums for each row of x and
// panel. For each block of 32 columns: eight steps of four columns, each one dot product a row of x
// and panel; then the integer sums become floats and take one multiply-add into the tile's float
// sums. Two panels halve the reads of x. Without ByteSums this header is empty.
#ifdef PANO_BYTE_SUMS

#include "model/kernels/packed_matmul/panels.h"
#include "model/kernels/simd/lanes.h"

namespace pano::kernels {
namespace {

inline constexpr size_t kSteps = tensor::kPackedBlock / 4;  // of four columns, in a block
inline constexpr size_t kStepBytes = tensor::kPanelRows * 4;

// The sums of a tile: of all its rows of x by its first panel, then by the next.
template <int kRows, int kPanels>
struct Rows {
  static constexpr size_t kCount = kRows * kPanels;
  Lanes sum[kCount];

  explicit Rows(Sums<kRows, kPanels>& memory) {
    for (size_t i = 0; i < kCount; ++i) sum[i] = Lanes::Load(memory[i]);
  }
  void Store(Sums<kRows, kPanels>& memory) const {
    for (size_t i = 0; i < kCount; ++i) sum[i].Store(memory[i]);
  }
  // fma(float(integers) * scale, s, sum).
  void Accumulate(size_t i, const ByteSums& integers, const Lanes& scale, float s) {
    sum[i] = Lanes::MulAdd(integers.ToFloat() * scale, Lanes::Set(s), sum[i]);
  }
};
template <int kRows, int kPanels>
using Dots = ByteSums[kRows * kPanels];

// dot[panel, i] += codes of the panel * x of row i, by one instruction.
template <int kRows, int kPanels, void (ByteSums::*kAdd)(const ByteWeights&, const uint8_t*)>
void MultiplyStep(ByteWeights (&codes)[kPanels], const uint8_t* x, size_t k,
                  Dots<kRows, kPanels>& dot) {
#pragma GCC unroll 16
  for (size_t i = 0; i < kRows; ++i) {
#pragma GCC unroll 2
    for (size_t panel = 0; panel < kPanels; ++panel) {
      ByteSums& sum = dot[panel * kRows + i];
      (sum.*kAdd)(codes[panel], x + i * k);
      sum.Pin();
    }
  }
}

// Blocks of all panels that a tile works on, one after the other.
template <int kPanels>
struct Blocks {
  const uint8_t* panel[kPanels];

  Blocks(const PanelTile& t, size_t header) {
    for (size_t i = 0; i < kPanels; ++i) panel[i] = t.panel + i * t.panel_bytes + header;
  }
  void Prefetch(const PanelTile& t, size_t bytes) const {
    if (kPanels == 1) PrefetchAhead(t, panel[0], kPrefetchBlocks, bytes);
  }
  void Next(size_t bytes) {
    for (const uint8_t*& p : panel) p += bytes;
  }
};

// ---- Eight-bit weights. Where the set takes x unsigned, its codes have a zero point, and that many
// times the sum of a weight row's codes is subtracted; for several tiles on one panel that term is
// computed once (Prepare).

// The weights of all panels of one step of four columns by the rows of x. kZero: the zero point,
// whose term goes to `zero` where it is not 0.
template <int kZero, int kRows, int kPanels>
void MultiplyEightBits(const uint8_t* const (&codes)[kPanels], const uint8_t* x, size_t k,
                       Dots<kRows, kPanels>& dot, ByteSums (&zero)[kPanels]) {
  ByteWeights w[kPanels];  // not const: GCC would keep it in memory
  for (size_t panel = 0; panel < kPanels; ++panel) {
    w[panel] = ByteWeights::Load(codes[panel]);
    if (kZero != 0) zero[panel].template AddZeroPoint<kZero>(w[panel]);
  }
  MultiplyStep<kRows, kPanels, &ByteSums::AddSignedWeights>(w, x, k, dot);
}

struct EightBits {  // Q8_0: a scale a block
  static constexpr size_t kCodes = tensor::kBlockScaleBytes, kBlock = tensor::kQ8BlockBytes;
  static constexpr int kMaxRows = ByteSums::kTileRows, kMaxPanels = ByteSums::kTilePanels;
  static constexpr bool kPrepares = kUint7ZeroPoint != 0;

  static void Prepare(const uint8_t* panel, size_t blocks, size_t, std::byte* out) {
    auto* zeros = reinterpret_cast<int32_t*>(out);
    for (size_t b = 0; b < blocks; ++b) {
      ByteSums zero = ByteSums::Set(0);
      for (size_t step = 0; step < kSteps; ++step) {
        zero.AddZeroPoint<kUint7ZeroPoint>(
            ByteWeights::Load(panel + b * kBlock + kCodes + step * kStepBytes));
      }
      zero.Store(zeros + b * kPanelWidth);
    }
  }

  template <int kRows, bool kPrepared, int kPanels = 1>
  static void Run(const PanelTile t, Sums<kRows, kPanels>& sums) {
    Rows<kRows, kPanels> rows(sums);
    const auto* zeros = reinterpret_cast<const int32_t*>(t.prepared);
    Blocks<kPanels> at(t, 0);
    for (size_t b = 0; b < t.blocks; ++b, at.Next(kBlock)) {
      at.Prefetch(t, kBlock);
      Dots<kRows, kPanels> dot;
      ByteSums zero[kPanels];
      for (size_t panel = 0; panel < kPanels; ++panel) {
        zero[panel] = kUint7ZeroPoint != 0 && kPrepared
                          ? ByteSums::Load(zeros + (panel * t.blocks + b) * kPanelWidth)
                          : ByteSums::Set(0);
      }
      for (ByteSums& one : dot) one = ByteSums::Set(0);
      const uint8_t* x = t.codes + b * tensor::kPackedBlock;
#pragma GCC unroll 8
      for (size_t step = 0; step < kSteps; ++step) {
        const uint8_t* codes[kPanels];
        for (size_t i = 0; i < kPanels; ++i) codes[i] = at.panel[i] + kCodes + step * kStepBytes;
        MultiplyEightBits<kPrepared ? 0 : kUint7ZeroPoint, kRows, kPanels>(codes, x + step * 4, t.k,
                                                                           dot, zero);
      }
      const float* s = t.scales + b;
      for (size_t panel = 0; panel < kPanels; ++panel) {
        const Lanes scale = Lanes::LoadHalf(reinterpret_cast<const uint16_t*>(at.panel[panel]));
#pragma GCC unroll 16
        for (size_t i = 0; i < kRows; ++i) {
          ByteSums& sum = dot[panel * kRows + i];
          if (kUint7ZeroPoint != 0) sum = sum - zero[panel];
          rows.Accumulate(panel * kRows + i, sum, scale, s[i * t.blocks]);
        }
      }
    }
    rows.Store(sums);
  }
};

struct RowScaled {  // W8: a scale a row of weights and a row of x, and one integer sum a result
  static constexpr size_t kBlock = tensor::kEightBitBytes;
  static constexpr int kMaxRows = ByteSums::kTileRows, kMaxPanels = ByteSums::kTilePanels;
  static constexpr bool kPrepares = kRowZeroPoint != 0, kRowScales = true;
  static constexpr size_t kHeader = kPanelWidth * sizeof(float);

  static void Prepare(const uint8_t* panel, size_t blocks, size_t, std::byte* out) {
    ByteSums zero = ByteSums::Set(0);
    for (size_t step = 0; step < blocks * kSteps; ++step) {
      zero.AddZeroPoint<kRowZeroPoint>(ByteWeights::Load(panel + kHeader + step * kStepBytes));
    }
    zero.Store(reinterpret_cast<int32_t*>(out));
  }

  template <int kRows, bool kPrepared, int kPanels = 1>
  static void Run(const PanelTile t, Sums<kRows, kPanels>& sums) {
    const auto* zeros = reinterpret_cast<const int32_t*>(t.prepared);
    Dots<kRows, kPanels> dot;
    ByteSums zero[kPanels];
    for (ByteSums& one : dot) one = ByteSums::Set(0);
    for (size_t panel = 0; panel < kPanels; ++panel) {
      zero[panel] = kRowZeroPoint != 0 && kPrepared
                        ? ByteSums::Load(zeros + panel * t.blocks * kPanelWidth)
                        : ByteSums::Set(0);
    }
    Blocks<kPanels> at(t, kHeader);
    for (size_t b = 0; b < t.blocks; ++b, at.Next(kBlock)) {
      at.Prefetch(t, kBlock);
      const uint8_t* x = t.codes + b * tensor::kPackedBlock;
#pragma GCC unroll 8
      for (size_t step = 0; step < kSteps; ++step) {
        const uint8_t* codes[kPanels];
        for (size_t i = 0; i < kPanels; ++i) codes[i] = at.panel[i] + step * kStepBytes;
        MultiplyEightBits<kPrepared ? 0 : kRowZeroPoint, kRows, kPanels>(codes, x + step * 4, t.k,
                                                                         dot, zero);
      }
    }
    for (size_t panel = 0; panel < kPanels; ++panel) {
      const uint8_t* header = t.panel + panel * t.panel_bytes;
      const Lanes scale = Lanes::Load(reinterpret_cast<const float*>(header));
#pragma GCC unroll 16
      for (size_t i = 0; i < kRows; ++i) {
        const ByteSums sum = dot[panel * kRows + i] - zero[panel];
        (sum.ToFloat() * Lanes::Set(t.scales[i]) * scale).Store(sums[panel * kRows + i]);
      }
    }
  }
};

// ---- Weights of fewer bits: unsigned codes against signed bytes of x.

struct Unprepared {
  static constexpr int kMaxRows = ByteSums::kTileRows, kMaxPanels = ByteSums::kTilePanels;
  static constexpr bool kPrepares = false;
};

// Codes of step `step` of a block: steps 4..7 lie in the upper half bytes.
inline ByteWeights Nibbles(const uint8_t* nibbles, size_t step) {
  const ByteWeights both = ByteWeights::Load(nibbles + step % 4 * kStepBytes);
  return step < 4 ? both.LowNibbles() : both.HighNibbles();
}

// Starts the sums of a block with the term of the weights' zero points: -(first * sum of the codes
// of the first half block of x + second * that of the second).
template <int kRows, int kPanels>
void StartDots(const PanelTile& t, size_t b, int first, int second, Dots<kRows, kPanels>& dot) {
  for (size_t i = 0; i < kRows; ++i) {
    const ByteSums start = ByteSums::FromCodeSums(t.sums[i * t.blocks + b], -first, -second);
    for (size_t panel = 0; panel < kPanels; ++panel) dot[panel * kRows + i] = start;
  }
}

// The products of steps [begin, end) of block b; codes_of(block of a panel, step) are the weights.
template <int kRows, int kPanels, size_t kBegin, size_t kEnd, typename CodesOf>
void MultiplySteps(const PanelTile& t, size_t b, const uint8_t* const (&blocks)[kPanels],
                   CodesOf codes_of, Dots<kRows, kPanels>& dot) {
  const uint8_t* x = t.codes + b * tensor::kPackedBlock;
#pragma GCC unroll 8
  for (size_t step = kBegin; step < kEnd; ++step) {
    ByteWeights codes[kPanels];  // not const: see above
    for (size_t i = 0; i < kPanels; ++i) codes[i] = codes_of(blocks[i], step);
    MultiplyStep<kRows, kPanels, &ByteSums::AddUnsignedWeights>(codes, x + step * 4, t.k, dot);
  }
}

// Adds a block's products to all float sums; scale_of(block of a panel) is the scale of its rows.
template <int kRows, int kPanels, typename ScaleOf>
void AccumulateAll(const PanelTile& t, size_t b, const uint8_t* const (&blocks)[kPanels],
                   ScaleOf scale_of, const Dots<kRows, kPanels>& dot, Rows<kRows, kPanels>& rows) {
  const float* s = t.scales + b;
  for (size_t panel = 0; panel < kPanels; ++panel) {
    const Lanes scale = scale_of(blocks[panel]);
#pragma GCC unroll 16
    for (size_t i = panel * kRows; i < (panel + 1) * kRows; ++i) {
      rows.Accumulate(i, dot[i], scale, s[i % kRows * t.blocks]);
    }
  }
}

struct FourBits : Unprepared {  // Q4_0
  template <int kRows, bool, int kPanels = 1>
  static void Run(const PanelTile t, Sums<kRows, kPanels>& sums) {
    Rows<kRows, kPanels> rows(sums);
    Blocks<kPanels> at(t, 0);
    for (size_t b = 0; b < t.blocks; ++b, at.Next(tensor::kFourBitBlockBytes)) {
      at.Prefetch(t, tensor::kFourBitBlockBytes);
      Dots<kRows, kPanels> dot;
      StartDots<kRows, kPanels>(t, b, 8, 8, dot);
      MultiplySteps<kRows, kPanels, 0, kSteps>(
          t, b, at.panel, [](const uint8_t* p, size_t step) { return Nibbles(p + 32, step); }, dot);
      AccumulateAll<kRows, kPanels>(
          t, b, at.panel,
          [](const uint8_t* p) { return Lanes::LoadHalf(reinterpret_cast<const uint16_t*>(p)); },
          dot, rows);
    }
    rows.Store(sums);
  }
};

struct Codebook : Unprepared {  // Q4G
  static ByteWeights Values() {
    alignas(64) uint8_t values[kStepBytes];
    for (size_t i = 0; i < kStepBytes; ++i) {
      values[i] = static_cast<uint8_t>(tensor::kQ4GCodes[i % 16] + tensor::kQ4GZero);
    }
    return ByteWeights::Load(values);
  }

  template <int kRows, bool, int kPanels = 1>
  static void Run(const PanelTile t, Sums<kRows, kPanels>& sums) {
    Rows<kRows, kPanels> rows(sums);
    const ByteWeights values = Values();
    Blocks<kPanels> at(t, 0);
    auto codes = [&](const uint8_t* p, size_t step) {
      return Nibbles(p + 32, step).Lookup(values);
    };
    auto half = [&]<size_t kHalf>(size_t b) {
      Dots<kRows, kPanels> dot;
      StartDots<kRows, kPanels>(t, b, kHalf ? 0 : tensor::kQ4GZero, kHalf ? tensor::kQ4GZero : 0,
                                dot);
      MultiplySteps<kRows, kPanels, 4 * kHalf, 4 * kHalf + 4>(t, b, at.panel, codes, dot);
      AccumulateAll<kRows, kPanels>(
          t, b, at.panel, [](const uint8_t* p) { return Q4GScales(p + kHalf * 16); }, dot, rows);
    };
    for (size_t b = 0; b < t.blocks; ++b, at.Next(tensor::kFourBitBlockBytes)) {
      at.Prefetch(t, tensor::kFourBitBlockBytes);
      half.template operator()<0>(b);
      half.template operator()<1>(b);
    }
    for (Lanes& sum : rows.sum) sum = sum * Lanes::Set(0.25f);  // Q4GScales gives four times
    rows.Store(sums);
  }
};

struct FourBitsK : Unprepared {  // Q4_K
  template <int kRows, bool, int kPanels = 1>
  static void Run(const PanelTile t, Sums<kRows, kPanels>& sums) {
    Rows<kRows, kPanels> rows(sums);
    const Lanes minus = Lanes::Set(-1.0f);
    for (size_t b = 0; b < t.blocks; ++b) {
      const size_t super = b / 8 * tensor::kQ4KSuperBytes;
      const size_t block = tensor::kQ4KHeadBytes + b % 8 * tensor::kFourBitBlockBytes;
      const Blocks<kPanels> at(t, super + block);
      at.Prefetch(t, tensor::kFourBitBlockBytes);
      Dots<kRows, kPanels> dot;
      for (ByteSums& one : dot) one = ByteSums::Set(0);
      MultiplySteps<kRows, kPanels, 0, kSteps>(
          t, b, at.panel, [](const uint8_t* p, size_t step) { return Nibbles(p + 32, step); }, dot);
      for (size_t panel = 0; panel < kPanels; ++panel) {
        const uint8_t* p = at.panel[panel];
        const auto* halves = reinterpret_cast<const uint16_t*>(p - block);
        const Lanes scale = Lanes::LoadHalf(halves) * BytesToFloats(p);
        const Lanes min = Lanes::LoadHalf(halves + 16) * BytesToFloats(p + 16) * minus;
        for (size_t i = 0; i < kRows; ++i) {
          const float s = t.scales[i * t.blocks + b];
          const Lanes total = ByteSums::FromCodeSums(t.sums[i * t.blocks + b], 1, 1).ToFloat();
          Lanes& sum = rows.sum[panel * kRows + i];
          rows.Accumulate(panel * kRows + i, dot[panel * kRows + i], scale, s);
          sum = Lanes::MulAdd(min, Lanes::Set(s) * total, sum);
        }
      }
    }
    rows.Store(sums);
  }
};

struct SixBits : Unprepared {  // Q6_K
  template <int kRows, bool, int kPanels = 1>
  static void Run(const PanelTile t, Sums<kRows, kPanels>& sums) {
    Rows<kRows, kPanels> rows(sums);
    auto codes = [](const uint8_t* p, size_t step) {
      const uint8_t* pairs = p + 32 + tensor::kNibbleBytes + step % 2 * kStepBytes;
      return Nibbles(p + 32, step).WithUpperBits(ByteWeights::Load(pairs), step / 2);
    };
    for (size_t b = 0; b < t.blocks; ++b) {
      const size_t super = b / 8 * tensor::kQ6KSuperBytes;
      const size_t block = tensor::kQ6KHeadBytes + b % 8 * tensor::kSixBitBlockBytes;
      const Blocks<kPanels> at(t, super + block);
      at.Prefetch(t, tensor::kSixBitBlockBytes);
      auto half = [&]<size_t kHalf> {
        Dots<kRows, kPanels> dot;
        StartDots<kRows, kPanels>(t, b, kHalf ? 0 : 32, kHalf ? 32 : 0, dot);
        MultiplySteps<kRows, kPanels, 4 * kHalf, 4 * kHalf + 4>(t, b, at.panel, codes, dot);
        AccumulateAll<kRows, kPanels>(
            t, b, at.panel,
            [block](const uint8_t* p) {
              const Lanes sub = Lanes::LoadInt8(reinterpret_cast<const int8_t*>(p + kHalf * 16));
              return Lanes::LoadHalf(reinterpret_cast<const uint16_t*>(p - block)) * sub;
            },
            dot, rows);
      };
      half.template operator()<0>();
      half.template operator()<1>();
    }
    rows.Store(sums);
  }
};

inline PackedMatMulFn PackedMatMulForDot(tensor::DType packed) {
  return PackedMatMulByKind<EightBits, RowScaled, FourBits, Codebook, FourBitsK, SixBits>(packed);
}

}  // namespace
}  // namespace pano::kernels
#endif
