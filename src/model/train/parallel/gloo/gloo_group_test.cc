#include "model/train/parallel/gloo/gloo_group.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "model/train/parallel/in_process_members.h"

namespace pano::train {
namespace {

TEST(GlooGroup, ComputesWhatTheGroupBelowComputes) {
  if (!GlooIsAvailable()) GTEST_SKIP() << "this build has no Gloo";
  for (int size : {2, 3, 4}) {
    RunMembers(size, [size](collective::Communicator& control) {
      auto group = CreateGlooGroup(&control, "127.0.0.1", std::chrono::seconds(60));
      ASSERT_TRUE(group.ok()) << group.error().ToString();
      EXPECT_EQ((*group)->rank(), control.rank());
      EXPECT_EQ((*group)->size(), size);
      for (size_t count : {1, 5000, 100'000}) {
        const auto rank = static_cast<float>((*group)->rank());
        std::vector<float> data(count, rank + 1);
        ASSERT_TRUE((*group)->AllReduceSum(data).ok());
        // Whole numbers: no order of additions rounds.
        EXPECT_EQ(data, std::vector<float>(count, static_cast<float>(size * (size + 1) / 2)));
        std::vector<float> local(count, rank), all(count * static_cast<size_t>(size));
        ASSERT_TRUE((*group)->AllGather(local, all).ok());
        for (size_t i = 0; i < all.size(); i += 97) {
          EXPECT_EQ(all[i], static_cast<float>(i / count));
        }
        std::vector<float> told(count, rank);
        ASSERT_TRUE((*group)->Broadcast(told, size - 1).ok());
        EXPECT_EQ(told, std::vector<float>(count, static_cast<float>(size - 1)));
      }
    });
  }
}

TEST(GlooGroup, AHostThatIsNotOursIsAStatus) {
  if (!GlooIsAvailable()) GTEST_SKIP() << "this build has no Gloo";
  RunMembers(2, [](collective::Communicator& control) {
    const auto group = CreateGlooGroup(&control, "no.such.host.invalid", std::chrono::seconds(2));
    EXPECT_FALSE(group.ok());
  });
}

}  // namespace
}  // namespace pano::train
