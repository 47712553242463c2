#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "app/auth/issuer/store_records.h"
#include "app/auth/jose/signing_key.h"
#include "app/sqlite/database.h"
#include "base/mutex.h"
#include "base/result.h"

namespace pano::issuer {

// The state of the built-in issuer: clients, users, API keys, signing keys, logins and what was revoked, in
// DIR/auth.db (SQLite). Several processes may have one DIR open: `pano auth` beside servers. A change is
// there whole or not at all, and once a call is ok neither kill -9 nor a power cut takes it back.
//
// Secrets are in it as hashes, but for the signing keys and the server's key: the folder is its owner's
// alone (0700, the file 0600). Thread-safe; every call may wait for the disk.
class AuthStore {
 public:
  static constexpr int kSchemaVersion = 1;
  static constexpr int64_t kRecordsMax = 100'000;  // of clients, of users, of API keys

  // Makes DIR, where it is not there, and a store with one signing key in it. False when there is a store
  // already, which stays as it is.
  static Result<bool> Init(const std::string& folder, jose::Algorithm algorithm, int64_t now);
  // NotFound where there is no store, Corruption for a damaged one or what is none, Unimplemented for one of
  // a newer version.
  static Result<std::unique_ptr<AuthStore>> Open(const std::string& folder);

  // Another number whenever clients, users, keys or the issuer's name have changed.
  Result<int64_t> Revision();
  // What API keys, codes and refresh tokens are known by. Never shown.
  const std::string& server_key() const { return server_key_; }
  // A name of this store for tokens that no server's name stands in: "urn:pano:auth:...".
  const std::string& urn() const { return urn_; }
  // The name that servers give to the issuer here with --issuer; "" = none.
  Result<std::string> IssuerName();
  Status SetIssuerName(std::string_view name);

  // AlreadyExists also for the id of one that was revoked: what was issued to it must not come alive.
  Status AddClient(const Client& client);
  Result<std::vector<Client>> Clients();
  Status RevokeClient(std::string_view id, int64_t now);  // NotFound

  Status AddUser(const User& user);
  Result<std::vector<User>> Users();
  // Ends every login of the user, too.
  Status SetPassword(std::string_view id, std::string_view hash, int64_t now);
  Status RevokeUser(std::string_view id, int64_t now);

  Status AddApiKey(const ApiKey& key);
  Result<std::vector<ApiKey>> ApiKeys();
  Status RevokeApiKey(std::string_view id, int64_t now);

  // `key` signs from now on; those before it are taken until `others_retire`.
  Status AddSigningKey(const jose::SigningKey& key, int64_t now, int64_t others_retire);
  // Newest first, without those that have retired.
  Result<std::vector<StoredSigningKey>> SigningKeys(int64_t now);

  Status AddCode(std::string_view hash, const AuthorizationCode& code);
  // Uses a code up when `check` takes it, and begins its family. NotFound for a code that is not known,
  // or not any more; AlreadyExists for one that was used, whose family ends with that.
  Result<AuthorizationCode> UseCode(std::string_view hash, int64_t now, int64_t family_expires,
                                    const std::function<Status(const AuthorizationCode&)>& check);

  Result<TokenFamily> FindFamily(std::string_view id);  // NotFound
  // The next refresh token of a family. AlreadyExists when `counter` is not its current one: the family
  // ends with that.
  Status AdvanceFamily(std::string_view id, int64_t counter, int64_t now, int64_t expires);
  Status RevokeFamily(std::string_view id, int64_t now);

  // The id of a token or a family that is taken no more; forgotten at `expires`.
  Status RevokeToken(std::string_view id, int64_t expires);
  struct Revocation {
    int64_t number = 0;
    std::string id;
    int64_t expires = 0;
  };
  // Those after number `after`, in order.
  Result<std::vector<Revocation>> Revocations(int64_t after);

  // Removes what has expired, at most some thousand rows at a time.
  Status Prune(int64_t now);

 private:
  explicit AuthStore(std::unique_ptr<sqlite::Database> database) : database_(std::move(database)) {}
  Status ReadIdentity();
  Status Changed() PANO_REQUIRES(mu_);
  Status CheckRoom(const char* table) PANO_REQUIRES(mu_);
  Status Revoke(const char* statement, std::string_view what, std::string_view id, int64_t now);
  Status EndFamilies(const char* column, std::string_view value, int64_t now) PANO_REQUIRES(mu_);

  std::string server_key_, urn_;  // constant once open
  Mutex mu_;
  const std::unique_ptr<sqlite::Database> database_;
};

}  // namespace pano::issuer
