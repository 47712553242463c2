// Logins: authorization codes, refresh tokens, and how what is issued is written and signed.
#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "app/auth/issuer/password_hash.h"
#include "app/auth/issuer/secret.h"
#include "app/auth/issuer/token_issuer.h"
#include "app/auth/jose/base64url.h"
#include "app/auth/jose/sha256.h"
#include "base/strings.h"

namespace pano::issuer {
namespace {

constexpr size_t kMacBytes = 32;
constexpr std::string_view kRefreshPrefix = "pano_refresh_";

Status Refused(std::string reason, std::string message) {
  return InvalidArgument(std::move(message)).WithReason(std::move(reason));
}

Status BadGrant(std::string message) { return Refused("invalid_grant", std::move(message)); }

// RFC 7636, 4.1: 43 to 128 unreserved characters.
bool IsVerifier(std::string_view text) {
  return text.size() >= 43 && text.size() <= 128 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_' || c == '~';
  });
}

std::string CodeHash(std::string_view server_key, std::string_view code) {
  return HmacSha256(server_key, StrCat("code ", code));
}

std::string RefreshMac(std::string_view server_key, std::string_view family, int64_t counter) {
  return HmacSha256(server_key, StrCat("refresh ", family, " ", counter));
}

// Scopes that OpenID Connect's clients ask for by habit.
bool IsOpenIdScope(std::string_view scope) {
  constexpr std::array kNames = {std::string_view("openid"), std::string_view("profile"), std::string_view("email"),
                                 std::string_view("offline_access")};
  return std::find(kNames.begin(), kNames.end(), scope) != kNames.end();
}

}  // namespace

Result<std::string> GrantScope(std::string_view asked, std::string_view allowed) {
  const auth::ScopeSet limit = auth::ScopeSet::ParseLenient(allowed);
  constexpr size_t kBytesMax = 4096;
  if (asked.size() > kBytesMax) return Refused("invalid_scope", "the scope is too long");
  auth::ScopeSet granted;
  bool any = false;
  for (std::string_view word : Split(asked, ' ')) {
    if (word.empty() || IsOpenIdScope(word)) continue;
    const Result<auth::ScopeSet> scope = auth::ScopeSet::Parse(word);
    if (!scope.ok()) return Refused("invalid_scope", StrCat("'", Printable(word), "' is no scope"));
    if (!limit.Contains(*scope)) return Refused("invalid_scope", StrCat("the scope '", Printable(word), "' is not allowed here"));
    granted.Add(*scope);
    any = true;
  }
  return any ? granted.ToString() : limit.ToString();
}

auth::ScopeSet CommonScope(const auth::ScopeSet& a, const auth::ScopeSet& b) {
  auth::ScopeSet common;
  const auto add = [&common](const auth::ScopeSet& from, const auth::ScopeSet& other) {
    const std::string text = from.ToString();
    for (std::string_view word : Split(text, ' ')) {
      const auth::ScopeSet one = auth::ScopeSet::ParseLenient(word);
      if (!one.empty() && other.Contains(one)) common.Add(one);
    }
  };
  add(a, b);
  add(b, a);
  return common;
}

Result<std::string> TokenIssuer::Login(const AuthorizeRequest& request, const AuthorizePlan& plan,
                                       std::string_view user_id, std::string_view password,
                                       std::string_view address) {
  const std::string name = StrCat("user ", user_id);
  PANO_RETURN_IF_ERROR(CheckPace(name, address));
  const std::shared_ptr<const Snapshot> snapshot = state_->Current();
  const auto found = snapshot->users.find(user_id);
  const bool known = found != snapshot->users.end();
  if (!known) SpendPasswordCheck(password);
  if (!known || !CheckPassword(password, found->second.password_hash)) {
    throttle_.Failed(name, address);
    return Status(StatusCode::kUnauthenticated, "the name or the password is wrong").WithReason("access_denied");
  }
  throttle_.Succeeded(name, address);
  const User& user = found->second;
  const auth::ScopeSet scope =
      CommonScope(auth::ScopeSet::ParseLenient(plan.scope), auth::ScopeSet::ParseLenient(user.scope));
  if (scope.empty()) {
    return Status(StatusCode::kPermissionDenied, "the user may have nothing of what was asked for")
        .WithReason("access_denied");
  }
  PANO_ASSIGN_OR_RETURN(std::string code, RandomSecret(32));
  PANO_ASSIGN_OR_RETURN(const std::string family, RandomSecret(16));
  PANO_RETURN_IF_ERROR(state_->store().AddCode(
      CodeHash(state_->store().server_key(), code),
      {.client = request.client_id,
       .user = user.id,
       .scope = scope.ToString(),
       .redirect_uri = request.redirect_uri,
       .challenge = request.code_challenge,
       .nonce = request.nonce,
       .openid = plan.openid,
       .family = family,
       .expires = state_->clock().UnixSeconds() + lifetimes_.code}));
  return code;
}

