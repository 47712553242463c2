#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "model/tensor/tensor.h"

namespace pano::train {

// One tensor of a training state; whoever hands it over owns the bytes, row-major as the shape says.
struct StateTensor {
  std::string name;
  tensor::DType dtype = tensor::DType::kF32;
  tensor::Shape shape;
  std::span<const std::byte> bytes;
};

// One file of a checkpoint: a safetensors file where there are tensors (an empty one has none and
// `is_tensors`), else the text.
struct CheckpointFile {
  std::string name;  // plain, as "model.safetensors"
  std::string text;
  bool is_tensors = false;
  std::vector<StateTensor> tensors;
  std::map<std::string, std::string> metadata;  // of a safetensors file

  static CheckpointFile Text(std::string name, std::string text);
  static CheckpointFile Tensors(std::string name, std::vector<StateTensor> tensors,
                                std::map<std::string, std::string> metadata = {});
};

// What one checkpoint holds: the state of a run after `step` steps.
struct CheckpointContents {
  int64_t step = 0;
  // The step of the best evaluation so far, whose checkpoint retention leaves alone; -1: none.
  int64_t best_step = -1;
  std::vector<CheckpointFile> files;
  // When set, the tensors' bytes live as long as this does and do not change: no copy is made.
  std::shared_ptr<const void> owner;

  // All bytes of tensors and texts.
  uint64_t bytes() const;
};

// InvalidArgument that names the file when one's name is not plain, stands twice or is the
// manifest's, or when a tensor's bytes are not as many as its shape says.
Status CheckContents(const CheckpointContents& contents);

// A copy of contents that outlives what they were made of: with memory of its own for the tensors'
// bytes, unless they have an owner. Thread-compatible.
class OwnedContents {
 public:
  explicit OwnedContents(const CheckpointContents& contents);

  const CheckpointContents& contents() const { return contents_; }

 private:
  std::vector<std::unique_ptr<std::byte[]>> memory_;
  CheckpointContents contents_;
};

// A name that stays within its folder: 1 to 200 bytes of [A-Za-z0-9._-], not starting with a dot.
bool IsPlainFileName(std::string_view name);

}  // namespace pano::train
