#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pano::tensor {

// How elements are stored. Block types hold `block_elements` values in `block_bytes` bytes.
// Only types that some code can read are listed; the rest of GGUF's is refused by name.
enum class DType : uint8_t {
  kF32, kF16, kBF16, kF64,
  kI8, kU8, kI16, kU16, kI32, kU32, kI64, kU64, kBool,
  // GGUF's block types; blocks.h turns them into floats.
  kQ4_0, kQ4_1, kQ5_0, kQ5_1, kQ8_0,
  kQ2_K, kQ3_K, kQ4_K, kQ5_K, kQ6_K,
  kIQ1_S, kIQ1_M, kIQ2_XXS, kIQ2_XS, kIQ2_S, kIQ3_XXS, kIQ3_S, kIQ4_NL, kIQ4_XS,
  kTQ1_0, kTQ2_0, kMXFP4, kNVFP4,
  // Matrices laid out for the integer products; packed.h says how. Two-dimensional.
  kQ8_0X16, kW8X16, kQ4_0X16, kQ4GX16, kQ4_KX16, kQ6_KX16,
  kF32X16, kF16X16, kBF16X16,
};
inline constexpr size_t kDTypeCount = static_cast<size_t>(DType::kBF16X16) + 1;

struct DTypeInfo {
  std::string_view name;     // "F32", "Q8_0": upper case, as safetensors and GGUF print them
  size_t block_elements;     // 1 for plain types
  size_t block_bytes;
};
const DTypeInfo& Describe(DType dtype);
std::optional<DType> DTypeByName(std::string_view name);

// Sizes of the dimensions, outermost first (row-major, as safetensors; GGUF's order reversed).
using Shape = std::vector<int64_t>;

// "[2, 3]".
std::string ShapeText(const Shape& shape);

// Product of the sizes; Corruption for a negative size or when it does not fit 63 bits.
Result<int64_t> ElementCount(const Shape& shape);

// Bytes of a tensor: the innermost dimension is stored in whole blocks, a packed matrix in whole
// panels. Corruption when the innermost size is no multiple of the block, when a packed shape is not
// two-dimensional, or when the product overflows.
Result<size_t> ByteSize(DType dtype, const Shape& shape);

// A borrowed, typed view of contiguous memory; its source says how long it lives. A value.
struct TensorView {
  DType dtype = DType::kF32;
  Shape shape;
  const std::byte* data = nullptr;
  size_t bytes = 0;

  int64_t elements() const;                      // REQUIRES: a shape that ElementCount accepts
  template <typename T>
  const T* as() const { return reinterpret_cast<const T*>(data); }
};

}  // namespace pano::tensor
