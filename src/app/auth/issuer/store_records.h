#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace pano::issuer {

// What the store holds. Values; times are seconds since 1970, 0 = never.

struct Client {
  std::string id = {};
  std::string tenant = {};
  std::string scope = {};                        // what its tokens may have at most
  std::string secret_hash = {};                  // "" = public: it has no secret (RFC 6749, 2.1)
  std::vector<std::string> redirect_uris = {};
  int64_t created = 0;
  int64_t revoked = 0;
  bool is_public() const { return secret_hash.empty(); }
};

struct User {
  std::string id = {};
  std::string tenant = {};
  std::string scope = {};
  std::string password_hash = {};
  int64_t created = 0;
  int64_t revoked = 0;
};

struct ApiKey {
  std::string id = {};
  std::string tenant = {};
  std::string scope = {};
  std::string mac = {};      // HMAC-SHA-256 of the key by the server's key
  int64_t created = 0;
  int64_t expires = 0;
  int64_t revoked = 0;
};

struct StoredSigningKey {
  std::string kid = {};
  std::string algorithm = {};    // "ES256"
  std::string private_jwk = {};  // JSON
  int64_t created = 0;
  int64_t retires = 0;      // 0 = signs; else its tokens are taken until then
};

// An authorization code (RFC 6749, 4.1), known by the HMAC of its text.
struct AuthorizationCode {
  std::string client = {};
  std::string user = {};
  std::string scope = {};
  std::string redirect_uri = {};  // as it stood in the request; "" = did not
  std::string challenge = {};     // S256 (RFC 7636)
  std::string nonce = {};         // of OpenID Connect
  bool openid = false;       // an id token was asked for
  std::string family = {};        // of the tokens that come of it
  int64_t expires = 0;
  bool used = false;
};

// All tokens that came of one login. Its refresh tokens are numbered: the one with `counter` is good, an
// older one that comes again means that somebody has a copy.
struct TokenFamily {
  std::string id = {};
  std::string client = {};
  std::string user = {};
  std::string scope = {};
  int64_t counter = 0;
  int64_t expires = 0;
  int64_t revoked = 0;
};

// Ids of clients and users: 1 to 64 of [A-Za-z0-9._@-]. InvalidArgument names `what`.
Status CheckId(std::string_view what, std::string_view id);

}  // namespace pano::issuer
