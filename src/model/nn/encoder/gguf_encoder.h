#pragma once

#include "model/format/fwd.h"
#include "model/nn/encoder/encoder_family.h"

namespace pano::encoder {

// What the metadata of GGUF encoders have in common: sizes, epsilon, pooling; one text stack whose
// hidden state, and pooled embedding where the file names a pooling, are the outputs.
void ReadGgufEncoder(nn::ConfigReader& reader, EncoderConfig& config);

// The names that llama.cpp's converter gives to encoders' tensors; queries, keys and values apart.
nn::WeightNames GgufEncoderNames();

// What GGUF says through the tensors themselves: rows of the embeddings.
Status ReadFromTensors(const format::ModelFiles& files, EncoderConfig& config);

}  // namespace pano::encoder
