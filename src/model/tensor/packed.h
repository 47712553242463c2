#pragma once

#include <cstddef>
#include <cstdint>

#include "model/tensor/tensor.h"

namespace pano::tensor {

// Matrices [rows, columns] in the order in which products read them, so that a file's layout is the
// memory's layout (docs/formats/packed.md, normative). Rows go in panels of sixteen, the last
// filled up with zero bytes. Quantised columns go in blocks of 32, and within a block the bytes run
// [step of 4 columns][row][column of the step]: one step of all rows is 64 bytes.
//
//   Q8_0X16  block: half scale[16], int8 code[8][16][4]               value = code * scale
//   W8X16    panel: float scale[16]; block: int8 code[8][16][4]        value = code * scale
//   Q4_0X16  block: half scale[16], nibbles[4][16][4]                 value = (code - 8) * scale
//   Q4GX16   block: int8 scale[2][16] (a half block each),
//            nibbles[4][16][4]                          value = kQ4GCodes[code] * Q4GScale(scale)
//   Q4_KX16  256 columns: half d[16], half dmin[16], then 8 blocks of
//            uint8 sc[16], uint8 m[16], nibbles[4][16][4]             value = d sc code - dmin m
//   Q6_KX16  256 columns: half d[16], then 8 blocks of int8 sc[2][16] (a half block each),
//            nibbles[4][16][4], pairs[2][16][4]                       value = d sc (code - 32)
//   F32X16, F16X16           panel: value[column][16]
//   BF16X16                  panel: value[pair of columns][16][2]
//
// Byte [s][row][i] of the nibbles holds column 4s + i in its low half, column 16 + 4s + i in its
// high half; byte [t][row][i] of the pairs the upper two bits of the columns 4(t + 2j) + i, j =
// 0..3, in bits 2j. Everything is little-endian; a matrix starts at a multiple of 64 bytes.
inline constexpr int kPanelRows = 16;
inline constexpr int kPackedBlock = 32;
inline constexpr size_t kPackedAlignment = 64;
// Columns that W8 can have at most: so many products of signed bytes fit 32 bits.
inline constexpr size_t kW8MaxColumns = size_t{1} << 17;
inline constexpr size_t kEightBitBytes = 512;  // codes of a block
inline constexpr size_t kNibbleBytes = 256;
inline constexpr size_t kBlockScaleBytes =
    32;  // what stands before the codes: 16 halves or 32 bytes
inline constexpr size_t kQ8BlockBytes = kBlockScaleBytes + kEightBitBytes;
inline constexpr size_t kFourBitBlockBytes = kBlockScaleBytes + kNibbleBytes;  // Q4_0, Q4G, Q4_K
inline constexpr size_t kSixBitBlockBytes = kFourBitBlockBytes + kNibbleBytes / 2;
// 256 columns of the K types: their halves, then eight blocks.
inline constexpr int kSuperBlocks = 8;
inline constexpr size_t kQ4KHeadBytes = 64;
inline constexpr size_t kQ6KHeadBytes = 32;
inline constexpr size_t kQ4KSuperBytes = kQ4KHeadBytes + kSuperBlocks * kFourBitBlockBytes;
inline constexpr size_t kQ6KSuperBytes = kQ6KHeadBytes + kSuperBlocks * kSixBitBlockBytes;

// The sixteen values of Q4G lie where nearly normal weights in groups of sixteen want them for the
// least square error, on a grid so coarse that four products fit sixteen bits. The integer products
// see them with kQ4GZero added.
inline constexpr int8_t kQ4GCodes[16] = {-16, -13, -10, -8, -6, -4, -2, -1,
                                         0,   1,   3,   5,  7,  9,  12, 16};
inline constexpr int kQ4GZero = 16;
// A scale in a byte: sign, four bits of exponent, three of mantissa; subnormal below 2^-16.
float Q4GScale(uint8_t byte);
// Values beyond are not kept.
inline constexpr float kQ4GMax = 7.5f;

constexpr bool IsPacked(DType dtype) {
  return dtype >= DType::kQ8_0X16 && dtype <= DType::kBF16X16;
}
// Packed, and its values are floats of 16 or 32 bits.
constexpr bool IsPackedFloat(DType dtype) {
  return dtype >= DType::kF32X16 && dtype <= DType::kBF16X16;
}
// Bytes before the first block of a panel.
constexpr int64_t PanelHeaderBytes(DType dtype) { return dtype == DType::kW8X16 ? 64 : 0; }
// Bytes of sixteen rows. REQUIRES: a packed type, columns a multiple of its block.
size_t PanelBytes(DType dtype, size_t columns);

// The packed type that holds the very values of a plain type; `plain` itself where there is none.
DType PackedTypeOf(DType plain);
// Columns that a row must be a multiple of.
inline size_t PackedBlockOf(DType packed) { return Describe(packed).block_elements; }

// Rows [16 panel, 16 panel + 16) of `plain` [rows, columns] into `out` (PanelBytes): a shuffle
// where PackedTypeOf(plain.dtype) == packed, else decoded and quantised anew. `out` depends on the
// values only. REQUIRES: a type with a decoder; finite values where they are quantised.
void PackPanel(const TensorView& plain, DType packed, size_t panel, std::byte* out);

// Row `row` of a packed matrix as floats.
void UnpackRow(const TensorView& packed, size_t row, float* out);

}  // namespace pano::tensor
