#include "app/service/callers.h"

#include <utility>

#include "app/auth/bearer/auth_file.h"
#include "app/auth/bearer/bearer_authenticator.h"
#include "app/auth/bearer/document_fetcher.h"
#include "app/auth/bearer/key_file.h"
#include "app/auth/bearer/remote_keys.h"

namespace pano::service {
namespace {

using AuthenticatorPtr = std::unique_ptr<auth::Authenticator>;

Status AddAuthFile(const std::string& path, Env& env, Clock& clock, std::vector<AuthenticatorPtr>& parts,
                   std::vector<std::string>& names) {
  PANO_ASSIGN_OR_RETURN(bearer::AuthFile file, bearer::ReadAuthFile(path, env));
  if (!file.keys.empty()) {
    PANO_ASSIGN_OR_RETURN(AuthenticatorPtr keys, bearer::MakeKeyFileAuthenticator(file.keys, env, clock));
    parts.push_back(std::move(keys));
  }
  if (file.issuers.empty()) return {};
  const std::shared_ptr<bearer::DocumentFetcher> fetcher = bearer::MakeHttpFetcher();
  std::vector<bearer::TrustedIssuer> issuers;
  for (bearer::IssuerSettings& settings : file.issuers) {
    names.push_back(settings.issuer);
    auto keys = std::make_shared<bearer::RemoteKeys>(settings, fetcher, clock);
    issuers.push_back({std::move(settings), std::move(keys)});
  }
  PANO_ASSIGN_OR_RETURN(AuthenticatorPtr tokens, bearer::MakeBearerAuthenticator(std::move(issuers), clock));
  parts.push_back(std::move(tokens));
  return {};
}

}  // namespace

Result<Callers> MakeCallers(const CallerOptions& options, Env& env, Clock& clock) {
  Callers callers;
  PANO_ASSIGN_OR_RETURN(AuthenticatorPtr keys, auth::MakeApiKeyAuthenticator(options.api_keys));
  if (options.auth_file.empty()) {
    callers.authenticator = std::move(keys);
    return callers;
  }
  std::vector<AuthenticatorPtr> parts;
  if (keys->required()) parts.push_back(std::move(keys));
  Status added = AddAuthFile(options.auth_file, env, clock, parts, callers.issuers);
  if (!added.ok()) return added.Wrap("--auth").WithReason("auth_settings");
  callers.authenticator = auth::MakeAuthenticatorChain(std::move(parts));
  return callers;
}

}  // namespace pano::service
