#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "model/format/tensor_table.h"

namespace pano::format {

struct GgufContents {
  uint32_t version = 0;
  json::Value metadata;              // an object, keys in the order of the file
  std::vector<std::span<const std::byte>> raw;   // the same values as they stand, with their types
  std::vector<NamedTensor> tensors;  // views into the file, shapes row-major
};

enum class GgufPart { kAll, kMetadata };

// Reads the bytes of a whole GGUF file (version 2 or 3, little-endian) and checks all that it
// claims; with kMetadata the tensors are left alone. Failures name the key or tensor and the field,
// not the file: the caller wraps them with its path.
Result<GgufContents> ParseGguf(std::span<const std::byte> file, GgufPart part = GgufPart::kAll);

}  // namespace pano::format
