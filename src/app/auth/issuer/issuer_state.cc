#include "app/auth/issuer/issuer_state.h"

#include <algorithm>
#include <utility>

#include "app/auth/issuer/secret.h"
#include "app/auth/renewal.h"
#include "base/json.h"
#include "base/log.h"
#include "base/random.h"
#include "base/strings.h"
#include "base/threads.h"

namespace pano::issuer {
namespace {

constexpr std::string_view kKeyPrefix = "pano_";
constexpr size_t kKeyIdBytes = 16;  // hexadecimal digits
constexpr int64_t kPruneSeconds = 60;

Result<jose::SigningKey> ReadSigningKey(const StoredSigningKey& stored) {
  const std::optional<jose::Algorithm> algorithm = jose::ParseAlgorithm(stored.algorithm);
  if (!algorithm) return Corruption(StrCat("[auth] signing key ", stored.kid, ": its algorithm is not known"));
  PANO_ASSIGN_OR_RETURN(const json::Value jwk, json::Parse(stored.private_jwk));
  return jose::SigningKey::FromJwk(jwk, *algorithm);
}

class StoredKeyAuthenticator final : public auth::Authenticator, public auth::Renewal {
 public:
  explicit StoredKeyAuthenticator(std::shared_ptr<IssuerState> state) : state_(std::move(state)) {}

  bool required() const override { return true; }
  bool Recognizes(const auth::Credentials& credentials) const override {
    return auth::ShownSecret(credentials).starts_with(kKeyPrefix);
  }

  std::optional<Result<auth::Principal>> TryAuthenticate(const auth::Credentials& credentials) override {
    return Check(auth::ShownSecret(credentials));
  }

  std::optional<auth::Principal> Renew(const auth::Principal& known) override {
    const std::shared_ptr<const Snapshot> snapshot = state_->Current();
    const auto found = snapshot->api_keys.find(known.key_id);
    if (found == snapshot->api_keys.end() || found->second.principal.tenant != known.tenant) return std::nullopt;
    if (HasExpired(found->second.principal)) return std::nullopt;
    return found->second.principal;
  }

 private:
  bool HasExpired(const auth::Principal& who) const {
    return who.expires_unix != 0 && who.expires_unix <= state_->clock().UnixSeconds();
  }

  Result<auth::Principal> Check(std::string_view shown) {
    if (shown.empty()) return auth::NoCredentials();
    const Status wrong = Status(StatusCode::kUnauthenticated, "the API key is not valid")
                             .WithReason(std::string(auth::kInvalidApiKey));
    const size_t id_end = kKeyPrefix.size() + kKeyIdBytes;
    if (!shown.starts_with(kKeyPrefix) || shown.size() <= id_end || shown.size() > 128) return wrong;
    const std::shared_ptr<const Snapshot> snapshot = state_->Current();
    const auto found = snapshot->api_keys.find(std::string(shown.substr(kKeyPrefix.size(), kKeyIdBytes)));
    if (found == snapshot->api_keys.end()) return wrong;
    if (!EqualSecrets(HmacSha256(state_->store().server_key(), shown), found->second.mac)) return wrong;
    const auth::Principal& who = found->second.principal;
    if (HasExpired(who)) {
      return Status(StatusCode::kUnauthenticated, "the API key has expired")
          .WithReason(std::string(auth::kInvalidApiKey));
    }
    return who;
  }

