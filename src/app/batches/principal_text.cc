#include "app/batches/principal_text.h"

#include <utility>

#include "base/json.h"
#include "base/strings.h"

namespace pano::batches {

std::string PrincipalText(const auth::Principal& principal) {
  json::Value text;
  text.Set("tenant", principal.tenant);
  text.Set("subject", principal.subject);
  text.Set("client_id", principal.client_id);
  text.Set("key_id", principal.key_id);
  text.Set("issuer", principal.issuer);
  text.Set("scopes", principal.scopes.ToString());
  return json::Dump(text);
}

Result<auth::Principal> ParsePrincipal(std::string_view text) {
  PANO_ASSIGN_OR_RETURN(const json::Value value, json::Parse(text));
  const auto member = [&](std::string_view name) {
    const json::Value* found = value.Find(name);
    return found && found->is_string() ? found->as_string() : std::string();
  };
  auth::Principal principal;
  principal.tenant = member("tenant");
  principal.subject = member("subject");
  principal.client_id = member("client_id");
  principal.key_id = member("key_id");
  principal.issuer = member("issuer");
  if (!auth::IsTenantName(principal.tenant)) return Corruption("who made the batch has no tenant");
  Result<auth::ScopeSet> scopes = auth::ScopeSet::Parse(member("scopes"));
  if (!scopes.ok()) return Corruption(StrCat("who made the batch: ", scopes.error().message()));
  principal.scopes = std::move(scopes).value();
  return principal;
}

}  // namespace pano::batches
