#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/mapped_file.h"
#include "base/result.h"
#include "model/format/weights.h"
#include "model/tensor/tensor.h"

namespace pano::format {

struct NamedTensor {
  std::string name;
  tensor::TensorView view;
};

// One file of a model with the tensors that point into it.
struct TensorFile {
  std::shared_ptr<const MappedFile> file;
  std::vector<NamedTensor> tensors;
};

// The tensors of one or several files under their names. A tensor that does not lie on a multiple
// of its element's size (files whose header was not padded) is copied to memory that does, because
// kernels read elements in place. Immutable, so thread-safe.
class TensorTable final : public Weights {
 public:
  // Corruption when a name occurs twice.
  static Result<std::shared_ptr<const TensorTable>> Create(std::vector<TensorFile> files);

  const tensor::TensorView* Find(std::string_view name) const override;
  std::vector<std::string> Names() const override;
  size_t FileBytes() const override { return file_bytes_; }
  void Forget(std::span<const std::byte> bytes) const override {
    for (const auto& file : files_) file->Forget(bytes);
  }
  Status CheckUnchanged() const override;

 private:
  TensorTable() = default;
  void Align(tensor::TensorView& view);

  std::vector<NamedTensor> tensors_;  // sorted by name
  std::vector<std::shared_ptr<const MappedFile>> files_;
  std::vector<std::unique_ptr<std::byte[]>> copies_;
  size_t file_bytes_ = 0;
};

}  // namespace pano::format
