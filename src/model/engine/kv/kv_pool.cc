#include "model/engine/kv/kv_pool.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "base/check.h"

namespace pano::engine {

KvPool::KvPool(const KvPlan& plan)
    : groups_(plan.groups), allocators_(plan.block_counts.begin(), plan.block_counts.end()) {}

void KvPool::Share(BlockTables& tables, std::span<const std::vector<BlockId>> ids) {
  for (size_t g = 0; g < ids.size(); ++g) {
    PANO_CHECK(tables[g].size() == 0);
    for (BlockId id : ids[g]) {
      if (id == kNoBlock) {
        tables[g].AppendNothing();
      } else {
        tables[g].Append(allocators_[g].Share(id));
      }
    }
  }
}

int64_t KvPool::Room(const BlockTables& tables, int64_t kept) const {
  int64_t room = std::numeric_limits<int64_t>::max();
  for (size_t g = 0; g < tables.size(); ++g) {
    const int64_t more = std::max<int64_t>(0, allocators_[g].available() - kept);
    room = std::min(room, (static_cast<int64_t>(tables[g].size()) + more) * nn::kBlockTokens);
  }
  return room;
}

void KvPool::Extend(BlockTables& tables, int64_t end) {
  const auto size = static_cast<size_t>(BlocksFor(end));
  for (size_t g = 0; g < tables.size(); ++g) {
    while (tables[g].size() < size) {
      std::optional<BlockRef> block = allocators_[g].Allocate();
      PANO_CHECK(block.has_value());  // whoever asks has counted
      tables[g].Append(std::move(*block));
    }
  }
}

void KvPool::Truncate(BlockTables& tables, int64_t end) const {
  for (BlockTable& table : tables) table.Truncate(static_cast<size_t>(BlocksFor(end)));
}

void KvPool::Trim(BlockTables& tables, int64_t position) const {
  for (size_t g = 0; g < tables.size(); ++g) {
    tables[g].DropBefore(static_cast<size_t>(groups_[g].FirstBlock(position)));
  }
}

int64_t KvPool::Sum(int (BlockAllocator::*figure)() const) const {
  int64_t sum = 0;
  for (const BlockAllocator& allocator : allocators_) sum += (allocator.*figure)();
  return sum;
}

}  // namespace pano::engine