  const std::shared_ptr<IssuerState> state_;
};

}  // namespace

Result<std::shared_ptr<IssuerState>> IssuerState::Create(std::unique_ptr<AuthStore> store, Clock& clock,
                                                         Duration poll) {
  std::shared_ptr<IssuerState> state(new IssuerState(std::move(store), clock));
  PANO_RETURN_IF_ERROR(state->Refresh());
  if (poll > Duration::zero()) {
    // The thread is joined before the state is gone.
    state->thread_ = StartThread("auth-state", [self = state.get(), poll](std::stop_token stop) {
      self->Follow(stop, poll);
    });
  }
  return state;
}

void IssuerState::Follow(const std::stop_token& stop, Duration poll) {
  bool failing = false;
  while (clock_.SleepFor(poll, stop)) {
    const Status read = Refresh();
    if (!read.ok() && !failing) {
      LogError("[auth] the state cannot be read; what is known so far counts: ", read.message());
    }
    if (read.ok() && failing) LogInfo("[auth] the state can be read again");
    failing = !read.ok();
  }
}

std::shared_ptr<const Snapshot> IssuerState::Current() const {
  MutexLock lock(mu_);
  return snapshot_;
}

bool IssuerState::IsRevoked(const bearer::VerifiedToken& token) const {
  const std::string_view id = token.token_id;
  const size_t dot = id.find('.');  // "FAMILY.TOKEN" for those of a login
  const bool login = dot != std::string_view::npos;
  MutexLock lock(mu_);
  if (!snapshot_->clients.contains(token.principal.client_id)) return true;
  if (login && !snapshot_->users.contains(token.principal.subject)) return true;
  if (revoked_.empty()) return false;
  return revoked_.contains(std::string(id)) || (login && revoked_.contains(std::string(id.substr(0, dot))));
}

Status IssuerState::Refresh() {
  MutexLock refresh(refresh_mu_);
  const int64_t now = clock_.UnixSeconds();
  PANO_ASSIGN_OR_RETURN(const int64_t revision, store_->Revision());
  const std::shared_ptr<const Snapshot> before = Current();
  const bool retired = before && before->next_retires != 0 && before->next_retires <= now;
  if (revision != revision_ || retired) PANO_RETURN_IF_ERROR(Load(revision, now));
  PANO_RETURN_IF_ERROR(LoadRevocations(now));
  if (now - pruned_at_ < kPruneSeconds) return {};
  pruned_at_ = now;
  return store_->Prune(now);
}

Status IssuerState::Load(int64_t revision, int64_t now) {
  auto snapshot = std::make_shared<Snapshot>();
  PANO_ASSIGN_OR_RETURN(std::vector<Client> clients, store_->Clients());
  for (Client& client : clients) {
    if (client.revoked == 0) snapshot->clients.emplace(client.id, std::move(client));
  }
  PANO_ASSIGN_OR_RETURN(std::vector<User> users, store_->Users());
  for (User& user : users) {
    if (user.revoked == 0) snapshot->users.emplace(user.id, std::move(user));
  }
  PANO_ASSIGN_OR_RETURN(std::vector<ApiKey> keys, store_->ApiKeys());
  for (ApiKey& key : keys) {
    if (key.revoked != 0) continue;
    auth::Principal who{.tenant = key.tenant,
                        .key_id = key.id,
                        .scopes = auth::ScopeSet::ParseLenient(key.scope),
                        .expires_unix = key.expires};
    snapshot->api_keys.emplace(key.id, Snapshot::Key{std::move(key.mac), std::move(who)});
  }
  PANO_ASSIGN_OR_RETURN(const std::vector<StoredSigningKey> stored, store_->SigningKeys(now));
  json::Value published{json::Array()};
  for (const StoredSigningKey& one : stored) {
    Result<jose::SigningKey> key = ReadSigningKey(one);
    if (!key.ok()) return key.error().Wrap(StrCat("[auth] signing key ", one.kid));
    published.Append(key->PublicJwk());
    const auto at = std::find(snapshot->algorithms.begin(), snapshot->algorithms.end(), key->algorithm());
    if (at == snapshot->algorithms.end()) snapshot->algorithms.push_back(key->algorithm());
    if (one.retires != 0) {
      snapshot->next_retires =
          snapshot->next_retires == 0 ? one.retires : std::min(snapshot->next_retires, one.retires);
    } else if (!snapshot->signing_key) {
      snapshot->signing_key = *std::move(key);
    }
  }
  if (!snapshot->signing_key) return Corruption("[auth] no key of the state may sign; pano auth rotate makes one");
  json::Value set;
  set.Set("keys", std::move(published));
  snapshot->jwks = json::Dump(set);
  PANO_ASSIGN_OR_RETURN(jose::KeySet key_set, jose::KeySet::Parse(snapshot->jwks));
  keys_->Set(std::move(key_set));
  revision_ = revision;
  MutexLock lock(mu_);
  snapshot_ = std::move(snapshot);
  return {};
}

Status IssuerState::LoadRevocations(int64_t now) {
  PANO_ASSIGN_OR_RETURN(const std::vector<AuthStore::Revocation> news, store_->Revocations(last_revocation_));
  const bool prune = now - pruned_at_ >= kPruneSeconds;
  if (news.empty() && !prune) return {};
  MutexLock lock(mu_);
  for (const AuthStore::Revocation& one : news) revoked_[one.id] = one.expires;
  if (!news.empty()) last_revocation_ = news.back().number;
  if (prune) std::erase_if(revoked_, [now](const auto& entry) { return entry.second < now; });
  return {};
}

Result<NewApiKey> MakeApiKey(std::string_view server_key) {
  NewApiKey made;
  made.id = RandomHex(kKeyIdBytes / 2);
  PANO_ASSIGN_OR_RETURN(const std::string secret, RandomSecret(32));
  made.key = StrCat(kKeyPrefix, made.id, "_", secret);
  made.mac = HmacSha256(server_key, made.key);
  return made;
}

std::unique_ptr<auth::Authenticator> MakeStoredKeyAuthenticator(std::shared_ptr<IssuerState> state) {
  return std::make_unique<StoredKeyAuthenticator>(std::move(state));
}

}  // namespace pano::issuer