Result<TokenAnswer> TokenIssuer::FromCode(const Client& client, const TokenRequest& request) {
  if (request.code.empty()) return Refused("invalid_request", "code is missing");
  if (request.code_verifier.empty()) return Refused("invalid_request", "code_verifier is missing");
  const int64_t now = state_->clock().UnixSeconds();
  AuthStore& store = state_->store();
  const Result<AuthorizationCode> used = store.UseCode(
      CodeHash(store.server_key(), request.code), now, now + lifetimes_.login,
      [&](const AuthorizationCode& code) -> Status {
        if (code.client != client.id) return BadGrant("the code was issued to another client");
        if (code.redirect_uri != request.redirect_uri) return BadGrant("redirect_uri is not that of the code");
        const bool proved = IsVerifier(request.code_verifier) &&
                            EqualSecrets(jose::EncodeBase64Url(jose::Sha256(request.code_verifier)), code.challenge);
        return proved ? OkStatus() : BadGrant("code_verifier is not that of the code");
      });
  if (used.error().code() == StatusCode::kNotFound) return BadGrant(used.error().message());
  if (used.error().code() == StatusCode::kAlreadyExists) {
    PANO_RETURN_IF_ERROR(state_->Refresh());
    return BadGrant("the code was used before: what came of it is taken back");
  }
  PANO_RETURN_IF_ERROR(used.status());
  const std::shared_ptr<const Snapshot> snapshot = state_->Current();
  const auto user = snapshot->users.find(used->user);
  if (user == snapshot->users.end()) return BadGrant("the user is there no more");
  PANO_ASSIGN_OR_RETURN(TokenAnswer answer, ForLogin(client, user->second, used->family, 0, used->scope));
  if (used->openid) {
    PANO_ASSIGN_OR_RETURN(answer.id_token, IdToken(*used));
  }
  return answer;
}

Result<TokenAnswer> TokenIssuer::FromRefresh(const Client& client, const TokenRequest& request) {
  if (request.refresh_token.empty()) return Refused("invalid_request", "refresh_token is missing");
  const Status unknown = BadGrant("the refresh token is not known, or not any more");
  const std::optional<Refresh> refresh = ReadRefreshToken(request.refresh_token);
  if (!refresh) return unknown;
  AuthStore& store = state_->store();
  const Result<TokenFamily> family = store.FindFamily(refresh->family);
  if (family.error().code() == StatusCode::kNotFound) return unknown;
  PANO_RETURN_IF_ERROR(family.status());
  if (family->client != client.id) return BadGrant("the refresh token was issued to another client");
  const int64_t now = state_->clock().UnixSeconds();
  const std::shared_ptr<const Snapshot> snapshot = state_->Current();
  const auto user = snapshot->users.find(family->user);
  if (family->revoked != 0 || family->expires <= now || user == snapshot->users.end()) return unknown;
  // A scope that is refused uses nothing up.
  PANO_ASSIGN_OR_RETURN(const std::string asked, GrantScope(request.scope, family->scope));
  const Status next = store.AdvanceFamily(refresh->family, refresh->counter, now, now + lifetimes_.login);
  if (next.code() == StatusCode::kAlreadyExists) {
    PANO_RETURN_IF_ERROR(state_->Refresh());
    return BadGrant("the refresh token was used before: the login has ended");
  }
  PANO_RETURN_IF_ERROR(next);
  return ForLogin(client, user->second, refresh->family, refresh->counter + 1, asked);
}

