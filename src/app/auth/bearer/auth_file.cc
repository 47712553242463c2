#include "app/auth/bearer/auth_file.h"

#include <set>

#include "base/strings.h"
#include "base/yaml/document.h"
#include "base/yaml/values.h"

namespace pano::bearer {
namespace {

using yaml::Join;
using yaml::Wrong;

constexpr size_t kAudiencesMax = 32;
constexpr size_t kRolesMax = 1024;
constexpr size_t kScopesMax = 256;   // of a role

Status ReadAlgorithms(const YAML::Node& node, std::string_view place, IssuerSettings& issuer) {
  PANO_ASSIGN_OR_RETURN(const std::vector<std::string> names, yaml::Texts(node, place, jose::kAlgorithms.size()));
  issuer.algorithms.clear();
  for (const std::string& name : names) {
    const std::optional<jose::Algorithm> algorithm = jose::ParseAlgorithm(name);
    if (!algorithm) {
      return Wrong(node, place, StrCat("'", Printable(name), "' is none of RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA"));
    }
    issuer.algorithms.push_back(*algorithm);
  }
  return {};
}

Status ReadClaims(const YAML::Node& node, std::string_view place, IssuerSettings& issuer) {
  PANO_RETURN_IF_ERROR(yaml::CheckKeys(node, place, {"tenant", "scopes", "roles"}));
  const std::pair<const char*, std::optional<ClaimPath>*> paths[] = {
      {"tenant", &issuer.tenant_claim}, {"scopes", &issuer.scopes_claim}, {"roles", &issuer.roles_claim}};
  for (const auto& [name, path] : paths) {
    if (!node[name]) continue;
    PANO_ASSIGN_OR_RETURN(const std::string text, yaml::Text(node[name], Join(place, name)));
    Result<ClaimPath> parsed = ClaimPath::Parse(text);
    if (!parsed.ok()) return Wrong(node[name], Join(place, name), parsed.error().message());
    *path = std::move(parsed).value();
  }
  return {};
}

Status ReadRoles(const YAML::Node& node, std::string_view place, IssuerSettings& issuer) {
  PANO_ASSIGN_OR_RETURN(const std::vector<yaml::Entry> roles, yaml::Entries(node, place, kRolesMax));
  for (const auto& [role, value] : roles) {
    const std::string where = Join(place, role);
    if (role.empty()) return Wrong(value, place, "a role has no name");
    PANO_ASSIGN_OR_RETURN(const std::vector<std::string> texts, yaml::Texts(value, where, kScopesMax));
    auth::ScopeSet scopes;
    for (const std::string& text : texts) {
      Result<auth::ScopeSet> scope = auth::ScopeSet::Parse(text);
      if (!scope.ok()) return Wrong(value, where, scope.error().message());
      scopes.Add(*scope);
    }
    issuer.roles.emplace(role, std::move(scopes));
  }
  return {};
}

Status ReadOptional(const YAML::Node& node, std::string_view place, IssuerSettings& issuer) {
  if (const YAML::Node uri = node["jwks_uri"]) {
    PANO_ASSIGN_OR_RETURN(issuer.jwks_uri, yaml::Text(uri, Join(place, "jwks_uri")));
    Status status = CheckKeysUrl(issuer.jwks_uri);
    if (!status.ok()) return Wrong(uri, Join(place, "jwks_uri"), status.message());
  }
  if (node["algorithms"]) PANO_RETURN_IF_ERROR(ReadAlgorithms(node["algorithms"], Join(place, "algorithms"), issuer));
  if (const YAML::Node profile = node["profile"]) {
    PANO_ASSIGN_OR_RETURN(const std::string name, yaml::Text(profile, Join(place, "profile")));
    if (name != "rfc9068") return Wrong(profile, Join(place, "profile"), StrCat("'", Printable(name), "' is not rfc9068"));
    issuer.rfc9068 = true;
  }
  if (const YAML::Node skew = node["clock_skew"]) {
    PANO_ASSIGN_OR_RETURN(issuer.clock_skew,
                          yaml::Integer(skew, Join(place, "clock_skew"), 0, IssuerSettings::kClockSkewMax));
  }
  if (node["claims"]) PANO_RETURN_IF_ERROR(ReadClaims(node["claims"], Join(place, "claims"), issuer));
  if (node["roles"]) PANO_RETURN_IF_ERROR(ReadRoles(node["roles"], Join(place, "roles"), issuer));
  return {};
}

Result<IssuerSettings> ReadIssuer(const YAML::Node& node, std::string_view place) {
  PANO_RETURN_IF_ERROR(yaml::CheckKeys(
      node, place, {"issuer", "audience", "jwks_uri", "algorithms", "profile", "clock_skew", "claims", "roles"}));
  IssuerSettings issuer;
  for (const char* name : {"issuer", "audience"}) {
    if (!node[name]) return Wrong(node, Join(place, name), "is missing");
  }
  PANO_ASSIGN_OR_RETURN(issuer.issuer, yaml::Text(node["issuer"], Join(place, "issuer")));
  Status url = CheckIssuerUrl(issuer.issuer);
  if (!url.ok()) return Wrong(node["issuer"], Join(place, "issuer"), url.message());
  PANO_ASSIGN_OR_RETURN(issuer.audiences, yaml::Texts(node["audience"], Join(place, "audience"), kAudiencesMax));
  PANO_RETURN_IF_ERROR(ReadOptional(node, place, issuer));
  if (issuer.roles_claim && issuer.roles.empty()) {
    return Wrong(node, Join(place, "roles"), "is missing: claims.roles says where roles stand, and nothing says what they may do");
  }
  return issuer;
}

Status ReadRoot(const YAML::Node& root, AuthFile& file) {
  PANO_RETURN_IF_ERROR(yaml::CheckKeys(root, "", {"issuers", "keys"}));
  if (root["keys"]) {
    PANO_ASSIGN_OR_RETURN(file.keys, yaml::Text(root["keys"], "keys"));
  }
  if (const YAML::Node issuers = root["issuers"]) {
    if (!issuers.IsSequence() || issuers.size() == 0 || issuers.size() > AuthFile::kIssuersMax) {
      return Wrong(issuers, "issuers", StrCat("expected a list of 1 to ", AuthFile::kIssuersMax, " issuers"));
    }
    std::set<std::string> names;
    for (size_t i = 0; i < issuers.size(); ++i) {
      const std::string place = StrCat("issuers[", i, "]");
      PANO_ASSIGN_OR_RETURN(IssuerSettings issuer, ReadIssuer(issuers[i], place));
      if (!names.insert(issuer.issuer).second) return Wrong(issuers[i], place, "this issuer stands twice");
      file.issuers.push_back(std::move(issuer));
    }
  }
  // Nothing at all would let nobody in, which is hardly meant.
  if (file.issuers.empty() && file.keys.empty()) return Wrong(root, "", "neither 'issuers' nor 'keys' is there");
  return {};
}

}  // namespace

Result<AuthFile> ParseAuthFile(std::string_view yaml) {
  AuthFile file;
  PANO_RETURN_IF_ERROR(yaml::ReadDocument(yaml, {.bytes_max = AuthFile::kBytesMax}, [&](const YAML::Node& root) { return ReadRoot(root, file); }));
  return file;
}

Result<AuthFile> ParseAuthFile(std::string_view yaml, const std::string& path) {
  Result<AuthFile> file = ParseAuthFile(yaml).Wrap(path);
  if (file.ok() && !file->keys.empty()) file->keys = JoinPath(FolderName(path), file->keys);
  return file;
}

Result<AuthFile> ReadAuthFile(const std::string& path, Env& env) {
  PANO_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, AuthFile::kBytesMax, env));
  return ParseAuthFile(text, path);
}

}  // namespace pano::bearer
