#include "app/auth/issuer/auth_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "app/auth/issuer/secret.h"
#include "base/env.h"
#include "base/errno_status.h"
#include "base/json.h"
#include "base/log.h"
#include "base/strings.h"

namespace pano::issuer {

using sqlite::Database;
using sqlite::Row;
using sqlite::Transaction;
using sqlite::Value;

namespace {

// "Pano" as the number that SQLite keeps in a file's head.
constexpr int64_t kApplicationId = 0x50616e6f;

// Revocations outlive every token that they are about: the longest access token, and a day.
constexpr int64_t kFamilyRevocationSeconds = 2 * 86'400;

constexpr const char* kSchema = R"(
CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE signing_keys(kid TEXT PRIMARY KEY, algorithm TEXT NOT NULL, private_jwk TEXT NOT NULL,
  created INTEGER NOT NULL, retires INTEGER NOT NULL);
CREATE TABLE clients(id TEXT PRIMARY KEY, tenant TEXT NOT NULL, scope TEXT NOT NULL, secret_hash TEXT NOT NULL,
  redirect_uris TEXT NOT NULL, created INTEGER NOT NULL, revoked INTEGER NOT NULL);
CREATE TABLE users(id TEXT PRIMARY KEY, tenant TEXT NOT NULL, scope TEXT NOT NULL, password_hash TEXT NOT NULL,
  created INTEGER NOT NULL, revoked INTEGER NOT NULL);
CREATE TABLE api_keys(id TEXT PRIMARY KEY, tenant TEXT NOT NULL, scope TEXT NOT NULL, mac BLOB NOT NULL,
  created INTEGER NOT NULL, expires INTEGER NOT NULL, revoked INTEGER NOT NULL);
CREATE TABLE codes(hash BLOB PRIMARY KEY, client TEXT NOT NULL, user TEXT NOT NULL, scope TEXT NOT NULL,
  redirect_uri TEXT NOT NULL, challenge TEXT NOT NULL, nonce TEXT NOT NULL, openid INTEGER NOT NULL,
  family TEXT NOT NULL, expires INTEGER NOT NULL, used INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX codes_expires ON codes(expires);
CREATE TABLE families(id TEXT PRIMARY KEY, client TEXT NOT NULL, user TEXT NOT NULL, scope TEXT NOT NULL,
  counter INTEGER NOT NULL, expires INTEGER NOT NULL, revoked INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX families_user ON families(user);
CREATE INDEX families_expires ON families(expires);
CREATE TABLE revocations(number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, expires INTEGER NOT NULL);
CREATE INDEX revocations_expires ON revocations(expires);
)";

std::string PathIn(const std::string& folder) { return JoinPath(folder, "auth.db"); }

Status MakePrivateFolder(const std::string& folder) {
  if (::mkdir(folder.c_str(), 0700) == 0) return Env::Real().SyncFolder(std::string(FolderName(folder)));
  if (errno != EEXIST) return ErrnoStatus(errno).Wrap(StrCat("[auth] ", folder, ": cannot make the folder"));
  if (!IsDirectory(folder)) return InvalidArgument(StrCat("[auth] ", folder, ": is no folder"));
  return {};
}

// Whoever else may look into the folder or at the file may so no longer.
Status MakePrivate(const std::string& path, mode_t mode) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return ErrnoStatus(errno).Wrap(StrCat("[auth] ", path));
  if ((info.st_mode & 077) == 0) return {};
  if (::chmod(path.c_str(), mode) == 0) {
    LogWarning("[auth] ", path, ": others could read it; now only its owner can");
    return {};
  }
  return Status(StatusCode::kPermissionDenied,
                StrCat("[auth] ", path, ": others can read it, and its mode cannot be changed: chmod go= it"));
}

Result<int64_t> Number(Database& database, const char* pragma) {
  int64_t value = 0;
  PANO_RETURN_IF_ERROR(database.Query(pragma, {}, [&](const Row& row) { value = row.Int(0); }));
  return value;
}

Result<std::string> Meta(Database& database, std::string_view name) {
  std::string value;
  PANO_RETURN_IF_ERROR(database.Query("SELECT value FROM meta WHERE name=?", {name},
                                      [&](const Row& row) { value = row.Text(0); }));
  return value;
}

Status SetMeta(Database& database, std::string_view name, Value value) {
  return database.Run("INSERT INTO meta(name,value) VALUES(?,?) ON CONFLICT(name) DO UPDATE SET value=excluded.value",
                      {name, value});
}

Status InsertSigningKey(Database& database, const jose::SigningKey& key, int64_t now) {
  return database.Run("INSERT INTO signing_keys VALUES(?,?,?,?,0)",
                      {key.thumbprint(), jose::AlgorithmName(key.algorithm()), json::Dump(key.PrivateJwk()), now});
}

// What is in the file; nothing where it is empty.
Result<std::optional<int64_t>> SchemaOf(Database& database, const std::string& path) {
  PANO_ASSIGN_OR_RETURN(const int64_t tables, Number(database, "SELECT count(*) FROM sqlite_master"));
  PANO_ASSIGN_OR_RETURN(const int64_t application, Number(database, "PRAGMA application_id"));
  PANO_ASSIGN_OR_RETURN(const int64_t version, Number(database, "PRAGMA user_version"));
  if (tables == 0 && application == 0) return std::optional<int64_t>();
  if (application != kApplicationId) {
    return Corruption(StrCat("[auth] ", path, ": is a database of another program"));
  }
  if (version > AuthStore::kSchemaVersion) {
    return Unimplemented(StrCat("[auth] ", path, ": is of version ", version, ", which a newer pano wrote; this one knows ",
                                AuthStore::kSchemaVersion));
  }
  return std::optional<int64_t>(version);
}

std::string JoinLines(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += (text.empty() ? "" : "\n") + line;
  return text;
}

}  // namespace

Result<bool> AuthStore::Init(const std::string& folder, jose::Algorithm algorithm, int64_t now) {
  PANO_RETURN_IF_ERROR(MakePrivateFolder(folder));
  PANO_RETURN_IF_ERROR(MakePrivate(folder, 0700));
  const std::string path = PathIn(folder);
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return ErrnoStatus(errno).Wrap(StrCat("[auth] ", path, ": cannot make the file"));
  ::close(fd);
  PANO_RETURN_IF_ERROR(MakePrivate(path, 0600));
  PANO_ASSIGN_OR_RETURN(const std::unique_ptr<Database> database, Database::Open(path, "auth"));
  PANO_ASSIGN_OR_RETURN(const jose::SigningKey key, jose::SigningKey::Generate(algorithm));
  PANO_ASSIGN_OR_RETURN(const std::string server_key, RandomSecret(32));
  PANO_ASSIGN_OR_RETURN(const std::string name, RandomSecret(12));
  PANO_ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(*database));
  PANO_ASSIGN_OR_RETURN(const std::optional<int64_t> version, SchemaOf(*database, path));
  if (version) return false;
  PANO_RETURN_IF_ERROR(database->Script(kSchema));
  PANO_RETURN_IF_ERROR(database->Script(
      StrCat("PRAGMA application_id=", kApplicationId, "; PRAGMA user_version=", kSchemaVersion).c_str()));
  PANO_RETURN_IF_ERROR(SetMeta(*database, "server_key", server_key));
  PANO_RETURN_IF_ERROR(SetMeta(*database, "urn", StrCat("urn:pano:auth:", name)));
  PANO_RETURN_IF_ERROR(SetMeta(*database, "revision", int64_t{1}));
  PANO_RETURN_IF_ERROR(InsertSigningKey(*database, key, now));
  PANO_RETURN_IF_ERROR(transaction.Commit());
  PANO_RETURN_IF_ERROR(Env::Real().SyncFolder(folder).Wrap(StrCat("[auth] ", folder)));
  return true;
}

