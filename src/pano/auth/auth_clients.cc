// pano auth client create|list|revoke.
#include <string>
#include <vector>

#include "app/auth/issuer/password_hash.h"
#include "app/auth/issuer/redirect_uri.h"
#include "app/auth/issuer/secret.h"
#include "base/strings.h"
#include "pano/auth/auth_actions.h"
#include "pano/auth/auth_state.h"

namespace pano::cli {
namespace {

Result<issuer::Client> MakeClient(const std::string& id, const std::string& tenant, const std::string& scope,
                                  const std::vector<std::string>& redirect_uris, bool is_public, std::string& secret) {
  issuer::Client client{.id = id, .tenant = tenant};
  PANO_RETURN_IF_ERROR(issuer::CheckId("client", id).Wrap("--id"));
  PANO_RETURN_IF_ERROR(CheckTenant(tenant));
  PANO_ASSIGN_OR_RETURN(client.scope, CheckScope(scope));
  for (const std::string& uri : redirect_uris) PANO_RETURN_IF_ERROR(issuer::CheckRedirectUri(uri).Wrap("--redirect-uri"));
  if (is_public && redirect_uris.empty()) {
    return InvalidArgument("a --public client has no secret and logs users in: it needs a --redirect-uri");
  }
  client.redirect_uris = redirect_uris;
  client.created = NowUnixSeconds();
  if (is_public) return client;
  PANO_ASSIGN_OR_RETURN(secret, issuer::RandomSecret(32));
  PANO_ASSIGN_OR_RETURN(client.secret_hash, issuer::HashPassword(secret));
  return client;
}

}  // namespace

int RunAuthClientCreate(const Command& self, Args args) {
  AuthState state;
  std::string id, tenant = "default", scope;
  std::vector<std::string> redirect_uris;
  bool is_public = false;
  OptionSet options;
  options.String("id", &id, "The client's id.", "ID");
  options.String("tenant", &tenant, "Whose client it is.", "TENANT");
  options.String("scope", &scope, "What its tokens may do at most, with spaces between.", "SCOPE");
  options.Flag("public", &is_public, "It has no secret, as an application in a browser or on a device.");
  options.Strings("redirect-uri", &redirect_uris,
                  "Where users are sent back to after a login. May be given several times; http://127.0.0.1/PATH takes "
                  "any port.",
                  "URI");
  state.Declare(options);
  if (auto code = state.Parse(self, options, args)) return *code;
  std::string secret;
  Result<issuer::Client> client = MakeClient(id, tenant, scope, redirect_uris, is_public, secret);
  if (!client.ok()) return FailAuth(self, client.error());
  const auto store = state.Open();
  if (!store.ok()) return Fail(self, store.error());
  const Status added = state.Administer("client.create", id, {{"client_tenant", tenant}, {"scope", client->scope}},
                                        [&] { return (*store)->AddClient(*client); });
  if (!added.ok()) return Fail(self, added);
  json::Value answer;
  answer.Set("client_id", id);
  answer.Set("client_secret", is_public ? json::Value() : json::Value(secret));
  answer.Set("tenant", tenant);
  answer.Set("scope", client->scope);
  state.Print(answer);
  return 0;
}

int RunAuthClientList(const Command& self, Args args) {
  AuthState state;
  OptionSet options;
  state.Declare(options);
  if (auto code = state.Parse(self, options, args)) return *code;
  const auto store = state.Open();
  if (!store.ok()) return Fail(self, store.error());
  const Result<std::vector<issuer::Client>> clients = (*store)->Clients();
  if (!clients.ok()) return Fail(self, clients.error());
  json::Array list;
  for (const issuer::Client& client : *clients) {
    json::Value entry;
    entry.Set("client_id", client.id);
    entry.Set("tenant", client.tenant);
    entry.Set("scope", client.scope);
    entry.Set("public", client.is_public());
    json::Value uris{json::Array()};
    for (const std::string& uri : client.redirect_uris) uris.Append(uri);
    entry.Set("redirect_uris", std::move(uris));
    entry.Set("created", TimeOrNull(client.created));
    entry.Set("revoked", TimeOrNull(client.revoked));
    list.push_back(std::move(entry));
  }
  state.PrintList(list, "no clients; pano auth client create makes one");
  return 0;
}

int RunAuthClientRevoke(const Command& self, Args args) {
  AuthState state;
  std::string option;
  OptionSet options;
  options.String("id", &option, "The client whose tokens are taken no more.", "ID");
  state.Declare(options);
  Positionals names{"ID", "The client, in place of --id.", 0, 1, {}};
  if (auto code = state.Parse(self, options, args, &names)) return *code;
  const Result<std::string> id = TakeId(option, names);
  if (!id.ok()) return FailAuth(self, id.error());
  const auto store = state.Open();
  if (!store.ok()) return Fail(self, store.error());
  const Status done = state.Administer("client.revoke", *id, {}, [&] { return (*store)->RevokeClient(*id, NowUnixSeconds()); });
  if (!done.ok()) return Fail(self, done, done.code() == StatusCode::kNotFound ? "see 'pano auth client list'" : "");
  json::Value answer;
  answer.Set("client_id", *id);
  answer.Set("revoked", true);
  state.Print(answer);
  return 0;
}

}  // namespace pano::cli
