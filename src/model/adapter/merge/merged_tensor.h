#pragma once

#include <string>

#include "base/fwd.h"
#include "base/result.h"
#include "model/adapter/adapter.h"
#include "model/format/tensor_stream.h"
#include "model/tensor/tensor.h"

namespace pano::adapter {

// What becomes of a base's tensor. Each value is computed in float64 from the stored ones and then
// rounded to the base's type (float64 to float32 to 16 bits, as torch does); rows are made while they are written, on all threads of the pool,
// and do not depend on their number. Corruption, naming the tensor, for a value that the type cannot
// hold. Views, change and pool outlive the writing.

// Unimplemented unless the base's type is a plain float.
Status CheckMergeable(const tensor::TensorView& base);

// The weight `name` of the module: replaced, with its low-rank product and DoRA's lengths, with its
// replaced rows.
format::TensorStream MergedWeight(std::string name, const tensor::TensorView& base,
                                  const ModuleChange& change, ComputePool& pool);

// The bias `name` of the module: replaced, grown by the bias of B.
format::TensorStream MergedBias(std::string name, const tensor::TensorView& base,
                                const ModuleChange& change);

}  // namespace pano::adapter
