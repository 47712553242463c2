#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/env.h"
#include "base/mapped_file.h"
#include "base/result.h"
#include "model/tensor/tensor.h"

namespace pano::train {

// The named tensors of safetensors files: mapped where the Env is the machine's, else read into
// memory. Views live as long as this object, may be unaligned (copy the bytes), and never reach
// outside their file. Immutable, so thread-safe.
class TensorSet {
 public:
  // Corruption that names the file when one is malformed or a name stands in two.
  static Result<TensorSet> Open(Env& env, const std::vector<std::string>& paths);

  // Null when there is no such tensor.
  const tensor::TensorView* Find(std::string_view name) const;
  const std::map<std::string, tensor::TensorView, std::less<>>& all() const { return tensors_; }
  // Gives mapped memory of a view back that was copied elsewhere; it stays readable.
  void Forget(const tensor::TensorView& view) const;

 private:
  std::vector<std::shared_ptr<const void>> owners_;  // of what was read
  std::vector<std::shared_ptr<const MappedFile>> mapped_;
  std::map<std::string, tensor::TensorView, std::less<>> tensors_;
};

}  // namespace pano::train
