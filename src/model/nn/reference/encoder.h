#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/nn/encoder/encoder_config.h"
#include "model/nn/reference/layers.h"

namespace pano::reference {

struct StageTensors {
  Linear dense;  // of a matrix; the bias alone counts for Stage::Kind::kEmbedding
  Norm norm;
};

struct EncoderTensors {
  std::optional<ModelTensors> text, image, decoder;
  Linear patches;                                // [hidden, channels * patch * patch]
  Vector first;                                  // [hidden], in front of the patches
  Matrix image_positions;                        // [patches + 1, hidden]
  std::vector<std::vector<StageTensors>> heads;  // of each head; empty where the file lacks it
  std::vector<bool> has_head;
  double logit_scale = 0;
};
EncoderTensors ReadEncoder(TensorSource& source, const encoder::EncoderConfig& config);

// One answer: a matrix an input, [ids, size] or [1, size].
struct EncoderOutput {
  std::string name;
  std::vector<Matrix> rows;
};

// Everything that the model answers for a batch, heads in their order and logits_per_image last, by
// the formulas themselves: float64, every row of an input at once; what a mask leaves out is not
// looked at, and gets zeros. Slow, for tests. REQUIRES: inputs that Encoder::Encode accepts.
std::vector<EncoderOutput> EncoderOutputs(const encoder::EncoderConfig& config,
                                          const EncoderTensors& tensors,
                                          const encoder::EncoderBatch& batch, Trace& trace);

}  // namespace pano::reference
