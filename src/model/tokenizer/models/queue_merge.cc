#include "model/tokenizer/models/queue_merge.h"

#include <functional>
#include <queue>
#include <utility>

// A linked list of symbols and a heap of candidate pairs by (rank, position). The heap is never
// searched: a pair that a merge has made obsolete is recognised when it is popped, and skipped.

namespace pano::tokenizer {
namespace {

// Neighbours of a symbol in the list, by index; -1 at the ends.
struct Link {
  int32_t previous;
  int32_t next;
};

}  // namespace

// A heap of pairs in order of rank and position; an obsolete one is skipped.
void QueueMerge(const MergeTable& merges, std::vector<int32_t>& symbols) {
  const auto count = static_cast<int32_t>(symbols.size());
  std::vector<Link> links(symbols.size());
  std::vector<uint64_t> start;  // rank << 32 | index of the left symbol
  const auto at = [](int32_t index) { return static_cast<size_t>(index); };
  const auto entry = [](uint32_t rank, int32_t index) {
    return static_cast<uint64_t>(rank) << 32 | static_cast<uint32_t>(index);
  };
  for (int32_t i = 0; i < count; ++i) {
    links[at(i)] = {i - 1, i + 1 < count ? i + 1 : -1};
    if (i + 1 == count) break;
    const auto merge = merges.Find(symbols[at(i)], symbols[at(i + 1)]);
    if (merge.rank != MergeTable::kNone) start.push_back(entry(merge.rank, i));
  }
  std::priority_queue queue(std::greater<uint64_t>(), std::move(start));
  const auto push = [&](int32_t left, int32_t right) {
    if (left < 0 || right < 0) return;
    const auto merge = merges.Find(symbols[at(left)], symbols[at(right)]);
    if (merge.rank != MergeTable::kNone) queue.push(entry(merge.rank, left));
  };
  while (!queue.empty()) {
    const uint64_t top = queue.top();
    queue.pop();
    const auto left = static_cast<int32_t>(top & UINT32_MAX);
    if (symbols[at(left)] < 0) continue;  // merged into its left neighbour since
    const int32_t right = links[at(left)].next;
    if (right < 0) continue;
    const auto merge = merges.Find(symbols[at(left)], symbols[at(right)]);
    if (merge.rank != static_cast<uint32_t>(top >> 32)) continue;  // obsolete: another pair is there now
    symbols[at(left)] = merge.symbol;
    symbols[at(right)] = -1;
    const int32_t next = links[at(right)].next;
    links[at(left)].next = next;
    if (next >= 0) links[at(next)].previous = left;
    push(links[at(left)].previous, left);
    push(left, next);
  }
  std::erase(symbols, -1);
}

}  // namespace pano::tokenizer
