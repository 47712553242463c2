#include "model/format/tensor_table.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "base/strings.h"

namespace pano::format {
namespace {

// Blocks begin with a half-precision scale.
size_t Alignment(tensor::DType dtype) {
  const tensor::DTypeInfo& info = tensor::Describe(dtype);
  return info.block_elements == 1 ? info.block_bytes : 2;
}

}  // namespace

Result<std::shared_ptr<const TensorTable>> TensorTable::Create(std::vector<TensorFile> files) {
  std::shared_ptr<TensorTable> table(new TensorTable());
  std::unordered_map<std::string, const MappedFile*> seen;
  for (TensorFile& file : files) {
    for (NamedTensor& tensor : file.tensors) {
      auto [it, is_new] = seen.emplace(tensor.name, file.file.get());
      if (!is_new) {
        return Corruption(StrCat(file.file->path(), ": tensor '", Printable(tensor.name),
                                 "' is also in ", it->second->path()));
      }
      table->Align(tensor.view);
      table->tensors_.push_back(std::move(tensor));
    }
    table->file_bytes_ += file.file->bytes().size();
    table->files_.push_back(std::move(file.file));
  }
  std::sort(table->tensors_.begin(), table->tensors_.end(),
            [](const NamedTensor& a, const NamedTensor& b) { return a.name < b.name; });
  return std::shared_ptr<const TensorTable>(std::move(table));
}

void TensorTable::Align(tensor::TensorView& view) {
  if (reinterpret_cast<uintptr_t>(view.data) % Alignment(view.dtype) == 0) return;
  auto copy = std::make_unique_for_overwrite<std::byte[]>(std::max<size_t>(view.bytes, 1));
  std::memcpy(copy.get(), view.data, view.bytes);
  view.data = copy.get();
  copies_.push_back(std::move(copy));
}

const tensor::TensorView* TensorTable::Find(std::string_view name) const {
  auto it = std::lower_bound(
      tensors_.begin(), tensors_.end(), name,
      [](const NamedTensor& tensor, std::string_view wanted) { return tensor.name < wanted; });
  return it != tensors_.end() && it->name == name ? &it->view : nullptr;
}

Status TensorTable::CheckUnchanged() const {
  for (const auto& file : files_) PANO_RETURN_IF_ERROR(file->CheckUnchanged());
  return {};
}

std::vector<std::string> TensorTable::Names() const {
  std::vector<std::string> names;
  names.reserve(tensors_.size());
  for (const NamedTensor& tensor : tensors_) names.push_back(tensor.name);
  return names;
}

}  // namespace pano::format
