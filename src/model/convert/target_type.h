#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/convert/row_tensor.h"

namespace pano::convert {

// The type that most of the matrices' elements have; F16 for block types when `plain`.
tensor::DType MainType(const std::vector<RowTensor>& tensors, bool plain);

// The type of a GGUF file's tensor, given the one that is asked for: the head keeps eight bits.
tensor::DType GgufTypeFor(std::string_view name, tensor::DType wanted);

// GGUF's conventions: vectors, norms and small tables in F32; matrices in `wanted`, or as they are.
// A matrix whose rows are no multiple of the block becomes F16; `notes` gets a line about each.
void ChooseGgufTypes(std::optional<tensor::DType> wanted, std::vector<RowTensor>& tensors,
                     std::vector<std::string>& notes);

// Hugging Face's: everything in `wanted`; without it each tensor as it is, blocks as F16, and
// vectors that GGUF keeps in F32 in the matrices' type where that loses nothing.
void ChooseHfTypes(std::optional<tensor::DType> wanted, std::vector<RowTensor>& tensors);

}  // namespace pano::convert
