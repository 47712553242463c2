// Any bytes as a GGUF file.
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "model/format/gguf_parse.h"
#include "model/tensor/blocks.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto contents = pano::format::ParseGguf({reinterpret_cast<const std::byte*>(data), size});
  if (!contents.ok()) return 0;
  size_t sum = 0;  // touches every byte that a view claims
  for (const auto& tensor : contents->tensors) {
    for (size_t i = 0; i < tensor.view.bytes; ++i) sum += static_cast<size_t>(tensor.view.data[i]);
  }
  if (sum > size * 255) std::abort();  // ranges overlap
  for (const auto& tensor : contents->tensors) {
    const auto decode = pano::tensor::DecoderOf(tensor.view.dtype);
    const auto& shape = tensor.view.shape;
    if (!decode || shape.empty() || tensor.view.bytes == 0 || shape.back() > 4096) continue;
    std::vector<float> row(static_cast<size_t>(shape.back()));
    decode(tensor.view.data, row.size(), row.data());
  }
  return 0;
}
