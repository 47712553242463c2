#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/auth/bearer/claim_path.h"
#include "app/auth/jose/algorithm.h"
#include "app/auth/scope.h"
#include "base/result.h"

namespace pano::bearer {

// Whose tokens are taken and how they are read: an entry of --auth FILE.yaml. A value.
struct IssuerSettings {
  static constexpr int64_t kClockSkewDefault = 60;  // seconds
  static constexpr int64_t kClockSkewMax = 600;

  std::string issuer;                     // the `iss` of its tokens, compared to the letter
  std::vector<std::string> audiences;     // one of them has to stand in `aud`
  std::string jwks_uri;                   // "" = as the issuer's discovery document says
  std::vector<jose::Algorithm> algorithms{jose::kAlgorithms.begin(), jose::kAlgorithms.end()};
  bool rfc9068 = false;                   // `typ` is at+jwt, and every claim that RFC 9068 lists is there
  int64_t clock_skew = kClockSkewDefault;

  std::optional<ClaimPath> tenant_claim;  // default: `tenant`
  std::optional<ClaimPath> scopes_claim;  // default: `scope`
  std::optional<ClaimPath> roles_claim;   // default: `roles`, where there are roles
  std::map<std::string, auth::ScopeSet, std::less<>> roles = {};  // what each role may do
};

// Keys are fetched from https alone, or by plain http from loopback: InvalidArgument for any other URL,
// one with a user or a fragment, and for an issuer's name one with a query.
Status CheckIssuerUrl(std::string_view url);
Status CheckKeysUrl(std::string_view url);
// Whether `url` is plain http to this machine.
bool IsLoopbackHttp(std::string_view url);

// Where an issuer says what it publishes: OpenID Connect Discovery 1.0, 4.1.
std::string DiscoveryUrl(std::string_view issuer);
// The same by RFC 8414, 3.1, for issuers that are no OpenID providers.
std::string MetadataUrl(std::string_view issuer);

}  // namespace pano::bearer
