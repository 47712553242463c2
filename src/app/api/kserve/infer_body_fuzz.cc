// Infer requests of any bytes, with and without tensors behind their JSON: what is taken has exactly the
// elements of its shapes. The first two bytes say where the JSON ends.
#include "app/api/kserve/infer_body.h"

#include <string_view>

#include "app/inference/tensor.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pano;
  if (size < 2) return 0;
  const size_t claimed = static_cast<size_t>(data[0]) | (static_cast<size_t>(data[1]) << 8);
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  constexpr size_t kNone = 0xffff;
  std::optional<size_t> json_bytes;
  if (claimed != kNone) json_bytes = claimed;
  json::Value body;
  api::kserve::InferBody infer;
  if (!api::kserve::ReadInferBody(bytes, json_bytes, {}, body, infer).ok()) return 0;
  for (const inference::Tensor& tensor : infer.request.inputs) {
    const auto count = static_cast<size_t>(inference::CountElements(tensor.shape).value());
    const bool texts = tensor.datatype == inference::Datatype::kBytes;
    PANO_CHECK(tensor.texts.size() == (texts ? count : 0));
    PANO_CHECK(tensor.bytes.size() == count * inference::ElementBytes(tensor.datatype));
    std::string raw;
    inference::AppendRaw(tensor, raw);
    PANO_CHECK(raw.size() == inference::RawBytes(tensor));
    inference::Tensor again{tensor.name, tensor.datatype, tensor.shape, {}, {}};
    PANO_CHECK(inference::ReadRaw(raw, again).ok());
    PANO_CHECK(again.bytes == tensor.bytes && again.texts == tensor.texts);
  }
  return 0;
}
