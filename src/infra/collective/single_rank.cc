#include "infra/collective/single_rank.h"

#include <algorithm>

#include "base/strings.h"

namespace pano::collective {

Status SingleRank::AllReduceSum(std::span<float>) { return aborted_; }

Status SingleRank::AllGather(std::span<const float> local, std::span<float> all) {
  if (!aborted_.ok()) return aborted_;
  if (all.size() != local.size()) {
    return Internal(
        StrCat("[collective] all-gather of ", local.size(), " values into ", all.size()));
  }
  std::ranges::copy(local, all.begin());
  return {};
}

Status SingleRank::Broadcast(std::span<float>, int root) {
  if (!aborted_.ok()) return aborted_;
  if (root != 0) return Internal(StrCat("[collective] broadcast from rank ", root, " of 1"));
  return {};
}

}  // namespace pano::collective
