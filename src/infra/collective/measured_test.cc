#include "infra/collective/measured.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

#include "base/testing/memory_metrics.h"
#include "infra/collective/in_process.h"

namespace pano::collective {
namespace {

// Takes three seconds for everything, and fails when told.
class SlowCommunicator final : public Communicator {
 public:
  SlowCommunicator(ManualClock& clock, const bool& fails) : clock_(clock), fails_(fails) {}
  int rank() const override { return 1; }
  int size() const override { return 2; }
  Status AllReduceSum(std::span<float>) override { return Take(); }
  Status AllGather(std::span<const float>, std::span<float>) override { return Take(); }
  Status Broadcast(std::span<float>, int) override { return Take(); }
  void Abort(Status) override {}

 private:
  Status Take() {
    clock_.Advance(std::chrono::seconds(3));
    return fails_ ? Status(StatusCode::kUnavailable, "a rank has gone") : OkStatus();
  }
  ManualClock& clock_;
  const bool& fails_;
};

TEST(MeasuredCommunicatorTest, CountsTimeBytesAndFailuresByOperation) {
  ManualClock clock;
  MemoryMetrics metrics;
  bool fails = false;
  const auto rank = Measure(std::make_unique<SlowCommunicator>(clock, fails), metrics, clock);
  EXPECT_EQ(rank->rank(), 1);
  EXPECT_EQ(rank->size(), 2);
  std::vector<float> ten(10), twenty(20);
  ASSERT_TRUE(rank->AllReduceSum(ten).ok());
  ASSERT_TRUE(rank->AllReduceSum(ten).ok());
  ASSERT_TRUE(rank->AllGather(ten, twenty).ok());
  fails = true;
  EXPECT_EQ(rank->Broadcast(ten, 0).code(), StatusCode::kUnavailable);

  const auto value = [&](const char* name, const char* operation) {
    return metrics.Value(name, {{"operation", operation}});
  };
  EXPECT_EQ(value("pano_collective_seconds", "all_reduce_sum"), 6);
  EXPECT_EQ(value("pano_collective_bytes_total", "all_reduce_sum"), 80);
  EXPECT_EQ(value("pano_collective_bytes_total", "all_gather"), 120);
  EXPECT_EQ(value("pano_collective_failures_total", "all_gather"), 0);
  EXPECT_EQ(value("pano_collective_seconds", "broadcast"), 3);
  EXPECT_EQ(value("pano_collective_bytes_total", "broadcast"), 0);
  EXPECT_EQ(value("pano_collective_failures_total", "broadcast"), 1);
}

TEST(MeasuredCommunicatorTest, ChangesNoResult) {
  MemoryMetrics metrics;
  auto group = CreateInProcessGroup(2);
  for (auto& rank : group) rank = Measure(std::move(rank), metrics);
  std::vector<std::jthread> threads;
  for (auto& rank : group) {
    threads.emplace_back([&] {
      std::vector<float> data = {static_cast<float>(rank->rank() + 1)};
      ASSERT_TRUE(rank->AllReduceSum(data).ok());
      EXPECT_EQ(data[0], 3.0f);
    });
  }
  threads.clear();
  EXPECT_EQ(metrics.Value("pano_collective_bytes_total", {{"operation", "all_reduce_sum"}}), 8);
}

TEST(MeasuredCommunicatorTest, CountsNothingByDefault) {
  auto group = CreateInProcessGroup(1);
  const auto rank = Measure(std::move(group[0]), MetricRegistry::None());
  std::vector<float> data = {2};
  EXPECT_TRUE(rank->AllReduceSum(data).ok());
  EXPECT_EQ(data[0], 2.0f);
}

}  // namespace
}  // namespace pano::collective
