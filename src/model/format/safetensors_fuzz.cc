// Any bytes as a safetensors file, as its index, as a tokenizer_config.json, and as a config.json
// that says how matrices are packed.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "model/format/hf_folder.h"
#include "model/format/packed_layout.h"
#include "model/format/safetensors_parse.h"
#include "model/format/weight_map.h"
#include "model/tensor/packed.h"

namespace {

// Tensors of bytes that a configuration may claim to be matrices; what it then is read as must lie
// within them.
void TryPackedLayout(const pano::json::Value& config) {
  using namespace pano;
  alignas(tensor::kPackedAlignment) static const std::byte bytes[4096] = {};
  std::vector<format::TensorFile> files(1);
  for (auto [name, size] : {std::pair{"a", 576}, {"b", 320}, {"c", 2368}, {"d", 4096}}) {
    files[0].tensors.push_back(
        {name, {tensor::DType::kU8, {size}, bytes, static_cast<size_t>(size)}});
  }
  if (!format::ApplyPackedLayout(config, files).ok()) return;
  for (const format::NamedTensor& tensor : files[0].tensors) {
    if (!tensor::IsPacked(tensor.view.dtype)) continue;
    std::vector<float> row(static_cast<size_t>(tensor.view.shape[1]));
    tensor::UnpackRow(tensor.view, static_cast<size_t>(tensor.view.shape[0] - 1), row.data());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pano;
  auto contents = format::ParseSafetensors({reinterpret_cast<const std::byte*>(data), size});
  if (contents.ok()) {
    size_t sum = 0;  // touches every byte that a view claims
    for (const format::NamedTensor& tensor : contents->tensors) {
      for (size_t i = 0; i < tensor.view.bytes; ++i)
        sum += static_cast<size_t>(tensor.view.data[i]);
    }
    if (sum > size * 255) std::abort();  // ranges overlap
  }
  std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)format::ParseWeightMap(text);
  if (auto config = json::Parse(text, {.allow_nan = true}); config.ok()) {
    (void)format::ChatTemplatesOf(*config);
    TryPackedLayout(*config);
  }
  return 0;
}
