// The claims of a token whose signature is good: an issuer is believed, not trusted to write well.
#include <cstdint>
#include <string_view>

#include "app/auth/bearer/token_check.h"
#include "app/auth/jose/unique_object.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pano;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t line = text.find('\n');   // header, then claims
  if (line == std::string_view::npos) return 0;
  const Result<json::Value> header = jose::ParseUniqueObject(text.substr(0, line));
  const Result<json::Value> claims = jose::ParseUniqueObject(text.substr(line + 1));
  if (!header.ok() || !claims.ok()) return 0;
  jose::CompactJws jws;
  jws.header = *header;
  bearer::IssuerSettings issuer;
  issuer.issuer = "i";
  issuer.audiences = {"a"};
  issuer.roles_claim = bearer::ClaimPath::Parse("r.s").value();
  issuer.roles["admin"] = auth::ScopeSet::All();
  for (bool strict : {false, true}) {
    issuer.rfc9068 = strict;
    const Result<bearer::VerifiedToken> token = bearer::ReadClaims(jws, *claims, issuer, 1000);
    if (!token.ok()) {
      PANO_CHECK(token.error().code() == StatusCode::kUnauthenticated);
      continue;
    }
    PANO_CHECK(auth::IsTenantName(token->principal.tenant));
    PANO_CHECK(token->principal.issuer == "i" && token->expires >= 0);
    (void)bearer::CheckMoment(*token, issuer, 1000, "");
  }
  return 0;
}
