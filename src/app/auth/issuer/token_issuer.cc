#include "app/auth/issuer/token_issuer.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "app/auth/bearer/bearer_authenticator.h"
#include "app/auth/issuer/password_hash.h"
#include "app/auth/issuer/redirect_uri.h"
#include "app/auth/jose/base64url.h"
#include "app/auth/jose/compact_jws.h"
#include "app/auth/jose/unique_object.h"
#include "app/auth/renewal.h"
#include "base/check.h"
#include "base/strings.h"

namespace pano::issuer {
namespace {

// Both run on one machine, or on replicas of it.
constexpr int64_t kOwnClockSkew = 5;

Status Refused(std::string reason, std::string message) {
  return InvalidArgument(std::move(message)).WithReason(std::move(reason));
}

json::Value Texts(std::initializer_list<std::string_view> texts) {
  json::Value list{json::Array()};
  for (std::string_view text : texts) list.Append(text);
  return list;
}

// The `iss` of a token that nobody has checked; "" where it cannot be read.
std::string ClaimedIssuer(std::string_view token) {
  const size_t first = token.find('.');
  const size_t second = token.find('.', first + 1);
  if (first == std::string_view::npos || second == std::string_view::npos) return {};
  const auto payload = jose::DecodeBase64Url(token.substr(first + 1, second - first - 1));
  if (!payload) return {};
  const Result<json::Value> claims = jose::ParseUniqueObject(*payload);
  const json::Value* iss = claims.ok() ? claims->Find("iss") : nullptr;
  return iss && iss->is_string() ? iss->as_string() : "";
}

// Tokens by the issuer's name, which may become known only once the server listens, and by the store's own.
class OwnTokenAuthenticator final : public auth::Authenticator, public auth::Renewal {
 public:
  explicit OwnTokenAuthenticator(std::shared_ptr<TokenIssuer> issuer)
      : issuer_(std::move(issuer)), tokens_(bearer::MakeBearerAuthenticator({}, issuer_->state().clock()).value()) {}

  bool required() const override { return true; }
  bool Recognizes(const auth::Credentials& credentials) const override {
    const std::string_view token = auth::BearerToken(credentials.authorization);
    if (!auth::LooksLikeJwt(token) || token.size() > jose::CompactJws::kBytesMax) return false;
    const std::string claimed = ClaimedIssuer(token);
    return claimed.empty() || claimed == issuer_->name() || claimed == issuer_->state().store().urn();
  }

  std::optional<Result<auth::Principal>> TryAuthenticate(const auth::Credentials& credentials) override {
    return Tokens().TryAuthenticate(credentials);
  }
  void Authenticate(const auth::Credentials& credentials, Done done) override {
    Tokens().Authenticate(credentials, std::move(done));
  }

  // As the client and the user stand now, and no more than the token said.
  std::optional<auth::Principal> Renew(const auth::Principal& known) override {
    if (known.issuer.empty()) return std::nullopt;
    if (known.issuer != issuer_->name() && known.issuer != issuer_->state().store().urn()) return std::nullopt;
    const std::shared_ptr<const Snapshot> snapshot = issuer_->state().Current();
    const auto client = snapshot->clients.find(known.client_id);
    if (client == snapshot->clients.end()) return std::nullopt;
    auth::Principal now = known;
    now.scopes = CommonScope(now.scopes, auth::ScopeSet::ParseLenient(client->second.scope));
    if (known.subject.empty() || known.subject == known.client_id) return now;
    const auto user = snapshot->users.find(known.subject);
    if (user == snapshot->users.end() || user->second.tenant != known.tenant) return std::nullopt;
    now.scopes = CommonScope(now.scopes, auth::ScopeSet::ParseLenient(user->second.scope));
    return now;
  }

 private:
  bearer::BearerAuthenticator& Tokens() {
    MutexLock lock(mu_);
    const std::string name = issuer_->name();
    if (name == name_) return *tokens_;
    IssuerState& state = issuer_->state();
    const auto revoked = [&state](const bearer::VerifiedToken& token) { return state.IsRevoked(token); };
    std::vector<bearer::TrustedIssuer> trusted;
    trusted.push_back({OwnSettings(state.store().urn(), state), state.keys(), revoked});
    if (!name.empty()) trusted.push_back({OwnSettings(name, state), state.keys(), revoked});
    PANO_CHECK(tokens_->SetIssuers(std::move(trusted)).ok());
    name_ = name;
    return *tokens_;
  }

