#include "app/quota/rate_limit_headers.h"

#include <gtest/gtest.h>

namespace pano::quota {
namespace {

TEST(FormatReset, IsAsOpenAiWritesIt) {
  const std::pair<int64_t, const char*> rows[] = {
      {-5, "0s"},          {0, "0s"},           {250, "250ms"},        {999, "999ms"},
      {1000, "1s"},        {5001, "6s"},        {60'000, "1m0s"},      {90'000, "1m30s"},
      {3'600'000, "1h0m0s"}, {86'399'001, "24h0m0s"}, {85'500'000, "23h45m0s"}};
  for (const auto& [ms, text] : rows) EXPECT_EQ(FormatReset(ms), text) << ms;
}

TEST(RateLimitHeaders, AreOfTheLimitWithTheLeastLeft) {
  const Standing standings[] = {
      {0, Dimension::kRequestsPerMinute, 10, 4, 6000},
      {0, Dimension::kTokensPerMinute, 1000, 100, 1500},
      {0, Dimension::kTokensPerDay, 5000, 4990, 7'200'000},
      {1, Dimension::kRequestsPerMinute, 3, 3, 90'000},
      {1, Dimension::kConcurrent, 1, 1, 10},
  };
  EXPECT_EQ(RateLimitHeaders(standings), (Headers{{"x-ratelimit-limit-requests", "3"},
                                                  {"x-ratelimit-remaining-requests", "0"},
                                                  {"x-ratelimit-reset-requests", "1m30s"},
                                                  {"x-ratelimit-limit-tokens", "5000"},
                                                  {"x-ratelimit-remaining-tokens", "10"},
                                                  {"x-ratelimit-reset-tokens", "2h0m0s"}}));
  EXPECT_TRUE(RateLimitHeaders({}).empty());
}

}  // namespace
}  // namespace pano::quota
