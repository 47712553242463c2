#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "model/ops/adapter.h"

namespace pano::nn {

// An adapter made ready for the weights of one loaded model (model/adapter/bind): rows of a pass may
// name it. Immutable once it is filled; outlives the passes that name it, and the model outlives it.
struct BoundAdapter {
  ops::AdapterWeights weights;
  std::string name = {};  // for people
  // Another for each that was ever bound in this process: state computed with one is of no use to
  // another, whatever their names.
  const uint64_t id = NextId();

 private:
  static uint64_t NextId() {
    static std::atomic<uint64_t> next{1};
    return next.fetch_add(1, std::memory_order_relaxed);
  }
};

// Rows [begin, begin + count) of a pass are computed with the adapter; with the run before where that
// ends there and has the same one, so that it is read once. REQUIRES: begin is behind all runs.
inline void AppendRun(std::vector<ops::AdapterRun>& runs, size_t begin, size_t count,
                      const BoundAdapter& adapter) {
  if (!runs.empty()) {
    ops::AdapterRun& last = runs.back();
    if (last.adapter == &adapter.weights && last.begin + last.count == begin) {
      last.count += count;
      return;
    }
  }
  runs.push_back({begin, count, &adapter.weights});
}

}  // namespace pano::nn
