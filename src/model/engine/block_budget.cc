#include "model/engine/block_budget.h"

#include <algorithm>
#include <limits>

// Counts blocks as the choices of one decision would take them, group by group, without taking any.
// A cached block costs nothing while somebody holds it, and one available block when nobody does;
// whether somebody does changes with the decision, so holders are copied at the first change. In a
// window group a sequence's need is bounded by what its window spans.

namespace pano::engine {
namespace {

// The size of a sequence's tables with its first `granted` new tokens.
int64_t TableSize(const RunningView& view, size_t g, int64_t granted) {
  return std::max(static_cast<int64_t>(view.blocks[g].size()), BlocksFor(view.computed + granted));
}

}  // namespace

BlockBudget::BlockBudget(std::span<const GroupView> groups)
    : groups_(groups), holders_(groups.size()) {
  for (const GroupView& group : groups) available_.push_back(group.available);
}

int64_t BlockBudget::Room(const RunningView& view, int64_t granted, const Counts& kept) const {
  int64_t room = std::numeric_limits<int64_t>::max();
  for (size_t g = 0; g < groups_.size(); ++g) {
    const int64_t blocks =
        TableSize(view, g, granted) + std::max<int64_t>(0, available_[g] - kept[g]);
    room = std::min(room, blocks * nn::kBlockTokens - view.computed - granted);
  }
  return room;
}

void BlockBudget::Take(const RunningView& view, int64_t granted, int64_t tokens) {
  for (size_t g = 0; g < groups_.size(); ++g) {
    available_[g] -= TableSize(view, g, granted + tokens) - TableSize(view, g, granted);
  }
}

void BlockBudget::Release(const RunningView& view) {
  for (size_t g = 0; g < groups_.size(); ++g) {
    std::vector<int32_t>& holders = MutableHolders(g);
    for (BlockId id : view.blocks[g]) {
      if (id != kNoBlock && --holders[static_cast<size_t>(id)] == 0) ++available_[g];
    }
  }
}

void BlockBudget::AddNeed(const RunningView& view, int64_t tokens, Counts& sum) const {
  for (size_t g = 0; g < groups_.size(); ++g) {
    sum[g] += TableSize(view, g, tokens) - TableSize(view, g, 0);
  }
}

int64_t BlockBudget::Later(size_t g, int64_t first, int64_t size, int64_t end) const {
  const KvGroup& rule = groups_[g].rule;
  int64_t more = std::max<int64_t>(0, end - size) + 1;
  // A window moves on: what is behind it comes back.
  if (rule.window > 0) {
    more = std::min(more, std::max<int64_t>(0, rule.SpanBlocks() - (size - first)));
  }
  return more;
}

void BlockBudget::AddLater(const RunningView& view, int64_t granted, Counts& sum) const {
  const int64_t end = view.paused ? 0 : BlocksFor(view.tokens);
  for (size_t g = 0; g < groups_.size(); ++g) {
    sum[g] += Later(g, groups_[g].rule.FirstBlock(view.computed), TableSize(view, g, granted), end);
  }
}

bool BlockBudget::Fits(const WaitingView& view, const Counts& later) const {
  for (size_t g = 0; g < groups_.size(); ++g) {
    const KvGroup& rule = groups_[g].rule;
    int64_t need = BlocksFor(view.tokens) - rule.FirstBlock(view.cached_tokens) -
                   CountCached(view, g).held;
    if (rule.window > 0) need = std::min(need, rule.SpanBlocks());
    if (need + later[g] > available_[g]) return false;
  }
  return true;
}

int64_t BlockBudget::Room(const WaitingView& view) const {
  int64_t room = std::numeric_limits<int64_t>::max();
  for (size_t g = 0; g < groups_.size(); ++g) {
    const int64_t blocks = available_[g] - CountCached(view, g).idle;
    room = std::min(room, blocks * nn::kBlockTokens);
  }
  return room;
}

void BlockBudget::Admit(const WaitingView& view, int64_t tokens, Counts& later) {
  const int64_t size = BlocksFor(view.cached_tokens + tokens);
  for (size_t g = 0; g < groups_.size(); ++g) {
    const int64_t cached = view.cached_tokens / nn::kBlockTokens;
    available_[g] -= size - cached + CountCached(view, g).idle;
    const int64_t first = groups_[g].rule.FirstBlock(view.cached_tokens);
    later[g] += Later(g, first, size, BlocksFor(view.tokens));
    if (first == cached) continue;   // takes none over
    std::vector<int32_t>& holders = MutableHolders(g);
    for (BlockId id : view.cached[g]) {
      if (id != kNoBlock) ++holders[static_cast<size_t>(id)];
    }
  }
}

BlockBudget::Cached BlockBudget::CountCached(const WaitingView& view, size_t g) const {
  std::span<const int32_t> holders = groups_[g].holders;
  if (!holders_[g].empty()) holders = holders_[g];
  Cached cached;
  for (BlockId id : view.cached[g]) {
    if (id != kNoBlock) ++(holders[static_cast<size_t>(id)] > 0 ? cached.held : cached.idle);
  }
  return cached;
}

std::vector<int32_t>& BlockBudget::MutableHolders(size_t g) {
  if (holders_[g].empty()) holders_[g].assign(groups_[g].holders.begin(), groups_[g].holders.end());
  return holders_[g];
}

}  // namespace pano::engine
