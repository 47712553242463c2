#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "app/quota/shared_usage.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"

struct redisContext;
struct redisReply;

namespace pano::quota {

// redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE]
struct RedisAddress {
  std::string host;
  int port = 6379;
  std::string user, password;
  int database = 0;
};
// InvalidArgument says what is wrong, without the password.
Result<RedisAddress> ParseRedisAddress(std::string_view url);

// Usage in Redis (5 or later), so that replicas share it. One Lua script looks at all of a request's
// limits and counts it, so it happens at once for everybody, by the clock of Redis. Keys are
// `pano:quota:{SUBJECT}:DIMENSION`: a hash from slot to amount, or, of concurrent requests, a sorted set
// from request to when its lease ends. A server renews the leases of its requests; those of one that was
// killed end by themselves after `lease`. All keys expire.
//
// Where Redis does not answer within `timeout`, it is not asked again for `retry` (Unavailable, at once):
// the caller goes on by itself. Settling is done on a thread of its own. Thread-safe.
class RedisUsage final : public SharedUsage {
 public:
  struct Options {
    Duration timeout = std::chrono::milliseconds(100);  // to connect, and for an answer
    Duration retry = std::chrono::seconds(1);
    Duration lease = std::chrono::seconds(60);
    size_t settles_max = 65'536;  // that wait while Redis is away; beyond, estimates stand
  };

  explicit RedisUsage(RedisAddress address);  // with the default options
  // It need not be there yet. `clock` outlives it.
  RedisUsage(RedisAddress address, Options options, Clock& clock = Clock::Real());
  ~RedisUsage() override;

  Result<Answer> Admit(std::string id, std::span<const Claim> claims, int64_t tokens) override;
  void Settle(Taken taken, std::optional<int64_t> tokens) override;

  // Waits until all that was settled is written, or `limit` has passed.
  bool Flush(Duration limit);

 private:
  struct FreeContext {
    void operator()(redisContext* context) const;
  };
  using Connection = std::unique_ptr<redisContext, FreeContext>;
  struct FreeReply {
    void operator()(redisReply* reply) const;
  };
  using Reply = std::unique_ptr<redisReply, FreeReply>;
  struct Settlement {
    Taken taken;
    std::optional<int64_t> tokens;
  };

  Result<Connection> Connect() const;
  // A connection that nobody uses, or a new one; Unavailable while Redis is not to be asked.
  Result<Connection> Borrow();
  void GiveBack(Connection connection);
  // Notes whether Redis answered; a failure is said in the log once.
  void Note(const Status& status);
  Result<Reply> Ask(redisContext* connection, const std::vector<std::string>& words) const;
  Status SettleOne(redisContext* connection, const Settlement& settlement) const;
  Status RenewLeases(redisContext* connection);
  void Run();

  const RedisAddress address_;
  const Options options_;
  Clock& clock_;

  Mutex mu_;
  CondVar changed_;
  std::vector<Connection> idle_ PANO_GUARDED_BY(mu_);
  bool away_ PANO_GUARDED_BY(mu_) = false;
  TimePoint ask_again_ PANO_GUARDED_BY(mu_) = {};
  std::deque<Settlement> settles_ PANO_GUARDED_BY(mu_);
  bool settling_ PANO_GUARDED_BY(mu_) = false;
  std::map<std::string, std::vector<std::string>> leases_ PANO_GUARDED_BY(mu_);  // id to keys
  bool stopping_ PANO_GUARDED_BY(mu_) = false;
  std::jthread thread_;
};

}  // namespace pano::quota
