#pragma once

// The packed products in plain C++, one result at a time: for each block an integer dot product,
// then one multiply-add into the float sum. The definition that every other version must equal, up
// to the rounding that a fused multiply-add saves.
#include <cstring>

#include "model/kernels/packed_matmul/packed_matmul.h"
#include "model/kernels/simd/lanes_generic.h"
#include "model/tensor/half.h"

namespace pano::kernels {
namespace {

inline constexpr size_t kQ = tensor::kPackedBlock;

// The multiply-add of the float sum. Tests instantiate the products with a fused one.
struct PlainAdd {
  static float MulAdd(float a, float b, float c) { return a * b + c; }
};

// The largest of so many magnitudes; NaN where one of the values is.
inline float MaxMagnitude(const float* x, size_t count) {
  float top = 0;
  bool nan = false;
  for (size_t i = 0; i < count; ++i) {
    const float magnitude = __builtin_fabsf(x[i]);
    nan |= x[i] != x[i];
    top = top > magnitude ? top : magnitude;
  }
  return nan ? __builtin_nanf("") : top;
}

inline int NearestInt(float x) {
  // For NaN and infinities any code will do: the scale of such a block is not finite.
  if (!(x > -200.0f && x < 200.0f)) return 0;
  return static_cast<int>(__builtin_nearbyintf(x));
}

template <ActivationCode kCode>
void QuantiseGeneric(const QuantiseArgs& a, size_t row_begin, size_t row_end) {
  constexpr float kMaxCode = kCode == ActivationCode::kUint7 ? 64.0f : 127.0f;
  const size_t blocks = a.k / kQ;
  for (size_t at = row_begin * blocks; at < row_end * blocks; ++at) {
    const float* x = a.x + at * kQ;
    uint8_t* codes = a.codes + at * kQ;
    const float top = MaxMagnitude(x, kQ);
    const bool zero = top < 1e-30f;
    a.scales[at] = zero ? 0.0f : top / kMaxCode;
    const float inverse = zero ? 0.0f : kMaxCode / top;
    int sums[2] = {};
    for (size_t i = 0; i < kQ; ++i) {
      const int q = NearestInt(x[i] * inverse);
      sums[i / 16] += q;
      codes[i] = static_cast<uint8_t>(kCode == ActivationCode::kUint7 ? q + 64 : q);
    }
    if (kCode == ActivationCode::kInt8) {
      a.sums[at] = static_cast<uint32_t>(sums[0] & 0xFFFF) | static_cast<uint32_t>(sums[1]) << 16;
    }
  }
}

// A scale a row, and kZero added.
template <int kZero>
void QuantiseRowsGeneric(const QuantiseArgs& a, size_t row_begin, size_t row_end) {
  const size_t row_bytes = TiledRowBytes(a.k);
  for (size_t row = row_begin; row < row_end; ++row) {
    const float* x = a.x + row * a.k;
    const float top = MaxMagnitude(x, a.k);
    const bool zero = top < 1e-30f;
    a.scales[row] = zero ? 0.0f : top / 127.0f;
    const float inverse = zero ? 0.0f : 127.0f / top;
    for (size_t i = 0; i < (a.tile_height ? row_bytes : a.k); ++i) {
      uint8_t* code = a.tile_height ? a.TileRow(row, i / kTileRowBytes, row_bytes) + i % kTileRowBytes
                                    : a.codes + row * a.k + i;
      *code = static_cast<uint8_t>(i < a.k ? NearestInt(x[i] * inverse) + kZero : 0);
    }
  }
}

// One row of a panel's block, and what it is multiplied with. Each Add... below adds the block's
// part to the sum of its result.
struct BlockOf {
  const uint8_t* block;  // of the panel
  const uint8_t* codes;  // of x, 32
  float scale;           // of x
  int row;
};

inline int CodeByte(const uint8_t* codes, int row, size_t c) {
  return codes[c / 4 * 64 + static_cast<size_t>(row) * 4 + c % 4];
}
inline int NibbleOf(const uint8_t* nibbles, int row, size_t c) {
  const int byte = CodeByte(nibbles, row, c % 16);
  return c < 16 ? byte & 15 : byte >> 4;
}
inline float HalfAt(const uint8_t* p, int row) {
  uint16_t bits;
  std::memcpy(&bits, p + 2 * row, 2);
  return tensor::HalfToFloat(bits);
}

template <int kZero>
int DotEight(const uint8_t* codes, const BlockOf& b) {
  int sum = 0;
  for (size_t c = 0; c < kQ; ++c) {
    sum += static_cast<int8_t>(CodeByte(codes, b.row, c)) * (b.codes[c] - kZero);
  }
  return sum;
}
// Over columns [begin, end) of the nibbles' values.
template <typename Value>
int DotFour(const uint8_t* nibbles, const BlockOf& b, size_t begin, size_t end, Value value) {
  int sum = 0;
  for (size_t c = begin; c < end; ++c) {
    sum += value(NibbleOf(nibbles, b.row, c), c) * static_cast<int8_t>(b.codes[c]);
  }
  return sum;
}

template <typename Add>
float AddQ8_0(const BlockOf& b, float sum) {
  return Add::MulAdd(static_cast<float>(DotEight<64>(b.block + 32, b)) * HalfAt(b.block, b.row),
                     b.scale, sum);
}
// W8 where x has a scale a block.
template <typename Add>
float AddW8(const BlockOf& b, float sum) {
  return Add::MulAdd(static_cast<float>(DotEight<64>(b.block, b)), b.scale, sum);
}
template <typename Add>
float AddQ4_0(const BlockOf& b, float sum) {
  const int dot = DotFour(b.block + 32, b, 0, kQ, [](int code, size_t) { return code - 8; });
  return Add::MulAdd(static_cast<float>(dot) * HalfAt(b.block, b.row), b.scale, sum);
}
template <typename Add>
float AddQ4G(const BlockOf& b, float sum) {
  for (size_t half = 0; half < 2; ++half) {
    const int dot = DotFour(b.block + 32, b, 16 * half, 16 * half + 16,
                            [](int code, size_t) { return int{tensor::kQ4GCodes[code]}; });
    const int byte = b.block[16 * half + static_cast<size_t>(b.row)];
    const auto bits = static_cast<uint16_t>((byte & 0x80) << 8 | (byte & 0x7F) << 7);
    sum = Add::MulAdd(static_cast<float>(dot) * tensor::HalfToFloat(bits), b.scale, sum);
  }
  return sum;
}
// `super`: where the block's 256 columns begin.
template <typename Add>
float AddQ4_K(const BlockOf& b, const uint8_t* super, float sum) {
  const auto sub_scale = static_cast<float>(b.block[b.row]),
             sub_min = static_cast<float>(b.block[16 + b.row]);
  const int dot = DotFour(b.block + 32, b, 0, kQ, [](int code, size_t) { return code; });
  int total = 0;
  for (size_t c = 0; c < kQ; ++c) total += static_cast<int8_t>(b.codes[c]);
  sum = Add::MulAdd(static_cast<float>(dot) * (HalfAt(super, b.row) * sub_scale), b.scale, sum);
  return Add::MulAdd(-(HalfAt(super + 32, b.row) * sub_min), b.scale * static_cast<float>(total),
                     sum);
}
template <typename Add>
float AddQ6_K(const BlockOf& b, const uint8_t* super, float sum) {
  const uint8_t* pairs = b.block + 32 + tensor::kNibbleBytes;
  for (size_t half = 0; half < 2; ++half) {
    const int dot = DotFour(b.block + 32, b, 16 * half, 16 * half + 16, [&](int code, size_t c) {
      const size_t step = c / 4;
      const int byte = pairs[step % 2 * 64 + static_cast<size_t>(b.row) * 4 + c % 4];
      return (code | (byte >> step / 2 * 2 & 3) << 4) - 32;
    });
    const auto sub =
        static_cast<float>(static_cast<int8_t>(b.block[16 * half + static_cast<size_t>(b.row)]));
    sum = Add::MulAdd(static_cast<float>(dot) * (HalfAt(super, b.row) * sub), b.scale, sum);
  }
  return sum;
}

// The scale of a row of W8.
inline float RowScale(const uint8_t* panel, int row) {
  float scale;
  std::memcpy(&scale, panel + 4 * row, 4);
  return scale;
}

// One result before its bias.
template <typename Add>
float PackedDot(tensor::DType type, const uint8_t* panel, int row, const uint8_t* codes,
                const float* scales, size_t blocks) {
  float sum = 0;
  const uint8_t* p = panel + tensor::PanelHeaderBytes(type);
  const uint8_t* super = p;
  for (size_t i = 0; i < blocks; ++i) {
    BlockOf b{p, codes + i * kQ, scales[i], row};
    switch (type) {
      case tensor::DType::kQ8_0X16:
        sum = AddQ8_0<Add>(b, sum), p += tensor::kQ8BlockBytes;
        break;
      case tensor::DType::kW8X16:
        sum = AddW8<Add>(b, sum), p += tensor::kEightBitBytes;
        break;
      case tensor::DType::kQ4_0X16:
        sum = AddQ4_0<Add>(b, sum), p += tensor::kFourBitBlockBytes;
        break;
      case tensor::DType::kQ4GX16:
        sum = AddQ4G<Add>(b, sum), p += tensor::kFourBitBlockBytes;
        break;
      case tensor::DType::kQ4_KX16:
        if (i % 8 == 0) super = p, p += tensor::kQ4KHeadBytes;
        b.block = p;
        sum = AddQ4_K<Add>(b, super, sum), p += tensor::kFourBitBlockBytes;
        break;
      default:
        if (i % 8 == 0) super = p, p += tensor::kQ6KHeadBytes;
        b.block = p;
        sum = AddQ6_K<Add>(b, super, sum), p += tensor::kSixBitBlockBytes;
    }
  }
  if (type == tensor::DType::kQ4GX16) sum *= 0.25f;
  if (type == tensor::DType::kW8X16) sum *= RowScale(panel, row);
  return sum;
}

// W8 where x has a scale a row: all columns in integers.
inline float RowScaledDot(const uint8_t* panel, int row, const uint8_t* codes, float x_scale,
                          size_t blocks) {
  int sum = 0;
  for (size_t i = 0; i < blocks; ++i) {
    const BlockOf b{nullptr, codes + i * kQ, 0, row};
    sum += DotEight<128>(panel + 64 + i * tensor::kEightBitBytes, b);
  }
  return static_cast<float>(sum) * x_scale * RowScale(panel, row);
}

// kRowScales: whether x has a scale a row for W8.
template <typename Add, bool kRowScales = true>
void PackedMatMulGeneric(const PackedMatMulArgs& a, size_t begin, size_t end, std::byte*) {
  const size_t panel_bytes = tensor::PanelBytes(a.w->dtype, a.k), blocks = a.k / kQ;
  const auto* data = reinterpret_cast<const uint8_t*>(a.w->data);
  for (size_t panel = begin; panel < end; ++panel) {
    const size_t first = panel * tensor::kPanelRows;
    for (size_t m = 0; m < a.m; ++m) {
      for (size_t n = first; n < first + tensor::kPanelRows && n < a.n; ++n) {
        const uint8_t *at = data + panel * panel_bytes, *codes = a.x.codes + m * a.k;
        const auto row = static_cast<int>(n - first);
        const float sum =
            kRowScales && a.w->dtype == tensor::DType::kW8X16
                ? RowScaledDot(at, row, codes, a.x.scales[m], blocks)
                : PackedDot<Add>(a.w->dtype, at, row, codes, a.x.scales + m * blocks, blocks);
        a.y[m * a.n + n] = a.bias ? sum + a.bias[n] : sum;
      }
    }
  }
}

// BF16 on a tile unit: one result before its bias, of numbers that BF16 holds. A chain of fused
// multiply-adds over the even and one over the odd of 32 columns, then both into the sum. A denormal
// number is zero.
inline float BFloatTileDot(const float* x, const float* w, size_t k) {
  auto flushed = [](float v) {
    return __builtin_fabsf(v) < 0x1p-126f ? __builtin_copysignf(0.0f, v) : v;
  };
  float sum = 0;
  for (size_t c = 0; c < k; c += kQ) {
    float chains[2] = {};
    for (size_t i = c; i < c + kQ && i < k; ++i) {
      chains[i % 2] = flushed(__builtin_fmaf(flushed(x[i]), flushed(w[i]), chains[i % 2]));
    }
    sum = flushed(sum + flushed(chains[0] + chains[1]));
  }
  return sum;
}

inline PackedMatMulFn PackedMatMulFor(tensor::DType) { return PackedMatMulGeneric<PlainAdd>; }

inline constexpr QuantiseFn kQuantiseGeneric[kQuantisedCodes] = {  // by ActivationCode
    QuantiseGeneric<ActivationCode::kUint7>, QuantiseGeneric<ActivationCode::kInt8>,
    QuantiseRowsGeneric<128>};

}  // namespace
}  // namespace pano::kernels
