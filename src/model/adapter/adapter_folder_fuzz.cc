// Any bytes as the two files of an adapter over a small model: the length of the configuration (32
// bits), the configuration, the safetensors file.
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/adapter/adapter.h"
#include "model/adapter/linear_changes.h"
#include "model/format/safetensors_parse.h"
#include "model/format/weights.h"
#include "model/nn/testing/tiny_model.h"

namespace {

using namespace pano;

// The tensors of bytes in memory. Thread-compatible.
class ParsedWeights final : public format::Weights {
 public:
  explicit ParsedWeights(std::vector<format::NamedTensor> tensors) {
    for (format::NamedTensor& tensor : tensors) views_[tensor.name] = std::move(tensor.view);
  }
  const tensor::TensorView* Find(std::string_view name) const override {
    const auto it = views_.find(name);
    return it == views_.end() ? nullptr : &it->second;
  }
  std::vector<std::string> Names() const override {
    std::vector<std::string> names;
    for (const auto& [name, view] : views_) names.push_back(name);
    return names;
  }
  size_t FileBytes() const override { return 0; }

 private:
  std::map<std::string, tensor::TensorView, std::less<>> views_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto base = adapter::BaseModules::Of(nn::testing::TinyModel().files).value();
  uint32_t length = 0;
  if (size < sizeof length) return 0;
  std::memcpy(&length, data, sizeof length);
  std::string_view rest(reinterpret_cast<const char*>(data) + sizeof length, size - sizeof length);
  if (length > rest.size()) return 0;
  auto config = adapter::ParseAdapterConfig(rest.substr(0, length));
  if (!config.ok()) return 0;
  rest.remove_prefix(length);
  // Behind an allocation of its own, so that a sanitizer sees its ends.
  const std::vector<std::byte> file(reinterpret_cast<const std::byte*>(rest.data()),
                                    reinterpret_cast<const std::byte*>(rest.data()) + rest.size());
  auto contents = format::ParseSafetensors(file);
  if (!contents.ok()) return 0;
  auto made = adapter::MakeAdapter(
      "fuzz", std::move(*config), std::make_shared<ParsedWeights>(std::move(contents->tensors)),
      base);
  if (made.ok()) (void)adapter::ByEntry(**made);
  return 0;
}
