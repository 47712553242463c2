#pragma once

#include <span>

#include "model/nn/fwd.h"
#include "model/nn/reference/layers.h"

namespace pano::reference {

// The logits of a decoder after every token of one sequence [tokens, vocab], by the formulas
// themselves: float64, the whole sequence at once, full attention, no cache. Slow, for tests.
Matrix DecoderLogits(const nn::ModelConfig& config, const ModelTensors& tensors,
                     std::span<const nn::TokenId> tokens, Trace& trace);

}  // namespace pano::reference
