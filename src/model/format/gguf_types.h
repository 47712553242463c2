#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "model/tensor/tensor.h"

namespace pano::format {

// GGUF's number for a tensor type -> its name, "" for a number that is not known.
std::string_view GgmlTypeName(uint32_t type);

// The number of a type, nothing for those that GGUF has not.
std::optional<uint32_t> GgmlTypeOf(tensor::DType dtype);

// The type that some code here can read.
std::optional<tensor::DType> GgmlTypeToDType(uint32_t type);

inline constexpr uint32_t kGgufMagic = 0x46554747;   // "GGUF"

// Kinds of metadata values, as numbered in the file.
enum class GgufValueType : uint32_t {
  kU8,
  kI8,
  kU16,
  kI16,
  kU32,
  kI32,
  kF32,
  kBool,
  kString,
  kArray,
  kU64,
  kI64,
  kF64,
};
inline constexpr uint32_t kGgufValueTypes = 13;

// Bytes that a value of the type has at least: all of a number, the length of a text or an array.
size_t GgufValueBytesMin(GgufValueType type);

}  // namespace pano::format
