#include "app/service/callers.h"

#include <utility>

#include "app/auth/bearer/document_fetcher.h"
#include "app/auth/bearer/issuer_settings.h"
#include "app/auth/bearer/remote_keys.h"

namespace pano::service {
namespace {

using AuthenticatorPtr = std::unique_ptr<auth::Authenticator>;

Status AddAuthFile(const std::string& path, Env& env, Clock& clock, std::vector<AuthenticatorPtr>& parts, Callers& callers) {
  const std::shared_ptr<bearer::DocumentFetcher> fetcher = bearer::MakeHttpFetcher();
  const auto keys_of = [fetcher, &clock](const bearer::IssuerSettings& issuer) -> std::shared_ptr<bearer::KeySource> {
    return std::make_shared<bearer::RemoteKeys>(issuer, fetcher, clock);
  };
  PANO_ASSIGN_OR_RETURN(std::unique_ptr<bearer::AuthFileAuthenticator> file,
                        bearer::MakeAuthFileAuthenticator(path, keys_of, env, clock));
  callers.auth_file = file.get();
  parts.push_back(std::move(file));
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
  for (AuthenticatorPtr& part : issuer::MakeIssuerAuthenticators(callers.issuer)) parts.push_back(std::move(part));
  return {};
}

}  // namespace

std::function<std::vector<std::string>()> Callers::Issuers() const {
  return [auth_file = auth_file, issuer = issuer] {
    std::vector<std::string> names;
    if (auth_file) names = auth_file->issuers();
    if (issuer) names.push_back(issuer->name());
    return names;
  };
}

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
    Status added = AddAuthFile(options.auth_file, env, clock, parts, callers);
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
