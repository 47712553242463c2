#include "pano/load/capacity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "app/http/http.h"
#include "base/strings.h"

namespace pano::load {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Embeds one text at a time, each in 4 ms; while it does, one more may wait, others are refused.
class SlowServer {
 public:
  SlowServer() {
    http::ServerOptions options;
    options.port = 0;
    options.threads = 4;
    server_ = std::move(http::Server::Start(options, [this](std::shared_ptr<http::Exchange> e) { Answer(*e); }))
                  .value();
  }
  http::Url url() const { return {"127.0.0.1", server_->port(), ""}; }

 private:
  void Answer(http::Exchange& exchange) {
    if (++inside_ > 2) {
      --inside_;
      return exchange.Respond({429, {{"Retry-After", "1"}}, R"({"error":{"message":"full"}})"});
    }
    {
      std::lock_guard turn(mu_);
      std::this_thread::sleep_for(std::chrono::milliseconds(4));
    }
    --inside_;
    exchange.Respond({200, {}, R"({"data":[{"embedding":"AAAA"}],"usage":{"prompt_tokens":3}})"});
  }
  std::mutex mu_;
  std::atomic<int> inside_ = 0;
  std::unique_ptr<http::Server> server_;
};

TEST(Capacity, IsMeasuredBeforeItsSharesAndAfter) {
  SlowServer server;
  WorkloadOptions workload;
  workload.dialect = Dialect::kEmbeddings;
  CapacityOptions options;
  options.shares = {0.2, 3};
  options.concurrency = 2;
  options.seconds = 0.6;
  std::vector<std::string> said;
  const auto result = MeasureCapacity(server.url(), workload, options, [&](const std::string& what) { said.push_back(what); });
  ASSERT_TRUE(result.ok()) << result.error().message();
  EXPECT_GT(result->capacity, 20);
  EXPECT_LT(result->capacity, 260);  // 250 a second at most
  ASSERT_EQ(result->shares.size(), 2u);
  const ShareResult& low = result->shares[0];
  const ShareResult& high = result->shares[1];
  EXPECT_EQ(low.failed + high.failed, 0);
  EXPECT_EQ(static_cast<int64_t>(high.answer_seconds.size()) + high.refused, high.requests);
  EXPECT_GT(high.refused, high.requests / 4);  // most of what it cannot do
  EXPECT_LT(low.refused, low.requests / 2);
  EXPECT_NEAR(low.offered / 0.2, high.offered / 3, 1e-6);  // shares of the same capacity
  EXPECT_EQ(said.size(), 5u);
  const json::Value report = CapacityReport(*result);
  EXPECT_EQ(report.Find("shares")->as_array().size(), 2u);
  EXPECT_EQ(report.Find("shares")->as_array()[1].Find("refused")->as_int(), high.refused);
  EXPECT_THAT(FormatCapacity(*result), HasSubstr("refusal p99"));
}

TEST(Capacity, NobodyThereIsAFailure) {
  WorkloadOptions workload;
  workload.dialect = Dialect::kEmbeddings;
  CapacityOptions options;
  options.concurrency = 1;
  EXPECT_EQ(MeasureCapacity({"127.0.0.1", 1, ""}, workload, options, {}).error().code(), StatusCode::kUnavailable);
}

TEST(Capacity, ReportsOfNothing) {
  const CapacityResult nothing{.capacity = 10, .shares = {{.share = 1, .offered = 10}}};
  EXPECT_THAT(json::Dump(CapacityReport(nothing)), HasSubstr(R"("answer_ms":{})"));
  EXPECT_THAT(FormatCapacity(nothing), HasSubstr("0.0%"));
}

TEST(ParseShares, TakesNumbers) {
  EXPECT_THAT(ParseShares("0.6, 1.5").value(), ElementsAre(0.6, 1.5));
  for (const char* wrong : {"", "a", "0", "-1", "1,,2", "101", "inf", "nan", "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1"}) {
    EXPECT_EQ(ParseShares(wrong).error().code(), StatusCode::kInvalidArgument) << wrong;
  }
}

}  // namespace
}  // namespace pano::load
