#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "app/auth/bearer/token_check.h"
#include "base/mutex.h"

namespace pano::bearer {

// A token whose signature and claims were found good, with what that rests on. Immutable.
struct KnownToken {
  VerifiedToken token;
  size_t issuer = 0;              // index among the trusted issuers
  uint64_t trust_generation = 0;  // of these: others, and the token is checked anew
  uint64_t key_generation = 0;    // of its keys: the same
};

// The tokens that were used last, by the SHA-256 of their text, so that a request costs a hash and not a
// signature. A fixed number of them; the text itself is not kept. Thread-safe.
class VerifiedTokens {
 public:
  explicit VerifiedTokens(size_t capacity);

  // Null where it is not known.
  std::shared_ptr<const KnownToken> Find(const std::string& hash);
  void Add(const std::string& hash, std::shared_ptr<const KnownToken> token);
  void Remove(const std::string& hash);
  size_t size() const;

 private:
  static constexpr size_t kShards = 16;
  struct Shard {
    mutable Mutex mu;
    using Entry = std::pair<std::string, std::shared_ptr<const KnownToken>>;
    std::list<Entry> order PANO_GUARDED_BY(mu);   // used last first
    std::unordered_map<std::string_view, std::list<Entry>::iterator> index PANO_GUARDED_BY(mu);
  };
  Shard& ShardOf(const std::string& hash) { return shards_[static_cast<unsigned char>(hash[0]) % kShards]; }

  const size_t shard_capacity_;
  std::array<Shard, kShards> shards_;
};

}  // namespace pano::bearer
