#pragma once

#include <memory>
#include <vector>

#include "base/check.h"
#include "base/random.h"
#include "model/nn/layers/mixers.h"
#include "model/nn/paged_state.h"
#include "model/nn/pass_rows.h"
#include "model/ops/context.h"

namespace pano::nn::testing {

// Rows of random numbers of order one.
inline std::vector<float> RandomRows(size_t rows, size_t width, uint64_t seed) {
  Random random(seed);
  std::vector<float> values(rows * width);
  for (float& v : values) v = static_cast<float>(random.Normal());
  return values;
}

// One sequence with a state of its own, to run a layer over pass by pass. Confined to one thread.
class OneSequence {
 public:
  OneSequence(const ModelConfig& config, ops::OpContext& ops)
      : config_(config),
        ops_(ops),
        plan_(PlanState(config, KvType::kF32)),
        rotary_(config.rope, {}),
        rows_(config) {
    const std::vector<int> counts(plan_.groups.size(), kBlocks);
    auto state = PagedState::Create(ops.device(), plan_.groups, counts);
    PANO_CHECK(state.ok());
    state_ = std::move(*state);
    for (BlockId b = 0; b < kBlocks; ++b) blocks_.push_back(kBlocks - 1 - b);
    tables_.assign(plan_.groups.size(), blocks_);
  }

  LayerSlot slot(size_t layer) const { return plan_.slots[layer]; }

  // What the mixer gives for the next rows [.., hidden] of the sequence. `memory` [.., hidden].
  template <typename Mixer>
  std::vector<float> Run(Mixer& mixer, const std::vector<float>& x,
                         const std::vector<float>& memory = {},
                         std::span<const int32_t> position_ids = {}) {
    const size_t hidden = Size(config_.hidden_size);
    RowSpan span;
    span.count = x.size() / hidden;
    span.position = position_;
    span.tables = tables_;
    span.position_ids = position_ids;
    span.memory_rows = memory.size() / hidden;
    position_ += static_cast<int64_t>(span.count);
    rows_.Reset({&span, 1}, plan_.groups.size());
    ops::Workspace::Scope scope(ops_.workspace());
    const Pass pass{ops_,  rows_, *state_, rotary_.Angles(ops_, scope, rows_),
                    {}, ops::ConstRows(memory.data(), span.memory_rows, hidden)};
    std::vector<float> out(x.size());
    const Status status = mixer.Mix(pass, ops::ConstRows(x.data(), span.count, hidden),
                                    ops::Rows(out.data(), span.count, hidden));
    PANO_CHECK(status.ok());
    return out;
  }

 private:
  static constexpr int kBlocks = 4;
  const ModelConfig& config_;
  ops::OpContext& ops_;
  const StatePlan plan_;
  const RotaryEmbedding rotary_;
  PassRows rows_;
  std::unique_ptr<PagedState> state_;
  std::vector<BlockId> blocks_;
  std::vector<std::span<const BlockId>> tables_;
  int64_t position_ = 0;
};

// y = W x + b in double.
inline std::vector<double> Multiply(const ops::Linear& linear, const std::vector<double>& x) {
  std::vector<double> y(linear.out());
  for (size_t o = 0; o < y.size(); ++o) {
    if (!linear.bias.empty()) y[o] = static_cast<double>(linear.bias[o]);
    for (size_t i = 0; i < x.size(); ++i) {
      y[o] += static_cast<double>(linear.weight.as<float>()[o * x.size() + i]) * x[i];
    }
  }
  return y;
}

inline std::vector<double> ToDouble(std::span<const float> x) { return {x.begin(), x.end()}; }

}  // namespace pano::nn::testing