Result<std::unique_ptr<AuthStore>> AuthStore::Open(const std::string& folder) {
  const std::string path = PathIn(folder);
  if (const Result<FileInfo> info = Env::Real().Stat(path); !info.ok()) {
    if (IsDirectory(folder) && info.error().code() != StatusCode::kNotFound) return info.error().Wrap(StrCat("[auth] ", path));
    const std::string absent = IsDirectory(folder) ? StrCat(path, ": is not there") : StrCat(folder, ": is no folder");
    return NotFound(StrCat("[auth] ", absent, "; pano auth init --state ", folder, " makes it"));
  }
  PANO_RETURN_IF_ERROR(MakePrivate(folder, 0700));
  PANO_RETURN_IF_ERROR(MakePrivate(path, 0600));
  PANO_ASSIGN_OR_RETURN(std::unique_ptr<Database> database, Database::Open(path, "auth"));
  PANO_ASSIGN_OR_RETURN(const std::optional<int64_t> version, SchemaOf(*database, path));
  if (!version) return NotFound(StrCat("[auth] ", path, ": is empty; pano auth init --state ", folder, " fills it"));
  std::string damage;
  PANO_RETURN_IF_ERROR(database->Query("PRAGMA quick_check(1)", {}, [&](const Row& row) { damage = row.Text(0); }));
  if (damage != "ok") return Corruption(StrCat("[auth] ", path, ": is damaged: ", Printable(damage, 200)));
  std::unique_ptr<AuthStore> store(new AuthStore(std::move(database)));
  PANO_RETURN_IF_ERROR(store->ReadIdentity());
  if (store->server_key_.empty() || store->urn_.empty()) {
    return Corruption(StrCat("[auth] ", path, ": lacks the server's key"));
  }
  return store;
}

