#include "base/testing/memory_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <thread>

namespace pano {
namespace {

using testing::ElementsAre;

TEST(MemoryMetricsTest, HandlesCountWithoutALookUp) {
  MemoryMetrics metrics;
  Counter& sent = metrics.GetCounter({"pano_bytes_total", "Bytes.", {{"to", "b"}, {"from", "a"}}});
  {
    std::jthread other([&] {
      for (int i = 0; i < 1000; ++i) sent.Add();
    });
    for (int i = 0; i < 1000; ++i) sent.Add(2);
  }
  EXPECT_EQ(metrics.Value("pano_bytes_total", {{"from", "a"}, {"to", "b"}}), 3000);
  EXPECT_EQ(metrics.Value("pano_bytes_total"), 0);
  EXPECT_EQ(&metrics.GetCounter({"pano_bytes_total", "", {{"from", "a"}, {"to", "b"}}}), &sent);

  Gauge& open = metrics.GetGauge({"pano_open"});
  open.Set(5);
  open.Add(-2);
  EXPECT_EQ(metrics.Value("pano_open"), 3);

  const std::array<double, 2> bounds = {0.1, 1};
  Histogram& seconds = metrics.GetHistogram({"pano_seconds"}, bounds);
  for (double value : {0.1, 0.5, 1.0, 7.0}) seconds.Observe(value);
  EXPECT_THAT(metrics.Buckets("pano_seconds"), ElementsAre(1, 2, 1));
  EXPECT_DOUBLE_EQ(metrics.Value("pano_seconds"), 8.6);
  EXPECT_TRUE(metrics.Buckets("pano_open").empty());
}

TEST(MetricRegistryTest, NoneTakesEverythingAndKeepsNothing) {
  MetricRegistry& none = MetricRegistry::None();
  none.GetCounter({"a"}).Add();
  none.GetGauge({"a"}).Set(1);
  none.GetHistogram({"a"}, {}).Observe(1);
  EXPECT_EQ(&none.GetCounter({"a"}), &none.GetCounter({"b"}));
}

}  // namespace
}  // namespace pano
