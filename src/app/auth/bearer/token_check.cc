#include "app/auth/bearer/token_check.h"

#include <algorithm>

#include "app/auth/authenticator.h"
#include "base/strings.h"

namespace pano::bearer {
namespace {

constexpr size_t kNameBytesMax = 1024;   // of sub, client_id, jti
constexpr double kLastSecond = 253402300799;  // of the year 9999

bool Contains(const std::vector<std::string>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

// RFC 9068, 2.1 and 4: at+jwt, where the issuer is held to the profile; else also what most issuers write.
// A media type's name ignores case (RFC 7515, 4.1.9).
Status CheckType(const json::Value& header, bool rfc9068) {
  const json::Value* typ = header.Find("typ");
  if (!typ) return rfc9068 ? InvalidToken("its header has no typ") : OkStatus();
  if (!typ->is_string()) return InvalidToken("its typ is no text");
  const std::string name = ToLower(typ->as_string());
  if (name == "at+jwt" || name == "application/at+jwt") return {};
  if (name == "jwt" && !rfc9068) return {};
  return InvalidToken("its typ is not that of an access token");
}

Status CheckAudience(const json::Value& claims, const std::vector<std::string>& audiences) {
  const json::Value* aud = claims.Find("aud");
  if (!aud) return InvalidToken("it has no audience (aud)");
  if (aud->is_string()) {
    return Contains(audiences, aud->as_string()) ? OkStatus() : InvalidToken("it is for another audience (aud)");
  }
  if (!aud->is_array()) return InvalidToken("its audience (aud) is neither a text nor a list");
  const json::Array& list = aud->as_array();
  for (const json::Value& entry : list) {
    if (!entry.is_string()) return InvalidToken("its audience (aud) holds what is no text");
  }
  const bool ours = std::any_of(list.begin(), list.end(), [&](const json::Value& entry) {
    return Contains(audiences, entry.as_string());
  });
  return ours ? OkStatus() : InvalidToken("it is for other audiences (aud)");
}

// NumericDate (RFC 7519, 2): seconds since 1970, with or without a fraction; 0 where it may be absent.
Result<double> Date(const json::Value& claims, std::string_view name, bool needed) {
  const json::Value* value = claims.Find(name);
  if (!value && !needed) return 0.0;
  if (!value) return InvalidToken(StrCat("it has no ", name));
  if (!value->is_number()) return InvalidToken(StrCat("its ", name, " is no number"));
  if (value->as_double() < 0) return InvalidToken(StrCat("its ", name, " is before 1970"));
  return value->as_double();
}

Result<std::string> Name(const json::Value& claims, std::string_view name, bool needed) {
  const json::Value* value = claims.Find(name);
  if (!value && !needed) return std::string();
  if (!value) return InvalidToken(StrCat("it has no ", name));
  if (!value->is_string() || value->as_string().size() > kNameBytesMax) {
    return InvalidToken(StrCat("its ", name, " is no text, or too long"));
  }
  if (needed && value->as_string().empty()) return InvalidToken(StrCat("its ", name, " is empty"));
  return value->as_string();
}

// RFC 7800, 3: whoever shows the token has to prove that a key is theirs. A certificate can be (RFC 8705);
// whatever else a token may ask for (`jkt` of DPoP) cannot be proved here, so it is refused.
Result<std::string> BoundCertificate(const json::Value& claims) {
  const json::Value* confirmation = claims.Find("cnf");
  if (!confirmation) return std::string();
  const json::Value* thumbprint = confirmation->Find("x5t#S256");
  const bool alone = confirmation->is_object() && confirmation->as_object().size() == 1;
  if (!alone || !thumbprint || !thumbprint->is_string() || thumbprint->as_string().empty()) {
    return InvalidToken("it is bound (cnf) to what cannot be proved here");
  }
  return thumbprint->as_string();
}

Result<std::string> Tenant(const json::Value& claims, const IssuerSettings& issuer) {
  const json::Value* value = issuer.tenant_claim ? issuer.tenant_claim->Find(claims) : claims.Find("tenant");
  if (!value) return auth::Principal().tenant;
  if (!value->is_string() || !auth::IsTenantName(value->as_string())) return InvalidToken("its tenant is no name");
  return value->as_string();
}

// A text with spaces between, or a list of texts: whoever issues tokens writes either.
Result<std::vector<std::string_view>> Words(const json::Value* value, std::string_view name) {
  std::vector<std::string_view> words;
  if (!value) return words;
  if (value->is_string()) return Split(value->as_string(), ' ');
  if (!value->is_array()) return InvalidToken(StrCat("its ", name, " are neither a text nor a list"));
  for (const json::Value& entry : value->as_array()) {
    if (!entry.is_string()) return InvalidToken(StrCat("its ", name, " hold what is no text"));
    words.push_back(entry.as_string());
  }
  return words;
}

Result<auth::ScopeSet> Scopes(const json::Value& claims, const IssuerSettings& issuer) {
  const json::Value* scope = issuer.scopes_claim ? issuer.scopes_claim->Find(claims) : claims.Find("scope");
  PANO_ASSIGN_OR_RETURN(const std::vector<std::string_view> words, Words(scope, "scopes"));
  auth::ScopeSet scopes;
  for (std::string_view word : words) scopes.Add(auth::ScopeSet::ParseLenient(word));
  if (issuer.roles.empty()) return scopes;
  const json::Value* role = issuer.roles_claim ? issuer.roles_claim->Find(claims) : claims.Find("roles");
  PANO_ASSIGN_OR_RETURN(const std::vector<std::string_view> roles, Words(role, "roles"));
  for (std::string_view name : roles) {
    const auto found = issuer.roles.find(name);
    if (found != issuer.roles.end()) scopes.Add(found->second);
  }
  return scopes;
}

// OpenID providers name the client `azp`.
Result<std::string> Client(const json::Value& claims, bool rfc9068) {
  if (rfc9068 || claims.Find("client_id")) return Name(claims, "client_id", rfc9068);
  return Name(claims, "azp", false);
}

}  // namespace

Status InvalidToken(std::string_view why) {
  return Status(StatusCode::kUnauthenticated, StrCat("the token is not valid: ", why))
      .WithReason(std::string(auth::kInvalidToken));
}

Result<VerifiedToken> ReadClaims(const jose::CompactJws& jws, const json::Value& claims,
                                 const IssuerSettings& issuer, int64_t now) {
  const bool strict = issuer.rfc9068;
  PANO_RETURN_IF_ERROR(CheckType(jws.header, strict));
  PANO_ASSIGN_OR_RETURN(const std::string iss, Name(claims, "iss", true));
  if (iss != issuer.issuer) return InvalidToken("its issuer (iss) is not known here");
  PANO_RETURN_IF_ERROR(CheckAudience(claims, issuer.audiences));
  VerifiedToken token;
  PANO_ASSIGN_OR_RETURN(token.expires, Date(claims, "exp", true));
  PANO_ASSIGN_OR_RETURN(token.not_before, Date(claims, "nbf", false));
  PANO_ASSIGN_OR_RETURN(const double issued, Date(claims, "iat", strict));
  if (issued > static_cast<double>(now + issuer.clock_skew)) return InvalidToken("it was issued in the future (iat)");
  PANO_ASSIGN_OR_RETURN(token.certificate_sha256, BoundCertificate(claims));
  PANO_ASSIGN_OR_RETURN(token.token_id, Name(claims, "jti", strict));
  auth::Principal& principal = token.principal;
  principal.issuer = iss;
  PANO_ASSIGN_OR_RETURN(principal.subject, Name(claims, "sub", strict));
  PANO_ASSIGN_OR_RETURN(principal.client_id, Client(claims, strict));
  PANO_ASSIGN_OR_RETURN(principal.tenant, Tenant(claims, issuer));
  PANO_ASSIGN_OR_RETURN(principal.scopes, Scopes(claims, issuer));
  principal.expires_unix = static_cast<int64_t>(std::min(token.expires, kLastSecond));
  return token;
}

Status CheckMoment(const VerifiedToken& token, const IssuerSettings& issuer, int64_t now,
                   std::string_view certificate_sha256) {
  const auto skew = static_cast<double>(issuer.clock_skew);
  const auto time = static_cast<double>(now);
  if (time >= token.expires + skew) return InvalidToken("it has expired (exp)");
  if (time < token.not_before - skew) return InvalidToken("it is not valid yet (nbf)");
  if (!token.certificate_sha256.empty() && token.certificate_sha256 != certificate_sha256) {
    return InvalidToken("it is bound to a client certificate that was not shown (cnf)");
  }
  return {};
}

}  // namespace pano::bearer
