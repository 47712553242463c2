#include "model/train/parallel/partition.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"

namespace pano::train {

Part PartOf(int64_t count, int rank, int members) {
  PANO_CHECK(members >= 1 && rank >= 0 && rank < members && count >= 0);
  const int64_t each = count / members, more = count % members;
  const int64_t begin = each * rank + std::min<int64_t>(rank, more);
  return {begin, begin + each + (rank < more ? 1 : 0)};
}

std::vector<int> OwnersOf(std::span<const int64_t> sizes, int members) {
  PANO_CHECK(members >= 1);
  std::vector<size_t> order(sizes.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return sizes[a] > sizes[b]; });
  std::vector<int64_t> load(static_cast<size_t>(members), 0);
  std::vector<int> owners(sizes.size());
  for (size_t index : order) {
    const auto least = std::min_element(load.begin(), load.end());
    *least += sizes[index];
    owners[index] = static_cast<int>(least - load.begin());
  }
  return owners;
}

}  // namespace pano::train
