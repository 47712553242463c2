#include "app/telemetry/prometheus_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <string>
#include <thread>
#include <vector>

#include "app/telemetry/metrics.h"
#include "base/strings.h"

namespace pano::telemetry {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class PrometheusMetricsTest : public ::testing::Test {
 protected:
  std::string Text() { return prometheus::TextSerializer().Serialize(registry_.Collect()); }

  prometheus::Registry registry_;
  PrometheusMetrics metrics_{registry_};
};

TEST_F(PrometheusMetricsTest, WhatIsCountedStandsInTheText) {
  Counter& sent = metrics_.GetCounter({"pano_sent_bytes_total", "Bytes sent.", {{"to", "b"}}});
  sent.Add(3);
  sent.Add();
  EXPECT_EQ(&metrics_.GetCounter({"pano_sent_bytes_total", "", {{"to", "b"}}}), &sent);
  metrics_.GetGauge({"pano_open", "Open."}).Set(7);
  metrics_.GetGauge({"pano_open"}).Add(-2);
  const std::array<double, 2> bounds = {0.1, 1};
  Histogram& seconds = metrics_.GetHistogram({"pano_wait_seconds", "Waits."}, bounds);
  for (double value : {0.05, 0.5, 5.0}) seconds.Observe(value);
  const std::string text = Text();
  for (const char* line :
       {"# HELP pano_sent_bytes_total Bytes sent.", "# TYPE pano_sent_bytes_total counter",
        R"(pano_sent_bytes_total{to="b"} 4)", "pano_open 5",
        R"(pano_wait_seconds_bucket{le="0.1"} 1)", R"(pano_wait_seconds_bucket{le="1"} 2)",
        R"(pano_wait_seconds_bucket{le="+Inf"} 3)", "pano_wait_seconds_count 3"}) {
    EXPECT_THAT(text, HasSubstr(std::string(line) + "\n"));
  }
}

TEST_F(PrometheusMetricsTest, LabelsAreTheSameInAnyOrder) {
  Counter& one = metrics_.GetCounter({"pano_x_total", "X.", {{"a", "1"}, {"b", "2"}}});
  EXPECT_EQ(&metrics_.GetCounter({"pano_x_total", "X.", {{"b", "2"}, {"a", "1"}}}), &one);
  EXPECT_NE(&metrics_.GetCounter({"pano_x_total", "X.", {{"b", "1"}, {"a", "1"}}}), &one);
}

TEST_F(PrometheusMetricsTest, TooManySeriesShareOne) {
  for (size_t i = 0; i < PrometheusMetrics::kSeriesMax + 50; ++i) {
    metrics_.GetCounter({"pano_x_total", "X.", {{"id", StrCat(i)}}}).Add();
  }
  EXPECT_THAT(Text(), HasSubstr("pano_x_total{id=\"other\"} 50\n"));
}

TEST_F(PrometheusMetricsTest, ManyThreadsFindAndCount) {
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 500; ++i) {
          metrics_.GetCounter({"pano_x_total", "X.", {{"id", StrCat(i % 10)}}}).Add();
        }
      });
    }
  }
  EXPECT_THAT(Text(), HasSubstr("pano_x_total{id=\"3\"} 200\n"));
}

TEST(MetricsTest, GivesLowerLayersARegistryBesideItsOwnSeries) {
  Metrics metrics({"0", "c", "isa"});
  EXPECT_THAT(metrics.Text(), Not(HasSubstr("pano_lower_total")));
  metrics.registry().GetCounter({"pano_lower_total", "Counted below."}).Add(2);
  EXPECT_THAT(metrics.Text(), HasSubstr("pano_lower_total 2\n"));
}

}  // namespace
}  // namespace pano::telemetry
