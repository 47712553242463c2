#include "base/threads.h"

#include <gtest/gtest.h>

namespace pano {
namespace {

TEST(ComputePool, CoversEveryIndexOnceForAnyThreadCount) {
  for (int threads : {1, 2, 3, 8}) {
    ComputePool pool(threads);
    for (size_t count : {size_t{1}, size_t{7}, size_t{64}, size_t{1000}}) {
      std::vector<int> hits(count, 0);
      pool.ParallelFor(count, 4, [&](size_t begin, size_t end, int worker) {
        ASSERT_LT(worker, threads);
        for (size_t i = begin; i < end; ++i) ++hits[i];
      });
      EXPECT_EQ(hits, std::vector<int>(count, 1));
    }
  }
}

TEST(ComputePool, CoversEveryIndexOnceWithMorePartsThanBits) {
  ComputePool pool(20);
  for (size_t count : {size_t{60}, size_t{64}, size_t{65}, size_t{80}, size_t{1000}}) {
    std::vector<std::atomic<int>> hits(count);
    pool.ParallelFor(count, 1, [&](size_t begin, size_t end, int) {
      for (size_t i = begin; i < end; ++i) ++hits[i];
    });
    for (const std::atomic<int>& hit : hits) EXPECT_EQ(hit, 1);
  }
}

TEST(ComputePool, CallersFromSeveralThreadsTakeTurns) {
  ComputePool pool(2);
  std::atomic<int> total{0};
  std::vector<std::jthread> callers;
  for (int caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        pool.ParallelFor(10, 1, [&](size_t b, size_t e, int) { total += static_cast<int>(e - b); });
      }
    });
  }
  callers.clear();
  EXPECT_EQ(total, 4 * 200 * 10);
}

}  // namespace
}  // namespace pano
