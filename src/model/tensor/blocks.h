#pragma once

#include <cstddef>

#include "model/tensor/tensor.h"

namespace pano::tensor {

// Values <-> stored elements, for plain types and for GGUF's block types alike. `count` is a
// multiple of the type's block; nothing needs alignment. Results are part of the format: every
// decoder gives these very floats, every encoder these very bytes.

// Writes `count` floats. F64 rounds to nearest; integers are no weights and have no decoder.
using DecodeFn = void (*)(const std::byte* stored, size_t count, float* out);
// Null for the types that have none: integers and bool.
DecodeFn DecoderOf(DType dtype);

// Writes ByteSize(dtype, {count}) bytes. REQUIRES: finite values.
using EncodeFn = void (*)(const float* values, size_t count, std::byte* out);
// Null for the types that can be read only.
EncodeFn EncoderOf(DType dtype);

}  // namespace pano::tensor