  const std::shared_ptr<TokenIssuer> issuer_;
  Mutex mu_;
  std::optional<std::string> name_ PANO_GUARDED_BY(mu_);  // that tokens_ goes by; none: not made yet
  const std::unique_ptr<bearer::BearerAuthenticator> tokens_;
};

}  // namespace

TokenIssuer::TokenIssuer(std::shared_ptr<IssuerState> state, std::string name, Lifetimes lifetimes)
    : state_(std::move(state)), lifetimes_(lifetimes), throttle_(state_->clock()), name_(std::move(name)) {}

std::string TokenIssuer::name() const {
  MutexLock lock(mu_);
  return name_;
}

void TokenIssuer::SetName(std::string name) {
  MutexLock lock(mu_);
  name_ = std::move(name);
}

Status TokenIssuer::CheckPace(std::string_view name, std::string_view address) const {
  const int64_t wait = throttle_.WaitSeconds(name, address);
  if (wait == 0) return {};
  return Status(StatusCode::kExhausted, StrCat("too many wrong attempts; try again in ", wait, " s"))
      .WithReason("slow_down");
}

Result<Client> TokenIssuer::Authenticate(const ClientProof& proof, bool public_too) {
  const Status wrong = Status(StatusCode::kUnauthenticated, "the client or its secret is not known")
                           .WithReason("invalid_client");
  if (proof.id.empty()) {
    return Status(StatusCode::kUnauthenticated, "no client: send its id and secret as Basic or in the form")
        .WithReason("invalid_client");
  }
  const std::string name = StrCat("client ", proof.id);
  PANO_RETURN_IF_ERROR(CheckPace(name, proof.address));
  const std::shared_ptr<const Snapshot> snapshot = state_->Current();
  const auto found = snapshot->clients.find(proof.id);
  if (found == snapshot->clients.end()) {
    SpendPasswordCheck(proof.secret);
    throttle_.Failed(name, proof.address);
    return wrong;
  }
  const Client& client = found->second;
  if (client.is_public()) {
    if (!public_too) {
      return Status(StatusCode::kUnauthenticated, "a public client cannot do this: it has no secret")
          .WithReason("invalid_client");
    }
    if (!proof.secret.empty()) return wrong;
    return client;
  }
  if (!CheckPassword(proof.secret, client.secret_hash)) {
    throttle_.Failed(name, proof.address);
    return wrong;
  }
  throttle_.Succeeded(name, proof.address);
  return client;
}

Result<TokenAnswer> TokenIssuer::Token(const ClientProof& proof, const TokenRequest& request) {
  if (request.grant_type.empty()) return Refused("invalid_request", "grant_type is missing");
  const bool credentials = request.grant_type == "client_credentials";
  const bool code = request.grant_type == "authorization_code";
  if (!credentials && !code && request.grant_type != "refresh_token") {
    return Refused("unsupported_grant_type",
                   StrCat("grant_type '", Printable(request.grant_type),
                          "' is not one of client_credentials, authorization_code, refresh_token"));
  }
  PANO_ASSIGN_OR_RETURN(const Client client, Authenticate(proof, true));
  if (code) return FromCode(client, request);
  if (!credentials) return FromRefresh(client, request);
  if (client.is_public()) {
    return Refused("unauthorized_client", "a public client has no credentials to get a token by");
  }
  PANO_ASSIGN_OR_RETURN(const std::string scope, GrantScope(request.scope, client.scope));
  TokenAnswer answer{.expires_in = lifetimes_.access, .scope = scope};
  PANO_ASSIGN_OR_RETURN(answer.access_token,
                        AccessToken(client.id, {client.id, client.tenant, ""}, scope, lifetimes_.access));
  return answer;
}

Result<TokenAnswer> TokenIssuer::IssueDirectly(std::string_view id, std::string_view asked, int64_t lifetime) {
  const std::shared_ptr<const Snapshot> snapshot = state_->Current();
  const auto found = snapshot->clients.find(id);
  if (found == snapshot->clients.end()) return NotFound(StrCat("there is no client '", Printable(id), "'"));
  PANO_ASSIGN_OR_RETURN(const std::string scope, GrantScope(asked, found->second.scope));
  TokenAnswer answer{.expires_in = lifetime, .scope = scope};
  PANO_ASSIGN_OR_RETURN(
      answer.access_token,
      AccessToken(found->first, {found->first, found->second.tenant, ""}, scope, lifetime));
  return answer;
}

Result<AuthorizePlan> TokenIssuer::PlanAuthorize(const AuthorizeRequest& request) const {
  const std::shared_ptr<const Snapshot> snapshot = state_->Current();
  const auto found = snapshot->clients.find(request.client_id);
  if (found == snapshot->clients.end()) {
    return Refused("invalid_client", StrCat("there is no client '", Printable(request.client_id), "'"));
  }
  const std::vector<std::string>& uris = found->second.redirect_uris;
  AuthorizePlan plan;
  plan.redirect_uri = request.redirect_uri;
  if (request.redirect_uri.empty()) {
    if (uris.size() != 1) return Refused("invalid_request", "redirect_uri is missing");
    plan.redirect_uri = uris[0];
  } else if (std::none_of(uris.begin(), uris.end(),
                          [&](const std::string& uri) { return RedirectUriMatches(uri, request.redirect_uri); })) {
    return Refused("invalid_request", "the client has not registered this redirect_uri");
  }
  constexpr size_t kBytesMax = 1024;
  if (request.response_type.empty()) {
    plan.fault = Refused("invalid_request", "response_type is missing");
  } else if (request.response_type != "code") {
    plan.fault = Refused("unsupported_response_type", "response_type has to be code");
  } else if (request.code_challenge.empty()) {
    plan.fault = Refused("invalid_request", "code_challenge is missing: PKCE is needed");
  } else if (request.code_challenge_method != "S256") {
    plan.fault = Refused("invalid_request", "code_challenge_method has to be S256");
  } else if (const auto hash = jose::DecodeBase64Url(request.code_challenge); !hash || hash->size() != 32) {
    plan.fault = Refused("invalid_request", "code_challenge is not a SHA-256 in base64url");
  } else if (request.nonce.size() > kBytesMax || request.state.size() > kBytesMax) {
    plan.fault = Refused("invalid_request", "state or nonce is too long");
  } else {
    Result<std::string> scope = GrantScope(request.scope, found->second.scope);
    plan.fault = scope.status();
    if (scope.ok()) plan.scope = *std::move(scope);
    const std::vector<std::string_view> words = Split(request.scope, ' ');
    plan.openid = std::find(words.begin(), words.end(), "openid") != words.end();
  }
  return plan;
}

Status TokenIssuer::Revoke(const ClientProof& proof, std::string_view token) {
  if (token.empty()) return Refused("invalid_request", "token is missing");
  PANO_ASSIGN_OR_RETURN(const Client client, Authenticate(proof, true));
  const int64_t now = state_->clock().UnixSeconds();
  const Status others = Refused("invalid_grant", "the token was issued to another client");
  if (const std::optional<Refresh> refresh = ReadRefreshToken(token)) {
    const Result<TokenFamily> family = state_->store().FindFamily(refresh->family);
    if (family.error().code() == StatusCode::kNotFound) return {};
    PANO_RETURN_IF_ERROR(family.status());
    if (family->client != client.id) return others;
    PANO_RETURN_IF_ERROR(state_->store().RevokeFamily(refresh->family, now));
    return state_->Refresh();
  }
  const Result<bearer::VerifiedToken> access = ReadAccessToken(token);
  if (!access.ok()) return {};
  if (access->principal.client_id != client.id) return others;
  PANO_RETURN_IF_ERROR(
      state_->store().RevokeToken(access->token_id, access->principal.expires_unix + 2 * kOwnClockSkew));
  return state_->Refresh();
}

Result<json::Value> TokenIssuer::Introspect(const ClientProof& proof, std::string_view token) {
  if (token.empty()) return Refused("invalid_request", "token is missing");
  PANO_ASSIGN_OR_RETURN(const Client client, Authenticate(proof, false));
  const bool all_tenants = auth::ScopeSet::ParseLenient(client.scope).IsAdmin();
  const std::shared_ptr<const Snapshot> snapshot = state_->Current();
  json::Value inactive;
  inactive.Set("active", false);
  json::Value answer;
  answer.Set("active", true);
  if (const std::optional<Refresh> refresh = ReadRefreshToken(token)) {
    const Result<TokenFamily> family = state_->store().FindFamily(refresh->family);
    if (family.error().code() == StatusCode::kNotFound) return inactive;
    PANO_RETURN_IF_ERROR(family.status());
    const auto user = snapshot->users.find(family->user);
    const bool good = family->revoked == 0 && family->counter == refresh->counter &&
                      family->expires > state_->clock().UnixSeconds() && user != snapshot->users.end() &&
                      snapshot->clients.contains(family->client);
    if (!good || (!all_tenants && user->second.tenant != client.tenant)) return inactive;
    answer.Set("scope", family->scope);
    answer.Set("client_id", family->client);
    answer.Set("username", family->user);
    answer.Set("token_type", "refresh_token");
    answer.Set("exp", family->expires);
    answer.Set("sub", family->user);
    answer.Set("iss", name());
    answer.Set("tenant", user->second.tenant);
    return answer;
  }
  const Result<bearer::VerifiedToken> access = ReadAccessToken(token);
  if (!access.ok()) return inactive;
  const auth::Principal& who = access->principal;
  if (!all_tenants && who.tenant != client.tenant) return inactive;
  answer.Set("scope", who.scopes.ToString());
  answer.Set("client_id", who.client_id);
  if (access->token_id.find('.') != std::string::npos) answer.Set("username", who.subject);
  answer.Set("token_type", "Bearer");
  answer.Set("exp", who.expires_unix);
  answer.Set("sub", who.subject);
  answer.Set("aud", who.issuer);
  answer.Set("iss", who.issuer);
  answer.Set("jti", access->token_id);
  answer.Set("tenant", who.tenant);
  return answer;
}

json::Value TokenIssuer::Metadata(bool openid) const {
  const std::string url = name();
  json::Value body;
  body.Set("issuer", url);
  body.Set("authorization_endpoint", StrCat(url, "/oauth/authorize"));
  body.Set("token_endpoint", StrCat(url, "/oauth/token"));
  body.Set("jwks_uri", StrCat(url, "/.well-known/jwks.json"));
  body.Set("revocation_endpoint", StrCat(url, "/oauth/revoke"));
  body.Set("introspection_endpoint", StrCat(url, "/oauth/introspect"));
  body.Set("scopes_supported",
           Texts({"models:*:predict", "models:*:read", "models:*:manage", "metrics:read", "admin", "openid"}));
  body.Set("response_types_supported", Texts({"code"}));
  body.Set("response_modes_supported", Texts({"query"}));
  body.Set("grant_types_supported", Texts({"client_credentials", "authorization_code", "refresh_token"}));
  body.Set("token_endpoint_auth_methods_supported", Texts({"client_secret_basic", "client_secret_post", "none"}));
  body.Set("revocation_endpoint_auth_methods_supported", Texts({"client_secret_basic", "client_secret_post", "none"}));
  body.Set("introspection_endpoint_auth_methods_supported", Texts({"client_secret_basic", "client_secret_post"}));
  body.Set("code_challenge_methods_supported", Texts({"S256"}));
  body.Set("authorization_response_iss_parameter_supported", true);
  if (!openid) return body;
  json::Value algorithms{json::Array()};
  for (jose::Algorithm algorithm : state_->Current()->algorithms) algorithms.Append(jose::AlgorithmName(algorithm));
  body.Set("subject_types_supported", Texts({"public"}));
  body.Set("id_token_signing_alg_values_supported", std::move(algorithms));
  body.Set("claims_supported", Texts({"iss", "sub", "aud", "exp", "iat", "nonce", "tenant"}));
  return body;
}

Result<bearer::VerifiedToken> TokenIssuer::ReadAccessToken(std::string_view token) const {
  PANO_ASSIGN_OR_RETURN(const jose::CompactJws jws, jose::ParseCompactJws(token));
  const bearer::KeySource::View view = state_->keys()->Current();
  if (!view.keys || !jose::VerifyJws(jws, *view.keys)) return bearer::InvalidToken("its signature is not good");
  PANO_ASSIGN_OR_RETURN(const json::Value claims, jose::ParseUniqueObject(jws.payload));
  const json::Value* iss = claims.Find("iss");
  const bool urn = iss && iss->is_string() && iss->as_string() == state_->store().urn();
  const bearer::IssuerSettings settings = OwnSettings(urn ? state_->store().urn() : name(), *state_);
  const int64_t now = state_->clock().UnixSeconds();
  PANO_ASSIGN_OR_RETURN(bearer::VerifiedToken read, bearer::ReadClaims(jws, claims, settings, now));
  PANO_RETURN_IF_ERROR(bearer::CheckMoment(read, settings, now, ""));
  if (state_->IsRevoked(read)) return bearer::InvalidToken("it has been revoked");
  return read;
}

bearer::IssuerSettings OwnSettings(std::string name, IssuerState& state) {
  bearer::IssuerSettings settings;
  settings.audiences = {name, state.store().urn()};
  settings.issuer = std::move(name);
  settings.algorithms = {jose::Algorithm::kEs256, jose::Algorithm::kRs256};
  settings.rfc9068 = true;
  settings.clock_skew = kOwnClockSkew;
  return settings;
}

std::vector<std::unique_ptr<auth::Authenticator>> MakeIssuerAuthenticators(std::shared_ptr<TokenIssuer> issuer) {
  std::vector<std::unique_ptr<auth::Authenticator>> parts;
  parts.push_back(MakeStoredKeyAuthenticator(std::shared_ptr<IssuerState>(issuer, &issuer->state())));
  parts.push_back(std::make_unique<OwnTokenAuthenticator>(std::move(issuer)));
  return parts;
}

}  // namespace pano::issuer
