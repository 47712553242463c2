#include "model/train/parallel/partition.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace pano::train {
namespace {

TEST(PartOf, PartsFollowEachOtherAndDifferByOneAtMost) {
  for (int members : {1, 2, 3, 7}) {
    for (int64_t count : {0, 1, 6, 7, 100}) {
      int64_t at = 0;
      for (int rank = 0; rank < members; ++rank) {
        const Part part = PartOf(count, rank, members);
        EXPECT_EQ(part.begin, at);
        EXPECT_GE(part.size(), count / members);
        EXPECT_LE(part.size(), count / members + 1);
        at = part.end;
      }
      EXPECT_EQ(at, count);
    }
  }
}

TEST(OwnersOf, SharesTheStateOut) {
  const std::vector<int64_t> sizes = {100, 1, 50, 50, 1, 1, 97};
  for (int members : {1, 2, 3, 10}) {
    const std::vector<int> owners = OwnersOf(sizes, members);
    ASSERT_EQ(owners.size(), sizes.size());
    std::vector<int64_t> load(static_cast<size_t>(members));
    for (size_t i = 0; i < sizes.size(); ++i) load[static_cast<size_t>(owners[i])] += sizes[i];
    // Largest first is at most 4/3 of the best division (Graham, 1969).
    const double best = std::max(300.0 / members, 100.0);
    EXPECT_LE(static_cast<double>(*std::ranges::max_element(load)), best * 4 / 3);
    EXPECT_EQ(OwnersOf(sizes, members), owners);
  }
  EXPECT_TRUE(OwnersOf({}, 4).empty());
}

}  // namespace
}  // namespace pano::train
