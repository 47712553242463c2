#pragma once

#include "model/nn/layers/mixers.h"
#include "model/ops/weights.h"

namespace pano::nn {

// down(f(up x)), or gated: down(f(gate x) * up x) (Shazeer, "GLU variants improve transformer",
// 2020). Confined to the thread that steps the model.
class FeedForward final : public ChannelMixer {
 public:
  // Borrows the layers. Without a gate: `gate` is absent.
  FeedForward(ops::Activation activation, const ops::Linear& gate, const ops::Linear& up,
              const ops::Linear& down)
      : activation_(activation), gate_(gate), up_(up), down_(down) {}

  Status Mix(ops::OpContext& ops, ops::ConstRows x, ops::Rows out) override;
  // The same without the sum over ranks.
  Status MixPartial(ops::OpContext& ops, ops::ConstRows x, ops::Rows out);
  // Whether ranks have to add up what they computed.
  bool reduces() const { return down_.shard.reduces(); }

 private:
  // What `down` multiplies.
  Status Inner(ops::OpContext& ops, ops::Workspace::Scope& scope, ops::ConstRows x,
               ops::Rows& inner);

  const ops::Activation activation_;
  const ops::Linear &gate_, &up_, &down_;
};

}  // namespace pano::nn
