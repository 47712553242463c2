#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "app/auth/authenticator.h"
#include "app/auth/bearer/issuer_settings.h"
#include "app/auth/bearer/key_source.h"
#include "app/auth/bearer/token_check.h"
#include "base/clock.h"
#include "base/result.h"

namespace pano::bearer {

// An issuer whose tokens are taken.
struct TrustedIssuer {
  IssuerSettings settings;
  std::shared_ptr<KeySource> keys;
  // Whether a token that is good otherwise has been revoked; asked for each request. May be empty. Must not
  // wait, and is thread-safe.
  std::function<bool(const VerifiedToken& token)> revoked = {};
};

struct BearerOptions {
  size_t known_tokens = 4096;  // that are remembered as good; 0: every request checks a signature
  size_t checks_waiting_max = 256;  // signatures that take long
};

// Thread-safe, as Authenticator is. A token that is not known and whose signature takes long to check (P-384,
// P-521, large RSA keys, many keys without kid) is checked on a thread of its own: TryAuthenticate leaves it to
// Authenticate, and when too many wait it is Unavailable, "overloaded".
class BearerAuthenticator : public auth::Authenticator {
 public:
  // From now on these are trusted and no others; known tokens are checked anew. The keys of those that are
  // trusted no more are stopped, which answers who waits for them; a KeySource that stays goes on. InvalidArgument
  // as MakeBearerAuthenticator has it, and then nothing changes. One call at a time, from no thread of a KeySource.
  virtual Status SetIssuers(std::vector<TrustedIssuer> issuers) = 0;
};

// Takes bearer tokens (RFC 6750) that are JWTs signed by one of `issuers` (RFC 9068 as far as each is held to
// it). Which issuer a token is from is read from its `iss`; only that one's keys and algorithms count. `clock`
// outlives it. InvalidArgument when two issuers have one name, or one has no keys.
Result<std::unique_ptr<BearerAuthenticator>> MakeBearerAuthenticator(std::vector<TrustedIssuer> issuers,
                                                                     Clock& clock = Clock::Real(),
                                                                     BearerOptions options = {});

}  // namespace pano::bearer
