#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "infra/sim/poisson.h"
#include "infra/sim/queue_model.h"
#include "infra/sim/queue_run.h"

namespace pano::sim {
namespace {

using testing::HasSubstr;

TEST(QueueTest, RandomTimesHaveTheirRateAndScaleWithIt) {
  const std::vector<double> times = PoissonTimes(100'000, 20, 7), slower = PoissonTimes(100'000, 5, 7);
  EXPECT_EQ(times.front(), 0);
  EXPECT_NEAR(times.back() * 20, 100'000, 4 * std::sqrt(100'000.0));
  double squares = 0;
  for (size_t i = 1; i < times.size(); ++i) {
    ASSERT_GT(times[i], times[i - 1]);
    squares += std::pow((times[i] - times[i - 1]) * 20, 2);
  }
  EXPECT_NEAR(squares / 1e5, 2, 0.1);   // of an exponential gap: twice the mean's square
  EXPECT_DOUBLE_EQ(slower[500], 4 * times[500]);
  EXPECT_TRUE(PoissonTimes(0, 1, 1).empty());
}

TEST(QueueTest, ServicesAreParsedAndRefusedWithAReason) {
  const auto service = ParseService("lognormal:0.25");
  ASSERT_TRUE(service.ok());
  EXPECT_EQ(service->kind, ServiceKind::kLognormal);
  EXPECT_EQ(service->mean_s, 0.25);
  EXPECT_THAT(ParseService("exp").error().message(), HasSubstr("no mean"));
  EXPECT_THAT(ParseService("exp:nan").error().message(), HasSubstr("no mean"));
  EXPECT_THAT(ParseService("exp:-1").error().message(), HasSubstr("no mean"));
  EXPECT_THAT(ParseService("pareto:1").error().message(), HasSubstr("no service 'pareto'"));
}

TEST(QueueTest, ANonsenseQueueIsRefused) {
  Queue queue{.arrival_rate = 30, .service = {ServiceKind::kExp, 0.05}};
  EXPECT_THAT(CheckQueue(queue).message(), HasSubstr("without end"));
  queue.capacity = 4;
  EXPECT_TRUE(CheckQueue(queue).ok());
  queue.servers = 8;
  EXPECT_THAT(CheckQueue(queue).message(), HasSubstr("without work"));
  queue.servers = 0;
  EXPECT_THAT(CheckQueue(queue).message(), HasSubstr("0 servers"));
  EXPECT_THAT(CheckQueue({.arrival_rate = 0}).message(), HasSubstr("arrival rate"));
  EXPECT_THAT(CheckQueue({.arrival_rate = 1e-320}).message(), HasSubstr("arrival rate"));   // a time between two without end
  EXPECT_THAT(CheckQueue({.arrival_rate = 1e-9, .service = {ServiceKind::kLognormal, 1e300}}).message(), HasSubstr("service time"));
}

// The closed forms are those of textbooks: M/M/1 at half load waits as long as it serves, M/D/1 half of that.
TEST(QueueTest, ClosedForms) {
  EXPECT_DOUBLE_EQ(ExactFigures({.arrival_rate = 10, .service = {ServiceKind::kExp, 0.05}})->wait_mean_s, 0.05);
  EXPECT_DOUBLE_EQ(ExactFigures({.arrival_rate = 10, .service = {ServiceKind::kDet, 0.05}})->wait_mean_s, 0.025);
  const auto two = ExactFigures({.arrival_rate = 1, .service = {ServiceKind::kExp, 1}, .servers = 2});
  EXPECT_DOUBLE_EQ(two->p_wait, 1.0 / 3);
  const auto one_place = ExactFigures({.arrival_rate = 3, .service = {ServiceKind::kExp, 1}, .capacity = 1});
  EXPECT_DOUBLE_EQ(one_place->p_refused, 0.75);
  EXPECT_DOUBLE_EQ(one_place->throughput, 0.75);
  // A long queue that is offered more than it can do is full but for a little.
  const auto over = ExactFigures({.arrival_rate = 2, .service = {ServiceKind::kExp, 1}, .capacity = 100'000});
  EXPECT_NEAR(over->p_refused, 0.5, 1e-9);
  EXPECT_NEAR(over->system_mean, 100'000 - 1, 1e-3);
  EXPECT_FALSE(ExactFigures({.arrival_rate = 1, .service = {ServiceKind::kDet, 1}, .servers = 2}));
}

TEST(QueueTest, SimulationsComeNearTheirClosedForms) {
  for (const ServiceKind kind : {ServiceKind::kExp, ServiceKind::kDet, ServiceKind::kUniform, ServiceKind::kErlang4, ServiceKind::kHyper, ServiceKind::kLognormal}) {
    const Queue queue{.arrival_rate = 12, .service = {kind, 0.05}};
    const auto exact = *ExactFigures(queue);
    const auto run = SimulateQueue(queue, 400'000, 3);
    EXPECT_NEAR(run.wait_mean_s, exact.wait_mean_s, 0.06 * exact.wait_mean_s) << static_cast<int>(kind);
    EXPECT_NEAR(run.p_wait, exact.p_wait, 0.01);
    EXPECT_NEAR(run.utilisation, 0.6, 0.01);
    EXPECT_NEAR(run.system_mean, run.throughput * run.response_mean_s, 1e-3 * run.system_mean);  // Little
  }
  const Queue limited{.arrival_rate = 60, .service = {ServiceKind::kExp, 0.02}, .capacity = 5};
  const auto exact = *ExactFigures(limited);
  const auto run = SimulateQueue(limited, 400'000, 4);
  EXPECT_NEAR(run.p_refused, exact.p_refused, 0.005);
  EXPECT_NEAR(run.system_mean, exact.system_mean, 0.03);
  EXPECT_NEAR(run.p_wait, exact.p_wait, 0.01);
}

TEST(QueueTest, TheSameSeedIsTheSameRun) {
  const Queue queue{.arrival_rate = 30, .service = {ServiceKind::kHyper, 0.05}, .servers = 2};
  EXPECT_EQ(SimulateQueue(queue, 10'000, 9).wait_mean_s, SimulateQueue(queue, 10'000, 9).wait_mean_s);
  EXPECT_NE(SimulateQueue(queue, 10'000, 9).wait_mean_s, SimulateQueue(queue, 10'000, 10).wait_mean_s);
}

}  // namespace
}  // namespace pano::sim