Result<TokenAnswer> TokenIssuer::ForLogin(const Client& client, const User& user, const std::string& family,
                                          int64_t counter, const std::string& granted) {
  // What client and user may have can be less than when the login began.
  const auth::ScopeSet now =
      CommonScope(auth::ScopeSet::ParseLenient(client.scope), auth::ScopeSet::ParseLenient(user.scope));
  const std::string scope = CommonScope(auth::ScopeSet::ParseLenient(granted), now).ToString();
  TokenAnswer answer{.expires_in = lifetimes_.access, .scope = scope};
  PANO_ASSIGN_OR_RETURN(answer.access_token,
                        AccessToken(client.id, {user.id, user.tenant, family}, scope, lifetimes_.access));
  answer.refresh_token = RefreshToken(family, counter);
  return answer;
}

std::string TokenIssuer::RefreshToken(std::string_view family, int64_t counter) const {
  const std::string mac = RefreshMac(state_->store().server_key(), family, counter);
  return StrCat(kRefreshPrefix, jose::EncodeBase64Url(StrCat(mac, counter, " ", family)));
}

std::optional<TokenIssuer::Refresh> TokenIssuer::ReadRefreshToken(std::string_view token) const {
  if (!token.starts_with(kRefreshPrefix) || token.size() > 256) return std::nullopt;
  const auto bytes = jose::DecodeBase64Url(token.substr(kRefreshPrefix.size()));
  if (!bytes || bytes->size() <= kMacBytes) return std::nullopt;
  const std::string_view text = std::string_view(*bytes).substr(kMacBytes);
  const size_t space = text.find(' ');
  const std::optional<int64_t> counter = ParseInt(text.substr(0, space));
  if (space == std::string_view::npos || !counter) return std::nullopt;
  Refresh refresh{std::string(text.substr(space + 1)), *counter};
  const std::string mac = RefreshMac(state_->store().server_key(), refresh.family, refresh.counter);
  if (!EqualSecrets(std::string_view(*bytes).substr(0, kMacBytes), mac)) return std::nullopt;
  return refresh;
}

Result<std::string> TokenIssuer::AccessToken(std::string_view client, const Subject& subject, std::string_view scope,
                                             int64_t lifetime) const {
  const int64_t now = state_->clock().UnixSeconds();
  std::string issuer = name();
  if (issuer.empty()) issuer = state_->store().urn();
  PANO_ASSIGN_OR_RETURN(std::string id, RandomSecret(16));
  if (!subject.family.empty()) id = StrCat(subject.family, ".", id);
  json::Value claims;  // RFC 9068, 2.2
  claims.Set("iss", issuer);
  claims.Set("sub", subject.id);
  claims.Set("aud", issuer);
  claims.Set("client_id", client);
  claims.Set("tenant", subject.tenant);
  claims.Set("scope", scope);
  claims.Set("iat", now);
  claims.Set("exp", now + lifetime);
  claims.Set("jti", id);
  return Sign("at+jwt", claims);
}

Result<std::string> TokenIssuer::IdToken(const AuthorizationCode& code) const {
  const int64_t now = state_->clock().UnixSeconds();
  json::Value claims;  // OpenID Connect Core 1.0, 2
  claims.Set("iss", name());
  claims.Set("sub", code.user);
  claims.Set("aud", code.client);
  claims.Set("iat", now);
  claims.Set("exp", now + lifetimes_.access);
  if (!code.nonce.empty()) claims.Set("nonce", code.nonce);
  return Sign("JWT", claims);
}

Result<std::string> TokenIssuer::Sign(std::string_view typ, const json::Value& claims) const {
  return jose::SignCompact(*state_->Current()->signing_key, typ, json::Dump(claims));
}

}  // namespace pano::issuer
