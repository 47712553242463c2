#include "app/quota/redis_usage.h"

#include <hiredis/hiredis.h>
#include <sys/time.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/strings.h"
#include "base/threads.h"

namespace pano::quota {
namespace {

// KEYS: one a limit. ARGV: the request's id, its lease in ms, then of each limit: slot_ms and slots
// (0: concurrent), limit, need, the mean duration for concurrent ones. Answers
// {taken, now_ms, then of each limit: used, reset_ms, wait_ms}.
constexpr const char* kAdmit = R"lua(
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local taken = 1
local answer = {1, now}
for i, key in ipairs(KEYS) do
  local at = 3 + (i - 1) * 4
  local slot_ms, slots = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
  local limit, need = tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  local used, reset, wait = 0, 0, 0
  if slot_ms == 0 then
    redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
    used = redis.call('ZCARD', key)
    if used > 0 then reset = 1000 end
    if used + need > limit then wait = 1000 end
  else
    local first = math.floor(now / slot_ms) - slots + 1
    local entries = redis.call('HGETALL', key)
    local alive = {}
    for j = 1, #entries, 2 do
      local slot, amount = tonumber(entries[j]), tonumber(entries[j + 1])
      if slot < first or amount <= 0 then
        redis.call('HDEL', key, entries[j])
      else
        alive[#alive + 1] = {slot, amount}
        used = used + amount
      end
    end
    table.sort(alive, function(a, b) return a[1] < b[1] end)
    local left = used
    for _, entry in ipairs(alive) do
      reset = (entry[1] + slots) * slot_ms - now
      if left + need > limit then
        wait = reset
        left = left - entry[2]
      end
    end
  end
  if used + need > limit or limit == 0 then
    taken = 0
    if wait < 1 then wait = 60000 end
  end
  answer[#answer + 1] = used
  answer[#answer + 1] = reset
  answer[#answer + 1] = wait
end
answer[1] = taken
if taken == 1 then
  for i, key in ipairs(KEYS) do
    local at = 3 + (i - 1) * 4
    local slot_ms, slots = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
    local need = tonumber(ARGV[at + 3])
    if slot_ms == 0 then
      redis.call('ZADD', key, now + tonumber(ARGV[2]), ARGV[1])
      redis.call('PEXPIRE', key, tonumber(ARGV[2]) * 2)
    else
      redis.call('HINCRBY', key, math.floor(now / slot_ms), need)
      redis.call('PEXPIRE', key, (slots + 1) * slot_ms)
    end
  end
end
return answer
)lua";

// KEYS: the windows. ARGV: of each, its slot and by how much it changes.
constexpr const char* kSettle = R"lua(
for i, key in ipairs(KEYS) do
  local slot, change = ARGV[2 * i - 1], tonumber(ARGV[2 * i])
  local amount = tonumber(redis.call('HGET', key, slot))
  if amount and change ~= 0 then redis.call('HSET', key, slot, math.max(0, amount + change)) end
end
return 1
)lua";

// KEYS: sets of concurrent requests. ARGV: the lease in ms, the request's id.
constexpr const char* kRenew = R"lua(
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for _, key in ipairs(KEYS) do
  redis.call('ZADD', key, now + tonumber(ARGV[1]), ARGV[2])
  redis.call('PEXPIRE', key, tonumber(ARGV[1]) * 2)
end
return 1
)lua";

// The reason where Redis was not asked, because it did not answer a moment ago.
constexpr char kNotAsked[] = "not_asked";

Status Away(std::string_view why) {
  return Status(StatusCode::kUnavailable, StrCat("[quotas] Redis: ", Printable(why, 200)));
}

timeval Timeval(Duration duration) {
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
  return {.tv_sec = us / 1'000'000, .tv_usec = us % 1'000'000};
}

std::string KeyOf(const std::string& subject, Dimension dimension) {
  // One slot of a cluster for all subjects of a tenant: a script's keys have to be in one.
  const std::string tenant = subject.substr(0, subject.find('\n'));
  return StrCat("pano:quota:{", tenant, "}", subject.substr(tenant.size()), ":",
                DimensionName(dimension));
}

}  // namespace

Result<RedisAddress> ParseRedisAddress(std::string_view url) {
  constexpr std::string_view kScheme = "redis://";
  auto wrong = [](std::string_view what) {
    return InvalidArgument(
        StrCat("a Redis address is redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE]: ", what));
  };
  if (url.starts_with("rediss://")) return wrong("TLS (rediss) is not supported, use a local proxy");
  if (!url.starts_with(kScheme)) return wrong("it has to begin with redis://");
  std::string_view rest = url.substr(kScheme.size());
  if (rest.size() > 1024) return wrong("it is too long");
  RedisAddress address;
  if (const size_t at = rest.rfind('@'); at != std::string_view::npos) {
    const std::string_view user_info = rest.substr(0, at);
    rest.remove_prefix(at + 1);
    const size_t colon = user_info.find(':');
    if (colon == std::string_view::npos) return wrong("before '@' a ':' and a password are missing");
    address.user = user_info.substr(0, colon);
    address.password = user_info.substr(colon + 1);
  }
  if (const size_t slash = rest.find('/'); slash != std::string_view::npos) {
    const std::string_view database = rest.substr(slash + 1);
    const std::optional<int64_t> number = database.empty() ? 0 : ParseInt(database);
    if (!number || *number < 0 || *number > 65535) return wrong("the database is no number");
    address.database = static_cast<int>(*number);
    rest = rest.substr(0, slash);
  }
  const size_t bracket = rest.find(']');
  const bool v6 = rest.starts_with('[') && bracket != std::string_view::npos;
  const size_t colon = rest.find(':', v6 ? bracket : 0);
  if (colon != std::string_view::npos) {
    const std::optional<int64_t> port = ParseInt(rest.substr(colon + 1));
    if (!port || *port < 1 || *port > 65535) return wrong("the port is no number from 1 to 65535");
    address.port = static_cast<int>(*port);
    rest = rest.substr(0, colon);
  }
  if (v6) rest = rest.substr(1, bracket - 1);
  if (rest.empty()) return wrong("the host is missing");
  address.host = rest;
  return address;
}

void RedisUsage::FreeContext::operator()(redisContext* context) const { redisFree(context); }
void RedisUsage::FreeReply::operator()(redisReply* reply) const { freeReplyObject(reply); }

RedisUsage::RedisUsage(RedisAddress address) : RedisUsage(std::move(address), Options()) {}

RedisUsage::RedisUsage(RedisAddress address, Options options, Clock& clock)
    : address_(std::move(address)), options_(options), clock_(clock) {
  thread_ = StartThread("pano-redis", [this](const std::stop_token&) { Run(); });
}

RedisUsage::~RedisUsage() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  thread_.join();
}

Result<RedisUsage::Reply> RedisUsage::Ask(redisContext* connection,
                                          const std::vector<std::string>& words) const {
  std::vector<const char*> texts;
  std::vector<size_t> sizes;
  for (const std::string& word : words) {
    texts.push_back(word.data());
    sizes.push_back(word.size());
  }
  Reply reply(static_cast<redisReply*>(redisCommandArgv(connection, static_cast<int>(words.size()),
                                                        texts.data(), sizes.data())));
  if (!reply) return Away(connection->err ? connection->errstr : "no answer");
  if (reply->type == REDIS_REPLY_ERROR) return Away(std::string_view(reply->str, static_cast<size_t>(reply->len)));
  return reply;
}

Result<RedisUsage::Connection> RedisUsage::Connect() const {
  Connection connection(
      redisConnectWithTimeout(address_.host.c_str(), address_.port, Timeval(options_.timeout)));
  if (!connection || connection->err) return Away(connection ? connection->errstr : "no memory");
  if (redisSetTimeout(connection.get(), Timeval(options_.timeout)) != REDIS_OK) {
    return Away("no timeout can be set");
  }
  if (!address_.password.empty()) {
    std::vector<std::string> auth = {"AUTH"};
    if (!address_.user.empty()) auth.push_back(address_.user);
    auth.push_back(address_.password);
    PANO_RETURN_IF_ERROR(Ask(connection.get(), auth).status());
  }
  if (address_.database != 0) {
    PANO_RETURN_IF_ERROR(
        Ask(connection.get(), {"SELECT", StrCat(address_.database)}).status());
  }
  return connection;
}

Result<RedisUsage::Connection> RedisUsage::Borrow() {
  {
    MutexLock lock(mu_);
    if (away_ && clock_.Now() < ask_again_) {
      return Away("did not answer a moment ago").WithReason(kNotAsked);
    }
    // While it is away one asks, the others need not wait for the same.
    if (away_) ask_again_ = clock_.Now() + options_.retry;
    if (!idle_.empty()) {
      Connection connection = std::move(idle_.back());
      idle_.pop_back();
      return connection;
    }
  }
  return Connect();
}

void RedisUsage::GiveBack(Connection connection) {
  constexpr size_t kIdleMax = 16;
  MutexLock lock(mu_);
  if (!connection->err && idle_.size() < kIdleMax) idle_.push_back(std::move(connection));
}

void RedisUsage::Note(const Status& status) {
  MutexLock lock(mu_);
  if (status.ok()) {
    if (away_) LogInfo("[quotas] Redis answers again");
    away_ = false;
    return;
  }
  if (!away_) {
    LogWarning(status.message(), ": until it answers, this server's own counts decide");
  }
  away_ = true;
  ask_again_ = clock_.Now() + options_.retry;
  idle_.clear();
}

Result<SharedUsage::Answer> RedisUsage::Admit(std::string id, std::span<const Claim> claims,
                                              int64_t tokens) {
  std::vector<std::string> keys, arguments = {id, StrCat(options_.lease / std::chrono::milliseconds(1))};
  std::vector<std::string> lease_keys;
  Answer answer;
  for (size_t i = 0; i < claims.size(); ++i) {
    for (size_t d = 0; d < kDimensions; ++d) {
      const auto dimension = static_cast<Dimension>(d);
      const std::optional<int64_t>& limit = claims[i].limits[dimension];
      if (!limit) continue;
      answer.standings.push_back({.claim = i, .dimension = dimension, .limit = *limit});
      keys.push_back(KeyOf(claims[i].subject, dimension));
      const bool concurrent = dimension == Dimension::kConcurrent;
      if (concurrent) lease_keys.push_back(keys.back());
      const WindowShape shape = concurrent ? WindowShape{0, 0} : ShapeOf(dimension);
      for (int64_t number : {shape.slot_ms, shape.slots, *limit, NeedOf(dimension, tokens, *limit)}) {
        arguments.push_back(StrCat(number));
      }
    }
  }
  if (keys.empty()) return answer;
  std::vector<std::string> words = {"EVAL", kAdmit, StrCat(keys.size())};
  words.insert(words.end(), keys.begin(), keys.end());
  words.insert(words.end(), arguments.begin(), arguments.end());

  Result<Connection> connection = Borrow();
  if (!connection.ok()) {
    if (connection.error().reason() != kNotAsked) Note(connection.error());
    return connection.error();
  }
  Result<Reply> reply = Ask(connection->get(), words);
  if (reply.ok() && ((*reply)->type != REDIS_REPLY_ARRAY || (*reply)->elements != 2 + 3 * keys.size())) {
    reply = Away("its answer has another form");
  }
  Note(reply.status());
  if (!reply.ok()) return reply.error();
  GiveBack(*std::move(connection));

  auto number = [&](size_t i) { return int64_t{(*reply)->element[i]->integer}; };
  const bool taken = number(0) == 1;
  const int64_t now_ms = number(1);
  for (size_t i = 0; i < answer.standings.size(); ++i) {
    Standing& standing = answer.standings[i];
    standing.used = number(2 + 3 * i);
    standing.reset_ms = number(3 + 3 * i);
    const int64_t wait = number(4 + 3 * i);
    if (wait > 0 && (!answer.refusal || wait > answer.refusal->wait_ms)) {
      answer.refusal = Refusal{standing, wait};
    }
    if (!taken) continue;
    standing.used += NeedOf(standing.dimension, tokens, standing.limit);
    if (standing.dimension != Dimension::kConcurrent) {
      const WindowShape& shape = ShapeOf(standing.dimension);
      standing.reset_ms = (now_ms / shape.slot_ms + shape.slots) * shape.slot_ms - now_ms;
    }
  }
  if (!taken) return answer;
  answer.refusal.reset();
  answer.taken.id = id;
  answer.taken.claims.assign(claims.begin(), claims.end());
  answer.taken.tokens = tokens;
  for (size_t d = 0; d < kWindows; ++d) {
    answer.taken.slots.push_back(now_ms / ShapeOf(static_cast<Dimension>(d)).slot_ms);
  }
  if (!lease_keys.empty()) {
    MutexLock lock(mu_);
    leases_[answer.taken.id] = std::move(lease_keys);
  }
  return answer;
}

void RedisUsage::Settle(Taken taken, std::optional<int64_t> tokens) {
  MutexLock lock(mu_);
  leases_.erase(taken.id);
  if (settles_.size() >= options_.settles_max) return;
  settles_.push_back({std::move(taken), tokens});
  changed_.NotifyAll();
}

bool RedisUsage::Flush(Duration limit) {
  const TimePoint until = clock_.Now() + limit;
  MutexLock lock(mu_);
  while (!settles_.empty() || settling_) {
    if (!clock_.WaitUntil(changed_, mu_, until)) break;
  }
  return settles_.empty() && !settling_;
}

Status RedisUsage::SettleOne(redisContext* connection, const Settlement& settlement) const {
  const Taken& taken = settlement.taken;
  std::vector<std::string> keys, arguments;
  for (const Claim& claim : taken.claims) {
    for (size_t d = 0; d < kDimensions; ++d) {
      const auto dimension = static_cast<Dimension>(d);
      const std::optional<int64_t>& limit = claim.limits[dimension];
      if (!limit) continue;
      if (dimension == Dimension::kConcurrent) {
        PANO_RETURN_IF_ERROR(
            Ask(connection, {"ZREM", KeyOf(claim.subject, dimension), taken.id}).status());
        continue;
      }
      const int64_t counted = NeedOf(dimension, taken.tokens, *limit);
      const int64_t used = !settlement.tokens            ? 0
                           : CountsTokens(dimension)     ? *settlement.tokens
                                                         : 1;
      if (used == counted) continue;
      keys.push_back(KeyOf(claim.subject, dimension));
      arguments.push_back(StrCat(taken.slots[d]));
      arguments.push_back(StrCat(used - counted));
    }
  }
  if (keys.empty()) return {};
  std::vector<std::string> words = {"EVAL", kSettle, StrCat(keys.size())};
  words.insert(words.end(), keys.begin(), keys.end());
  words.insert(words.end(), arguments.begin(), arguments.end());
  return Ask(connection, words).status();
}

Status RedisUsage::RenewLeases(redisContext* connection) {
  std::map<std::string, std::vector<std::string>> leases;
  {
    MutexLock lock(mu_);
    leases = leases_;
  }
  for (const auto& [id, keys] : leases) {
    std::vector<std::string> words = {"EVAL", kRenew, StrCat(keys.size())};
    words.insert(words.end(), keys.begin(), keys.end());
    words.push_back(StrCat(options_.lease / std::chrono::milliseconds(1)));
    words.push_back(id);
    PANO_RETURN_IF_ERROR(Ask(connection, words).status());
    {
      MutexLock lock(mu_);
      if (leases_.contains(id)) continue;
    }
    // It was settled meanwhile: what was renewed has to go.
    for (const std::string& key : keys) {
      PANO_RETURN_IF_ERROR(Ask(connection, {"ZREM", key, id}).status());
    }
  }
  return {};
}

void RedisUsage::Run() {
  Connection connection;
  TimePoint renew = clock_.Now() + options_.lease / 3;
  while (true) {
    std::optional<Settlement> settlement;
    {
      MutexLock lock(mu_);
      while (settles_.empty() && !stopping_ && clock_.Now() < renew) {
        clock_.WaitUntil(changed_, mu_, renew);
      }
      if (stopping_ && (settles_.empty() || away_)) return;
      if (!settles_.empty()) {
        settlement = std::move(settles_.front());
        settles_.pop_front();
        settling_ = true;
      }
    }
    Status status;
    if (!connection || connection->err) {
      Result<Connection> made = Connect();
      if (made.ok()) connection = *std::move(made);
      status = made.status();
    }
    // What was sent may have been done: it is not sent again, and at worst the estimate stands.
    if (status.ok() && settlement) {
      status = SettleOne(connection.get(), *settlement);
      settlement.reset();
    }
    if (status.ok() && clock_.Now() >= renew) status = RenewLeases(connection.get());
    if (clock_.Now() >= renew) renew = clock_.Now() + options_.lease / 3;
    Note(status);
    MutexLock lock(mu_);
    settling_ = false;
    if (status.ok()) {
      if (settles_.empty()) changed_.NotifyAll();
      continue;
    }
    connection.reset();
    if (settlement) settles_.push_front(*std::move(settlement));
    const TimePoint until = clock_.Now() + options_.retry;
    while (!stopping_ && clock_.WaitUntil(changed_, mu_, until)) {
    }
    if (stopping_) return;
  }
}

}  // namespace pano::quota
