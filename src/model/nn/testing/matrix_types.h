#pragma once

#include <set>
#include <string>
#include <string_view>

#include "base/strings.h"
#include "model/format/weights.h"

namespace pano::nn::testing {

// "F32 Q8_0": the types of the matrices.
inline std::string MatrixTypes(const format::Weights& weights) {
  std::set<std::string_view> types;
  for (const std::string& name : weights.Names()) {
    const tensor::TensorView& view = *weights.Find(name);
    if (view.shape.size() > 1) types.insert(tensor::Describe(view.dtype).name);
  }
  std::string out;
  for (std::string_view type : types) out += StrCat(out.empty() ? "" : " ", type);
  return out;
}

}  // namespace pano::nn::testing
