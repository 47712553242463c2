#include "model/engine/kv/kv_plan.h"

#include <limits>

#include "base/strings.h"

namespace pano::engine {
namespace {

constexpr int64_t kBlocksMax = std::numeric_limits<int32_t>::max();
// Beyond these nothing is gained, and products stay within 64 bits.
constexpr int64_t kSequencesMax = 1 << 20;
constexpr int64_t kContextMax = kBlocksMax * nn::kBlockTokens;

Result<std::vector<KvGroup>> ReadGroups(const nn::StateLayout& layout, int64_t context_max) {
  if (layout.groups.empty()) return Internal("[kv] the model publishes no state group");
  std::vector<KvGroup> groups;
  for (size_t i = 0; i < layout.groups.size(); ++i) {
    const nn::StateGroup& group = layout.groups[i];
    switch (group.kind) {
      case nn::StateGroup::Kind::kPaged:
      case nn::StateGroup::Kind::kLatent:
        groups.push_back({0});
        break;
      case nn::StateGroup::Kind::kWindow:
        if (group.window < 1) return Internal(StrCat("[kv] state group ", i, " has no window"));
        groups.push_back({std::min(group.window, context_max)});
        break;
      case nn::StateGroup::Kind::kFixed:
        return Unimplemented(StrCat("[kv] state group ", i, " is of kind 'fixed' (one state a "
                                    "sequence), which the engine does not support"));
    }
  }
  return groups;
}

// Finds block counts; its functions take how many blocks the leading groups get.
class Divider {
 public:
  Divider(const nn::StateLayout& layout, const Options& options, std::span<const KvGroup> groups)
      : layout_(layout),
        groups_(groups),
        bytes_max_(options.kv_bytes_max),
        sequences_(std::min(options.sequences_max, kSequencesMax)),
        step_blocks_(BlocksFor(std::min(options.step_tokens_max, kContextMax))),
        context_blocks_(BlocksFor(std::min(options.context_max, kContextMax))),
        all_windows_(std::ranges::none_of(groups, [](KvGroup g) { return g.window == 0; })) {
    for (KvGroup group : groups_) widest_ = std::max(widest_, group.window);
  }

  // The most that are of use.
  int64_t Useful() const {
    int64_t useful = all_windows_ ? UsefulWindow({widest_}) : context_blocks_ * sequences_;
    return std::min(useful, kBlocksMax);
  }

  int64_t Count(size_t group, int64_t leading) const {
    if (groups_[group].window == (all_windows_ ? widest_ : 0)) return leading;
    return std::min(leading, UsefulWindow(groups_[group]));
  }

  bool Fits(int64_t leading) const {
    int64_t left = bytes_max_;
    for (size_t i = 0; i < groups_.size(); ++i) {
      const auto bytes = static_cast<int64_t>(layout_.groups[i].bytes_per_block);
      if (bytes == 0) continue;
      if (Count(i, leading) > left / bytes) return false;
      left -= Count(i, leading) * bytes;
    }
    return true;
  }

  // The most that fit; 0 when none do.
  int64_t Largest() const {
    int64_t fits = 0;
    int64_t beyond = Useful() + 1;
    while (beyond - fits > 1) {
      int64_t middle = fits + (beyond - fits) / 2;
      (Fits(middle) ? fits : beyond) = middle;
    }
    return fits;
  }

 private:
  // What a query sees, one more for the tokens of a step that begin within a block, for each sequence,
  // and twice that, so that as much stays cached as is in use; and the step's tokens.
  int64_t UsefulWindow(KvGroup group) const {
    int64_t most = std::min(context_blocks_, group.SpanBlocks() + 1);
    return 2 * sequences_ * most + step_blocks_;
  }

  const nn::StateLayout& layout_;
  const std::span<const KvGroup> groups_;
  const int64_t bytes_max_;
  const int64_t sequences_;
  const int64_t step_blocks_;
  const int64_t context_blocks_;
  const bool all_windows_;
  int64_t widest_ = 0;
};

}  // namespace

Result<KvPlan> PlanKvMemory(const nn::StateLayout& layout, const Options& options) {
  KvPlan plan;
  plan.context_max = std::min(options.context_max, kContextMax);
  PANO_ASSIGN_OR_RETURN(plan.groups, ReadGroups(layout, plan.context_max));
  const Divider divider(layout, options, plan.groups);
  int64_t leading = options.kv_blocks > 0 ? std::min(options.kv_blocks, kBlocksMax)
                                          : divider.Largest();
  if (leading < 1) {
    return Status(StatusCode::kExhausted,
                  StrCat("[kv] one block needs ", layout.bytes_per_block(), " bytes, the limit is ",
                         options.kv_bytes_max));
  }
  for (size_t i = 0; i < plan.groups.size(); ++i) {
    const int64_t count = divider.Count(i, leading);
    plan.block_counts.push_back(static_cast<int>(count));
    // A sequence must fit into the memory alone, or it could be preempted for ever.
    if (plan.groups[i].window == 0 || count < plan.groups[i].SpanBlocks()) {
      plan.context_max = std::min(plan.context_max, count * nn::kBlockTokens);
    }
  }
  return plan;
}

}  // namespace pano::engine
