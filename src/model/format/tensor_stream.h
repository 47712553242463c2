#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "model/format/fwd.h"
#include "model/tensor/tensor.h"

namespace pano::format {

using ByteSink = std::function<Status(std::span<const std::byte> bytes)>;

// A tensor on its way into a file: what it is, and how to get its bytes piece by piece, so that a
// model larger than memory can be written.
struct TensorStream {
  std::string name;
  tensor::DType dtype = tensor::DType::kF32;
  tensor::Shape shape;
  // Hands all ByteSize(dtype, shape) bytes to the sink, in order; called once.
  std::function<Status(const ByteSink& sink)> write;
};

// The bytes of a view as they are. The view's memory must outlive the writing.
TensorStream StreamOf(std::string name, const tensor::TensorView& view);

// Makes each stream fail when `source`, whose tensors they are made of, was changed in place by the end
// of its write: a model that was overwritten meanwhile is not written as another one. `source` must
// outlive the writing.
void GuardSource(const Weights& source, std::vector<TensorStream>& streams);

}  // namespace pano::format
