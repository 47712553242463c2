#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "infra/device/device.h"
#include "model/nn/fwd.h"
#include "model/nn/model.h"
#include "model/ops/attention.h"

namespace pano::nn {

// Keys and values of one group of layers in blocks: [layer][block][kv head][kBlockTokens][dim],
// keys and values apart. A group without values keeps one vector a token and head (latent attention
// reads its values off the keys).
struct PagedGroup {
  StateGroup::Kind kind = StateGroup::Kind::kPaged;
  int64_t window = 0;
  int layer_count = 0;
  int kv_head_count = 0;
  int key_dim = 0;
  int value_dim = 0;  // 0: none
  KvType type = KvType::kF32;

  // Whether layers of `other` keep their state as these do.
  bool Keeps(const PagedGroup& other) const {
    return kind == other.kind && window == other.window && kv_head_count == other.kv_head_count;
  }
  // One head's part of a block; 8-bit codes have a float scale for each token behind them.
  size_t head_bytes(int dim) const {
    const auto elements = static_cast<size_t>(kBlockTokens) * static_cast<size_t>(dim);
    if (dim == 0) return 0;
    switch (type) {
      case KvType::kF32:
        return elements * 4;
      case KvType::kF16:
        return elements * 2;
      case KvType::kInt8:
        break;
    }
    return elements + kBlockTokens * sizeof(float);
  }
  size_t key_block_bytes() const {
    return head_bytes(key_dim) * static_cast<size_t>(kv_head_count);
  }
  size_t value_block_bytes() const {
    return head_bytes(value_dim) * static_cast<size_t>(kv_head_count);
  }
  size_t bytes_per_block() const {  // all layers
    return (key_block_bytes() + value_block_bytes()) * static_cast<size_t>(layer_count);
  }
};

// Where a layer keeps its state.
struct LayerSlot {
  size_t group = 0;
  int index = 0;  // of the layer within the group
};

// Which layers keep their state together.
struct StatePlan {
  std::vector<PagedGroup> groups;
  std::vector<LayerSlot> slots;  // of each layer
};
StatePlan PlanState(const ModelConfig& config, KvType kv_type);

// Memory is reserved at once but touched only when a block is first written. Confined to the thread
// that steps the model.
class PagedState final : public State {
 public:
  // `block_counts`: one per group.
  static Result<std::unique_ptr<PagedState>> Create(device::Device& device,
                                                    std::vector<PagedGroup> groups,
                                                    std::span<const int> block_counts);

  int block_count(size_t group) const override { return counts_[group]; }
  const PagedGroup& group(size_t i) const { return groups_[i]; }

  // One layer's keys and values, as operators take them.
  ops::PagedKv layer(LayerSlot slot) const;

 private:
  std::vector<PagedGroup> groups_;
  std::vector<int> counts_;
  std::vector<device::Buffer> memory_;  // one a group
};

}  // namespace pano::nn
