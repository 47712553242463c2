#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "app/auth/authenticator.h"
#include "app/auth/bearer/key_source.h"
#include "app/auth/bearer/token_check.h"
#include "app/auth/issuer/auth_store.h"
#include "app/auth/jose/key_set.h"
#include "app/auth/jose/signing_key.h"
#include "base/clock.h"
#include "base/mutex.h"

namespace pano::issuer {

// What of a store every request may need, in memory. Immutable.
struct Snapshot {
  struct Key {
    std::string mac;
    auth::Principal principal;
  };

  std::map<std::string, Client, std::less<>> clients;    // that are not revoked
  std::map<std::string, User, std::less<>> users;        // that are not revoked
  std::unordered_map<std::string, Key> api_keys;         // that are not revoked, by id
  std::optional<jose::SigningKey> signing_key;           // that signs now; every store has one
  std::string jwks;                                      // JSON, as it is published
  std::vector<jose::Algorithm> algorithms;               // of all keys that are taken
  int64_t next_retires = 0;                              // when the first of them ends; 0 = none does
};

// A store as a running server knows it: a thread looks twice a second what another process has changed, and
// what this one changes counts at once. A store that cannot be read leaves what is known as it is, and is
// logged. Thread-safe; only Refresh and the store itself wait for the disk.
class IssuerState {
 public:
  static constexpr Duration kPoll = std::chrono::milliseconds(500);

  // `clock` outlives it. `poll` zero: no thread, Refresh is called by hand.
  static Result<std::shared_ptr<IssuerState>> Create(std::unique_ptr<AuthStore> store, Clock& clock = Clock::Real(),
                                                     Duration poll = kPoll);

  AuthStore& store() { return *store_; }
  Clock& clock() { return clock_; }
  std::shared_ptr<const Snapshot> Current() const;
  // The public keys, for who checks tokens.
  const std::shared_ptr<bearer::OwnKeys>& keys() const { return keys_; }

  // Whether a token of this issuer that is good otherwise is taken no more: it or its login was revoked, or
  // its client or user.
  bool IsRevoked(const bearer::VerifiedToken& token) const;

  // Reads what has changed since the last time.
  Status Refresh();

 private:
  IssuerState(std::unique_ptr<AuthStore> store, Clock& clock) : store_(std::move(store)), clock_(clock) {}
  Status Load(int64_t revision, int64_t now) PANO_REQUIRES(refresh_mu_);
  Status LoadRevocations(int64_t now) PANO_REQUIRES(refresh_mu_);
  void Follow(const std::stop_token& stop, Duration poll);

  const std::unique_ptr<AuthStore> store_;
  Clock& clock_;
  const std::shared_ptr<bearer::OwnKeys> keys_ = std::make_shared<bearer::OwnKeys>();

  Mutex refresh_mu_;  // one Refresh at a time
  int64_t revision_ PANO_GUARDED_BY(refresh_mu_) = -1;
  int64_t last_revocation_ PANO_GUARDED_BY(refresh_mu_) = 0;
  int64_t pruned_at_ PANO_GUARDED_BY(refresh_mu_) = 0;

  mutable Mutex mu_;
  std::shared_ptr<const Snapshot> snapshot_ PANO_GUARDED_BY(mu_);
  std::unordered_map<std::string, int64_t> revoked_ PANO_GUARDED_BY(mu_);  // id of token or family: expires

  std::jthread thread_;  // last: it uses the rest
};

// An API key as its holder has it: "pano_ID_SECRET".
struct NewApiKey {
  std::string id;
  std::string key;
  std::string mac;
};
Result<NewApiKey> MakeApiKey(std::string_view server_key);

// Takes the API keys of a state. `state` is kept.
std::unique_ptr<auth::Authenticator> MakeStoredKeyAuthenticator(std::shared_ptr<IssuerState> state);

}  // namespace pano::issuer
