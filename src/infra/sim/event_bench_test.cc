#include "infra/sim/event_bench.h"

#include <gtest/gtest.h>

namespace pano::sim {
namespace {

TEST(EventBenchTest, CountsWhatItDidAndChecksIt) {
  for (const int64_t sources : {1, 2, 7, 1000}) {
    for (const int64_t events : {1, 10, 20'000}) {
      const auto result = RunEventBench(events, sources, 3);
      ASSERT_TRUE(result.ok()) << result.error().message();
      EXPECT_EQ(result->events, events);
      EXPECT_GE(result->seconds, 0);
    }
  }
}

}  // namespace
}  // namespace pano::sim
