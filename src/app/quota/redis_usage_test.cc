#include "app/quota/redis_usage.h"

#include <gtest/gtest.h>

#include "app/quota/ledger.h"
#include "app/quota/tenants_file.h"
#include "app/quota/testing/redis_server.h"
#include "base/strings.h"

namespace pano::quota {
namespace {

TEST(RedisAddress, IsParsedOrSaysWhatIsWrong) {
  const auto whole = ParseRedisAddress("redis://user:p@ss:w@redis.local:6380/7");
  ASSERT_TRUE(whole.ok());
  EXPECT_EQ(whole->host, "redis.local");
  EXPECT_EQ(whole->port, 6380);
  EXPECT_EQ(whole->user, "user");
  EXPECT_EQ(whole->password, "p@ss:w");
  EXPECT_EQ(whole->database, 7);
  EXPECT_EQ(ParseRedisAddress("redis://h").value().port, 6379);
  EXPECT_EQ(ParseRedisAddress("redis://:pw@[::1]:1/").value().host, "::1");
  for (const char* bad : {"", "redis://", "http://h", "rediss://h", "redis://h:0", "redis://h:x",
                          "redis://h/x", "redis://pw@h", "redis://h:70000"}) {
    const auto address = ParseRedisAddress(bad);
    ASSERT_FALSE(address.ok()) << bad;
    EXPECT_EQ(address.error().message().find("pw"), std::string::npos);
  }
}

constexpr std::string_view kFile =
    "default: {requests_per_minute: 5, tokens_per_minute: 1000, concurrent: 3}";

std::shared_ptr<QuotaLedger> Connect(int port, RedisUsage** usage = nullptr,
                                     RedisUsage::Options options = {}) {
  RedisAddress address;
  address.host = "127.0.0.1";
  address.port = port;
  QuotaLedger::Options made;
  made.policies = ParseTenants(kFile).value();
  auto shared = std::make_unique<RedisUsage>(address, options);
  if (usage) *usage = shared.get();
  made.shared = std::move(shared);
  return QuotaLedger::Create(std::move(made));
}

std::string Header(const Headers& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return "none";
}

class RedisUsageTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!RedisServer::Installed()) GTEST_SKIP() << "redis-server is not installed";
    server_.emplace();
  }
  std::optional<RedisServer> server_;
};

TEST_F(RedisUsageTest, ReplicasShareWhatIsUsed) {
  RedisUsage *first_usage = nullptr, *second_usage = nullptr;
  auto first = Connect(server_->port(), &first_usage);
  auto second = Connect(server_->port(), &second_usage);
  int taken = 0;
  for (int i = 0; i < 10; ++i) {
    auto admission = (i % 2 == 0 ? first : second)->Admit({"a", ""}, "m", {10, 90});
    if (!admission.status.ok()) {
      EXPECT_EQ(admission.status.code(), StatusCode::kExhausted);
      EXPECT_GE(admission.retry_after_seconds, 55);
      EXPECT_LE(admission.retry_after_seconds, 60);
      EXPECT_EQ(Header(admission.headers, "x-ratelimit-remaining-requests"), "0");
      continue;
    }
    ++taken;
    EXPECT_EQ(Header(admission.headers, "x-ratelimit-remaining-requests"), StrCat(5 - taken));
    EXPECT_EQ(Header(admission.headers, "x-ratelimit-remaining-tokens"),
              StrCat(1000 - 20 * (taken - 1) - 100));
    admission.lease.Settle(20);
    ASSERT_TRUE(first_usage->Flush(std::chrono::seconds(5)));
    ASSERT_TRUE(second_usage->Flush(std::chrono::seconds(5)));
  }
  EXPECT_EQ(taken, 5);
  // A third one that starts now knows it, and so it outlives every server.
  EXPECT_FALSE(Connect(server_->port())->Admit({"a", ""}, "m", {}).status.ok());
  EXPECT_TRUE(Connect(server_->port())->Admit({"b", ""}, "m", {}).status.ok());
}

TEST_F(RedisUsageTest, ConcurrentRequestsOfAKilledServerEndWithTheirLease) {
  RedisUsage::Options options;
  options.lease = std::chrono::milliseconds(600);
  auto shared = std::make_unique<RedisUsage>(RedisAddress{"127.0.0.1", server_->port(), "", "", 0}, options);
  Claim claim{"a", {}};
  claim.limits[Dimension::kConcurrent] = 1;
  auto answer = shared->Admit("one", {&claim, 1}, 0);
  ASSERT_TRUE(answer.ok() && !answer->refusal);
  std::this_thread::sleep_for(std::chrono::milliseconds(1000));
  EXPECT_TRUE(shared->Admit("two", {&claim, 1}, 0)->refusal);  // the lease was renewed
  shared.reset();  // as good as killed: nobody renews or settles
  std::this_thread::sleep_for(std::chrono::milliseconds(1000));
  RedisUsage next(RedisAddress{"127.0.0.1", server_->port(), "", "", 0}, options);
  answer = next.Admit("three", {&claim, 1}, 0);
  ASSERT_TRUE(answer.ok());
  EXPECT_FALSE(answer->refusal);
  next.Settle(answer->taken, 0);
  ASSERT_TRUE(next.Flush(std::chrono::seconds(5)));
  EXPECT_FALSE(next.Admit("four", {&claim, 1}, 0)->refusal);
}

TEST_F(RedisUsageTest, WithoutRedisTheOwnCountsDecideWithinABoundedTime) {
  RedisUsage::Options options;
  options.timeout = std::chrono::milliseconds(100);
  options.retry = std::chrono::milliseconds(300);
  auto ledger = Connect(server_->port(), nullptr, options);
  for (int i = 0; i < 2; ++i) {
    auto admission = ledger->Admit({"a", ""}, "m", {1, 1});
    ASSERT_TRUE(admission.status.ok());
    admission.lease.Settle(2);
  }
  server_->Freeze();  // the worst case: it takes connections and says nothing
  const TimePoint begin = Clock::Real().Now();
  int taken = 0;
  for (int i = 0; i < 50; ++i) {
    auto admission = ledger->Admit({"a", ""}, "m", {1, 1});
    taken += admission.status.ok() ? 1 : 0;
    admission.lease.Settle(2);
  }
  EXPECT_EQ(taken, 3);  // it knows of its own two
  EXPECT_LT(Seconds(Clock::Real().Now() - begin), 2.0);
  server_->Thaw();
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  // What Redis knows counts again: two and whatever came through while it was frozen.
  EXPECT_EQ(Header(ledger->Admit({"b", ""}, "m", {}).headers, "x-ratelimit-remaining-requests"), "4");
}

TEST(RedisUsage, ARedisThatIsNotThereCostsOneTimeout) {
  auto ledger = Connect(1);  // nobody listens there
  const TimePoint begin = Clock::Real().Now();
  int taken = 0;
  for (int i = 0; i < 20; ++i) {
    auto admission = ledger->Admit({"a", ""}, "m", {1, 1});
    taken += admission.status.ok() ? 1 : 0;
    admission.lease.Settle(2);
  }
  EXPECT_EQ(taken, 5);
  EXPECT_LT(Seconds(Clock::Real().Now() - begin), 2.0);
}

}  // namespace
}  // namespace pano::quota
