#pragma once

#include <memory>

#include "base/result.h"
#include "model/adapter/adapter.h"
#include "model/nn/bound_adapter.h"
#include "model/nn/encoder/encoder.h"
#include "model/nn/model.h"

namespace pano::adapter {

struct BindOptions {
  // F32 pairs are kept as F16, scaled by a power of two so that the largest value fits well: half the
  // bytes that every step reads, for an error of 2^-12 of each value. For models that quantise their
  // activations anyway (Compute::kFast).
  bool halves = false;
};

// Makes an adapter ready for rows of a loaded model: its values are copied, laid out for the products,
// with rows in the model's order. Nothing of the model is changed, and the adapter's files are not
// read afterwards. The adapter was loaded for the modules of the model's own files. Unimplemented,
// naming the module, for what no row can have for itself.
Result<std::shared_ptr<const nn::BoundAdapter>> BindAdapter(const Adapter& adapter,
                                                            const nn::Model& model,
                                                            BindOptions options = {});
Result<std::shared_ptr<const nn::BoundAdapter>> BindAdapter(const Adapter& adapter,
                                                            const encoder::Encoder& encoder,
                                                            BindOptions options = {});

// About the bytes that the adapter of this folder will take, by the size of its file; before it is
// read. NotFound where there is none.
Result<uint64_t> BoundBytes(const std::string& folder);

}  // namespace pano::adapter