Status AuthStore::ReadIdentity() {
  MutexLock lock(mu_);
  PANO_ASSIGN_OR_RETURN(server_key_, Meta(*database_, "server_key"));
  PANO_ASSIGN_OR_RETURN(urn_, Meta(*database_, "urn"));
  return {};
}

Status AuthStore::Changed() {
  return database_->Run("UPDATE meta SET value=value+1 WHERE name='revision'");
}

Status AuthStore::CheckRoom(const char* table) {
  PANO_ASSIGN_OR_RETURN(const int64_t count, Number(*database_, StrCat("SELECT count(*) FROM ", table).c_str()));
  if (count < kRecordsMax) return {};
  return Status(StatusCode::kExhausted, StrCat("[auth] there are ", count, " ", table, " already, the most there can be"));
}

Result<int64_t> AuthStore::Revision() {
  MutexLock lock(mu_);
  return Number(*database_, "SELECT value FROM meta WHERE name='revision'");
}

Result<std::string> AuthStore::IssuerName() {
  MutexLock lock(mu_);
  return Meta(*database_, "issuer");
}

Status AuthStore::SetIssuerName(std::string_view name) {
  MutexLock lock(mu_);
  PANO_ASSIGN_OR_RETURN(const std::string now, Meta(*database_, "issuer"));
  return now == name ? OkStatus() : SetMeta(*database_, "issuer", name);
}

Status AuthStore::AddClient(const Client& client) {
  MutexLock lock(mu_);
  PANO_ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(*database_));
  PANO_RETURN_IF_ERROR(CheckRoom("clients"));
  Status added = database_->Run("INSERT INTO clients VALUES(?,?,?,?,?,?,0)",
                                {client.id, client.tenant, client.scope, client.secret_hash,
                                 JoinLines(client.redirect_uris), client.created});
  if (added.code() == StatusCode::kAlreadyExists) {
    return Status(StatusCode::kAlreadyExists, StrCat("there is, or was, a client '", client.id, "': take another id"));
  }
  PANO_RETURN_IF_ERROR(added);
  PANO_RETURN_IF_ERROR(Changed());
  return transaction.Commit();
}

