#include "model/tensor/packed.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <vector>

#include "base/check.h"
#include "model/tensor/block_bytes.h"
#include "model/tensor/blocks.h"
#include "model/tensor/half.h"
#include "model/tensor/q4g.h"

// Packing writes one row at a time into its lane of a panel. Where the packed type holds the same
// values as the stored one, bytes are only reordered; else the row is decoded to floats and encoded
// in the block type whose values the packed type holds (W8 and Q4G have encoders here), then
// reordered.

namespace pano::tensor {
namespace {

constexpr int kStep = 4;                        // columns whose bytes stand together
constexpr int kStepBytes = kStep * kPanelRows;  // 64

// The byte of column `c` of a block, relative to the codes, for one row.
constexpr int CodeAt(int row, int c) { return c / kStep * kStepBytes + row * kStep + c % kStep; }

void PutEight(uint8_t* codes, int row, const int8_t* values) {
  for (int c = 0; c < kPackedBlock; ++c) codes[CodeAt(row, c)] = static_cast<uint8_t>(values[c]);
}
// `values`: 32 codes of 0..15.
void PutNibbles(uint8_t* nibbles, int row, const uint8_t* values) {
  for (int c = 0; c < kPackedBlock / 2; ++c) {
    nibbles[CodeAt(row, c)] = static_cast<uint8_t>(values[c] | values[c + 16] << 4);
  }
}
int Nibble(const uint8_t* nibbles, int row, int c) {
  return c < 16 ? nibbles[CodeAt(row, c)] & 15 : nibbles[CodeAt(row, c - 16)] >> 4;
}
// `values`: 32 codes of 0..3.
void PutPairs(uint8_t* pairs, int row, const uint8_t* values) {
  for (int t = 0; t < 2; ++t) {
    for (int i = 0; i < kStep; ++i) {
      int byte = 0;
      for (int j = 0; j < 4; ++j) byte |= values[kStep * (t + 2 * j) + i] << 2 * j;
      pairs[t * kStepBytes + row * kStep + i] = static_cast<uint8_t>(byte);
    }
  }
}
int Pair(const uint8_t* pairs, int row, int c) {
  const int step = c / kStep;
  return pairs[step % 2 * kStepBytes + row * kStep + c % kStep] >> step / 2 * 2 & 3;
}

// ---- GGUF blocks of one row into a panel: the same values in another order.

void ShuffleQ8_0(const uint8_t* row_bytes, int row, size_t columns, uint8_t* panel) {
  for (size_t b = 0; b < columns / 32; ++b, row_bytes += 34, panel += kQ8BlockBytes) {
    std::memcpy(panel + 2 * row, row_bytes, 2);
    int8_t values[32];
    std::memcpy(values, row_bytes + 2, 32);
    PutEight(panel + 32, row, values);
  }
}

void ShuffleQ4_0(const uint8_t* row_bytes, int row, size_t columns, uint8_t* panel) {
  for (size_t b = 0; b < columns / 32; ++b, row_bytes += 18, panel += kFourBitBlockBytes) {
    std::memcpy(panel + 2 * row, row_bytes, 2);
    for (int c = 0; c < 16; ++c) panel[32 + CodeAt(row, c)] = row_bytes[2 + c];
  }
}

void ShuffleQ4_K(const uint8_t* block, int row, size_t columns, uint8_t* panel) {
  for (size_t s = 0; s < columns / 256; ++s, block += 144, panel += kQ4KSuperBytes) {
    std::memcpy(panel + 2 * row, block, 2);
    std::memcpy(panel + 32 + 2 * row, block + 2, 2);
    for (int b = 0; b < kSuperBlocks; ++b) {
      uint8_t* to = panel + kQ4KHeadBytes + static_cast<size_t>(b) * kFourBitBlockBytes;
      // Six-bit scales and minima: the last four have their upper bits on top of the first four's.
      const uint8_t* p = block + 4;
      const int low = b < 4 ? p[b] & 63 : (p[b + 4] & 15) | p[b - 4] >> 6 << 4;
      const int min = b < 4 ? p[b + 4] & 63 : p[b + 4] >> 4 | p[b] >> 6 << 4;
      to[row] = static_cast<uint8_t>(low);
      to[16 + row] = static_cast<uint8_t>(min);
      uint8_t codes[32];
      const uint8_t* packed = block + 16 + b / 2 * 32;
      for (int i = 0; i < 32; ++i) {
        codes[i] = static_cast<uint8_t>(b % 2 ? packed[i] >> 4 : packed[i] & 15);
      }
      PutNibbles(to + 32, row, codes);
    }
  }
}

void ShuffleQ6_K(const uint8_t* block, int row, size_t columns, uint8_t* panel) {
  for (size_t s = 0; s < columns / 256; ++s, block += 210, panel += kQ6KSuperBytes) {
    std::memcpy(panel + 2 * row, block + 208, 2);
    for (int b = 0; b < kSuperBlocks; ++b) {
      uint8_t* to = panel + kQ6KHeadBytes + static_cast<size_t>(b) * kSixBitBlockBytes;
      uint8_t low[32], high[32];
      for (int half = 0; half < 2; ++half) {
        const int sub = 2 * b + half;
        to[16 * half + row] = block[192 + sub];
        const uint8_t* nibbles = block + sub / 8 * 64 + sub % 4 * 16;
        const uint8_t* pairs = block + 128 + sub / 8 * 32 + sub % 2 * 16;
        for (int i = 0; i < 16; ++i) {
          low[16 * half + i] = static_cast<uint8_t>(nibbles[i] >> sub % 8 / 4 * 4 & 15);
          high[16 * half + i] = static_cast<uint8_t>(pairs[i] >> sub % 8 / 2 * 2 & 3);
        }
      }
      PutNibbles(to + 32, row, low);
      PutPairs(to + 32 + kNibbleBytes, row, high);
    }
  }
}

// The place of a number in a panel of floats: BF16 has pairs of columns side by side.
constexpr size_t FloatAt(DType packed, size_t row, size_t column) {
  return packed == DType::kBF16X16
             ? (column / 2 * kPanelRows + row) * 2 + column % 2
             : column * kPanelRows + row;
}
template <typename Bits>
void ShuffleFloats(DType packed, const std::byte* row_bytes, int row, size_t columns,
                   uint8_t* panel) {
  for (size_t k = 0; k < columns; ++k) {
    std::memcpy(panel + FloatAt(packed, static_cast<size_t>(row), k) * sizeof(Bits),
                row_bytes + k * sizeof(Bits), sizeof(Bits));
  }
}

// ---- Floats of one row into a panel.

void QuantiseW8(const float* values, int row, size_t columns, uint8_t* panel) {
  float top = 0;
  for (size_t k = 0; k < columns; ++k) top = std::max(top, std::abs(values[k]));
  const float scale = top / 127.0f, inverse = Inverse(scale);
  std::memcpy(panel + 4 * row, &scale, 4);
  for (size_t b = 0; b < columns / 32; ++b) {
    int8_t codes[32];
    for (size_t i = 0; i < 32; ++i) {
      codes[i] = static_cast<int8_t>(std::nearbyint(values[32 * b + i] * inverse));
    }
    PutEight(panel + 64 + b * kEightBitBytes, row, codes);
  }
}

void QuantiseQ4G(const float* values, int row, size_t columns, uint8_t* panel) {
  for (size_t b = 0; b < columns / 32; ++b, values += 32, panel += kFourBitBlockBytes) {
    uint8_t codes[32];
    for (int half = 0; half < 2; ++half) {
      EncodeQ4G(values + 16 * half, panel + 16 * half + row, codes + 16 * half);
    }
    PutNibbles(panel + 32, row, codes);
  }
}

void PutRow(const TensorView& plain, DType packed, size_t row, std::byte* out) {
  const auto columns = static_cast<size_t>(plain.shape[1]);
  const DTypeInfo& info = Describe(plain.dtype);
  const std::byte* stored = plain.data + row * (columns / info.block_elements * info.block_bytes);
  const auto lane = static_cast<int>(row % kPanelRows);
  auto* panel = reinterpret_cast<uint8_t*>(out);
  auto shuffle = [&](DType type, const std::byte* from) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(from);
    if (type == DType::kQ8_0) ShuffleQ8_0(bytes, lane, columns, panel);
    if (type == DType::kQ4_0) ShuffleQ4_0(bytes, lane, columns, panel);
    if (type == DType::kQ4_K) ShuffleQ4_K(bytes, lane, columns, panel);
    if (type == DType::kQ6_K) ShuffleQ6_K(bytes, lane, columns, panel);
    if (type == DType::kF32) ShuffleFloats<uint32_t>(packed, from, lane, columns, panel);
    if (type == DType::kF16 || type == DType::kBF16) {
      ShuffleFloats<uint16_t>(packed, from, lane, columns, panel);
    }
  };
  if (PackedTypeOf(plain.dtype) == packed) return shuffle(plain.dtype, stored);
  const DecodeFn decode = DecoderOf(plain.dtype);
  PANO_CHECK(decode != nullptr);
  std::vector<float> values(columns);
  decode(stored, columns, values.data());
  if (packed == DType::kW8X16) return QuantiseW8(values.data(), lane, columns, panel);
  if (packed == DType::kQ4GX16) return QuantiseQ4G(values.data(), lane, columns, panel);
  for (const DType type : {DType::kQ8_0, DType::kQ4_0, DType::kQ4_K, DType::kQ6_K, DType::kF32,
                           DType::kF16, DType::kBF16}) {
    if (PackedTypeOf(type) != packed) continue;
    const EncodeFn encode = EncoderOf(type);
    PANO_CHECK(encode != nullptr);
    std::vector<std::byte> blocks(*ByteSize(type, {plain.shape[1]}));
    encode(values.data(), columns, blocks.data());
    shuffle(type, blocks.data());
  }
}

}  // namespace

