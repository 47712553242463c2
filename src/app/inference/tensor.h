#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "app/inference/datatype.h"
#include "app/inference/shape.h"
#include "base/status.h"

namespace pano::inference {

// A named tensor. A value. Invariant once it was read: as many elements as its shape has.
struct Tensor {
  std::string name;
  Datatype datatype = Datatype::kBytes;
  Shape shape;
  std::string bytes;               // little-endian, row by row; "" of kBytes
  std::vector<std::string> texts;  // of kBytes

  // The elements of a tensor of `T`s. REQUIRES: its datatype has as many bytes.
  template <typename T>
  std::vector<T> As() const {
    std::vector<T> values(bytes.size() / sizeof(T));
    if (!values.empty()) std::memcpy(values.data(), bytes.data(), values.size() * sizeof(T));
    return values;
  }
};

// Texts that a tensor of BYTES may have: each costs more memory than it has bytes on the wire.
inline constexpr int64_t kTextsMax = 1 << 16;

// Tensors of a model's answers.
Tensor TextTensor(std::string name, Shape shape, std::vector<std::string> texts);
Tensor FloatTensor(std::string name, Shape shape, std::span<const float> values);

// Elements as the binary tensor extension and gRPC's raw contents have them: little-endian, a BYTES
// element led by its length in 4 bytes.
size_t RawBytes(const Tensor& tensor);
void AppendRaw(const Tensor& tensor, std::string& out);
// The elements of a tensor whose datatype and shape are known. InvalidArgument where `raw` has not
// exactly the bytes that those say; memory is bounded by what `raw` holds.
Status ReadRaw(std::string_view raw, Tensor& tensor);

}  // namespace pano::inference
