#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "app/auth/bearer/issuer_settings.h"
#include "app/auth/issuer/issuer_state.h"
#include "app/auth/issuer/throttle.h"
#include "base/json.h"
#include "base/mutex.h"
#include "base/result.h"

namespace pano::issuer {

// How long what is issued is good, in seconds.
struct Lifetimes {
  int64_t access = 3600;
  int64_t code = 60;
  int64_t login = 30 * 86'400;  // from the last use of its refresh token
};

// Who asks, by what it sent: Basic credentials or the fields of the form.
struct ClientProof {
  std::string id = {};
  std::string secret = {};     // "" = none
  std::string address = {};    // of the peer, to slow it down
};

// The fields of a request to /oauth/token (RFC 6749); "" = absent.
struct TokenRequest {
  std::string grant_type = {};
  std::string scope = {};
  std::string code = {};
  std::string redirect_uri = {};
  std::string code_verifier = {};
  std::string refresh_token = {};
};

struct TokenAnswer {
  std::string access_token = {};
  int64_t expires_in = 0;
  std::string scope = {};
  std::string refresh_token = {};  // "" = none
  std::string id_token = {};       // "" = none was asked for
};

// The fields of a request to /oauth/authorize; "" = absent.
struct AuthorizeRequest {
  std::string response_type = {};
  std::string client_id = {};
  std::string redirect_uri = {};
  std::string scope = {};
  std::string state = {};
  std::string code_challenge = {};
  std::string code_challenge_method = {};
  std::string nonce = {};
};

// What becomes of such a request.
struct AuthorizePlan {
  std::string redirect_uri = {};  // where the browser goes in the end
  Status fault = {};              // what the client is told there in place of a login
  std::string scope = {};         // asked for, as far as the client may have it
  bool openid = false;
};

// Issues tokens for the clients and users of a state: client credentials, authorization code with PKCE and
// refresh (RFC 6749, 7636, 9700), revocation (RFC 7009), introspection (RFC 7662), metadata (RFC 8414, OpenID
// Connect Discovery). Knows no HTTP. A failure's reason is the error code of OAuth2 ("invalid_grant"); who is
// to wait is Exhausted, "slow_down".
//
// Thread-safe. Calls that take a ClientProof or a password hash and write: they may take 0.1 s and wait for the
// disk.
class TokenIssuer {
 public:
  // `name`: the issuer's URL; "" until SetName.
  TokenIssuer(std::shared_ptr<IssuerState> state, std::string name, Lifetimes lifetimes = {});

  IssuerState& state() { return *state_; }
  Throttle& throttle() { return throttle_; }
  std::string name() const;
  void SetName(std::string name);

  Result<TokenAnswer> Token(const ClientProof& proof, const TokenRequest& request);

  // InvalidArgument where the browser must not be sent anywhere: the client or where it wants to go is not
  // known. Does not wait.
  Result<AuthorizePlan> PlanAuthorize(const AuthorizeRequest& request) const;
  // The code for a user who proves to be one. Unauthenticated: wrong name or password; PermissionDenied:
  // may have nothing of what was asked for.
  Result<std::string> Login(const AuthorizeRequest& request, const AuthorizePlan& plan, std::string_view user,
                            std::string_view password, std::string_view address);

  // Ok also for a token that is none of ours (RFC 7009, 2.2).
  Status Revoke(const ClientProof& proof, std::string_view token);
  Result<json::Value> Introspect(const ClientProof& proof, std::string_view token);

  json::Value Metadata(bool openid) const;

  // A token without a request, for `pano auth token`: signed for `client`, which may be public.
  Result<TokenAnswer> IssueDirectly(std::string_view client, std::string_view scope, int64_t lifetime);

 private:
  struct Subject {
    std::string id;
    std::string tenant;
    std::string family;  // "" = no login
  };
  Status CheckPace(std::string_view name, std::string_view address) const;
  Result<Client> Authenticate(const ClientProof& proof, bool public_too);
  Result<TokenAnswer> FromCode(const Client& client, const TokenRequest& request);
  Result<TokenAnswer> FromRefresh(const Client& client, const TokenRequest& request);
  Result<TokenAnswer> ForLogin(const Client& client, const User& user, const std::string& family, int64_t counter,
                               const std::string& scope);
  Result<std::string> AccessToken(std::string_view client, const Subject& subject, std::string_view scope,
                                  int64_t lifetime) const;
  Result<std::string> IdToken(const AuthorizationCode& code) const;
  Result<std::string> Sign(std::string_view typ, const json::Value& claims) const;
  std::string RefreshToken(std::string_view family, int64_t counter) const;
  // The family and number of a refresh token that this issuer made.
  struct Refresh {
    std::string family;
    int64_t counter = 0;
  };
  std::optional<Refresh> ReadRefreshToken(std::string_view token) const;
  Result<bearer::VerifiedToken> ReadAccessToken(std::string_view token) const;

  const std::shared_ptr<IssuerState> state_;
  const Lifetimes lifetimes_;
  Throttle throttle_;
  mutable Mutex mu_;
  std::string name_ PANO_GUARDED_BY(mu_);
};

// Of the scopes asked for ("" = all) those that `allowed` has; `openid` and its like of OpenID Connect are
// no scopes here and left out. InvalidArgument, "invalid_scope", names one that is unknown or not allowed.
Result<std::string> GrantScope(std::string_view asked, std::string_view allowed);
// What both sets allow.
auth::ScopeSet CommonScope(const auth::ScopeSet& a, const auth::ScopeSet& b);

// How the tokens of an issuer named `name` here are read.
bearer::IssuerSettings OwnSettings(std::string name, IssuerState& state);

// Takes the tokens of the issuer and the API keys of its state.
std::vector<std::unique_ptr<auth::Authenticator>> MakeIssuerAuthenticators(std::shared_ptr<TokenIssuer> issuer);

}  // namespace pano::issuer
