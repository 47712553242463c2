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

Status AddAuthState(const CallerOptions& options, Clock& clock, std::vector<AuthenticatorPtr>& parts, Callers& callers) {
  if (!options.issuer.empty()) PANO_RETURN_IF_ERROR(bearer::CheckIssuerUrl(options.issuer).Wrap("--issuer"));
  PANO_ASSIGN_OR_RETURN(std::unique_ptr<issuer::AuthStore> store, issuer::AuthStore::Open(options.auth_state));
  // `pano auth token` writes the name into what it makes.
  PANO_RETURN_IF_ERROR(store->SetIssuerName(options.issuer));
  PANO_ASSIGN_OR_RETURN(std::shared_ptr<issuer::IssuerState> state, issuer::IssuerState::Create(std::move(store), clock));
  const std::string& name = options.issuer.empty() ? options.address : options.issuer;
  callers.issuer = std::make_shared<issuer::TokenIssuer>(std::move(state), name);
  callers.issuers.push_back(name);
  for (AuthenticatorPtr& part : issuer::MakeIssuerAuthenticators(callers.issuer)) parts.push_back(std::move(part));
  return {};
}

}  // namespace

Result<Callers> MakeCallers(const CallerOptions& options, Env& env, Clock& clock) {
  Callers callers;
  PANO_ASSIGN_OR_RETURN(AuthenticatorPtr keys, auth::MakeApiKeyAuthenticator(options.api_keys));
  if (options.auth_file.empty() && options.auth_state.empty()) {
    if (!options.issuer.empty()) return InvalidArgument("--issuer names the issuer of --auth-state, which is missing");
    callers.authenticator = std::move(keys);
    return callers;
  }
  std::vector<AuthenticatorPtr> parts;
  if (keys->required()) parts.push_back(std::move(keys));
  if (!options.auth_file.empty()) {
    Status added = AddAuthFile(options.auth_file, env, clock, parts, callers.issuers);
    if (!added.ok()) return added.Wrap("--auth").WithReason("auth_settings");
  }
  if (!options.auth_state.empty()) {
    Status added = AddAuthState(options, clock, parts, callers);
    if (!added.ok()) return added.Wrap("--auth-state").WithReason("auth_state");
  }
  callers.authenticator = auth::MakeAuthenticatorChain(std::move(parts));
  return callers;
}

}  // namespace pano::service
