#include "app/quota/admission.h"

#include <gtest/gtest.h>

namespace pano::quota {
namespace {

using D = Dimension;
constexpr int64_t kNow = 1'000'000;

Limits Make(std::optional<int64_t> requests, std::optional<int64_t> tokens = {},
            std::optional<int64_t> day = {}, std::optional<int64_t> concurrent = {}) {
  return {{requests, tokens, day, concurrent}};
}

// A subject that used so much so many seconds ago.
struct Used {
  int64_t requests = 0, tokens = 0, day = 0, concurrent = 0, seconds_ago = 0;
};

Usage UsageOf(const Used& used) {
  Usage usage;
  const int64_t at = kNow - used.seconds_ago * 1000;
  usage.Advance(kNow);
  usage.of(D::kRequestsPerMinute).Add(at / 1000, used.requests);
  usage.of(D::kTokensPerMinute).Add(at / 1000, used.tokens);
  usage.of(D::kTokensPerDay).Add(at / 900'000, used.day);
  usage.concurrent = used.concurrent;
  return usage;
}

struct Row {
  const char* what;
  Limits limits;
  Used used;
  int64_t tokens;
  std::optional<D> refused;
  int64_t wait_ms = 0;
};

TEST(Decide, Table) {
  const Row rows[] = {
      {"no limit", {}, {1000, 1000, 1000, 1000}, 1000, {}},
      {"the last request of the minute", Make(5), {4}, 0, {}},
      {"one too many", Make(5), {5}, 0, D::kRequestsPerMinute, 60'000},
      {"one too many, a while ago", Make(5), {5, 0, 0, 0, 47}, 0, D::kRequestsPerMinute, 13'000},
      {"more than the limit, which was lowered", Make(5), {9}, 0, D::kRequestsPerMinute, 60'000},
      {"tokens that fit exactly", Make({}, 100), {0, 60}, 40, {}},
      {"a token too many", Make({}, 100), {0, 60}, 41, D::kTokensPerMinute, 60'000},
      {"more than the limit on an empty minute", Make({}, 100), {}, 1000, {}},
      {"more than the limit beside others", Make({}, 100), {0, 1}, 1000, D::kTokensPerMinute, 60'000},
      {"the day, which has longest to wait", Make(5, 100, 200), {5, 100, 200}, 1, D::kTokensPerDay,
       86'300'000},
      {"one at a time", Make({}, {}, {}, 1), {0, 0, 0, 1}, 0, D::kConcurrent, 1000},
      {"two at a time", Make({}, {}, {}, 2), {0, 0, 0, 1}, 0, {}},
      {"nothing is allowed", Make(0), {}, 0, D::kRequestsPerMinute, 60'000},
      {"no tokens are allowed", Make({}, 0), {}, 0, D::kTokensPerMinute, 60'000},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    const Claim claim{"acme", row.limits};
    const Usage usage = UsageOf(row.used);
    const Usage* usages[] = {&usage};
    const auto refusal = Decide({&claim, 1}, usages, row.tokens, kNow);
    ASSERT_EQ(refusal.has_value(), row.refused.has_value());
    if (!refusal) continue;
    EXPECT_EQ(refusal->standing.dimension, *row.refused);
    EXPECT_EQ(refusal->wait_ms, row.wait_ms);
  }
}

TEST(Decide, EveryClaimHasToAllowIt) {
  const Claim claims[] = {{"acme", Make(10)}, {"acme/model", Make(2)}};
  const Usage roomy = UsageOf({3}), full = UsageOf({2, 0, 0, 0, 30});
  const Usage* usages[] = {&roomy, &full};
  const auto refusal = Decide(claims, usages, 0, kNow);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->standing.claim, 1u);
  EXPECT_EQ(refusal->wait_ms, 30'000);
}

TEST(Stand, SaysWhatIsLeftAndUntilWhen) {
  const Claim claim{"acme", Make(10, 100, {}, 4)};
  const Usage usage = UsageOf({3, 120, 0, 1, 20});
  const Usage* usages[] = {&usage};
  const std::vector<Standing> standings = Stand({&claim, 1}, usages, kNow);
  ASSERT_EQ(standings.size(), 3u);
  EXPECT_EQ(standings[0].remaining(), 7);
  EXPECT_EQ(standings[0].reset_ms, 40'000);
  EXPECT_EQ(standings[1].remaining(), 0);  // it owes 20
  EXPECT_EQ(standings[2].remaining(), 3);
}

}  // namespace
}  // namespace pano::quota
