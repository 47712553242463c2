#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/auth/principal.h"
#include "base/result.h"

namespace pano::auth {

// What a caller showed, as the request and its connection carry it; "" where there was none.
struct Credentials {
  std::string_view authorization = {};              // "Bearer TOKEN or KEY"
  std::string_view api_key = {};                    // X-Api-Key
  // Of the TLS client certificate: SHA-256 of its DER in base64url, as `x5t#S256` of RFC 8705.
  std::string_view client_certificate_sha256 = {};
};

// Reasons of a refusal (Status::reason), for the answer by RFC 6750: its text never holds a part of
// what was shown.
inline constexpr std::string_view kNoCredentials = "no_credentials";    // Unauthenticated; no error code
inline constexpr std::string_view kInvalidToken = "invalid_token";      // Unauthenticated
inline constexpr std::string_view kInvalidApiKey = "invalid_api_key";   // Unauthenticated
inline constexpr std::string_view kInsufficientScope = "insufficient_scope";    // PermissionDenied
inline constexpr std::string_view kIssuerUnavailable = "issuer_unavailable";    // Unavailable

// Makes a Principal from credentials and knows nothing of what it is used for. Thread-safe; no method
// waits for a disk or a network.
class Authenticator {
 public:
  using Done = std::function<void(Result<Principal>)>;

  virtual ~Authenticator() = default;

  // The answer where it is known now: Unauthenticated when nothing or something wrong was shown. Nothing
  // when the issuer's keys have to be fetched first: then Authenticate has it later. Starts no fetch.
  virtual std::optional<Result<Principal>> TryAuthenticate(const Credentials& credentials) = 0;

  // Calls `done` once: before it returns where the answer is known, else later from a thread of the
  // authenticator, within a bounded time. `done` must not wait and must not destroy the authenticator.
  // Destruction answers whatever is open. What `credentials` points to is copied where needed.
  virtual void Authenticate(const Credentials& credentials, Done done) {
    done(TryAuthenticate(credentials).value());
  }

  // Whether callers have to show anything at all.
  virtual bool required() const = 0;

  // Whether what was shown has the form of what this takes, so that it and no other says what is wrong.
  virtual bool Recognizes(const Credentials& /*credentials*/) const { return true; }
};

// The token of "Bearer TOKEN", whatever the case of the scheme (RFC 9110); "" where it is none.
std::string_view BearerToken(std::string_view authorization);
// What was shown: the bearer token, else the X-Api-Key; "" when neither is there.
std::string_view ShownSecret(const Credentials& credentials);
// Whether `secret` has the shape of a signed token: three parts, or more, with dots between.
bool LooksLikeJwt(std::string_view secret);

// Unauthenticated: nothing was shown.
Status NoCredentials();

// Accepts any of `keys`, each compared in a time that does not depend on where it differs; each key
// is a tenant of its own ("key-1") and may do everything. No keys: everybody is the default tenant.
// InvalidArgument for an empty key or one with characters that no header can carry.
Result<std::unique_ptr<Authenticator>> MakeApiKeyAuthenticator(std::vector<std::string> keys);

// Asks each of `parts` that recognises what was shown, in order: the first that takes it counts, else the
// last refusal, or the first that is not final (Unavailable). Callers have to show something. REQUIRES: no part is null.
std::unique_ptr<Authenticator> MakeAuthenticatorChain(std::vector<std::unique_ptr<Authenticator>> parts);

}  // namespace pano::auth
