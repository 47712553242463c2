#include "model/nn/paged_state.h"

#include "base/check.h"
#include "base/strings.h"

namespace pano::nn {

StatePlan PlanState(const ModelConfig& config, KvType kv_type) {
  StatePlan plan;
  for (const LayerConfig& layer : config.layers) {
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
      group.kv_head_count = static_cast<int>(config.kv_head_count);
      group.key_dim = static_cast<int>(config.head_dim);
      group.value_dim = static_cast<int>(config.value_size());
    }
    size_t g = 0;
    while (g < plan.groups.size() &&
           (plan.groups[g].kind != group.kind || plan.groups[g].window != group.window)) {
      ++g;
    }
    if (g == plan.groups.size()) plan.groups.push_back(group);
    plan.places.push_back({g, plan.groups[g].layer_count++});
  }
  return plan;
}

Result<std::unique_ptr<PagedState>> PagedState::Create(std::vector<PagedGroup> groups,
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
    // calloc: large areas come as untouched zero pages.
    state->memory_.emplace_back(static_cast<std::byte*>(std::calloc(bytes, 1)));
    if (!state->memory_.back()) {
      return Status(StatusCode::kExhausted,
                    StrCat("[kv] no memory for ", block_counts[g], " blocks, ", bytes, " bytes"));
    }
  }
  return state;
}

std::byte* PagedState::keys(size_t group, int layer, int head) {
  const PagedGroup& g = groups_[group];
  const auto blocks = static_cast<size_t>(counts_[group]);
  return memory_[group].get() +
         static_cast<size_t>(layer) * blocks * (g.key_block_bytes() + g.value_block_bytes()) +
         static_cast<size_t>(head) * g.head_bytes(g.key_dim);
}

std::byte* PagedState::values(size_t group, int layer, int head) {
  const PagedGroup& g = groups_[group];
  const auto blocks = static_cast<size_t>(counts_[group]);
  return keys(group, layer, 0) + blocks * g.key_block_bytes() +
         static_cast<size_t>(head) * g.head_bytes(g.value_dim);
}

}  // namespace pano::nn
