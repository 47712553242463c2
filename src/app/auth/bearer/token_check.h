#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "app/auth/bearer/issuer_settings.h"
#include "app/auth/jose/compact_jws.h"
#include "app/auth/principal.h"
#include "base/json.h"
#include "base/result.h"

namespace pano::bearer {

// What a token says that was found good, without the token itself. A value.
struct VerifiedToken {
  auth::Principal principal;
  double not_before = 0;   // seconds since 1970; 0 = none
  double expires = 0;
  std::string certificate_sha256;  // `x5t#S256` of the certificate that it is bound to (RFC 8705); "" = none
  std::string token_id;            // `jti`; "" = none
};

// Reads the claims of a token by the settings of its issuer. Whether its signature is good has been found
// out already: this is all else. `now` in seconds since 1970. A failure is Unauthenticated.
Result<VerifiedToken> ReadClaims(const jose::CompactJws& jws, const json::Value& claims,
                                 const IssuerSettings& issuer, int64_t now);

// What has to be looked at for each request, also for a token that is known: whether its time has come
// and not passed, and whether the certificate of this connection is the one it is bound to.
Status CheckMoment(const VerifiedToken& token, const IssuerSettings& issuer, int64_t now,
                   std::string_view certificate_sha256);

// Unauthenticated with the reason `invalid_token`: "the token is not valid: WHY".
Status InvalidToken(std::string_view why);

}  // namespace pano::bearer
