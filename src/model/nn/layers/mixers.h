#pragma once

#include "base/status.h"
#include "model/nn/layers/rotary_embedding.h"
#include "model/nn/paged_state.h"
#include "model/nn/pass_rows.h"
#include "model/ops/ops.h"

namespace pano::nn {

// What the layers of one pass share. Borrowed; valid for the pass.
struct Pass {
  ops::OpContext& ops;
  const PassRows& rows;
  PagedState& state;
  RotaryAngles global_angles, local_angles;  // of the layers that say so
  ops::ConstRows memory;                     // cross attention: rows of another stack
};

// The half of a layer in which tokens see each other: attention of some kind, or a recurrence
// (gated delta net, state space, short convolution). Reads the sequences' state that earlier passes
// left and adds its rows to it. A recurrent kind keeps a StateGroup::kFixed state, which it finds
// in the one block of its sequence: rows.sequences(group)[i].blocks[0].
//
// Confined to the thread that steps the model.
class TokenMixer {
 public:
  virtual ~TokenMixer() = default;
  // From x [rows, hidden] to what the layer adds to the residual stream. Fails only where the
  // communicator does; the state is then undefined.
  virtual Status Mix(const Pass& pass, ops::ConstRows x, ops::Rows out) = 0;
};

// The half in which each token is on its own: feed-forward matrices or a mixture of experts.
// Confined likewise.
class ChannelMixer {
 public:
  virtual ~ChannelMixer() = default;
  virtual Status Mix(ops::OpContext& ops, ops::ConstRows x, ops::Rows out) = 0;
};

// A size of a configuration, checked when it was read, for indexing.
inline size_t Size(int64_t n) { return static_cast<size_t>(n); }

}  // namespace pano::nn
