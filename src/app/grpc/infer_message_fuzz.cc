// ModelInferRequests of any bytes: what is taken has exactly the elements of its shapes.
#include "app/grpc/infer_message.h"

#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pano;
  grpc::InferMessage infer;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (!grpc::ReadInferMessage(bytes, infer).ok()) return 0;
  for (const inference::Tensor& tensor : infer.request.inputs) {
    const auto count = static_cast<size_t>(inference::CountElements(tensor.shape).value());
    const bool texts = tensor.datatype == inference::Datatype::kBytes;
    PANO_CHECK(tensor.texts.size() == (texts ? count : 0));
    PANO_CHECK(tensor.bytes.size() == count * inference::ElementBytes(tensor.datatype));
  }
  PANO_CHECK(!grpc::WriteInferMessage({infer.model_name, infer.model_version, infer.request.id, infer.request.inputs}).empty() ||
             infer.request.inputs.empty());
  return 0;
}
