#include "app/telemetry/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "base/strings.h"

namespace pano::telemetry {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// The value of the one series that `name_and_labels` names, or -1.
double ValueOf(const std::string& text, const std::string& name_and_labels) {
  for (std::string_view line : Split(text, '\n')) {
    if (!line.starts_with(name_and_labels + " ")) continue;
    return ParseDouble(line.substr(name_and_labels.size() + 1)).value_or(-1);
  }
  return -1;
}

TEST(Metrics, HasAllNamesOfAModelFromTheStart) {
  Metrics metrics({"0.1.0", "abc", "avx2"});
  metrics.ForModel("m");
  metrics.CountRequest("m", "/v1/models/{id}", 200, 0.01);
  const std::string text = metrics.Text();
  for (const char* series :
       {R"(pano_requests_total{code="200",model="m",route="/v1/models/{id}"} 1)",
        R"(pano_request_seconds_count{model="m",route="/v1/models/{id}"} 1)",
        R"(pano_ttft_seconds_count{model="m"} 0)",
        R"(pano_itl_seconds_count{model="m"} 0)",
        R"(pano_queue_seconds_count{model="m"} 0)",
        R"(pano_queue_requests{model="m"} 0)",
        R"(pano_running_sequences{model="m"} 0)",
        R"(pano_tokens_total{kind="prompt",model="m"} 0)",
        R"(pano_tokens_total{kind="cached",model="m"} 0)",
        R"(pano_tokens_total{kind="generated",model="m"} 0)",
        R"(pano_speculated_tokens_total{model="m",outcome="accepted"} 0)",
        R"(pano_speculated_tokens_total{model="m",outcome="rejected"} 0)",
        R"(pano_step_seconds_count{model="m"} 0)",
        R"(pano_step_tokens_count{model="m"} 0)",
        R"(pano_step_sequences_count{model="m"} 0)",
        R"(pano_kv_blocks{model="m",state="used"} 0)",
        R"(pano_kv_blocks{model="m",state="cached"} 0)",
        R"(pano_kv_blocks{model="m",state="free"} 0)",
        R"(pano_preemptions_total{model="m"} 0)",
        R"(pano_grammar_mask_seconds_count{model="m"} 0)",
        R"(pano_grammar_forced_tokens_total{model="m"} 0)",
        R"(pano_cancellations_total{model="m",reason="slow_client"} 0)",
        R"(pano_rejections_total{model="m",reason="queue_full"} 0)",
        R"(pano_build_info{commit="abc",isa="avx2",version="0.1.0"} 1)"}) {
    EXPECT_THAT(text, HasSubstr(series));
  }
}

TEST(Metrics, ObservationsLandInBuckets) {
  Metrics metrics({});
  ModelMetrics& model = metrics.ForModel("m");
  model.ttft_seconds().Observe(0.03);
  model.inter_token_seconds().Observe(0.004);
  model.queue_seconds().Observe(100);
  model.step_seconds().Observe(0.02);
  model.step_tokens().Observe(17);
  model.step_sequences().Observe(3);
  const std::string text = metrics.Text();
  EXPECT_EQ(ValueOf(text, R"(pano_ttft_seconds_bucket{model="m",le="0.025"})"), 0);
  EXPECT_EQ(ValueOf(text, R"(pano_ttft_seconds_bucket{model="m",le="0.05"})"), 1);
  EXPECT_EQ(ValueOf(text, R"(pano_itl_seconds_sum{model="m"})"), 0.004);
  EXPECT_EQ(ValueOf(text, R"(pano_queue_seconds_bucket{model="m",le="60"})"), 0);
  EXPECT_EQ(ValueOf(text, R"(pano_queue_seconds_bucket{model="m",le="+Inf"})"), 1);
  EXPECT_EQ(ValueOf(text, R"(pano_step_tokens_sum{model="m"})"), 17);
  EXPECT_EQ(ValueOf(text, R"(pano_step_sequences_bucket{model="m",le="4"})"), 1);
}

TEST(Metrics, CountersFollowTotalsThroughARestart) {
  Metrics metrics({});
  ModelMetrics& model = metrics.ForModel("m");
  int64_t total = 10;
  metrics.OnScrape([&] {
    model.SetTokensTotal(total, 2 * total, 3 * total);
    model.SetSpeculatedTotal(total, 4 * total);
    model.SetPreemptionsTotal(total);
    model.SetQueueRequests(total);
    model.SetRunningSequences(4);
    model.SetKvBlocks(1, 2, 3);
  });
  EXPECT_EQ(ValueOf(metrics.Text(), R"(pano_preemptions_total{model="m"})"), 10);
  EXPECT_EQ(ValueOf(metrics.Text(), R"(pano_preemptions_total{model="m"})"), 10);
  total = 15;
  const std::string text = metrics.Text();
  EXPECT_EQ(ValueOf(text, R"(pano_tokens_total{kind="generated",model="m"})"), 45);
  EXPECT_EQ(ValueOf(text, R"(pano_speculated_tokens_total{model="m",outcome="accepted"})"), 15);
  EXPECT_EQ(ValueOf(text, R"(pano_speculated_tokens_total{model="m",outcome="rejected"})"), 60);
  EXPECT_EQ(ValueOf(text, R"(pano_queue_requests{model="m"})"), 15);
  EXPECT_EQ(ValueOf(text, R"(pano_kv_blocks{model="m",state="free"})"), 3);
  total = 4;  // a new engine
  EXPECT_EQ(ValueOf(metrics.Text(), R"(pano_preemptions_total{model="m"})"), 19);
}

TEST(Metrics, ReasonsAreBounded) {
  Metrics metrics({});
  ModelMetrics& model = metrics.ForModel("m");
  model.cancellations("deadline").Add();
  model.cancellations("made up").Add();
  model.rejections("context").Add();
  model.rejections("").Add();
  const std::string text = metrics.Text();
  EXPECT_EQ(ValueOf(text, R"(pano_cancellations_total{model="m",reason="deadline"})"), 1);
  EXPECT_EQ(ValueOf(text, R"(pano_cancellations_total{model="m",reason="other"})"), 1);
  EXPECT_EQ(ValueOf(text, R"(pano_rejections_total{model="m",reason="context"})"), 1);
  EXPECT_EQ(ValueOf(text, R"(pano_rejections_total{model="m",reason="other"})"), 1);
}

TEST(Metrics, LabelsAreBounded) {
  Metrics metrics({});
  metrics.ForModel("known");
  for (int i = 0; i < 1000; ++i) {
    metrics.CountRequest(StrCat("model", i), StrCat("/route/", i), i, 0.1);
    metrics.ForModel(StrCat("more", i));
  }
  metrics.CountRequest("known", "", 200, 0.1);
  metrics.CountRequest("", "/route/1", 200, 0.1);
  const std::string text = metrics.Text();
  EXPECT_THAT(text, Not(HasSubstr("model=\"model1\"")));
  EXPECT_THAT(text, Not(HasSubstr("/route/999")));
  EXPECT_THAT(text, Not(HasSubstr("more999")));
  EXPECT_THAT(text,
              HasSubstr(R"(pano_requests_total{code="other",model="other",route="/route/1"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(pano_requests_total{code="200",model="known",route="other"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(pano_requests_total{code="200",model="",route="/route/1"} 1)"));
  EXPECT_EQ(&metrics.ForModel("known"), &metrics.ForModel("known"));
  EXPECT_EQ(&metrics.ForModel("more998"), &metrics.ForModel("more999"));
}

TEST(Metrics, AnyThreadMayObserveWhileAnotherScrapes) {
  Metrics metrics({});
  ModelMetrics& model = metrics.ForModel("m");
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 500; ++i) {
          model.inter_token_seconds().Observe(0.01);
          metrics.CountRequest("m", "/r", 200, 0.1);
        }
      });
    }
    for (int i = 0; i < 20; ++i) EXPECT_THAT(metrics.Text(), HasSubstr("pano_itl_seconds"));
  }
  const std::string text = metrics.Text();
  EXPECT_EQ(ValueOf(text, R"(pano_itl_seconds_count{model="m"})"), 2000);
  EXPECT_EQ(ValueOf(text, R"(pano_requests_total{code="200",model="m",route="/r"})"), 2000);
}

}  // namespace
}  // namespace pano::telemetry