size_t PanelBytes(DType dtype, size_t columns) {
  const DTypeInfo& info = Describe(dtype);
  return static_cast<size_t>(PanelHeaderBytes(dtype)) +
         columns / info.block_elements * info.block_bytes * kPanelRows;
}

DType PackedTypeOf(DType plain) {
  switch (plain) {
    case DType::kQ8_0:
      return DType::kQ8_0X16;
    case DType::kQ4_0:
      return DType::kQ4_0X16;
    case DType::kQ4_K:
      return DType::kQ4_KX16;
    case DType::kQ6_K:
      return DType::kQ6_KX16;
    case DType::kF32:
      return DType::kF32X16;
    case DType::kF16:
      return DType::kF16X16;
    case DType::kBF16:
      return DType::kBF16X16;
    default:
      return plain;
  }
}

void PackPanel(const TensorView& plain, DType packed, size_t panel, std::byte* out) {
  const auto rows = static_cast<size_t>(plain.shape[0]);
  std::memset(out, 0, PanelBytes(packed, static_cast<size_t>(plain.shape[1])));
  const size_t first = panel * kPanelRows, end = std::min(rows, first + kPanelRows);
  for (size_t row = first; row < end; ++row) PutRow(plain, packed, row, out);
}

namespace {

// One row of a panel as floats. The products are those of blocks.h, rounding for rounding.
void UnpackQ8_0(const uint8_t* p, int row, size_t columns, float* out) {
  for (size_t b = 0; b < columns / 32; ++b, p += kQ8BlockBytes, out += 32) {
    const float scale = LoadHalf(p + 2 * row);
    for (int c = 0; c < 32; ++c) {
      out[c] = Number(static_cast<int8_t>(p[32 + CodeAt(row, c)])) * scale;
    }
  }
}
void UnpackW8(const uint8_t* p, int row, size_t columns, float* out) {
  float scale = 0;
  std::memcpy(&scale, p + 4 * row, 4);
  p += 64;
  for (size_t b = 0; b < columns / 32; ++b, p += kEightBitBytes, out += 32) {
    for (int c = 0; c < 32; ++c) {
      out[c] = Number(static_cast<int8_t>(p[CodeAt(row, c)])) * scale;
    }
  }
}
void UnpackQ4_0(const uint8_t* p, int row, size_t columns, float* out) {
  for (size_t b = 0; b < columns / 32; ++b, p += kFourBitBlockBytes, out += 32) {
    const float scale = LoadHalf(p + 2 * row);
    for (int c = 0; c < 32; ++c) out[c] = scale * Number(Nibble(p + 32, row, c) - 8);
  }
}
void UnpackQ4G(const uint8_t* p, int row, size_t columns, float* out) {
  for (size_t b = 0; b < columns / 32; ++b, p += kFourBitBlockBytes, out += 32) {
    for (int c = 0; c < 32; ++c) {
      out[c] = Q4GScale(p[c / 16 * 16 + row]) * Number(kQ4GCodes[Nibble(p + 32, row, c)]);
    }
  }
}
void UnpackQ4_K(const uint8_t* p, int row, size_t columns, float* out) {
  for (size_t s = 0; s < columns / 256; ++s, p += kQ4KSuperBytes) {
    const float d = LoadHalf(p + 2 * row), min = LoadHalf(p + 32 + 2 * row);
    for (int b = 0; b < kSuperBlocks; ++b, out += 32) {
      const uint8_t* block = p + kQ4KHeadBytes + static_cast<size_t>(b) * kFourBitBlockBytes;
      const float scale = d * Number(block[row]), m = min * Number(block[16 + row]);
      for (int c = 0; c < 32; ++c) out[c] = scale * Number(Nibble(block + 32, row, c)) - m;
    }
  }
}
void UnpackQ6_K(const uint8_t* p, int row, size_t columns, float* out) {
  for (size_t s = 0; s < columns / 256; ++s, p += kQ6KSuperBytes) {
    const float d = LoadHalf(p + 2 * row);
    for (int b = 0; b < kSuperBlocks; ++b, out += 32) {
      const uint8_t* block = p + kQ6KHeadBytes + static_cast<size_t>(b) * kSixBitBlockBytes;
      for (int c = 0; c < 32; ++c) {
        const float scale = d * Number(static_cast<int8_t>(block[c / 16 * 16 + row]));
        const int code = Nibble(block + 32, row, c) | Pair(block + 32 + kNibbleBytes, row, c) << 4;
        out[c] = scale * Number(code - 32);
      }
    }
  }
}

void UnpackFloats(const TensorView& packed, size_t row, float* out) {
  const auto columns = static_cast<size_t>(packed.shape[1]);
  const size_t bytes = packed.dtype == DType::kF32X16 ? sizeof(uint32_t) : sizeof(uint16_t);
  const std::byte* panel = packed.data + row / kPanelRows * PanelBytes(packed.dtype, columns);
  for (size_t k = 0; k < columns; ++k) {
    uint32_t word = 0;
    std::memcpy(&word, panel + FloatAt(packed.dtype, row % kPanelRows, k) * bytes, bytes);
    const auto half = static_cast<uint16_t>(word);
    out[k] = packed.dtype == DType::kF32X16   ? std::bit_cast<float>(word)
             : packed.dtype == DType::kF16X16 ? HalfToFloat(half)
                                              : BFloatToFloat(half);
  }
}

}  // namespace

void UnpackRow(const TensorView& packed, size_t row, float* out) {
  if (IsPackedFloat(packed.dtype)) return UnpackFloats(packed, row, out);
  const auto columns = static_cast<size_t>(packed.shape[1]);
  const auto* panel = reinterpret_cast<const uint8_t*>(packed.data) +
                      row / kPanelRows * PanelBytes(packed.dtype, columns);
  const auto lane = static_cast<int>(row % kPanelRows);
  switch (packed.dtype) {
    case DType::kQ8_0X16:
      return UnpackQ8_0(panel, lane, columns, out);
    case DType::kW8X16:
      return UnpackW8(panel, lane, columns, out);
    case DType::kQ4_0X16:
      return UnpackQ4_0(panel, lane, columns, out);
    case DType::kQ4GX16:
      return UnpackQ4G(panel, lane, columns, out);
    case DType::kQ4_KX16:
      return UnpackQ4_K(panel, lane, columns, out);
    case DType::kQ6_KX16:
      return UnpackQ6_K(panel, lane, columns, out);
    default:
      PANO_CHECK(IsPacked(packed.dtype));
  }
}

}  // namespace pano::tensor
