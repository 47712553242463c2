#include "model/nn/paged_state.h"

#include "base/check.h"
#include "base/strings.h"
#include "model/nn/model_config.h"

namespace pano::nn {

StatePlan PlanState(const ModelConfig& config, KvType kv_type) {
  StatePlan plan;
  for (size_t i = 0; i < config.layers.size(); ++i) {
    const LayerConfig& layer = config.layers[i];
    PagedGroup group;
    group.type = kv_type;
    if (config.latent) {
      group.kind = StateGroup::Kind::kLatent;
      group.kv_head_count = 1;
      group.key_dim = static_cast<int>(config.latent->kv_rank + config.latent->rope_dim);
    } else {
      const bool window = config.causal && layer.window > 0 && layer.window < config.context_length;
      group.kind = window ? StateGroup::Kind::kWindow : StateGroup::Kind::kPaged;
      group.window = window ? layer.window : 0;
      group.kv_head_count = static_cast<int>(config.kv_heads(i));
      group.key_dim = static_cast<int>(config.head_dim);
      group.value_dim = static_cast<int>(config.value_size());
    }
    size_t g = 0;
    while (g < plan.groups.size() && !plan.groups[g].Keeps(group)) ++g;
    if (g == plan.groups.size()) plan.groups.push_back(group);
    plan.slots.push_back({g, plan.groups[g].layer_count++});
  }
  return plan;
}

Result<std::unique_ptr<PagedState>> PagedState::Create(device::Device& device,
                                                       std::vector<PagedGroup> groups,
                                                       std::span<const int> block_counts) {
  PANO_CHECK(groups.size() == block_counts.size());
  auto state = std::make_unique<PagedState>();
  state->groups_ = std::move(groups);
  state->counts_.assign(block_counts.begin(), block_counts.end());
  for (size_t g = 0; g < state->groups_.size(); ++g) {
    size_t bytes = 0;
    if (block_counts[g] < 1 ||
        __builtin_mul_overflow(state->groups_[g].bytes_per_block(),
                               static_cast<size_t>(block_counts[g]), &bytes)) {
      return InvalidArgument(StrCat("[kv] ", block_counts[g], " blocks cannot be made"));
    }
    auto memory = device.Allocate(bytes);
    if (!memory.ok()) {
      return Status(StatusCode::kExhausted,
                    StrCat("[kv] no memory for ", block_counts[g], " blocks, ", bytes, " bytes"));
    }
    state->memory_.push_back(std::move(*memory));
  }
  return state;
}

ops::PagedKv PagedState::layer(LayerSlot slot) const {
  const PagedGroup& g = groups_[slot.group];
  const auto blocks = static_cast<size_t>(counts_[slot.group]);
  ops::PagedKv kv;
  kv.type = g.type;
  kv.heads = static_cast<size_t>(g.kv_head_count);
  kv.key_dim = static_cast<size_t>(g.key_dim);
  kv.value_dim = static_cast<size_t>(g.value_dim);
  kv.key_head_bytes = g.head_bytes(g.key_dim);
  kv.value_head_bytes = g.head_bytes(g.value_dim);
  kv.key_block_bytes = g.key_block_bytes();
  kv.value_block_bytes = g.value_block_bytes();
  kv.keys = memory_[slot.group].data() +
            static_cast<size_t>(slot.index) * blocks * (kv.key_block_bytes + kv.value_block_bytes);
  if (kv.value_dim > 0) kv.values = kv.keys + blocks * kv.key_block_bytes;
  return kv;
}

}  // namespace pano::nn
