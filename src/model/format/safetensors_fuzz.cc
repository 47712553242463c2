// Any bytes as a safetensors file, as its index, and as a tokenizer_config.json.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/json.h"
#include "model/format/hf_folder.h"
#include "model/format/safetensors_parse.h"
#include "model/format/weight_map.h"

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
    (void)format::ChatTemplateOf(*config);
  }
  return 0;
}
