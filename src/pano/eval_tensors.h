#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/nn/encoder/encoder.h"

namespace pano::cli {

// The inputs of `pano eval --inputs`, by the golden sets' names: input_ids [rows, ids],
// attention_mask and token_type_ids of that shape, decoder_input_ids [rows, ids], pixel_values
// [images, channels, height, width]. Other tensors are not looked at. InvalidArgument names a
// tensor of another type or shape.
Result<encoder::EncoderBatch> ReadInputs(const std::string& path);

// Tensors [rows, size] or, per token, [rows, ids, size], as F32.
Status WriteOutputs(const std::vector<encoder::Output>& outputs, const std::string& path);

}  // namespace pano::cli
