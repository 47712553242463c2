#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <span>
#include <unordered_map>

namespace pano::sim {

// Which blocks of inputs a replica still has computed: the last used ones, up to a number. The list of blocks that an input
// consists of is known up to the first one that is not there. Confined to the simulation's thread.
class PrefixBlocks {
 public:
  explicit PrefixBlocks(size_t blocks_max) : blocks_max_(blocks_max) {}
  PrefixBlocks(const PrefixBlocks&) = delete;
  PrefixBlocks& operator=(const PrefixBlocks&) = delete;
  PrefixBlocks(PrefixBlocks&&) = default;

  // Leading ids that are there.
  int64_t Known(std::span<const int64_t> ids) const {
    int64_t count = 0;
    for (const int64_t id : ids) {
      if (!places_.contains(id)) break;
      ++count;
    }
    return count;
  }

  // Used now: the first one last, so that an input's end goes before its beginning.
  void Use(std::span<const int64_t> ids) {
    if (ids.size() > blocks_max_) ids = ids.first(blocks_max_);
    for (size_t i = ids.size(); i > 0; --i) {
      const int64_t id = ids[i - 1];
      if (const auto it = places_.find(id); it != places_.end()) {
        order_.splice(order_.begin(), order_, it->second);
        continue;
      }
      order_.push_front(id);
      places_[id] = order_.begin();
      if (places_.size() > blocks_max_) {
        places_.erase(order_.back());
        order_.pop_back();
      }
    }
  }

  void Clear() {
    order_.clear();
    places_.clear();
  }

 private:
  const size_t blocks_max_;
  std::list<int64_t> order_;   // the last used first
  std::unordered_map<int64_t, std::list<int64_t>::iterator> places_;
};

}  // namespace pano::sim
