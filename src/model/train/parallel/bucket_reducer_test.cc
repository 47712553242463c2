#include "model/train/parallel/bucket_reducer.h"

#include <gtest/gtest.h>

#include <chrono>

#include "model/train/parallel/in_process_members.h"

namespace pano::train {
namespace {

const std::vector<int64_t> kSizes = {10, 3, 0, 70, 1, 40, 8};

std::vector<float> Gradient(size_t index, int rank, int step) {
  return std::vector<float>(static_cast<size_t>(kSizes[index]),
                            static_cast<float>(index + 1) * static_cast<float>(rank + 1) +
                                static_cast<float>(step));
}

TEST(BucketReducer, SumsEveryParameterOverMembers) {
  for (size_t bucket_bytes : {size_t{1}, size_t{200}, size_t{1} << 20}) {
    RunMembers(3, [&](collective::Communicator& group) {
      BucketReducer reducer(&group, kSizes, {.bucket_bytes = bucket_bytes});
      for (int step = 0; step < 3; ++step) {
        reducer.Begin();
        // Members come to their parameters in orders of their own.
        for (size_t i = 0; i < kSizes.size(); ++i) {
          const size_t index = (i * 3 + static_cast<size_t>(group.rank())) % kSizes.size();
          if (index == 3 && step == 2) continue;  // a parameter without a gradient
          reducer.Ready(index, Gradient(index, group.rank(), step));
        }
        ASSERT_TRUE(reducer.Finish().ok());
        for (size_t index = 0; index < kSizes.size(); ++index) {
          std::vector<float> expected(static_cast<size_t>(kSizes[index]));
          for (int rank = 0; rank < 3 && !(index == 3 && step == 2); ++rank) {
            const std::vector<float> theirs = Gradient(index, rank, step);
            for (size_t i = 0; i < expected.size(); ++i) expected[i] += theirs[i];
          }
          const auto sum = reducer.reduced(index);
          EXPECT_EQ(std::vector<float>(sum.begin(), sum.end()), expected) << index;
        }
      }
    });
  }
}

// Buckets of the last layers are reduced while the first layers' gradients are still to come.
TEST(BucketReducer, WorksWhileTheBackwardPassDoes) {
  RunMembers(2, [](collective::Communicator& group) {
    BucketReducer reducer(&group, {100, 100, 100}, {.bucket_bytes = 400});
    EXPECT_EQ(reducer.bucket_count(), 3U);
    reducer.Begin();
    const std::vector<float> ones(100, 1.0F);
    reducer.Ready(2, ones);
    reducer.Ready(1, ones);
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    reducer.Ready(0, ones);
    ASSERT_TRUE(reducer.Finish().ok());
    EXPECT_GE(reducer.overlapped(), 2U);
    EXPECT_EQ(reducer.reduced(0)[99], 2.0F);
  });
}

TEST(BucketReducer, AFailureOfTheGroupEndsTheStep) {
  RunMembers(2, [](collective::Communicator& group) {
    BucketReducer reducer(&group, kSizes);
    reducer.Begin();
    group.Abort(InvalidArgument("over"));
    EXPECT_FALSE(reducer.Finish().ok());
    reducer.Begin();
    EXPECT_FALSE(reducer.Finish().ok());
  });
}

}  // namespace
}  // namespace pano::train
