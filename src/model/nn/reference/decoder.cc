#include "model/nn/reference/decoder.h"

#include <algorithm>

namespace pano::reference {

Matrix DecoderLogits(const nn::ModelConfig& c, const ModelTensors& tensors,
                     std::span<const nn::TokenId> tokens, Trace& trace) {
  Sequence sequence;
  sequence.length = static_cast<int64_t>(tokens.size());
  Matrix x(tokens.size(), static_cast<size_t>(c.hidden_size));
  for (size_t r = 0; r < tokens.size(); ++r) {
    const auto position = static_cast<int64_t>(r);
    sequence.positions.push_back(position);
    for (size_t d = 0; d < x.cols; ++d) {
      x.row(r)[d] = c.embedding_scale * tensors.embedding.at(static_cast<size_t>(tokens[r]), d);
      if (c.learned_positions > 0) {
        x.row(r)[d] += tensors.positions.at(static_cast<size_t>(position + c.position_offset), d);
      }
    }
  }
  RunLayers(c, tensors, sequence, x, trace);
  if (c.head_transform) {
    x = Apply(tensors.head_dense, x);
    for (double& value : x.values) value = Activate(*c.head_transform, value);
    for (size_t r = 0; r < x.rows; ++r) {
      ApplyNorm(c.norm, tensors.head_norm, c.norm_offset, c.norm_epsilon, x.row(r));
    }
  }
  Matrix logits = Apply(tensors.head, x);
  for (double& logit : logits.values) logit = SoftCap(c.logit_scale * logit, c.final_softcap);
  return logits;
}

}  // namespace pano::reference