Result<std::vector<Client>> AuthStore::Clients() {
  MutexLock lock(mu_);
  std::vector<Client> clients;
  PANO_RETURN_IF_ERROR(database_->Query(
      "SELECT id,tenant,scope,secret_hash,redirect_uris,created,revoked FROM clients ORDER BY id", {},
      [&](const Row& row) {
        Client client{row.Text(0), row.Text(1), row.Text(2), row.Text(3), {}, row.Int(5), row.Int(6)};
        const std::string uris = row.Text(4);
        if (!uris.empty()) {
          for (std::string_view uri : Split(uris, '\n')) client.redirect_uris.emplace_back(uri);
        }
        clients.push_back(std::move(client));
      }));
  return clients;
}

Status AuthStore::Revoke(const char* statement, std::string_view what, std::string_view id, int64_t now) {
  MutexLock lock(mu_);
  PANO_ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(*database_));
  PANO_RETURN_IF_ERROR(database_->Run(statement, {now, id}));
  if (database_->changed() == 0) return NotFound(StrCat("there is no ", what, " '", Printable(id), "'"));
  if (what != "API key") PANO_RETURN_IF_ERROR(EndFamilies(what == "user" ? "user" : "client", id, now));
  PANO_RETURN_IF_ERROR(Changed());
  return transaction.Commit();
}

Status AuthStore::EndFamilies(const char* column, std::string_view value, int64_t now) {
  PANO_RETURN_IF_ERROR(database_->Run(
      StrCat("INSERT INTO revocations(id,expires) SELECT id,? FROM families WHERE revoked=0 AND ", column, "=?").c_str(),
      {now + kFamilyRevocationSeconds, value}));
  PANO_RETURN_IF_ERROR(database_->Run(
      StrCat("UPDATE families SET revoked=? WHERE revoked=0 AND ", column, "=?").c_str(), {now, value}));
  return database_->Run(StrCat("DELETE FROM codes WHERE used=0 AND ", column == std::string_view("id") ? "family" : column, "=?").c_str(), {value});
}

Status AuthStore::RevokeClient(std::string_view id, int64_t now) {
  return Revoke("UPDATE clients SET revoked=max(revoked,?) WHERE id=?", "client", id, now);
}

Status AuthStore::AddUser(const User& user) {
  MutexLock lock(mu_);
  PANO_ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(*database_));
  PANO_RETURN_IF_ERROR(CheckRoom("users"));
  Status added = database_->Run("INSERT INTO users VALUES(?,?,?,?,?,0)",
                                {user.id, user.tenant, user.scope, user.password_hash, user.created});
  if (added.code() == StatusCode::kAlreadyExists) {
    return Status(StatusCode::kAlreadyExists, StrCat("there is, or was, a user '", user.id, "': take another id"));
  }
  PANO_RETURN_IF_ERROR(added);
  PANO_RETURN_IF_ERROR(Changed());
  return transaction.Commit();
}

Result<std::vector<User>> AuthStore::Users() {
  MutexLock lock(mu_);
  std::vector<User> users;
  PANO_RETURN_IF_ERROR(database_->Query(
      "SELECT id,tenant,scope,password_hash,created,revoked FROM users ORDER BY id", {}, [&](const Row& row) {
        users.push_back({row.Text(0), row.Text(1), row.Text(2), row.Text(3), row.Int(4), row.Int(5)});
      }));
  return users;
}

Status AuthStore::SetPassword(std::string_view id, std::string_view hash, int64_t now) {
  MutexLock lock(mu_);
  PANO_ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(*database_));
  PANO_RETURN_IF_ERROR(database_->Run("UPDATE users SET password_hash=? WHERE id=? AND revoked=0", {hash, id}));
  if (database_->changed() == 0) return NotFound(StrCat("there is no user '", Printable(id), "'"));
  PANO_RETURN_IF_ERROR(EndFamilies("user", id, now));
  PANO_RETURN_IF_ERROR(Changed());
  return transaction.Commit();
}

Status AuthStore::RevokeUser(std::string_view id, int64_t now) {
  return Revoke("UPDATE users SET revoked=max(revoked,?) WHERE id=?", "user", id, now);
}

