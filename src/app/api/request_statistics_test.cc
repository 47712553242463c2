#include "app/api/request_statistics.h"

#include <gtest/gtest.h>

namespace pano::api {
namespace {

TEST(RequestStatistics, CountsWorkByTheLabelOfTheVersion) {
  RequestStatistics statistics;
  RequestRecord record{.model = "m", .status = 200, .seconds = 0.5};
  record.predicts = true;
  record.work = {.inputs = 3, .queue_seconds = 0.1, .compute_seconds = 0.25};
  statistics.Count(record, 1000);
  statistics.Count(record, 1001);
  record.status = 503;
  statistics.Count(record, 1002);
  const RequestStatistics::Counts counts = statistics.Of("m");
  EXPECT_EQ(counts.succeeded, 2);
  EXPECT_EQ(counts.failed, 1);
  EXPECT_EQ(counts.inputs, 6);
  EXPECT_DOUBLE_EQ(counts.success_seconds, 1.0);
  EXPECT_DOUBLE_EQ(counts.fail_seconds, 0.5);
  EXPECT_DOUBLE_EQ(counts.queue_seconds, 0.2);
  EXPECT_DOUBLE_EQ(counts.compute_seconds, 0.5);
  EXPECT_EQ(counts.last_unix_seconds, 1002);
}

TEST(RequestStatistics, WhatNamesNoModelOrOnlyLooksAtOneIsNotCounted) {
  RequestStatistics statistics;
  RequestRecord record{.model = "", .status = 404};
  record.predicts = true;
  statistics.Count(record, 1);
  record.model = "m";
  record.predicts = false;
  statistics.Count(record, 1);
  EXPECT_EQ(statistics.Of("m").failed, 0);
  EXPECT_EQ(statistics.Of("").failed, 0);
}

}  // namespace
}  // namespace pano::api
