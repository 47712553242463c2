#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "app/auth/scope.h"

namespace pano::auth {

// Who calls, as its credentials alone say it: never a header or a body. A value; thread-compatible.
struct Principal {
  std::string tenant = "default";   // what prefix blocks, quotas and models are kept apart by
  std::string subject = {};         // a user or a client, as its issuer names it; "" = none
  std::string client_id = {};       // the OAuth2 client; "" = none
  std::string key_id = {};          // of an API key, never the key; "" = no key was shown
  std::string issuer = {};          // of the token; "" = no token was shown
  // SHA-256 in base64url of a token that names neither subject nor client, which nothing else tells from the
  // issuer's other such tokens; "" for all others.
  std::string token_digest = {};
  ScopeSet scopes = ScopeSet::All();
  int64_t expires_unix = 0;         // seconds since 1970 when the credentials end; 0 = never
};

// A tenant's name goes into logs, metrics and stores: 1 to 128 bytes of UTF-8 without control
// characters.
bool IsTenantName(std::string_view text);

}  // namespace pano::auth
