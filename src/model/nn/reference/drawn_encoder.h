#pragma once

#include <set>
#include <string>
#include <vector>

#include "model/nn/encoder/encoder_config.h"
#include "model/nn/reference/drawn_tensors.h"
#include "model/nn/reference/encoder.h"

namespace pano::reference {

// An encoder made from a seed (stacks over texts, images and another stack, heads with every way of
// pooling and every stage), a batch for it, and what the reference pass says about it.
struct DrawnEncoder {
  encoder::EncoderConfig config;
  format::ModelFiles files;  // its tensors
  encoder::EncoderBatch batch;
  std::vector<EncoderOutput> outputs;
  std::vector<double> bounds;  // of each output: max|a - b| / max|b|, see drawn_decoder.h
};

// Drawn until every bound is below what --compute f32 promises and no token's experts are a near
// tie.
DrawnEncoder MakeEncoder(uint64_t seed);

// What the reference pass says when the same tensors are read by another configuration.
std::vector<EncoderOutput> OutputsAs(const DrawnEncoder& drawn,
                                     const encoder::EncoderConfig& config,
                                     const encoder::EncoderBatch& batch);

// max|a - b| / max|b| over all rows of one output.
double Difference(const EncoderOutput& a, const EncoderOutput& b);

// What encoders have beside decoders, by name, and which of it one has.
std::vector<std::string> AllEncoderKinds();
std::set<std::string> EncoderKinds(const DrawnEncoder& drawn);

}  // namespace pano::reference
