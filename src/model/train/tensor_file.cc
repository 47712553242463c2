#include "model/train/tensor_file.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/strings.h"
#include "model/format/weights.h"
#include "model/train/ops/torch_ops.h"

namespace pano::train {
namespace {

struct TypePair {
  tensor::DType ours;
  at::ScalarType theirs;
};
constexpr TypePair kTypes[] = {{tensor::DType::kF64, at::kDouble},
                               {tensor::DType::kF32, at::kFloat},
                               {tensor::DType::kF16, at::kHalf},
                               {tensor::DType::kBF16, at::kBFloat16},
                               {tensor::DType::kI64, at::kLong}};

}  // namespace

Status SaveTensors(const std::string& path, const NamedTensors& tensors,
                   const std::map<std::string, std::string>& metadata) {
  std::vector<at::Tensor> alive;
  std::vector<format::SafetensorsEntry> entries;
  for (const auto& [name, tensor] : tensors) {
    at::Tensor plain = tensor.detach().contiguous();
    auto type = std::ranges::find(kTypes, plain.scalar_type(), &TypePair::theirs);
    if (type == std::end(kTypes)) return Unimplemented(StrCat(path, ": the type of ", name));
    tensor::TensorView view;
    view.dtype = type->ours;
    view.shape.assign(plain.sizes().begin(), plain.sizes().end());
    view.data = static_cast<const std::byte*>(plain.data_ptr());
    view.bytes = plain.nbytes();
    entries.push_back({name, view});
    alive.push_back(std::move(plain));
  }
  return format::WriteSafetensors(path, entries, metadata);
}

Result<at::Tensor> LoadTensor(const format::Weights& weights, const std::string& name,
                              at::IntArrayRef shape) {
  const tensor::TensorView* view = weights.Find(name);
  if (!view) return Corruption(StrCat("no tensor '", name, "'"));
  auto type = std::ranges::find(kTypes, view->dtype, &TypePair::ours);
  if (type == std::end(kTypes)) return Unimplemented(StrCat("the type of tensor '", name, "'"));
  if (at::IntArrayRef(view->shape) != shape) {
    return Corruption(StrCat("tensor '", name, "' has shape ", tensor::ShapeText(view->shape)));
  }
  at::Tensor out = at::empty(shape, at::TensorOptions().dtype(type->theirs));
  if (view->bytes > 0) std::memcpy(out.data_ptr(), view->data, view->bytes);
  return out;
}

}  // namespace pano::train