Status AuthStore::AddApiKey(const ApiKey& key) {
  MutexLock lock(mu_);
  PANO_ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(*database_));
  PANO_RETURN_IF_ERROR(CheckRoom("api_keys"));
  PANO_RETURN_IF_ERROR(database_->Run("INSERT INTO api_keys VALUES(?,?,?,?,?,?,0)",
                                      {key.id, key.tenant, key.scope, key.mac, key.created, key.expires}));
  PANO_RETURN_IF_ERROR(Changed());
  return transaction.Commit();
}

Result<std::vector<ApiKey>> AuthStore::ApiKeys() {
  MutexLock lock(mu_);
  std::vector<ApiKey> keys;
  PANO_RETURN_IF_ERROR(database_->Query(
      "SELECT id,tenant,scope,mac,created,expires,revoked FROM api_keys ORDER BY created,id", {}, [&](const Row& row) {
        keys.push_back({row.Text(0), row.Text(1), row.Text(2), row.Text(3), row.Int(4), row.Int(5), row.Int(6)});
      }));
  return keys;
}

Status AuthStore::RevokeApiKey(std::string_view id, int64_t now) {
  return Revoke("UPDATE api_keys SET revoked=max(revoked,?) WHERE id=?", "API key", id, now);
}

Status AuthStore::AddSigningKey(const jose::SigningKey& key, int64_t now, int64_t others_retire) {
  MutexLock lock(mu_);
  PANO_ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(*database_));
  PANO_RETURN_IF_ERROR(database_->Run("DELETE FROM signing_keys WHERE retires<>0 AND retires<=?", {now}));
  PANO_ASSIGN_OR_RETURN(const int64_t count, Number(*database_, "SELECT count(*) FROM signing_keys"));
  constexpr int64_t kKeysMax = 64;
  if (count >= kKeysMax) {
    return Status(StatusCode::kExhausted, StrCat("[auth] ", count, " signing keys are in use: wait until one has retired"));
  }
  PANO_RETURN_IF_ERROR(database_->Run("UPDATE signing_keys SET retires=? WHERE retires=0", {others_retire}));
  PANO_RETURN_IF_ERROR(InsertSigningKey(*database_, key, now));
  PANO_RETURN_IF_ERROR(Changed());
  return transaction.Commit();
}

Result<std::vector<StoredSigningKey>> AuthStore::SigningKeys(int64_t now) {
  MutexLock lock(mu_);
  std::vector<StoredSigningKey> keys;
  PANO_RETURN_IF_ERROR(database_->Query(
      "SELECT kid,algorithm,private_jwk,created,retires FROM signing_keys WHERE retires=0 OR retires>? "
      "ORDER BY retires<>0, retires DESC",
      {now}, [&](const Row& row) {
        keys.push_back({row.Text(0), row.Text(1), row.Text(2), row.Int(3), row.Int(4)});
      }));
  return keys;
}

Status AuthStore::AddCode(std::string_view hash, const AuthorizationCode& code) {
  MutexLock lock(mu_);
  return database_->Run("INSERT INTO codes VALUES(?,?,?,?,?,?,?,?,?,?,0)",
                        {hash, code.client, code.user, code.scope, code.redirect_uri, code.challenge, code.nonce,
                         int64_t{code.openid}, code.family, code.expires});
}

Result<AuthorizationCode> AuthStore::UseCode(std::string_view hash, int64_t now, int64_t family_expires,
                                             const std::function<Status(const AuthorizationCode&)>& check) {
  MutexLock lock(mu_);
  PANO_ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(*database_));
  std::optional<AuthorizationCode> code;
  PANO_RETURN_IF_ERROR(database_->Query(
      "SELECT client,user,scope,redirect_uri,challenge,nonce,openid,family,expires,used FROM codes WHERE hash=?", {hash},
      [&](const Row& row) {
        code = AuthorizationCode{row.Text(0), row.Text(1), row.Text(2), row.Text(3),     row.Text(4),
                                 row.Text(5), row.Int(6) != 0, row.Text(7), row.Int(8), row.Int(9) != 0};
      }));
  if (!code || (code->expires <= now && !code->used)) return NotFound("the code is not known, or not any more");
  PANO_RETURN_IF_ERROR(check(*code));
  if (code->used) {
    PANO_RETURN_IF_ERROR(EndFamilies("id", code->family, now));
    PANO_RETURN_IF_ERROR(transaction.Commit());
    return Status(StatusCode::kAlreadyExists, "the code was used before");
  }
  PANO_RETURN_IF_ERROR(database_->Run("UPDATE codes SET used=1 WHERE hash=?", {hash}));
  PANO_RETURN_IF_ERROR(database_->Run("INSERT INTO families VALUES(?,?,?,?,0,?,0)",
                                      {code->family, code->client, code->user, code->scope, family_expires}));
  PANO_RETURN_IF_ERROR(transaction.Commit());
  return *std::move(code);
}

