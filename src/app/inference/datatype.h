#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace pano::inference {

// What a tensor's elements are, with the names of the Open Inference Protocol.
enum class Datatype : uint8_t {
  kBool,
  kUint8,
  kUint16,
  kUint32,
  kUint64,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kFp16,
  kBf16,
  kFp32,
  kFp64,
  kBytes,  // texts of any length each
};
inline constexpr size_t kDatatypes = 14;

std::string_view DatatypeName(Datatype datatype);  // "INT64"
std::optional<Datatype> FindDatatype(std::string_view name);
size_t ElementBytes(Datatype datatype);  // 0 for kBytes

}  // namespace pano::inference
