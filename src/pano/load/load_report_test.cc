#include "pano/load/load_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pano::load {
namespace {

using ::testing::HasSubstr;

TEST(LoadReport, Percentiles) {
  EXPECT_DOUBLE_EQ(Percentile({3}, 0.99), 3);
  EXPECT_DOUBLE_EQ(Percentile({4, 1, 3, 2, 5}, 0.5), 3);
  EXPECT_DOUBLE_EQ(Percentile({0, 10}, 0.9), 9);
}

TEST(LoadReport, CountsWhatSucceeded) {
  RunResult result;
  result.seconds = 2;
  result.outcomes = {{{}, 0.1, 1.0, {0.01, 0.03}, 10, 20},
                     {Internal("broken"), 9, 9, {9}, 1000, 1000},
                     {{}, 0.3, 1.0, {0.02}, 0, 20}};
  WorkloadOptions workload;
  workload.model = "m";
  workload.prompt_tokens = 30;
  RunOptions options;
  options.requests = 3;
  const json::Value report = MakeReport(workload, options, result);
  EXPECT_EQ(report.Find("requests")->as_int(), 3);
  EXPECT_EQ(report.Find("errors")->as_int(), 1);
  EXPECT_DOUBLE_EQ(report.Find("gen_tok_s")->as_double(), 20);
  EXPECT_DOUBLE_EQ(report.Find("total_tok_s")->as_double(), 40);
  EXPECT_DOUBLE_EQ(report.Find("ttft_ms")->Find("p50")->as_double(), 200);
  EXPECT_DOUBLE_EQ(report.Find("itl_ms")->Find("p50")->as_double(), 20);
  EXPECT_DOUBLE_EQ(report.Find("itl_ms")->Find("max")->as_double(), 30);
  EXPECT_EQ(report.Find("error_messages")->Find("broken")->as_int(), 1);
  const std::string text = FormatReport(report);
  EXPECT_THAT(text, HasSubstr("m: 3 requests, 1 errors, 2.0 s, 3 at once"));
  EXPECT_THAT(text, HasSubstr("first token                 200.0"));
  EXPECT_THAT(text, HasSubstr("error x1: broken"));
}

TEST(LoadReport, NothingSucceeded) {
  RunResult result;
  result.outcomes = {{Internal("broken"), 0, 0, {}, 0, 0}};
  RunOptions options;
  options.rate = 2;
  const json::Value report = MakeReport({}, options, result);
  EXPECT_TRUE(report.Find("ttft_ms")->Find("p99")->is_null());
  EXPECT_THAT(FormatReport(report), HasSubstr("2.0 a second"));
}

}  // namespace
}  // namespace pano::load