Result<TokenFamily> AuthStore::FindFamily(std::string_view id) {
  MutexLock lock(mu_);
  std::optional<TokenFamily> family;
  PANO_RETURN_IF_ERROR(database_->Query(
      "SELECT id,client,user,scope,counter,expires,revoked FROM families WHERE id=?", {id}, [&](const Row& row) {
        family = TokenFamily{row.Text(0), row.Text(1), row.Text(2), row.Text(3), row.Int(4), row.Int(5), row.Int(6)};
      }));
  if (!family) return NotFound("the login is not known, or not any more");
  return *std::move(family);
}

Status AuthStore::AdvanceFamily(std::string_view id, int64_t counter, int64_t now, int64_t expires) {
  MutexLock lock(mu_);
  PANO_ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(*database_));
  PANO_RETURN_IF_ERROR(database_->Run(
      "UPDATE families SET counter=counter+1, expires=? WHERE id=? AND counter=? AND revoked=0 AND expires>?",
      {expires, id, counter, now}));
  const bool advanced = database_->changed() == 1;
  if (!advanced) PANO_RETURN_IF_ERROR(EndFamilies("id", id, now));
  PANO_RETURN_IF_ERROR(transaction.Commit());
  return advanced ? OkStatus() : Status(StatusCode::kAlreadyExists, "the refresh token was used before");
}

Status AuthStore::RevokeFamily(std::string_view id, int64_t now) {
  MutexLock lock(mu_);
  PANO_ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(*database_));
  PANO_RETURN_IF_ERROR(EndFamilies("id", id, now));
  return transaction.Commit();
}

Status AuthStore::RevokeToken(std::string_view id, int64_t expires) {
  MutexLock lock(mu_);
  return database_->Run("INSERT INTO revocations(id,expires) VALUES(?,?)", {id, expires});
}

Result<std::vector<AuthStore::Revocation>> AuthStore::Revocations(int64_t after) {
  MutexLock lock(mu_);
  std::vector<Revocation> revocations;
  PANO_RETURN_IF_ERROR(database_->Query(
      "SELECT number,id,expires FROM revocations WHERE number>? ORDER BY number", {after},
      [&](const Row& row) { revocations.push_back({row.Int(0), row.Text(1), row.Int(2)}); }));
  return revocations;
}

Status AuthStore::Prune(int64_t now) {
  MutexLock lock(mu_);
  constexpr int64_t kRowsMax = 2000;
  // A used code is kept for as long as its family's first tokens, so that its second use is seen.
  constexpr int64_t kUsedCodeSeconds = 3600;
  PANO_RETURN_IF_ERROR(database_->Run(
      "DELETE FROM codes WHERE hash IN (SELECT hash FROM codes WHERE expires<? ORDER BY expires LIMIT ?)",
      {now - kUsedCodeSeconds, kRowsMax}));
  PANO_RETURN_IF_ERROR(database_->Run(
      "DELETE FROM families WHERE id IN (SELECT id FROM families WHERE expires<? ORDER BY expires LIMIT ?)",
      {now, kRowsMax}));
  PANO_RETURN_IF_ERROR(database_->Run(
      "DELETE FROM revocations WHERE number IN (SELECT number FROM revocations WHERE expires<? ORDER BY expires LIMIT ?)",
      {now, kRowsMax}));
  return {};
}

}  // namespace pano::issuer
