#include "data/version/remote/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <vector>

namespace pano::remote {
namespace {

TEST(ForEachInParallel, CallsEachOnce) {
  std::vector<std::atomic<int>> calls(1000);
  EXPECT_TRUE(ForEachInParallel(calls.size(), 8, 1, {}, [&](size_t i) {
                ++calls[i];
                return OkStatus();
              }).ok());
  for (const auto& count : calls) EXPECT_EQ(count.load(), 1);
  EXPECT_TRUE(ForEachInParallel(0, 8, 1, {}, [](size_t) { return Internal("none"); }).ok());
}

TEST(ForEachInParallel, GathersFailuresAndStops) {
  std::atomic<int> calls{0};
  const Status status = ForEachInParallel(10'000, 1, 3, {}, [&](size_t i) {
    ++calls;
    return NotFound("no " + std::to_string(i));
  });
  EXPECT_EQ(calls.load(), 3);
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "no 0; no 1; no 2");
}

TEST(ForEachInParallel, IsCancelled) {
  std::stop_source stop;
  std::atomic<int> calls{0};
  const Status status = ForEachInParallel(10'000, 2, 3, stop.get_token(), [&](size_t) {
    if (++calls == 5) stop.request_stop();
    return OkStatus();
  });
  EXPECT_EQ(status.code(), StatusCode::kCancelled);
  EXPECT_LT(calls.load(), 10);
}

}  // namespace
}  // namespace pano::remote
