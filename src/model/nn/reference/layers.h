#pragma once

#include <limits>

#include "model/nn/reference/attention.h"

namespace pano::reference {

// What a comparison has to know beside the result.
struct Trace {
  // The smallest difference of router probability between what was chosen and what was not, over
  // all tokens. Where it is tiny another precision chooses otherwise, and is not wrong.
  double routing_margin = std::numeric_limits<double>::infinity();
};

// What the feed-forward block of layer `layer` adds for rows x [tokens, hidden]: its matrices, or
// the experts that each token is sent to.
Matrix FeedForward(const nn::ModelConfig& config, const ModelTensors& tensors, size_t layer,
                   const Matrix& x, Trace& trace);

// x [tokens, hidden], the embeddings, through the embedding's norm, all layers and the final norm.
void RunLayers(const nn::ModelConfig& config, const ModelTensors& tensors, const Sequence& sequence,
               Matrix& x, Trace& trace);

}  // namespace pano::reference
